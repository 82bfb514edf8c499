"""The tables of `who_decides.md`: who may decide what, in which case, and the answer they read, by the play itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.domain.actions import ActionState
from playbooks.domain.authority import Right
from playbooks.domain.incidents import Incident
from playbooks.domain.ownership import Registry
from playbooks.messages import Refusal, Say
from playbooks.plays.deciding import decider_of, right_used
from tests.domain.test_rulings import TEXT
from tests.plays.authority_registry import registry as authority_registry
from tests.plays.stage import MINUTE, STRANGER, Stage
from tests.simulation.world import Database

PATH = Path(__file__).with_name("who_decides.md")
REGISTRY = (
    TEXT
    + """\
  nightly:
    kind: model
    tier: 3
    accountable: fraud
    rights: {roll_back: {decide: [omar], deputy: [lin], hours: "00:00-03:00 Europe/Vienna"}}
"""
)
ON_CALL = ", on_call: {static: [dana, mei]}"
assert REGISTRY.count(ON_CALL) == 1
_OMAR = "decide: [omar], deputy: [lin], approvals: 1, answer_within"
_TEXT = (Path(__file__).parent / "ownership.yaml").read_text("utf-8")
assert _TEXT.count(_OMAR) == 1
LEFT = Registry.load(_TEXT.replace(_OMAR, _OMAR.replace("omar", "mei")))
"""Omar decided while it was asked; now mei does."""
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
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:] if not line.startswith("|--")]


RULINGS = [Row(*cells) for cells in rows("Who may decide")]


@dataclass(frozen=True)
class Asked:
    """One line of the second table: a rollback that dana asks for, `minutes` later, and who answers then.

    `holder`: how omar is (`here`, or `left` the registry). `silent`: the registry's `if_silent`.
    """

    silent: str
    holder: str
    minutes: str
    who: str
    reached: str
    answer: str


REQUESTS = [Asked(*cells) for cells in rows("What silence changes")]


@pytest.fixture
def stage(sqlite_engine: Engine) -> Stage:
    return Stage(sqlite_engine)


@pytest.fixture(scope="module")
def opened(sqlite_file: Database) -> Incident:
    """Any incident; its severity is the row's."""
    sqlite_file.reset()
    stage = Stage(sqlite_file.engine)
    return stage.incident(stage.opened())


def answered(stage: Stage, opened: Incident, row: Row) -> str:
    """What the play answers."""
    stage.clock.at = row.moment
    stage.registry = Registry.load(REGISTRY if row.on_call == "known" else REGISTRY.replace(ON_CALL, ""))
    stage.restart()
    severity = "" if row.severity == "unset" else row.severity
    incident = replace(opened, severity=severity)
    right = Right(row.decision)
    try:
        held, holder = decider_of(stage.house, row.component, right, incident, row.who, requester=row.asked_by)
    except errors.Denied as denied:
        return f"no, {denied.facts['reason']}: {denied.told}"
    alone = {0: "; nobody has to", 1: ""}.get(held.approvals, f"; {held.approvals} of them")
    return f"yes: {right_used(held, holder)}{alone}"


@pytest.mark.parametrize("row", RULINGS, ids=[row.name for row in RULINGS])
def test_who_may_decide(opened: Incident, stage: Stage, row: Row) -> None:
    assert answered(stage, opened, row) == row.answer


def test_the_table_has_every_kind_of_row() -> None:
    assert {row.decision for row in RULINGS} == {right.value for right in Right}
    for right in Right:
        mine = [row for row in RULINGS if row.decision == right.value]
        assert {"stranger"} < {row.who for row in mine}
        assert {row.answer[:2] for row in mine} == {"ye", "no"}, right


def said(stage: Stage, row: Asked) -> tuple[str, str]:
    """Whom the request has reached by direct message, and what `who` reads who approves it then."""
    stage.registry = authority_registry(silent=row.silent)
    stage.restart()
    action = stage.asked()
    if row.holder == "left":
        stage.registry = LEFT
        stage.restart()
    stage.wait(int(row.minutes) * MINUTE)
    slack = {person.slack: name for name, person in stage.registry.people.items()}
    with stage.house.store.read() as uow:
        asks = [surface.id.split(":")[2] for surface in uow.surfaces_named(f"ask:{action.id}:")]
    reached = ", ".join(sorted(slack[one] for one in asks if one in slack))
    try:
        answer = stage.approve(STRANGER if row.who == "stranger" else row.who, action)
    except errors.MusterError as error:
        return reached, f"no: {error.told}"
    if isinstance(answer, Refusal):
        return reached, f"no: {answer.sentence}"
    return reached, f"yes, {stage.action(action.id).authority}"


@pytest.mark.parametrize("row", REQUESTS, ids=["-".join([r.silent, r.holder, r.minutes, r.who]) for r in REQUESTS])
def test_what_silence_changes(stage: Stage, row: Asked) -> None:
    assert said(stage, row) == (row.reached, row.answer)


def test_a_registry_that_is_stricter_by_now_counts(stage: Stage) -> None:
    """One approval was asked for; two are, by the time somebody clicks, and none of them by who asked."""
    action = stage.asked("dana")
    stricter = "decide: [omar, lin, dana], approvals: 2, answer_within"
    stage.registry = Registry.load(_TEXT.replace(_OMAR, stricter).replace("if_silent: deputy", "if_silent: escalate"))
    stage.restart()
    with pytest.raises(errors.Denied, match="You asked for this, and two others have to decide"):
        stage.approve("dana", action)
    first = stage.approve("omar", action)
    assert isinstance(first, Say)
    assert "1 more needed" in first.text
    assert stage.action(action.id).state is ActionState.AWAITING
    stage.approve("lin", action)
    assert stage.action(action.id).state is ActionState.CONFIRMED
    assert len(stage.world.effects) == 1
