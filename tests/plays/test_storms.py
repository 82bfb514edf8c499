"""A storm's alerts are counted one by one and told in few lines: none is told twice, none is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playbooks.domain.timeline import EventKind
from playbooks.plays import storms
from playbooks.ports import Timer
from tests.plays.stage import MINUTE, NIGHT, Stage, alert

FEW = 3


@pytest.fixture
def storm(stage: Stage) -> int:
    """An incident that has had its single lines."""
    stage.rules = replace(stage.rules, storm_after=FEW)
    stage.restart()
    number = stage.opened()
    stage.alert(*(alert(f"single{n}") for n in range(1, FEW)))
    stage.wait(MINUTE)
    return number


def told(stage: Stage, number: int) -> list[tuple[str, int]]:
    """Text and count of the lines that stand for many."""
    events = stage.events(number, EventKind.ALERT)
    return [(event.text, int(event.payload["count"])) for event in events if "count" in event.payload]


def test_alerts_that_come_one_by_one_make_one_line(stage: Stage, storm: int) -> None:
    before = told(stage, storm)
    for n in range(7):
        stage.alert(replace(alert(f"late{n}"), name=f"Late{n % 2}"))
    assert told(stage, storm) == before
    assert stage.incident(storm).alerts_total == FEW + 7
    stage.wait(MINUTE)
    assert told(stage, storm) == [*before, ("7 more alerts firing: Late0, Late1", 7)]
    stage.wait(2 * MINUTE)
    assert len(told(stage, storm)) == len(before) + 1
    with stage.house.store.read() as uow:
        assert uow.verify(storm).ok


def test_what_ends_is_counted_by_itself_and_all_counts_add_up(stage: Stage, storm: int) -> None:
    before = sum(count for _, count in told(stage, storm))
    for n in range(5):
        stage.alert(alert(f"late{n}"))
    for n in range(2):
        stage.alert(alert(f"late{n}", status="resolved"))
    stage.wait(MINUTE)
    for n in range(5, 8):
        stage.alert(alert(f"late{n}"))
    stage.wait(MINUTE)
    lines = told(stage, storm)
    assert sum(count for _, count in lines) == before + 5 + 2 + 3
    assert [count for text, count in lines if " resolved:" in text] == [2]


def test_what_an_earlier_version_counted_in_its_timer_is_told_too(stage: Stage, storm: int) -> None:
    earlier = {"source": "prod", "status": "firing", "count": 4, "names": ["Old"], "first": NIGHT.isoformat()}
    due = stage.clock.at + MINUTE
    with stage.house.store.begin() as uow:
        uow.set_timer(Timer(f"storm:{storm}", storms.KIND, str(storm), due, {"groups": [earlier]}))
    stage.alert(replace(alert("late"), name="New"))
    stage.wait(2 * MINUTE)
    assert told(stage, storm)[-1] == ("5 more alerts firing: New, Old", 5)
