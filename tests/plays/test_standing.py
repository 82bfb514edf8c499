"""Accepted risks: under their right, with a holder and an end; asked again then, and overdue until answered."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.actions import ActionKind, ActionState, Override
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays import hygiene, standing, terms
from playbooks.render import render_draft
from tests.plays.ledger_registry import LEDGER_REGISTRY, LEDGER_TEXT
from tests.plays.stage import HOUR, NIGHT, STRANGER, Stage, on_sqlite

DAY = timedelta(days=1)
REASON = "the embeddings are late by a day, and the rules engine stands by"


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine, registry=LEDGER_REGISTRY)


def accept(
    stage: Stage,
    who: str = "lin",
    component: str = "fraud-scorer",
    *,
    span: timedelta = 10 * DAY,
    because: str = REASON,
    renews: int | None = None,
) -> Say:
    wish = standing.Wish(ActionKind.ACCEPT_RISK, component, stage.clock.at + span, because, None, renews)
    said = standing.ask_for(stage.house, stage.by(who), wish)
    stage.settle()
    return said


def entries(stage: Stage) -> list[Override]:
    with stage.bot.store.read() as uow:
        return uow.overrides(open_only=False, kinds=())


def requested(stage: Stage) -> int:
    with stage.bot.store.read() as uow:
        return uow.actions_in({ActionState.AWAITING})[-1].id


def test_a_holder_accepts_at_once(stage: Stage) -> None:
    accept(stage)
    entry = entries(stage)[0]
    assert (entry.kind, entry.holder, entry.state, entry.team) == ("accepted_risk", "lin", "on", "fraud-ml")
    assert (entry.since, entry.due_at, entry.reason) == (NIGHT, NIGHT + 10 * DAY, REASON)
    told = stage.posted(f"entry:{entry.id}:team")
    assert len(told) == 1
    assert REASON in told[0]
    row = hygiene.debt_list(stage.house, "fraud-ml").rows
    assert ("accepted risk", "lin") in [(r.what, r.holder.name) for r in row]


@pytest.mark.parametrize("kind", [ActionKind.ACCEPT_RISK, ActionKind.FREEZE])
@pytest.mark.parametrize("who", ["zoe", STRANGER])
def test_another_team_and_a_stranger_are_told_whose_it_is(stage: Stage, who: str, kind: ActionKind) -> None:
    wish = standing.Wish(kind, "fraud-scorer", stage.clock.at + DAY, REASON)
    with pytest.raises(errors.Denied) as told:
        standing.ask_for(stage.house, stage.by(who), wish)
    assert told.value.code == "may_not_ask"
    assert told.value.ask
    assert entries(stage) == []


def test_a_member_asks_and_a_holder_decides(stage: Stage) -> None:
    said = accept(stage, "dana")
    assert [w.name for w in said.mentions] == ["lin"]
    assert entries(stage) == []
    number = requested(stage)
    for who in ("dana", "zoe", STRANGER):
        with pytest.raises(errors.Denied):
            standing.approve(stage.house, stage.by(who), number)
    standing.approve(stage.house, stage.by("lin"), number)
    stage.settle()
    entry = entries(stage)[0]
    assert (entry.holder, entry.facts["requested_by"]) == ("lin", "dana")
    assert stage.action(number).state is ActionState.CONFIRMED


def test_where_two_are_asked_the_requester_is_none_of_them(stage: Stage) -> None:
    accept(stage, "dana", "ranker")
    number = requested(stage)
    with pytest.raises(errors.Denied) as told:
        standing.approve(stage.house, stage.by("dana"), number)
    assert told.value.code == "own_request"
    standing.approve(stage.house, stage.by("omar"), number)
    assert entries(stage) == []
    standing.approve(stage.house, stage.by("omar"), number)
    assert entries(stage) == []
    standing.approve(stage.house, stage.by("lin"), number)
    stage.settle()
    assert [sorted(e.facts["decided_by"]) for e in entries(stage)] == [["lin", "omar"]]


def test_denied_or_withdrawn_nothing_stands(stage: Stage) -> None:
    accept(stage, "dana")
    standing.deny(stage.house, stage.by("lin"), requested(stage), "mend it instead")
    accept(stage, "dana")
    standing.deny(stage.house, stage.by("dana"), requested(stage), "")
    stage.wait(4 * DAY)
    assert entries(stage) == []


def test_nobody_answers(stage: Stage) -> None:
    accept(stage, "dana")
    number = requested(stage)
    stage.wait(4 * DAY)
    assert stage.action(number).state is ActionState.EXPIRED
    assert entries(stage) == []


@pytest.mark.parametrize(
    ("span", "because", "code"),
    [(10 * DAY, " ", "no_reason"), (-DAY, REASON, "past_time"), (61 * DAY, REASON, "too_long")],
)
def test_it_needs_a_reason_and_an_end(stage: Stage, span: timedelta, because: str, code: str) -> None:
    with pytest.raises(errors.InputError) as told:
        accept(stage, span=span, because=because)
    assert told.value.code == code
    assert told.value.next_step


def test_where_nobody_may_accept_the_registry_is_named(stage: Stage) -> None:
    with pytest.raises(errors.Denied, match="nobody") as told:
        accept(stage, "dana", "auto-decline")
    assert "rights.accept_risk" in told.value.next_step


# ------------------------------------------------------------------ its end


def test_it_is_warned_of_and_then_asked_again_once(stage: Stage) -> None:
    accept(stage)
    number = entries(stage)[0].id
    stage.wait(7 * DAY - timedelta(minutes=1))
    assert stage.posted(f"entry:{number}:holder") == []
    for _ in range(3):
        stage.wait(timedelta(minutes=1))
        stage.restart()
    assert len(stage.posted(f"entry:{number}:holder:warning")) == 1
    stage.wait(3 * DAY)
    for _ in range(3):
        stage.restart()
        stage.wait(timedelta(hours=5))
    assert len(stage.posted(f"entry:{number}:holder:ended")) == 1, "again only after a day"
    assert len(stage.posted(f"entry:{number}:asked:ended")) == 1
    assert stage.override(number).state == "overdue"
    assert [r.number for r in hygiene.debt_list(stage.house).rows if r.overdue and r.number] == [number]


def test_a_process_that_slept_through_both_asks_once(stage: Stage) -> None:
    accept(stage)
    number = entries(stage)[0].id
    stage.clock.at += 12 * DAY
    stage.restart()
    stage.wait(timedelta(minutes=1))
    assert stage.posted(f"entry:{number}:holder:warning") == []
    assert len(stage.posted(f"entry:{number}:holder:ended")) == 1


def test_nobody_answers_so_it_is_asked_again_and_wider(stage: Stage) -> None:
    """First the holder, then all who hold the right, then the triage team; one question is live at a time."""
    accept(stage)
    number = entries(stage)[0].id

    def asked(turn: str) -> set[str]:
        found = set()
        for channel in stage.slack.channels.values():
            for message in channel.messages:
                head, _, rest = message.delivery.partition(":ended:")
                if head.startswith(f"entry:{number}:") and rest.endswith(turn):
                    found.add(head.rsplit(":", 1)[1])
        return found

    stage.wait(10 * DAY + HOUR)
    assert asked("+00:00") == {"holder", "asked"}
    stage.restart()
    stage.wait(DAY)
    assert asked(":2") == {"holder", "mei", "asked"}
    live = [text for text in stage.posted(f"entry:{number}:holder:") if "phase='ended'" in text]
    assert len(live) == 1, "the older question and the warning ask nothing any more"
    assert "phase='over'" in stage.posted(f"entry:{number}:team")[0]
    stage.wait(DAY)
    assert asked(":3") == {"holder", "mei", "asked", "triage"}
    assert stage.override(number).escalations == 3
    terms.let_end(stage.house, stage.by("mei"), number, "it is mended")
    stage.settle()
    assert not any("phase='ended'" in text for text in stage.posted(f"entry:{number}:"))
    stage.wait(30 * DAY)
    assert stage.override(number).escalations == 3
    assert asked(":4") == set()


@on_sqlite
def test_it_is_never_forgotten_and_not_a_nuisance(stage: Stage) -> None:
    accept(stage)
    number = entries(stage)[0].id
    stage.wait(10 * DAY + 40 * DAY)
    asked = stage.override(number).escalations
    assert 8 <= asked <= 14, "daily for a week, then weekly"


@on_sqlite
def test_a_holder_who_is_gone_and_a_component_that_is_gone(stage: Stage) -> None:
    """What stood under a registry of yesterday can still be ended, by the team it belonged to."""
    accept(stage)
    number = entries(stage)[0].id
    text = LEDGER_TEXT.replace("  lin: {slack: U03LIN, email: lin@example.com}\n", "")
    text = re.sub(r", lin\b|\blin, ", "", text)
    text = text.replace("decide: [lin]", "decide: [mei]").replace("deputy: [lin]", "deputy: [mei]")
    head, _, rest = text.partition("  fraud-scorer:\n")
    stage.registry = Registry.load(head + rest[rest.index("  auto-decline:\n") :].replace("[fraud-scorer]", "[]"))
    stage.restart()
    stage.wait(10 * DAY + HOUR)
    assert stage.override(number).state == "overdue"
    assert stage.posted(f"entry:{number}:omar:ended"), "the team answers for it"
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied, match="not yours"):
            terms.let_end(stage.house, stage.by(who), number, "gone")
    terms.let_end(stage.house, stage.by("dana"), number, "the component is gone")
    assert stage.override(number).state == "closed"


@on_sqlite
def test_a_request_without_an_incident_that_nobody_answers_is_told(stage: Stage) -> None:
    accept(stage, "dana")
    number = requested(stage)
    stage.wait(4 * DAY)
    told = stage.posted(f"say:expired:{number}")
    assert len(told) == 2, "the team's channel and who asked"


def test_renewed_it_keeps_its_age_and_has_a_new_end(stage: Stage) -> None:
    accept(stage)
    number = entries(stage)[0].id
    stage.wait(10 * DAY + HOUR)
    accept(stage, because="the fix ships next week", renews=number)
    entry = stage.override(number)
    assert (entry.state, entry.since, entry.due_at) == ("on", NIGHT, NIGHT + 20 * DAY + HOUR)
    assert (entry.escalations, len(entries(stage))) == (0, 1)
    stage.wait(10 * DAY + HOUR)
    assert len(stage.posted(f"entry:{number}:holder:ended")) == 2


@pytest.mark.parametrize(("who", "may"), [("lin", True), ("mei", True), ("dana", False), (STRANGER, False)])
def test_it_is_let_end_by_its_holder_or_who_holds_the_right(stage: Stage, who: str, may: bool) -> None:
    accept(stage)
    number = entries(stage)[0].id
    if not may:
        with pytest.raises(errors.Denied):
            terms.let_end(stage.house, stage.by(who), number, "it is mended")
        return
    with pytest.raises(errors.InputError):
        terms.let_end(stage.house, stage.by(who), number, "  ")
    terms.let_end(stage.house, stage.by(who), number, "it is mended")
    stage.wait(20 * DAY)
    assert stage.override(number).state == "closed"
    assert stage.posted(f"entry:{number}:holder") == []
    with pytest.raises(errors.Conflict):
        accept(stage, renews=number)


def test_it_stands_on_the_card_in_the_timeline_and_in_the_draft(stage: Stage) -> None:
    incident = stage.opened()
    accept(stage)
    assert [(s.component, s.kind) for s in stage.card(incident).standing] == [("fraud-scorer", "accepted_risk")]
    decided = stage.events(incident, EventKind.DECISION)[-1]
    assert (decided.payload["decision"], decided.payload["verdict"]) == ("accept_risk", "approved")
    stage.wait(10 * DAY + HOUR)
    texts = stage.lines(incident)
    assert any("has an accepted risk" in text for text in texts)
    assert sum("asked again" in text for text in texts) == 1
    with stage.bot.store.read() as uow:
        head = uow.verify(incident).head
        draft = render_draft(uow.events(incident), incident_id=incident, head=head).text
    assert "accept_risk" in draft or "accept a risk" in draft
    assert REASON in draft


@on_sqlite
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(kind=st.sampled_from([ActionKind.ACCEPT_RISK, ActionKind.FREEZE]), minutes=st.integers(-100_000, 200_000))
def test_no_entry_is_without_an_end(stage: Stage, kind: ActionKind, minutes: int) -> None:
    """Whatever end is wished for: it is refused, or the entry ends after it began and within the longest."""
    wish = standing.Wish(kind, "fraud-scorer", stage.clock.at + timedelta(minutes=minutes), REASON)
    try:
        standing.ask_for(stage.house, stage.by("lin"), wish)
    except (errors.InputError, errors.Conflict):
        return
    for entry in entries(stage):
        assert entry.since < entry.due_at <= entry.since + 60 * DAY
        with stage.bot.store.read() as uow:
            assert uow.timers([f"entry_end:{entry.id}"])
