"""The table `who_decides.md`: who may decide what, in which case, and the answer they read, at the play that decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.authority import Right
from playbooks.domain.ownership import Registry
from playbooks.plays.approvals import decider
from playbooks.plays.deciding import decider_of, right_used
from tests.domain.test_rulings import TEXT
from tests.plays.stage import MINUTE, Stage

PATH = Path(__file__).with_name("who_decides.md")
REGISTRY = TEXT + """\
  nightly:
    kind: model
    tier: 3
    accountable: fraud
    rights: {roll_back: {decide: [omar], deputy: [lin], hours: "00:00-03:00 Europe/Vienna"}}
"""
ON_CALL = ", on_call: {static: [dana, mei]}"
assert REGISTRY.count(ON_CALL) == 1
WORDS_OF_DAY = {
    "Wed 12:00": datetime(2026, 11, 18, 11, 0, tzinfo=UTC),
    "Wed 23:00": datetime(2026, 11, 18, 22, 0, tzinfo=UTC),
    "Sat 12:00": datetime(2026, 11, 21, 11, 0, tzinfo=UTC),
}


@dataclass(frozen=True)
class Row:
    """One line of the table. `at` is Vienna's wall clock, or a moment in UTC with `Z`; `severity` may be `unset`."""

    decision: str
    component: str
    severity: str
    at: str
    who: str
    asked_by: str
    on_call: str
    answer: str

    @property
    def moment(self) -> datetime:
        """UTC."""
        if self.at in WORDS_OF_DAY:
            return WORDS_OF_DAY[self.at]
        return datetime.strptime(self.at, "%Y-%m-%d %H:%MZ").replace(tzinfo=UTC)

    @property
    def name(self) -> str:
        """For the test's id."""
        return f"{self.who} {self.decision} {self.component} {self.severity} {self.at} {self.on_call}".replace(" ", "-")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = PATH.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


RULINGS = [Row(*cells) for cells in rows("Who may decide")]


@pytest.fixture
def stage(sqlite_engine: Engine) -> Iterator[Stage]:
    yield Stage(sqlite_engine)


def answered(stage: Stage, row: Row) -> str:
    """What the play answers."""
    stage.clock.at = row.moment
    stage.registry = Registry.load(
        REGISTRY if row.on_call == "known" else REGISTRY.replace(ON_CALL, "")
    )
    number = stage.opened("fraud-scorer")
    stage.restart()
    severity = "" if row.severity == "unset" else row.severity
    incident = replace(stage.incident(number), severity=severity)
    right = Right(row.decision)
    try:
        held, holder = decider_of(
            stage.house, row.component, right, incident, row.who, requester=row.asked_by
        )
    except errors.Denied as denied:
        return f"no, {denied.facts['reason']}: {denied.told}"
    alone = "" if held.approvals == 1 else f"; {held.approvals} of them"
    return f"yes: {right_used(held, holder)}{alone}"


@pytest.mark.parametrize("row", RULINGS, ids=[row.name for row in RULINGS])
def test_who_may_decide(stage: Stage, row: Row) -> None:
    assert answered(stage, row) == row.answer


def test_the_table_has_every_kind_of_row() -> None:
    assert {row.decision for row in RULINGS} == {right.value for right in Right}
    for right in Right:
        mine = [row for row in RULINGS if row.decision == right.value]
        assert {"stranger"} < {row.who for row in mine}
        assert {row.answer[:2] for row in mine} == {"ye", "no"}, right
