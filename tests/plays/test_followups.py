"""Follow-ups: a holder and a day, asked about when due, in the ledger once overdue, closed with words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from playbooks import errors
from playbooks.plays import followups, hygiene, incident, notes
from playbooks.plays.house import actor_for
from playbooks.plays.orders import Order
from tests.plays.stage import HOUR, NIGHT, STRANGER, Stage, on_sqlite

DAY = timedelta(days=1)
WHAT = "mend the backfill of the embeddings"


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine)


def given(stage: Stage, who: str = "dana", holder: str = "omar", span: timedelta = 5 * DAY) -> int:
    """A follow-up of an incident of fraud-scorer; its number."""
    number = stage.opened()
    followups.add(stage.house, stage.by(who), number, WHAT, holder, stage.clock.at + span)
    stage.settle()
    found = followups.tasks(stage.house, number).rows[-1].number
    assert found
    return found


def in_ledger(stage: Stage) -> list[int]:
    return [row.number for row in hygiene.debt_list(stage.house).rows if row.what == "follow-up"]


def test_it_is_listed_at_once_and_debt_once_overdue(stage: Stage) -> None:
    number = given(stage)
    assert [(r.number, r.holder.name, r.due_at) for r in followups.tasks(stage.house, 1).rows] == [
        (number, "omar", NIGHT + 5 * DAY)
    ]
    assert any(WHAT in line for line in stage.lines(1))
    assert WHAT in stage.posted(f"entry:{number}:incident")[0]
    assert in_ledger(stage) == []
    stage.wait(2 * DAY + HOUR)
    assert stage.posted(f"entry:{number}:holder:warning")
    assert in_ledger(stage) == []
    stage.restart()
    stage.wait(3 * DAY)
    assert in_ledger(stage) == [number]
    assert stage.posted(f"entry:{number}:holder:ended")
    assert stage.override(number).team == "fraud-ml"
    stage.wait(DAY)
    assert stage.override(number).escalations == 2, "asked again until it is answered"


@pytest.mark.parametrize(
    ("who", "may"), [("omar", True), ("mei", True), ("dana", True), ("zoe", False), (STRANGER, False)]
)
def test_holder_team_other_team_and_stranger_close_it(stage: Stage, who: str, may: bool) -> None:
    number = given(stage, span=DAY)
    stage.wait(DAY + HOUR)
    if not may:
        with pytest.raises(errors.Denied) as told:
            followups.done(stage.house, stage.by(who), number, "done")
        assert told.value.ask == ("omar",)
        assert in_ledger(stage) == [number]
        return
    followups.done(stage.house, stage.by(who), number, "the job runs hourly now")
    stage.settle()
    assert in_ledger(stage) == []
    assert followups.tasks(stage.house, 1).rows == ()
    assert any("the job runs hourly now" in line for line in stage.lines(1))
    assert not any("phase='ended'" in text for text in stage.posted(f"entry:{number}:"))
    with pytest.raises(errors.Conflict):
        followups.done(stage.house, stage.by(who), number, "again")
    stage.wait(10 * DAY)
    assert stage.override(number).escalations <= 1


def test_who_leads_and_who_gave_it_close_it_too(stage: Stage) -> None:
    number = given(stage, "zoe", "omar")
    followups.done(stage.house, stage.by("zoe"), number, "no longer needed")
    other = given(stage)
    incident.acknowledge(stage.house, stage.by("ravi"), 1, lead=True)
    followups.done(stage.house, stage.by("ravi"), other, "done on the way")


@on_sqlite
@pytest.mark.parametrize(
    ("who", "text", "span", "code"),
    [
        ("dana", "  ", DAY, ""),
        ("dana", WHAT, -DAY, "bad_due"),
        ("dana", WHAT, 400 * DAY, "bad_due"),
        (STRANGER, WHAT, DAY, "not_in_registry"),
    ],
)
def test_what_is_refused_says_what_to_do(stage: Stage, who: str, text: str, span: timedelta, code: str) -> None:
    stage.opened()
    order = stage.by(who) if who != STRANGER else Order(actor_for(stage.house.registry(), STRANGER), once="x")
    with pytest.raises(errors.MusterError) as told:
        followups.add(stage.house, order, 1, text, "", stage.clock.at + span)
    assert told.value.next_step
    assert not code or told.value.code == code
    assert followups.tasks(stage.house, 1).rows == ()


@on_sqlite
def test_without_words_it_stays_open(stage: Stage) -> None:
    number = given(stage)
    with pytest.raises(errors.InputError):
        followups.done(stage.house, stage.by("omar"), number, " ")
    with pytest.raises(errors.UnknownName):
        followups.done(stage.house, stage.by("omar"), 99, "done")
    assert stage.override(number).state == "on"


@on_sqlite
def test_an_entry_without_a_timer_gets_one(stage: Stage) -> None:
    """Whoever made the entry, and whenever: a tick sees to it that its end is not missed."""
    number = given(stage)
    with stage.bot.store.begin() as uow:
        notes.cancel_timers(uow, stage.override(number))
    stage.wait(6 * DAY)
    assert stage.override(number).state == "on"
    notes.plan(stage.house)
    stage.wait(HOUR)
    assert stage.override(number).state == "overdue"
    with stage.bot.store.begin() as uow:
        notes.cancel_timers(uow, stage.override(number))
    notes.plan(stage.house)
    stage.wait(DAY + HOUR)
    assert stage.override(number).escalations == 2
