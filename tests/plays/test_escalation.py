"""While nobody acknowledges: each level is asked once, says why, stops at any answer, and ends with a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from playbooks.domain.escalation import Policy, Step, Whom
from playbooks.domain.gaps import GapKind, Sighting
from playbooks.domain.incidents import Role
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import Event, EventKind
from playbooks.plays import closing, escalation, incident, roles
from playbooks.plays.timebox import fire
from tests.plays.stage import MINUTE, NIGHT, STRANGER, Stage, on_sqlite
from tests.simulation.bot import RULES

_TEXT = (Path(__file__).parent / "ownership.yaml").read_text("utf-8")
_HOME, _TRIAGE = "C01FRAUDML", "C00TRIAGE"


def registry(old: str, new: str) -> Registry:
    """The tests' registry with one thing changed."""
    assert _TEXT.count(old) == 1
    return Registry.load(_TEXT.replace(old, new))


NOBODY = registry("members: [dana, omar, lin, mei], on_call: {static: [dana, omar]}", "members: [dana, omar, lin, mei]")
ALONE = registry("on_call: {static: [dana, omar]}", "on_call: {static: [dana]}")
NO_DEPUTY = registry(
    "decide: [omar], deputy: [lin], approvals: 1, answer_within: PT10M, if_silent: deputy", "decide: [mei]"
)
TIER_1 = registry("    fallback: rules engine v3\n", "    fallback: rules engine v3\n    tier: 1\n")


def steps(stage: Stage, number: int, phase: str = "escalated") -> list[Event]:
    return [e for e in stage.events(number, EventKind.PAGE) if e.payload.get("phase") == phase]


def asked(stage: Stage, number: int) -> list[tuple[list[str], list[str]]]:
    """Levels and persons of each step."""
    return [(e.payload["levels"], e.payload["asked"]) for e in steps(stage, number)]


def minutes(stage: Stage, number: int) -> list[int]:
    """When each step was, in minutes since the opening."""
    return [int((e.occurred_at - NIGHT).total_seconds() // 60) for e in steps(stage, number)]


EVERYBODY = [(["second_on_call"], ["omar"]), (["deputy", "channel"], ["lin"]), (["triage"], ["mei"])]


# ------------------------------------------------------------------ level by level


def test_each_level_is_asked_once_and_told_why(stage: Stage) -> None:
    number = stage.opened()
    stage.wait(timedelta(hours=3))
    assert asked(stage, number) == EVERYBODY
    assert minutes(stage, number) == [10, 20, 30]
    first = steps(stage, number)[0]
    assert first.text == "nobody acknowledged within 10 min: second on call of fraud-ml is asked"
    assert len(stage.posted(f"page:{number}:0:")) == 1
    assert len(stage.posted(f"page:{number}:1:")) == 2
    assert "nobody acknowledged within 20 min" in str.lower(stage.posted(f"page:{number}:1:0")[0])


def test_at_the_end_the_operators_read_who_was_asked_and_it_is_quiet(stage: Stage) -> None:
    number = stage.opened()
    stage.wait(timedelta(minutes=41))
    (end,) = steps(stage, number, "exhausted")
    assert "everybody was asked and nobody acknowledged within 40 min" in end.text
    assert "omar" not in end.text, "the timeline names roles"
    told = [text for text in stage.slack.texts(_TRIAGE) if "everybody was asked" in text]
    assert len(told) == 1
    for part in ("omar", "lin", "mei", "after 10 min", "after 20 min", "after 30 min"):
        assert part in told[0]
    before = stage.bot.board.pending(now=stage.clock.at)
    stage.wait(timedelta(days=2))
    assert len(steps(stage, number, "exhausted")) == 1
    assert len(steps(stage, number)) == 3
    assert before == []


@on_sqlite
def test_tier_1_is_asked_as_for_a_level_worse(engine: Engine) -> None:
    stage = Stage(engine, registry=TIER_1)
    number = stage.opened()
    stage.wait(timedelta(hours=1))
    assert minutes(stage, number) == [5, 10, 15]


# ------------------------------------------------------------------ what stops it


@on_sqlite
@pytest.mark.parametrize("after", [0, 1, 2, 3])
@pytest.mark.parametrize("way", ["ack", "lead", "resolve", "cancel", "stranger"])
def test_any_answer_stops_it_at_any_point(stage: Stage, way: str, after: int) -> None:
    number = stage.opened()
    stage.wait(timedelta(minutes=10 * after + 5))
    if way == "ack":
        incident.acknowledge(stage.house, stage.by("omar"), number)
    elif way == "stranger":
        incident.acknowledge(stage.house, stage.by(STRANGER), number)
    elif way == "lead":
        roles.take_role(stage.house, stage.by("zoe"), number, Role.LEAD, "zoe")
    elif way == "resolve":
        closing.resolve(stage.house, stage.by("dana"), number, closing.Resolution())
    else:
        closing.cancel(stage.house, stage.by("dana"), number)
    stage.wait(timedelta(hours=5))
    assert asked(stage, number) == EVERYBODY[:after]
    assert steps(stage, number, "exhausted") == []


@on_sqlite
def test_asking_for_a_lever_is_an_answer(stage: Stage) -> None:
    action = stage.asked()
    stage.wait(timedelta(hours=2))
    assert action.incident_id is not None
    assert asked(stage, action.incident_id) == []


@on_sqlite
def test_its_messages_lose_their_buttons_when_somebody_takes_it(stage: Stage) -> None:
    number = stage.opened()
    stage.wait(timedelta(minutes=11))
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.settle()
    assert "lead=Who(name='dana'" in stage.posted(f"page:{number}:0:0")[0]


# ------------------------------------------------------------------ severity


def test_a_raised_severity_speeds_it_up_and_asks_nobody_twice(stage: Stage) -> None:
    number = stage.opened()
    stage.wait(timedelta(minutes=11))
    incident.set_severity(stage.house, stage.by("zoe"), number, "sev1")
    stage.wait(timedelta(hours=1))
    assert asked(stage, number) == EVERYBODY
    assert minutes(stage, number) == [10, 15, 20], "each has the time to answer that the new policy gives"


@on_sqlite
def test_a_raised_severity_begins_anew_where_the_mild_policy_had_ended(stage: Stage) -> None:
    number = stage.opened()
    incident.set_severity(stage.house, stage.by("zoe"), number, "sev4")
    stage.wait(timedelta(hours=9))
    assert asked(stage, number) == [(["channel"], [])]
    assert len(steps(stage, number, "exhausted")) == 1
    incident.set_severity(stage.house, stage.by("zoe"), number, "sev1")
    stage.wait(timedelta(hours=1))
    assert asked(stage, number) == [
        (["channel"], []),
        (["second_on_call"], ["omar"]),
        (["deputy"], ["lin"]),
        (["triage"], ["mei"]),
    ]


@on_sqlite
def test_a_lowered_severity_slows_it_down(stage: Stage) -> None:
    number = stage.opened()
    incident.set_severity(stage.house, stage.by("zoe"), number, "sev3")
    stage.wait(timedelta(minutes=29))
    assert asked(stage, number) == []
    stage.wait(timedelta(minutes=2))
    assert asked(stage, number) == EVERYBODY[:1]


# ------------------------------------------------------------------ who is not there


def test_nobody_on_call_is_said_at_once_and_the_next_in_line_is_asked(engine: Engine) -> None:
    stage = Stage(engine, registry=NOBODY)
    number = stage.opened()
    stage.wait(timedelta(0))
    (first,) = steps(stage, number)
    assert first.text.startswith("nobody on call resolved: model owner is asked")
    assert first.payload["asked"] == ["omar"]
    assert minutes(stage, number) == [0]
    stage.wait(timedelta(hours=2))
    assert asked(stage, number)[1:] == EVERYBODY[1:]


@on_sqlite
def test_no_second_on_call_is_said_and_made_up_for(engine: Engine) -> None:
    stage = Stage(engine, registry=ALONE)
    number = stage.opened()
    stage.wait(timedelta(minutes=11))
    (first,) = steps(stage, number)
    assert "fraud-ml has no second on call" in first.text
    assert first.payload["asked"] == ["omar"]


@on_sqlite
def test_an_empty_level_is_said_and_the_others_are_asked(engine: Engine) -> None:
    stage = Stage(engine, registry=NO_DEPUTY)
    number = stage.opened()
    stage.wait(timedelta(minutes=21))
    second = steps(stage, number)[1]
    assert "no deputy is there" in second.text
    assert second.payload["asked"] == ["mei"], "who holds the right stands in"
    assert len(stage.posted(f"page:{number}:1:")) == 2


def left(stage: Stage, *people: str) -> None:
    """These people left Slack, as the daily look found."""
    with stage.house.store.begin() as uow:
        slack = [stage.registry.people[person].slack for person in people]
        at = stage.clock.at
        uow.put_sightings([Sighting(GapKind.HOLDER_LEFT, s, False, "has left Slack.", at, at) for s in slack])


def test_who_left_slack_is_passed_over_and_told(stage: Stage) -> None:
    left(stage, "omar", "lin")
    number = stage.opened()
    stage.wait(timedelta(minutes=21))
    first, second = steps(stage, number)
    assert "the second on call of fraud-ml left Slack" in first.text
    assert first.payload["asked"] == ["mei"]
    assert "the deputy left Slack" in second.text
    assert second.payload["roles"] == ["channel of fraud-ml"]
    assert stage.posted(f"page:{number}:0:0") != []


@on_sqlite
def test_who_is_on_call_and_left_slack_is_nobody(stage: Stage) -> None:
    left(stage, "dana")
    number = stage.opened()
    stage.wait(timedelta(0))
    (first,) = steps(stage, number)
    assert "who is on call cannot be reached in Slack" in first.text
    assert first.payload["asked"] == ["omar"]


@on_sqlite
def test_who_passed_it_on_is_not_asked_again(stage: Stage) -> None:
    number = stage.opened()
    roles.not_me(stage.house, stage.by("dana"), number)  # asks omar
    stage.wait(timedelta(minutes=11))
    (first,) = steps(stage, number)
    assert first.payload["asked"] == ["lin"]


@on_sqlite
def test_an_incident_nobody_owns_asks_triage(stage: Stage) -> None:
    number = stage.opened("", "stray")
    stage.wait(timedelta(hours=3))
    assert [levels for levels, _ in asked(stage, number)][-1] == ["triage"]
    assert len(steps(stage, number, "exhausted")) == 1


# ------------------------------------------------------------------ time


def test_after_a_long_stop_it_says_that_it_is_late_and_goes_on_at_its_pace(stage: Stage) -> None:
    number = stage.opened()
    stage.clock.at += timedelta(minutes=60)
    stage.restart()
    stage.wait(timedelta(0))
    (first,) = steps(stage, number)
    assert first.text.endswith("50 min late, I could not ask in time")
    assert first.payload["late"] == 50 * 60
    assert "late: I could not ask in time" in stage.posted(f"page:{number}:0:0")[0]
    stage.wait(timedelta(hours=1))
    assert minutes(stage, number) == [60, 70, 80]


@on_sqlite
def test_many_processes_ask_once(stage: Stage) -> None:
    number = stage.opened()
    with stage.bot.store.read() as uow:
        timer = uow.timers([f"{escalation.KIND}:{number}"])[f"{escalation.KIND}:{number}"]
    stage.clock.at = timer.due_at
    assert [fire(stage.house, timer) for _ in range(20)] == [True] + [False] * 19
    assert len(steps(stage, number)) == 1


@on_sqlite
def test_no_policy_asks_nobody(engine: Engine) -> None:
    quiet = replace(RULES, escalation=(Policy((), ("sev1",)), Policy((Step(60, (Whom.TRIAGE,)),), ("sev3",))))
    stage = Stage(engine, rules=quiet)
    number = stage.opened()
    stage.wait(timedelta(days=1))
    assert asked(stage, number) == []
    incident.set_severity(stage.house, stage.by("dana"), number, "sev3")
    stage.wait(MINUTE)
    assert asked(stage, number) == [(["triage"], ["mei"])]
