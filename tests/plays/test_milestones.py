"""Milestones as people state them: by whom, corrected and kept, asked back, proposed and never guessed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from playbooks import errors
from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.drafts.instants import Instants
from playbooks.domain.incidents import State
from playbooks.domain.timeline import EventKind, Precision
from playbooks.messages import MilestoneNote, Refusal, Say
from playbooks.plays import closing, incident, milestones, stating
from playbooks.plays.closing import Resolution
from playbooks.plays.milestones import Statement
from playbooks.plays.views import build
from tests.plays.stage import HOUR, MINUTE, NIGHT, STRANGER, Stage, on_sqlite

K = EventKind


def _say(stage: Stage, number: int, kind: EventKind, at: timedelta, who: str = "dana", **more: object) -> Say | Refusal:
    return stating.state(stage.house, stage.by(who), number, Statement(kind, NIGHT + at, **more))  # type: ignore[arg-type]


def _instants(stage: Stage, number: int) -> Instants:
    return facts_of(stage.events(number), number).instants


def _taken(stage: Stage) -> int:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.clock.at += HOUR
    return number


def test_each_milestone_is_recorded_with_its_own_time(stage: Stage) -> None:
    number = _taken(stage)
    for minute, kind in enumerate((K.IMPACT_START, K.DETECTED, K.AWARE), start=-90):
        _say(stage, number, kind, minute * MINUTE)
    at = _instants(stage, number)
    said = (at.impact_start, at.detected, at.aware)
    assert [p.at for p in said if p] == [NIGHT + m * MINUTE for m in (-90, -89, -88)]
    assert not at.proposed
    row = stage.incident(number)
    assert (row.impact_at, row.detected_at) == (NIGHT - 90 * MINUTE, NIGHT - 89 * MINUTE)


def test_what_is_stated_again_is_a_correction_that_keeps_the_first(stage: Stage) -> None:
    number = _taken(stage)
    _say(stage, number, K.IMPACT_START, -2 * HOUR)
    said = _say(stage, number, K.IMPACT_START, -3 * HOUR, because="logs show more")
    assert isinstance(said, Say)
    assert "stays in the record" in said.text
    found = stage.events(number, K.IMPACT_START, K.CORRECTION)
    assert found[-1].new.supersedes == found[-2].id
    assert found[-1].new.reason == "logs show more"
    at = _instants(stage, number)
    assert at.impact_start is not None
    assert at.impact_start.at == NIGHT - 3 * HOUR
    assert len([t for t in stage.lines(number) if t == "impact began"]) == 1
    before = len(stage.events(number))
    assert "already" in str(_say(stage, number, K.IMPACT_START, -3 * HOUR))
    assert len(stage.events(number)) == before


@pytest.mark.parametrize(("who", "may"), [("dana", True), ("omar", True), ("mei", False), (STRANGER, False)])
@on_sqlite
def test_author_and_lead_may_correct_and_nobody_else(stage: Stage, who: str, may: bool) -> None:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("omar"), number, lead=True)
    stage.clock.at += HOUR
    _say(stage, number, K.AWARE, -MINUTE, "dana")
    if may:
        _say(stage, number, K.AWARE, -5 * MINUTE, who)
    else:
        with pytest.raises(errors.Denied) as refused:
            _say(stage, number, K.AWARE, -5 * MINUTE, who)
        assert set(refused.value.ask) == {"omar", "dana"}
    found = _instants(stage, number).aware
    assert found is not None
    assert found.at == NIGHT - (5 * MINUTE if may else MINUTE)


@pytest.mark.parametrize("who", ["dana", "mei", STRANGER])
@on_sqlite
def test_anybody_may_state_what_nobody_stated(stage: Stage, who: str) -> None:
    number = stage.opened()
    _say(stage, number, K.IMPACT_START, -MINUTE, who)
    assert stage.incident(number).impact_at == NIGHT - MINUTE


@on_sqlite
def test_what_a_source_inferred_stays_beside_what_a_person_says(stage: Stage) -> None:
    number = stage.opened()
    inferred = len(stage.events(number, K.IMPACT_START))
    _say(stage, number, K.IMPACT_START, -10 * MINUTE, "mei")
    assert len(stage.events(number, K.IMPACT_START)) == inferred + 1
    assert stage.events(number, K.CORRECTION) == []


@on_sqlite
def test_the_future_and_strange_components_are_refused(stage: Stage) -> None:
    number = stage.opened()
    with pytest.raises(errors.InputError, match="future"):
        _say(stage, number, K.AWARE, 9 * HOUR)
    with pytest.raises(errors.UnknownName):
        _say(stage, number, K.MITIGATED, -MINUTE, phase="no-such-thing")


@on_sqlite
def test_more_than_a_day_before_is_asked_back_and_recorded_when_said_again(stage: Stage) -> None:
    number = stage.opened()
    before = len(stage.events(number))
    said = _say(stage, number, K.IMPACT_START, -50 * HOUR)
    assert isinstance(said, Refusal)
    assert said.suggestion == f"/inc INC-{number} milestone impact {NIGHT - 50 * HOUR:%Y-%m-%d %H:%M} UTC sure"
    assert len(stage.events(number)) == before
    _say(stage, number, K.IMPACT_START, -50 * HOUR, sure=True)
    assert stage.incident(number).impact_at == NIGHT - 50 * HOUR


@on_sqlite
def test_those_that_move_an_incident_move_it(stage: Stage) -> None:
    number = stage.opened()
    stage.clock.at += HOUR
    _say(stage, number, K.ACK, 10 * MINUTE)
    assert stage.incident(number).acknowledged_at == NIGHT + 10 * MINUTE
    _say(stage, number, K.MITIGATED, 20 * MINUTE)
    assert (stage.incident(number).state, stage.incident(number).mitigated_at) == (State.MITIGATED, NIGHT + 20 * MINUTE)
    _say(stage, number, K.RESOLVED, 30 * MINUTE)
    assert (stage.incident(number).state, stage.incident(number).resolved_at) == (State.RESOLVED, NIGHT + 30 * MINUTE)
    _say(stage, number, K.RESOLVED, 40 * MINUTE)
    at = _instants(stage, number)
    assert [p.at for p in (at.acknowledged, at.mitigated, at.resolved) if p] == [
        NIGHT + m * MINUTE for m in (10, 20, 40)
    ]
    assert stage.incident(number).resolved_at == NIGHT + 40 * MINUTE


@on_sqlite
def test_a_relapse_is_no_correction(stage: Stage) -> None:
    number = _taken(stage)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution(relief_at=NIGHT + MINUTE))
    closing.reopen(stage.house, stage.by("dana"), number)
    stage.clock.at += HOUR
    closing.resolve(stage.house, stage.by("dana"), number, Resolution(relief_at=NIGHT + 90 * MINUTE))
    assert stage.events(number, K.CORRECTION) == []
    assert len(stage.events(number, K.MITIGATED)) == 2
    relief = _instants(stage, number).mitigated
    assert relief is not None
    assert relief.at == NIGHT + 90 * MINUTE


@on_sqlite
def test_a_phase_has_its_own_clock(stage: Stage) -> None:
    number = _taken(stage)
    _say(stage, number, K.IMPACT_START, -30 * MINUTE)
    for kind, minute in ((K.IMPACT_START, -20), (K.MITIGATED, 12), (K.RESOLVED, 24)):
        _say(stage, number, kind, minute * MINUTE, phase="auto-decline")
    facts = facts_of(stage.events(number), number)
    (phase,) = facts.phases
    assert phase.component == "auto-decline"
    assert [(name, point.at - NIGHT) for name, point in phase.instants] == [
        ("Impact start", -20 * MINUTE),
        ("Mitigated", 12 * MINUTE),
        ("Resolved", 24 * MINUTE),
    ]
    assert {name: span.seconds for name, span in phase.spans}["Impact start to mitigated"] == 32 * 60
    assert facts.instants.mitigated is None
    assert stage.incident(number).state is not State.MITIGATED


@on_sqlite
def test_proposals_are_shown_as_such_and_recorded_only_by_a_person(stage: Stage) -> None:
    number = _taken(stage)
    rows = {row.kind: row for row in milestones.look(stage.house, number)[1]}
    assert rows[K.DETECTED].proposal == "the first signal"
    assert (rows[K.AWARE].at, rows[K.ACK].by) == (None, "dana")
    at = _instants(stage, number)
    assert at.proposed
    assert stage.events(number, K.DETECTED) == []
    row = rows[K.DETECTED]
    assert row.at is not None
    confirmed = Statement(K.DETECTED, row.at, row.precision)
    closing.resolve(stage.house, stage.by("dana"), number, Resolution(statements=(confirmed,)))
    assert not _instants(stage, number).proposed


@on_sqlite
def test_who_gives_the_all_clear_may_set_right_what_others_said(stage: Stage) -> None:
    number = _taken(stage)
    _say(stage, number, K.AWARE, -MINUTE, "dana")
    said = Statement(K.AWARE, NIGHT - 9 * MINUTE)
    closing.resolve(stage.house, stage.by("mei"), number, Resolution(statements=(said,)))
    aware = _instants(stage, number).aware
    assert aware is not None
    assert aware.at == NIGHT - 9 * MINUTE


@on_sqlite
def test_a_form_sent_back_as_it_was_corrects_nothing(stage: Stage) -> None:
    """It gives whole minutes: 02:31 for an acknowledgement at 02:31:40, and for one about then."""
    number = stage.opened()
    stage.clock.at += MINUTE + timedelta(seconds=40)
    incident.acknowledge(stage.house, stage.by("dana"), number, lead=True)
    stage.clock.at += HOUR
    _say(stage, number, K.AWARE, 5 * MINUTE, precision=Precision.APPROX)
    again = (Statement(K.ACK, NIGHT + MINUTE), Statement(K.AWARE, NIGHT + 5 * MINUTE))
    closing.resolve(stage.house, stage.by("mei"), number, Resolution(statements=again))
    assert stage.events(number, K.CORRECTION) == []
    assert len(stage.events(number, K.ACK, K.AWARE)) == 2


@on_sqlite
def test_the_card_asks_for_what_people_can_know_now(stage: Stage) -> None:
    number = stage.opened()
    assert stage.card(number).asks == ""
    incident.acknowledge(stage.house, stage.by("dana"), number)
    assert stage.card(number).asks == "impact"
    _say(stage, number, K.IMPACT_START, -MINUTE)
    assert stage.card(number).asks == "aware"
    _say(stage, number, K.AWARE, -MINUTE)
    assert stage.card(number).asks == ""


@on_sqlite
def test_the_channel_reads_each_with_the_head_of_the_chain(stage: Stage) -> None:
    number = _taken(stage)
    _say(stage, number, K.IMPACT_START, -MINUTE, precision=Precision.APPROX)
    last = stage.events(number)[-1]
    with stage.bot.store.read() as uow:
        (surface,) = uow.surfaces_named("milestone:")
        note = build(stage.house, uow, surface)
    assert isinstance(note, MilestoneNote)
    assert (note.label, note.at, note.precision, note.corrected) == ("Impact began", NIGHT - MINUTE, "approx", False)
    assert note.anchor == f"record so far: {last.seq} events, head {last.hash[:16]}"


@on_sqlite
def test_the_same_delivery_is_recorded_once(stage: Stage) -> None:
    number = _taken(stage)
    order = stage.by("dana", once="delivery:same")
    said = Statement(K.AWARE, NIGHT)
    stating.state(stage.house, order, number, said)
    with pytest.raises(errors.Conflict):
        stating.state(stage.house, order, number, said)
    assert len(stage.events(number, K.AWARE)) == 1
