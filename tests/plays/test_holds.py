"""Evidence holds: one more question before a change, never before a stop; who may begin and end one; its end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.actions import ActionKind
from playbooks.domain.timeline import EventKind
from playbooks.plays import closing, holds, hygiene, levers
from playbooks.plays.closing import Resolution
from playbooks.plays.levers import Wanted
from tests.plays.stage import HOUR, STRANGER, Stage, on_sqlite


def begin(stage: Stage, who: str, number: int, component: str = "", days: int = 3) -> None:
    until = stage.clock.now() + timedelta(days=days)
    holds.begin(stage.house, stage.by(who), number, component, until, "the authority is not told yet")
    stage.settle()


def test_a_change_is_asked_about_once_more_and_goes_ahead_with_its_reason(stage: Stage) -> None:
    number = stage.opened()
    begin(stage, "dana", number)
    with pytest.raises(errors.Conflict, match="evidence hold until 24 Nov") as asked:
        levers.request(stage.house, stage.by("dana"), Wanted(ActionKind.ROLLBACK, "fraud-scorer", "", "drift"))
    assert asked.value.code == "on_hold"
    assert "because safety:" in asked.value.next_step
    wanted = Wanted(ActionKind.ROLLBACK, "fraud-scorer", "", "safety: fraud is let through")
    levers.request(stage.house, stage.by("dana"), wanted)
    passed = stage.events(number, EventKind.OVERRIDE)[-1]
    assert passed.payload["phase"] == "passed"
    assert passed.payload["why"] == "safety: fraud is let through"


def test_a_stop_is_never_asked_about(stage: Stage) -> None:
    number = stage.opened("auto-decline")
    begin(stage, "dana", number)
    stage.disabled()
    assert stage.world.flags["default/auto-decline@production"] == "off"
    assert [e.payload["why"] for e in stage.events(number, EventKind.OVERRIDE) if e.payload["phase"] == "passed"] == [
        "stopping comes first"
    ]


@on_sqlite
def test_what_is_off_stays_off_while_it_is_on_hold(stage: Stage) -> None:
    number = stage.opened("auto-decline")
    stage.disabled()
    begin(stage, "dana", number)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution("stable"))
    stage.wait(5 * HOUR)
    assert stage.world.flags["default/auto-decline@production"] == "off"
    assert any("evidence hold" in text for text in stage.posted("override_ask"))


@pytest.mark.parametrize("who", ["zoe", STRANGER])
@on_sqlite
def test_another_team_and_a_stranger_neither_begin_nor_end_one(stage: Stage, who: str) -> None:
    number = stage.opened()
    with pytest.raises(errors.Denied):
        begin(stage, who, number)
    begin(stage, "dana", number)
    with pytest.raises(errors.Denied, match="not yours to end"):
        holds.end(stage.house, stage.by(who), number, "", "")


@on_sqlite
def test_the_holder_ends_it_and_the_levers_are_free(stage: Stage) -> None:
    number = stage.opened()
    begin(stage, "mei", number)
    assert [d.kind.value for d in hygiene.debts(stage.house)].count("hold") == 1
    holds.end(stage.house, stage.by("mei"), number, "", "copied")
    stage.settle()
    assert [d.kind.value for d in hygiene.debts(stage.house)].count("hold") == 0
    stage.rollback()
    with pytest.raises(errors.Conflict, match="is not on hold"):
        holds.end(stage.house, stage.by("mei"), number, "", "")


@on_sqlite
def test_it_ends_by_itself(stage: Stage) -> None:
    number = stage.opened()
    begin(stage, "dana", number, days=1)
    stage.wait(25 * HOUR)
    assert "is over: its time is over" in stage.lines(number)[-1]
    stage.rollback()


@pytest.mark.parametrize(
    ("component", "because", "days", "words"),
    [("fraud-score", "x", 1, "don't know"), ("", " ", 1, "needs its reason"), ("", "x", 40, "at most")],
)
@on_sqlite
def test_what_is_no_hold(stage: Stage, component: str, because: str, days: int, words: str) -> None:
    number = stage.opened()
    until = stage.clock.now() + timedelta(days=days)
    with pytest.raises(errors.InputError, match=words):
        holds.begin(stage.house, stage.by("dana"), number, component, until, because)


@on_sqlite
def test_there_is_one_hold_at_a_time(stage: Stage) -> None:
    number = stage.opened()
    begin(stage, "dana", number)
    with pytest.raises(errors.Conflict, match="evidence hold until"):
        begin(stage, "omar", number)
