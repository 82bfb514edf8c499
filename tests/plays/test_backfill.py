"""Told afterwards: written once, all or none, and incidents of the past that page nobody."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from playbooks import errors
from playbooks.domain.backfill import Entered
from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.incidents import State
from playbooks.domain.timeline import EventKind, EventSource
from playbooks.plays import backfill, closing, incident, past
from playbooks.plays.closing import Resolution
from playbooks.plays.past import Past
from tests.plays.stage import HOUR, MINUTE, NIGHT, STRANGER, Stage, on_sqlite

K = EventKind
BERLIN = ZoneInfo("Europe/Berlin")
TOLD = """2026-11-21
~02:50 impact: declines rise
03:05 alert: PSI of score 0.34
03:07-03:20 action: cache emptied <!channel> `x`
03:10 decision: roll back
03:20 mitigated auto-decline: relief for payments
"""


def _lines(stage: Stage, number: int | None, text: str = TOLD) -> tuple[Entered, ...]:
    read = backfill.read(stage.house, number, text, BERLIN)
    assert read.unread == ()
    return read.lines


def test_confirmed_lines_are_events_with_their_own_time(stage: Stage) -> None:
    number = stage.opened()
    stage.clock.at += HOUR
    before = len(stage.events(number))
    said = backfill.write(stage.house, stage.by("dana"), number, _lines(stage, number))
    assert said.text == f"5 lines added to the timeline of INC-{number}."
    added = stage.events(number)[before:]
    assert [e.kind for e in added] == [K.IMPACT_START, K.ALERT, K.ACTION, K.DECISION, K.MITIGATED]
    assert {(e.new.source, e.new.entered_tz, e.new.actor.id) for e in added} == {
        (EventSource.BACKFILL, "Europe/Berlin", "dana")
    }
    assert added[2].new.occurred_until == NIGHT - 11 * MINUTE
    assert added[4].payload == {"phase": "auto-decline"}
    assert stage.incident(number).impact_at == NIGHT - 41 * MINUTE
    assert stage.incident(number).state is State.TRIAGE


@pytest.mark.parametrize("restarted", [False, True])
def test_confirmed_twice_is_one_set_of_events(stage: Stage, restarted: bool) -> None:
    """Also by somebody else, and after the process died between."""
    number = stage.opened()
    stage.clock.at += HOUR
    lines = _lines(stage, number)
    backfill.write(stage.house, stage.by("dana"), number, lines)
    before = len(stage.events(number))
    if restarted:
        stage.restart()
    said = backfill.write(stage.house, stage.by("omar"), number, _lines(stage, number))
    assert said.text == f"All of that is in the timeline of INC-{number} already."
    more = backfill.write(stage.house, stage.by("omar"), number, _lines(stage, number, TOLD + "03:25 note: one more"))
    assert "1 line added" in more.text
    assert "5 lines stood there already" in more.text
    assert len(stage.events(number)) == before + 1


@on_sqlite
def test_one_delivery_writes_once_and_a_fault_writes_nothing(stage: Stage) -> None:
    number = stage.opened()
    stage.clock.at += HOUR
    lines = _lines(stage, number)
    order = stage.by("dana", once="view:1")
    backfill.write(stage.house, order, number, lines)
    with pytest.raises(errors.Conflict):
        backfill.write(stage.house, order, number, lines)
    before = len(stage.events(number))
    later = _lines(stage, number, "2026-11-21 03:26 a\n2026-11-21 04:20 b")
    stage.clock.at = NIGHT
    with pytest.raises(errors.InputError, match="Line 2 lies in the future"):
        backfill.write(stage.house, stage.by("dana"), number, later)
    assert len(stage.events(number)) == before


@on_sqlite
def test_a_closed_incident_takes_lines_and_its_draft_is_renewed(stage: Stage) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.clock.at += HOUR
    closing.resolve(stage.house, stage.by("dana"), number, Resolution())
    stage.settle()
    closing.close(stage.house, stage.by("dana"), number, "a drill")
    backfill.write(stage.house, stage.by("dana"), number, _lines(stage, number, "03:10 observation: scores jumped"))
    stage.settle()
    assert stage.incident(number).state is State.CLOSED
    assert "scores jumped" in stage.slack.files[-1].text


@on_sqlite
def test_the_declaration_is_one_and_its_time_is_set_right(stage: Stage) -> None:
    number = stage.opened()
    stage.clock.at += HOUR
    lines = _lines(stage, number, "2026-11-21 03:20 declared: on the phone")
    backfill.write(stage.house, stage.by("dana"), number, lines)
    facts = facts_of(stage.events(number), number)
    assert facts.instants.declared is not None
    assert facts.instants.declared.at == NIGHT - 11 * MINUTE
    assert facts.declared.component == "fraud-scorer"
    assert len(stage.events(number, K.DECLARED)) == 1


@pytest.mark.parametrize("who", ["dana", "mei", STRANGER])
@on_sqlite
def test_anybody_may_tell_but_not_set_right_what_others_stated(stage: Stage, who: str) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("omar"), number, lead=True)
    stage.clock.at += HOUR
    backfill.write(stage.house, stage.by(who), number, _lines(stage, number, "03:10 note: x"))
    with pytest.raises(errors.Denied):
        backfill.write(stage.house, stage.by(who), number, _lines(stage, number, "03:11 note: y\n03:33 acknowledged"))
    assert "y" not in stage.lines(number)


OVER = TOLD + "02:45 declared: by phone\n03:40 resolved: back to v42\n"


def test_a_past_incident_is_opened_and_over_at_once_and_pages_nobody(stage: Stage) -> None:
    stage.clock.at += HOUR
    wish = Past("declines doubled", "fraud-scorer", "sev2")
    before = len(stage.slack.channels)
    number, said = past.open_past(stage.house, stage.by("dana"), wish, _lines(stage, None, OVER))
    stage.settle()
    stage.wait(12 * HOUR)
    assert "counts apart" in said.text
    found = stage.incident(number)
    assert (found.state, found.resolved_at) == (State.RESOLVED, NIGHT + 9 * MINUTE)
    (declared,) = stage.events(number, K.DECLARED)
    assert (declared.payload["mode"], declared.occurred_at) == ("backfill", NIGHT - 46 * MINUTE)
    assert found.opened_at == NIGHT - 46 * MINUTE
    assert stage.posted("owner_note:") == stage.posted("page") == []
    assert (found.channel, len(stage.slack.channels)) == ("", before)
    assert "back to v42" in stage.slack.files[-1].text


def test_told_twice_it_is_one_incident(stage: Stage) -> None:
    stage.clock.at += HOUR
    wish = Past("declines doubled", "fraud-scorer")
    numbers = {past.open_past(stage.house, stage.by(w), wish, _lines(stage, None, OVER))[0] for w in ("dana", "omar")}
    assert len(numbers) == len(stage.incidents()) == 1


@on_sqlite
def test_alerts_go_their_own_way_beside_it(stage: Stage) -> None:
    stage.clock.at += HOUR
    number, _ = past.open_past(stage.house, stage.by("dana"), Past("x", "fraud-scorer"), _lines(stage, None, OVER))
    assert stage.opened() != number


@on_sqlite
def test_what_a_past_incident_lacks_is_said(stage: Stage) -> None:
    stage.clock.at += HOUR
    block = backfill.read(stage.house, None, TOLD, BERLIN)
    assert "what was wrong" in past.missing(block, "")
    assert "when it was over" in past.missing(block, "declines doubled")
    with pytest.raises(errors.InputError):
        past.open_past(stage.house, stage.by("dana"), Past("x"), block.lines)
    with pytest.raises(errors.UnknownName):
        past.open_past(stage.house, stage.by("dana"), Past("x", "nope"), _lines(stage, None, OVER))
    assert stage.incidents() == []
