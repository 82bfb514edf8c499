"""A request nobody answers: reminded, then what the registry says silence means, once, in time or told as late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.actions import Action, ActionState
from playbooks.domain.timeline import Event, EventKind
from playbooks.plays import approvals, breakglass, closing, hygiene, owed
from tests.plays.authority_registry import registry
from tests.plays.stage import MINUTE, STRANGER, Stage, on_sqlite


@pytest.fixture
def escalating(engine: Engine) -> Stage:
    return Stage(engine, registry=registry(silent="escalate"))


@pytest.fixture
def acting(engine: Engine) -> Stage:
    return Stage(engine, registry=registry(silent="act_and_tell"))


def pages(stage: Stage, action: Action, phase: str) -> list[Event]:
    assert action.incident_id is not None
    found = stage.events(action.incident_id, EventKind.PAGE)
    return [e for e in found if e.payload.get("phase") == phase and e.payload.get("action") == action.id]


# ------------------------------------------------------------------ reminded


def test_holders_are_reminded_once_before_the_deputy_is_asked(stage: Stage) -> None:
    action = stage.asked()
    stage.wait(4 * MINUTE)
    assert pages(stage, action, "reminded") == []
    stage.wait(2 * MINUTE)
    assert [e.payload["roles"] for e in pages(stage, action, "reminded")] == ["model owner"]
    assert len(stage.posted(f"say:approval_remind:{action.id}:1:omar")) == 1
    assert stage.posted(f"ask:{action.id}:U03LIN") == []
    stage.wait(5 * MINUTE)
    assert len(stage.posted(f"ask:{action.id}:U03LIN")) == 1
    assert len(pages(stage, action, "silent")) == 1


@on_sqlite
@pytest.mark.parametrize("way", ["approve", "deny", "withdraw", "glass"])
def test_an_answer_stops_reminders_and_everything_after(stage: Stage, way: str) -> None:
    action = stage.asked()
    if way == "approve":
        stage.approve("omar", action)
    elif way == "glass":
        stage.wait(11 * MINUTE)
        breakglass.break_glass(stage.house, stage.by("dana"), action.id, "nobody answers, money is lost")
    else:
        approvals.deny(stage.house, stage.by("omar" if way == "deny" else "dana"), action.id, "v42 is worse")
    stage.settle()
    before = len(stage.posted("say:"))
    stage.wait(timedelta(minutes=30))
    after = [text for text in stage.posted("say:")[before:] if f"request {action.id}" in text]
    assert after == []
    assert stage.action(action.id).state is not ActionState.EXPIRED


@on_sqlite
def test_who_answered_is_not_reminded(engine: Engine) -> None:
    stage = Stage(engine)
    action = stage.asked("dana", "ranker")
    stage.approve("omar", action)
    stage.wait(6 * MINUTE)
    assert stage.posted(f"say:approval_remind:{action.id}:1:omar") == []
    assert len(stage.posted(f"say:approval_remind:{action.id}:1:lin")) == 1


# ------------------------------------------------------------------ deputy, escalate


@on_sqlite
def test_the_deputy_too_is_reminded_before_it_expires(stage: Stage) -> None:
    action = stage.asked()
    stage.wait(13 * MINUTE)
    assert len(stage.posted(f"say:approval_remind:{action.id}:2:lin")) == 1
    stage.wait(3 * MINUTE)
    assert stage.action(action.id).state is ActionState.EXPIRED


def test_escalating_asks_the_accountable_teams_channel_with_the_request(escalating: Stage) -> None:
    action = escalating.asked("lin")
    assert escalating.posted(f"ask:{action.id}:team:channel") == []
    escalating.wait(11 * MINUTE)
    assert len(escalating.posted(f"ask:{action.id}:team:channel")) == 1
    (page,) = pages(escalating, action, "silent")
    assert page.payload["if_silent"] == "escalate"
    assert "the accountable team's channel is asked" in page.text
    said = escalating.posted(f"say:silence:{action.id}")
    assert "dana" in said[0], "who is on call is asked to find who may decide"
    escalating.approve("omar", action)
    assert escalating.action(action.id).state is ActionState.CONFIRMED


# ------------------------------------------------------------------ act and tell


def test_silence_lets_it_go_on_loudly_and_owes_a_review(acting: Stage) -> None:
    action = acting.asked("lin")
    acting.wait(11 * MINUTE)
    done = acting.action(action.id)
    assert done.state is ActionState.CONFIRMED
    assert done.authority.startswith("act and tell")
    assert done.incident_id is not None
    grant = acting.events(done.incident_id, EventKind.DECISION)[-1].payload
    assert (grant["used"], grant["verdict"], grant["approvals"], grant["needed"]) == ("act_and_tell", "approved", 0, 1)
    (row,) = hygiene.debt_list(acting.house).rows
    assert row.what == "skipped approval"
    told = acting.posted(f"say:act_and_tell:{action.id}")
    assert len(told) == 4, "the incident, the team, triage and the holder"
    for who in ("lin", "zoe", STRANGER):
        with pytest.raises(errors.Denied):
            owed.close_debt(acting.house, acting.by(who), row.number, "fine")
    owed.close_debt(acting.house, acting.by("omar"), row.number, "it was right to act")


@on_sqlite
def test_a_no_before_the_time_is_no_silence(acting: Stage) -> None:
    action = acting.asked("lin")
    approvals.deny(acting.house, acting.by("omar"), action.id, "v42 is worse")
    acting.wait(timedelta(minutes=20))
    assert acting.action(action.id).state is ActionState.DENIED
    assert acting.world.effects == []


@on_sqlite
def test_silence_does_nothing_to_an_incident_that_is_over(acting: Stage) -> None:
    action = acting.asked("lin")
    assert action.incident_id is not None
    closing.resolve(acting.house, acting.by("dana"), action.incident_id, closing.Resolution())
    acting.wait(11 * MINUTE)
    assert acting.action(action.id).state is ActionState.AWAITING
    assert "is resolved" in acting.posted(f"say:silence:{action.id}")[0]
    assert acting.world.effects == []


# ------------------------------------------------------------------ late


def test_after_a_long_stop_it_says_that_it_is_late(stage: Stage) -> None:
    action = stage.asked()
    stage.clock.at += timedelta(minutes=14)
    stage.restart()
    stage.wait(timedelta(0))
    (page,) = pages(stage, action, "silent")
    assert "late" in page.text
    assert page.payload["late"] == 4 * 60
    assert len(stage.posted(f"ask:{action.id}:U03LIN")) == 1


@on_sqlite
def test_what_expired_in_the_meantime_asks_nobody_and_does_nothing(acting: Stage) -> None:
    action = acting.asked("lin")
    acting.clock.at += timedelta(hours=2)
    acting.restart()
    acting.wait(timedelta(0))
    assert acting.action(action.id).state is ActionState.EXPIRED
    assert acting.world.effects == []
    assert acting.posted(f"say:approval_remind:{action.id}") == []


@on_sqlite
def test_two_sweeps_at_once_ask_once(stage: Stage) -> None:
    action = stage.asked()
    stage.clock.at += 11 * MINUTE
    for _ in range(3):
        stage.bot.sweep(stage.house)
    stage.settle()
    assert len(pages(stage, action, "silent")) == 1
    assert len(stage.posted(f"ask:{action.id}:U03LIN")) == 1
