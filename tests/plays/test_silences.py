"""Silences and maintenance: who may, what they keep quiet, and that their end loses nothing and says if it is late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.alerts import AlertStatus, Decision, Reason, Verdict
from playbooks.domain.pipeline.silences import AtEnd, Muting, Silence
from playbooks.messages import Say
from playbooks.plays import retaking, silences
from playbooks.plays.timebox import sweep
from playbooks.plays.views.muted import alert_path, silence_list
from tests.plays.stage import HOUR, MINUTE, STRANGER, Stage, alert, on_sqlite


def mute(
    stage: Stage,
    who: str = "dana",
    component: str = "fraud-scorer",
    *,
    span: timedelta = 2 * HOUR,
    start: timedelta = timedelta(0),
    kind: Muting = Muting.SILENCE,
    failure: str = "",
    because: str = "the index is rebuilt",
    at_end: AtEnd = AtEnd.OPEN,
) -> Say:
    begins = stage.clock.at + start
    said = silences.begin(
        stage.house, stage.by(who), silences.Wish(kind, component, failure, begins, begins + span, because, at_end)
    )
    stage.settle()
    return said


def held(stage: Stage, number: int = 1) -> Silence:
    with stage.bot.store.read() as uow:
        found = uow.silence(number)
    assert found is not None
    return found


def decided(verdicts: list[Verdict]) -> list[tuple[Decision, Reason]]:
    return [(v.decision, v.reason) for v in verdicts]


def test_muted_alerts_are_kept_and_listed_and_open_nothing(stage: Stage) -> None:
    mute(stage)
    told = stage.alert(alert("a"), alert("b"), alert("a"), alert("c", "ranker"))
    stage.settle()
    assert decided(told) == [
        (Decision.MUTED, Reason.SILENCED),
        (Decision.MUTED, Reason.SILENCED),
        (Decision.DUPLICATE, Reason.SAME_EPISODE),
        (Decision.OPENED, Reason.NEW_FAILURE),
    ]
    assert [i.component for i in stage.incidents()] == ["ranker"]
    assert held(stage).muted == 2
    listed = silence_list(stage.house)
    assert [(n.scope, n.muted, n.phase) for n in listed.now] == [("fraud-scorer", 2, "on")]
    assert [(k.how, k.component, k.count, k.firing) for k in listed.kept] == [("muted", "fraud-scorer", 2, 2)]
    (note,) = stage.posted("silence:1")
    assert "muted=2" in note


def test_what_still_fires_at_the_end_is_decided_again(stage: Stage) -> None:
    mute(stage)
    stage.alert(alert("a"), alert("b"))
    stage.alert(alert("b", status="resolved"))
    stage.restart()
    stage.wait(2 * HOUR + MINUTE)
    (incident,) = stage.incidents()
    assert (incident.component, incident.alerts_total, incident.alerts_firing) == ("fraud-scorer", 1, 1)
    (said,) = stage.posted("say:silence_over:1")
    assert "2 alerts were muted; 1 still fires and is decided again: INC-1." in said
    assert "late" not in said
    assert silence_list(stage.house).now == ()
    path = alert_path(stage.house, stage.alerts(1)[0].id)
    assert [did for _, did, _ in path.steps][-2:] == ["muted", "opened"]
    assert decided(stage.alert(alert("a"))) == [(Decision.DUPLICATE, Reason.SAME_EPISODE)]


def test_a_silence_may_end_with_a_list_alone(stage: Stage) -> None:
    mute(stage, at_end=AtEnd.LIST)
    stage.alert(alert("a"))
    stage.wait(3 * HOUR)
    assert stage.incidents() == []
    (said,) = stage.posted("say:silence_over:1")
    assert "1 alert was muted; 1 still fires, and nothing opens for it, as was asked." in said
    assert [k.count for k in silence_list(stage.house).kept] == [1]


def test_an_end_that_comes_late_says_so(stage: Stage) -> None:
    mute(stage)
    stage.alert(alert("a"))
    stage.clock.at += 3 * HOUR  # nobody swept meanwhile
    stage.restart()
    sweep(stage.house)
    stage.settle()
    (said,) = stage.posted("say:silence_over:1")
    assert "It ended 1 h late: I was not running." in said
    assert len(stage.incidents()) == 1


def test_a_planned_maintenance_mutes_from_its_start(stage: Stage) -> None:
    mute(stage, kind=Muting.MAINTENANCE, start=HOUR)
    assert stage.alert(alert("a", "auto-decline"))[0].decision is Decision.OPENED
    assert "phase='planned'" in stage.posted("silence:1")[0]
    stage.wait(90 * MINUTE)
    assert "phase='on'" in stage.posted("silence:1")[0]
    assert decided(stage.alert(alert("a"))) == [(Decision.MUTED, Reason.MAINTENANCE)]
    stage.wait(2 * HOUR)
    assert [i.component for i in stage.incidents()] == ["fraud-scorer", "auto-decline"]


def test_a_silence_of_one_alert_leaves_the_others(stage: Stage) -> None:
    mute(stage, failure="drift")
    mute(stage, "zoe", "ranker", failure="SomethingElse")
    told = stage.alert(alert("a"), alert("b", "ranker"))
    assert [v.decision for v in told] == [Decision.MUTED, Decision.OPENED]


def test_an_end_of_an_episode_that_is_muted_is_kept(stage: Stage) -> None:
    mute(stage)
    stage.alert(alert("a"))
    told = stage.alert(alert("a", status="resolved"))
    assert (told[0].decision, told[0].incident) == (Decision.RESOLVED, None)
    with stage.bot.store.read() as uow:
        (kept,) = uow.kept_back("fraud-scorer", {Decision.MUTED}, firing=False)
    assert kept.alert.status is AlertStatus.RESOLVED


def test_member_stage_owner_other_team_and_stranger(stage: Stage) -> None:
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied, match="fraud-ml on call"):
            mute(stage, who)
    mute(stage, "mei")
    for who in ("zoe", STRANGER):
        with pytest.raises(errors.Denied):
            silences.end(stage.house, stage.by(who), 1)
    assert held(stage).ended_at is None
    silences.end(stage.house, stage.by("lin"), 1, "rebuilt already")
    stage.settle()
    assert held(stage).reason == "the index is rebuilt (ended: rebuilt already)"
    with pytest.raises(errors.Conflict):
        silences.end(stage.house, stage.by("lin"), 1)


def test_ended_early_it_lets_go_at_once(stage: Stage) -> None:
    mute(stage)
    stage.alert(alert("a"))
    silences.end(stage.house, stage.by("dana"), 1)
    assert stage.alert(alert("b"))[0].decision is Decision.OPENED
    stage.wait(MINUTE)
    assert stage.incident(1).alerts_total == 2
    assert "{0} ended the silence" in stage.posted("say:silence_over:1")[0]


def test_a_redelivered_command_mutes_once(stage: Stage) -> None:
    begins = stage.clock.at
    wish = silences.Wish(Muting.SILENCE, "fraud-scorer", "", begins, begins + HOUR, "rebuild")
    silences.begin(stage.house, stage.by("dana", once="t1"), wish)
    with pytest.raises(errors.Conflict):
        silences.begin(stage.house, stage.by("dana", once="t1"), wish)
    assert len(silence_list(stage.house).now) == 1


@on_sqlite
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"because": "  "}, "no_reason"),
        ({"span": timedelta(0)}, "bad_input"),
        ({"span": -HOUR, "start": HOUR}, "bad_input"),
        ({"span": timedelta(days=8)}, "too_long"),
        ({"component": "nonsense"}, "unknown_name"),
    ],
)
def test_what_cannot_be_muted_is_told_and_changes_nothing(stage: Stage, given: dict[str, object], code: str) -> None:
    with pytest.raises(errors.MusterError) as told:
        mute(stage, **given)  # type: ignore[arg-type]
    assert told.value.next_step
    assert silence_list(stage.house).now == ()


@on_sqlite
def test_many_muted_alerts_are_let_go_round_by_round(stage: Stage) -> None:
    mute(stage)
    stage.alert(*(alert(f"m{n}") for n in range(retaking.ROUND + 20)))
    stage.clock.at += 3 * HOUR
    while sweep(stage.house):
        pass
    stage.settle()
    assert stage.incident(1).alerts_total == retaking.ROUND + 20
    assert f"{retaking.ROUND + 20} still fire and are decided again: INC-1" in stage.posted("say:silence_over:1")[0]


def test_two_processes_let_go_once(stage: Stage) -> None:
    mute(stage)
    stage.alert(alert("a"))
    stage.clock.at += 3 * HOUR
    with stage.bot.store.read() as uow:
        due = [t for t in uow.due_timers(now=stage.clock.at) if t.kind == silences.END]
    assert [silences.fire(stage.house, timer) for timer in due * 2] == [True, False]
    assert stage.incident(1).alerts_total == 1
