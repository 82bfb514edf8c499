"""A freeze: levers are refused with who may unfreeze, the glass can be broken, and changes in spite of it are told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.actions import ActionKind, ActionState
from playbooks.domain.alerts import Change
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays import hygiene, incident, levers, owed, standing, terms
from playbooks.plays.levers import Wanted
from playbooks.plays.receive import record_changes
from tests.plays.ledger_registry import LEDGER_REGISTRY, LEDGER_TEXT
from tests.plays.stage import HOUR, MINUTE, STRANGER, Stage, on_sqlite

REASON = "release week, nothing moves"
DAY = 24 * HOUR


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine, registry=LEDGER_REGISTRY)


def freeze(stage: Stage, who: str = "omar", component: str = "fraud-scorer", span: timedelta = 24 * HOUR) -> Say:
    wish = standing.Wish(ActionKind.FREEZE, component, stage.clock.at + span, REASON)
    said = standing.ask_for(stage.house, stage.by(who), wish)
    stage.settle()
    return said


def frozen(stage: Stage) -> int:
    with stage.bot.store.read() as uow:
        return uow.overrides(open_only=False, kinds=("freeze",))[-1].id


def test_a_lever_is_refused_and_told_who_may_unfreeze(stage: Stage) -> None:
    freeze(stage)
    with pytest.raises(errors.Denied) as told:
        stage.rollback("dana")
    assert told.value.code == "frozen"
    assert REASON in told.value.sentence
    assert set(told.value.ask) == {"omar", "lin"}
    assert "unfreeze fraud-scorer" in told.value.next_step
    assert "break-glass rollback fraud-scorer" in told.value.next_step
    assert stage.disabled("auto-decline").state == "on", "another component is not frozen"


def test_holder_member_other_team_and_stranger_unfreeze(stage: Stage) -> None:
    freeze(stage)
    for who in ("dana", "zoe", STRANGER):
        with pytest.raises(errors.Denied):
            terms.unfreeze(stage.house, stage.by(who), "fraud-scorer", "")
    terms.unfreeze(stage.house, stage.by("lin"), "fraud-scorer", "the release is out")
    stage.settle()
    assert stage.override(frozen(stage)).state == "closed"
    assert stage.rollback("dana").state is ActionState.PREVIEWED
    with pytest.raises(errors.Conflict):
        terms.unfreeze(stage.house, stage.by("lin"), "fraud-scorer", "")


def test_a_member_asks_for_a_freeze_and_a_holder_decides(stage: Stage) -> None:
    freeze(stage, "dana")
    assert stage.rollback("dana").state is ActionState.PREVIEWED
    with stage.bot.store.read() as uow:
        number = uow.actions_in({ActionState.AWAITING})[-1].id
    standing.approve(stage.house, stage.by("omar"), number)
    stage.settle()
    with pytest.raises(errors.Denied):
        stage.rollback("dana")
    with pytest.raises(errors.Conflict):
        freeze(stage)


def test_what_is_under_way_stops_before_it_is_applied(stage: Stage) -> None:
    waiting = stage.asked("dana")
    previewed = stage.rollback("dana", "ranker")
    freeze(stage)
    freeze(stage, "zoe", "ranker")
    with pytest.raises(errors.Denied, match="frozen"):
        stage.approve("omar", waiting)
    with pytest.raises(errors.Denied, match="frozen"):
        stage.confirm("dana", previewed)
    terms.unfreeze(stage.house, stage.by("omar"), "fraud-scorer", "")
    stage.approve("omar", waiting)
    assert stage.action(waiting.id).state is ActionState.CONFIRMED


def test_approved_and_not_begun_when_the_freeze_came(stage: Stage) -> None:
    waiting = stage.asked("dana")
    standing.approve(stage.house, stage.by("omar"), waiting.id, waiting.plan_hash)  # its job has not run yet
    wish = standing.Wish(ActionKind.FREEZE, "fraud-scorer", stage.clock.at + HOUR, REASON)
    standing.ask_for(stage.house, stage.by("omar"), wish)
    stage.settle()
    assert stage.action(waiting.id).state is ActionState.STALE
    assert "frozen" in stage.action(waiting.id).error


def test_stopping_is_never_blocked_and_who_froze_it_is_told(stage: Stage) -> None:
    freeze(stage, "dana", "auto-decline")
    off = stage.disabled("auto-decline", 2 * HOUR)
    assert off.state == "on"
    told = stage.posted("say:frozen_lever:")
    assert len(told) == 3, "the team's channel, the incident and who froze it"
    assert all("stopping it is not blocked" in text and REASON in text for text in told)
    assert stage.override(frozen(stage)).facts["changed"] == 1
    with pytest.raises(errors.Denied, match="frozen"):
        stage.request("dana", ActionKind.ENABLE, "auto-decline")


@on_sqlite
@pytest.mark.parametrize(
    ("said", "kind", "component", "blocked"),
    [
        ("", ActionKind.DISABLE, "auto-decline", False),
        ("works", ActionKind.DISABLE, "auto-decline", False),
        ("blocked", ActionKind.DISABLE, "auto-decline", True),
        ("", ActionKind.ROLLBACK, "fraud-scorer", True),
        ("blocked", ActionKind.ROLLBACK, "fraud-scorer", True),
        ("works", ActionKind.ROLLBACK, "fraud-scorer", False),
    ],
)
def test_the_registry_says_what_a_freeze_means_for_a_lever(
    engine: Engine, said: str, kind: ActionKind, component: str, blocked: bool
) -> None:
    text = LEDGER_TEXT
    for name in ("model: fraud-scorer,", "flag: auto-decline,"):
        text = text.replace(name, f"{name} while_frozen: {said}," if said else name)
    stage = Stage(engine, registry=Registry.load(text))
    freeze(stage, "omar" if component == "fraud-scorer" else "dana", component)
    ends = HOUR if kind is ActionKind.DISABLE else None
    if blocked:
        with pytest.raises(errors.Denied, match="frozen"):
            stage.request("dana", kind, component, ends_after=ends)
        return
    assert stage.request("dana", kind, component, ends_after=ends).state is ActionState.PREVIEWED
    with pytest.raises(errors.ConfigError, match="while_frozen"):
        Registry.load(LEDGER_TEXT.replace("model: fraud-scorer,", "model: fraud-scorer, while_frozen: maybe,"))


def test_the_glass_can_be_broken_and_a_review_is_owed(stage: Stage) -> None:
    freeze(stage)
    because = "money is lost and omar does not answer"
    wanted = Wanted(ActionKind.ROLLBACK, "fraud-scorer", because=because, through_freeze=True)
    number, _ = levers.request(stage.house, stage.by("dana", channel="C01FRAUDML"), wanted)
    stage.settle()
    told = stage.posted(f"say:frozen_glass:{number}")
    assert len(told) == 3, "the team's channel, the incident and who froze it"
    assert all(because in text for text in told)
    stage.confirm("dana", stage.action(number))
    stage.approve("omar", stage.action(number))
    assert stage.action(number).state is ActionState.CONFIRMED
    due = next(row for row in hygiene.debt_list(stage.house).rows if row.what == "broken glass")
    with pytest.raises(errors.Denied):
        owed.close_debt(stage.house, stage.by("dana"), due.number, "fine")
    owed.close_debt(stage.house, stage.by("lin"), due.number, "it was right")
    with pytest.raises(errors.Denied, match="frozen"):
        stage.rollback("dana")


@pytest.mark.parametrize("who", ["zoe", STRANGER])
def test_who_may_not_ask_breaks_no_glass(stage: Stage, who: str) -> None:
    freeze(stage)
    wanted = Wanted(ActionKind.ROLLBACK, "fraud-scorer", because="money is lost, really", through_freeze=True)
    with pytest.raises(errors.Denied):
        levers.request(stage.house, stage.by(who), wanted)


def test_breaking_it_needs_a_reason(stage: Stage) -> None:
    freeze(stage)
    wanted = Wanted(ActionKind.ROLLBACK, "fraud-scorer", because="now", through_freeze=True)
    with pytest.raises(errors.InputError):
        levers.request(stage.house, stage.by("dana"), wanted)


def test_its_end_is_told_once_and_levers_work_again(stage: Stage) -> None:
    freeze(stage)
    number = frozen(stage)
    stage.wait(24 * HOUR - MINUTE)
    assert stage.posted(f"say:thawed:{number}") == []
    for _ in range(3):
        stage.wait(MINUTE)
        stage.restart()
    assert len(stage.posted(f"say:thawed:{number}")) == 2, "the team's channel and who froze it"
    assert stage.override(number).state == "closed"
    assert stage.rollback("dana").state is ActionState.PREVIEWED


def test_what_should_come_back_by_itself_waits_for_the_thaw(stage: Stage) -> None:
    off = stage.disabled("auto-decline", 2 * HOUR)
    assert off.incident_id is not None
    freeze(stage, "dana", "auto-decline", span=5 * HOUR)
    incident.mitigate(stage.house, stage.by("dana"), off.incident_id)
    stage.wait(3 * HOUR)
    assert stage.override(off.id).state == "overdue"
    stage.wait(2 * HOUR + 2 * MINUTE)
    assert stage.override(off.id).state == "closed"


# ------------------------------------------------------------------ changes in spite of it


def change(at: datetime, key: str = "1", subject: str = "fraud-scorer@champion", after: str = "44") -> Change:
    return Change("mlflow", key, "model", subject, after, at, "43", by="training pipeline")


def test_a_change_in_spite_of_it_is_told_once(stage: Stage) -> None:
    opened = stage.opened()
    freeze(stage)
    number = frozen(stage)
    at = stage.clock.at + MINUTE
    stage.clock.at = at + MINUTE
    for _ in range(3):
        record_changes(stage.house, [change(at)])
        stage.settle()
        stage.restart()
    told = stage.posted(f"say:frozen_change:{number}")
    assert len(told) == 3, "the team's channel, the incident and who froze it"
    assert all("changed all the same" in text and "training pipeline" in text for text in told)
    assert stage.override(number).facts["changed"] == 1
    assert [r.note for r in hygiene.debt_list(stage.house).rows if r.number == number] == [
        "changed once in spite of it"
    ]
    noted = [e for e in stage.events(opened, EventKind.OVERRIDE) if e.payload["phase"] == "changed"]
    assert len(noted) == 1


def test_a_change_that_is_reported_late_is_told(stage: Stage) -> None:
    """What matters is when it was changed: in the freeze, also where that is over by now; after it nothing is told."""
    freeze(stage, span=HOUR)
    inside, after = stage.clock.at + 30 * MINUTE, stage.clock.at + 2 * HOUR
    stage.wait(3 * HOUR)
    record_changes(stage.house, [change(inside, "late"), change(after, "later")])
    stage.settle()
    told = stage.posted("say:frozen_change:")
    assert len(told) == 2, "the team's channel and who froze it"
    assert all("was frozen until" in text for text in told)
    assert stage.override(frozen(stage)).facts["changed"] == 1


@on_sqlite
def test_an_owed_review_is_asked_for_before_it_is_due_and_until_it_is_done(stage: Stage) -> None:
    freeze(stage)
    wanted = Wanted(ActionKind.ROLLBACK, "fraud-scorer", because="money is lost, really", through_freeze=True)
    levers.request(stage.house, stage.by("dana", channel="C01FRAUDML"), wanted)
    stage.settle()
    due = next(row for row in hygiene.debt_list(stage.house).rows if row.what == "broken glass")
    stage.wait(2 * DAY)
    assert stage.posted(f"entry:{due.number}:omar:warning")
    assert stage.posted(f"entry:{due.number}:dana:") == [], "who broke it does not judge it"
    stage.restart()
    stage.wait(DAY + HOUR)
    assert stage.override(due.number).state == "overdue"
    stage.wait(DAY)
    assert stage.override(due.number).escalations == 2
    owed.close_debt(stage.house, stage.by("omar"), due.number, "it was right")
    stage.wait(3 * DAY)
    assert stage.override(due.number).escalations == 2
    assert any("it was right" in text for text in stage.posted(f"entry:{due.number}:omar:ended"))


def test_what_is_no_change_in_spite_of_it(stage: Stage) -> None:
    """Before the freeze, of another component, or our own doing: nothing is told."""
    before = stage.clock.at - MINUTE
    action = stage.asked("dana")
    stage.approve("omar", action)
    freeze(stage)
    echo = Change("mlflow", "9", "model", "fraud-scorer@champion", "42", stage.clock.at, "43", by="muster")
    other = change(stage.clock.at, "3", "ranker@champion")
    record_changes(stage.house, [change(before, "2"), other, echo])
    stage.settle()
    assert stage.posted("say:frozen_change:") == []
    assert "changed" not in stage.override(frozen(stage)).facts
