"""Messages into the timeline and out again, corrections by those who may, and a chain nobody can cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from playbooks import errors
from playbooks.domain.incidents import Role, State
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays import capture, closing, incident, roles
from playbooks.plays.capture import Message
from storage.engine import WRITES
from storage.store.incidents import Incidents
from tests.plays.stage import NIGHT, STRANGER, Stage, on_sqlite
from tests.simulation.bot import person

WAYS = {"pin": EventSource.PIN, "reaction": EventSource.REACTION, "shortcut": EventSource.MESSAGE}
TS = "1795228000.000100"


def _message(stage: Stage, number: int, words: str = "declines doubled at 22:10") -> Message:
    channel = stage.incident(number).channel
    at = datetime.fromtimestamp(float(TS), UTC)
    return Message(channel, TS, words, person("ravi"), at, "https://slack.example.com/p1")


def _add(stage: Stage, number: int, way: str) -> None:
    capture.add_message(stage.house, stage.by("dana"), _message(stage, number), way)


def _remove(stage: Stage, number: int, way: str) -> None:
    capture.remove_message(stage.house, stage.by("dana"), stage.incident(number).channel, TS, way)


@pytest.mark.parametrize("way", WAYS)
def test_added_removed_and_added_again_are_three_events(stage: Stage, way: str) -> None:
    number = stage.opened()
    before = len(stage.events(number))
    _add(stage, number, way)
    _add(stage, number, way)
    _remove(stage, number, way)
    _remove(stage, number, way)
    assert "declines doubled at 22:10" not in stage.lines(number)
    _add(stage, number, way)
    added = stage.events(number)[before:]
    assert [e.kind for e in added] == [EventKind.NOTE, EventKind.RETRACTION, EventKind.NOTE]
    assert stage.lines(number).count("declines doubled at 22:10") == 1
    first = added[0].new
    assert (first.actor.id, first.source, first.occurred_at) == (
        "ravi",
        WAYS[way],
        datetime.fromtimestamp(float(TS), UTC),
    )
    assert first.source_ref == "https://slack.example.com/p1"


def test_a_message_held_by_two_ways_stands_once_and_until_both_let_go(stage: Stage) -> None:
    number = stage.opened()
    _add(stage, number, "pin")
    _add(stage, number, "reaction")
    assert len(stage.events(number, EventKind.NOTE)) == 1
    _remove(stage, number, "pin")
    assert "declines doubled at 22:10" in stage.lines(number)
    _remove(stage, number, "reaction")
    assert "declines doubled at 22:10" not in stage.lines(number)


def test_an_edit_is_a_correction_that_keeps_the_first_words(stage: Stage) -> None:
    number = stage.opened()
    _add(stage, number, "pin")
    channel = stage.incident(number).channel
    for words, stamp in (("declines tripled", "1"), ("declines tripled", "1"), ("declines rose fourfold", "2")):
        capture.message_edited(stage.house, stage.by("ravi"), channel, TS, words, stamp)
    texts = [e.text for e in stage.events(number, EventKind.NOTE, EventKind.CORRECTION)]
    assert texts == ["declines doubled at 22:10", "declines tripled", "declines rose fourfold"]
    assert [t for t in stage.lines(number) if "declines" in t] == ["declines rose fourfold"]
    _remove(stage, number, "pin")
    assert [t for t in stage.lines(number) if "declines" in t] == []


def test_a_deletion_is_recorded_and_deletes_nothing(stage: Stage) -> None:
    number = stage.opened()
    _add(stage, number, "pin")
    channel = stage.incident(number).channel
    assert capture.message_deleted(stage.house, stage.by("ravi"), channel, TS)
    assert not capture.message_deleted(stage.house, stage.by("ravi"), channel, TS)
    assert len(stage.events(number, EventKind.SOURCE_DELETED)) == 1
    assert "declines doubled at 22:10" in stage.lines(number)


def test_what_was_not_captured_is_not_followed(stage: Stage) -> None:
    number = stage.opened()
    channel = stage.incident(number).channel
    before = len(stage.events(number))
    assert not capture.message_edited(stage.house, stage.by("ravi"), channel, TS, "x", "1")
    assert not capture.message_deleted(stage.house, stage.by("ravi"), channel, TS)
    assert capture.remove_message(stage.house, stage.by("ravi"), channel, TS, "pin") is None
    assert len(stage.events(number)) == before


def test_a_pin_outside_any_incident_channel_is_nobodys(stage: Stage) -> None:
    """D16: by the stored id, whatever the channel is called."""
    number = stage.opened()
    elsewhere = replace(_message(stage, number), channel="C0LOOKALIKE")
    assert capture.add_message(stage.house, stage.by("dana"), elsewhere, "pin") is None


def test_a_late_pin_renews_the_draft(stage: Stage) -> None:
    number = stage.opened()
    closing.resolve(stage.house, stage.by("dana"), number, closing.Resolution())
    stage.settle()
    _add(stage, number, "pin")
    stage.settle()
    assert ["declines doubled at 22:10" in f.text for f in stage.slack.files] == [False, True]


# ---------------------------------------------------------------- corrections


def _noted(stage: Stage) -> tuple[int, int]:
    number = stage.opened()
    roles.take_role(stage.house, stage.by("omar"), number, Role.LEAD, "omar")
    incident.note(stage.house, stage.by("dana"), number, "PSI is 0.43")
    return number, stage.events(number)[-1].seq


@pytest.mark.parametrize("who", ["dana", "omar"])
def test_author_and_lead_correct_and_retract(stage: Stage, who: str) -> None:
    """D8: nothing is deleted; what was said first stays in the chain."""
    number, seq = _noted(stage)
    capture.correct(stage.house, stage.by(who), number, seq, "PSI is 0.34", "digits swapped")
    assert "PSI is 0.34" in stage.lines(number)
    assert "PSI is 0.43" not in stage.lines(number)
    capture.retract(stage.house, stage.by(who), number, seq, "wrong model")
    assert not any("PSI" in line for line in stage.lines(number))
    assert {"PSI is 0.43", "PSI is 0.34"} <= {e.text for e in stage.events(number)}


@pytest.mark.parametrize("who", ["mei", "zoe", STRANGER])
@on_sqlite
def test_others_neither_correct_nor_retract(stage: Stage, who: str) -> None:
    number, seq = _noted(stage)
    before = len(stage.events(number))
    changes: list[Callable[[], object]] = [
        lambda: capture.correct(stage.house, stage.by(who), number, seq, "x", "y"),
        lambda: capture.retract(stage.house, stage.by(who), number, seq, "y"),
    ]
    for change in changes:
        with pytest.raises(errors.Denied, match="Only its author or the incident lead"):
            change()
    assert len(stage.events(number)) == before


def test_the_record_of_authority_is_nobodys_to_change(stage: Stage) -> None:
    number = stage.opened()
    roles.take_role(stage.house, stage.by("omar"), number, Role.LEAD, "omar")
    action = stage.rollback("dana")
    stage.confirm("dana", action)
    stage.approve("omar", action)
    for event in stage.events(number):
        for who in ("dana", "omar"):
            with pytest.raises(errors.Denied):
                capture.retract(stage.house, stage.by(who), number, event.seq, "never happened")
    with pytest.raises(errors.UnknownName):
        capture.retract(stage.house, stage.by("omar"), number, 99, "x")


def test_the_database_lets_nobody_delete_or_rewrite_an_event(stage: Stage) -> None:
    """D8."""
    number, _ = _noted(stage)
    for statement in ("DELETE FROM event", "UPDATE event SET kind = 'note'"):
        with stage.engine.connect() as plain, pytest.raises(DBAPIError, match="append-only"):
            plain.execution_options(**{WRITES: True}).execute(text(statement))
    assert stage.events(number)


def test_an_event_that_cannot_be_written_stops_the_order(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """D9: the failure is not swallowed, and nothing of the order stands without its event."""
    number = stage.opened()
    usual = Incidents.append

    def full(uow: Incidents, incident_id: int, new: NewEvent, *, now: datetime) -> object:
        if new.kind is EventKind.MITIGATED:
            raise errors.StoreBusy("The disk is full.")
        return usual(uow, incident_id, new, now=now)

    monkeypatch.setattr(Incidents, "append", full)
    with pytest.raises(errors.StoreBusy):
        incident.mitigate(stage.house, stage.by("dana", once="Ev9"), number)
    monkeypatch.undo()
    assert (stage.incident(number).state, stage.incident(number).mitigated_at) == (State.TRIAGE, None)
    incident.mitigate(stage.house, stage.by("dana", once="Ev9"), number)
    assert stage.incident(number).state is State.MITIGATED


def test_a_capture_from_the_future_is_refused(stage: Stage) -> None:
    number = stage.opened()
    with pytest.raises(errors.InputError, match="future"):
        capture.add_message(stage.house, stage.by("dana"), _message(stage, number), "pin", at=NIGHT + timedelta(days=1))


def test_a_redelivered_pin_is_one_event(stage: Stage) -> None:
    number = stage.opened()
    order = stage.by("dana", once="Ev77")
    capture.add_message(stage.house, order, _message(stage, number), "pin")
    with pytest.raises(errors.Conflict) as again:
        capture.add_message(stage.house, order, _message(stage, number), "pin")
    assert again.value.code == "already_done"
    assert len(stage.events(number, EventKind.NOTE)) == 1
