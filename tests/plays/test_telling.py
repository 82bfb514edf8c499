"""Decisions, hypotheses and their fate, observations, what was told outside; and words that must not stay."""

from __future__ import annotations

import pytest

from playbooks import errors
from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.timeline import EventKind, Precision
from playbooks.plays import capture, incident, redaction, telling
from playbooks.plays.postmortem import draft_of
from playbooks.plays.telling import Told
from playbooks.score import refused, score
from tests.plays.stage import HOUR, MINUTE, NIGHT, STRANGER, Stage, on_sqlite

K = EventKind


def _draft(stage: Stage, number: int) -> str:
    with stage.bot.store.read() as uow:
        found = uow.incident(number)
        assert found is not None
        text = draft_of(stage.house, uow, found).text
        checks = score(text, uow.events(number), incident_id=number, head=found.chain_head, severities={"sev2": "SEV2"})
        assert refused(checks) == []
    return text


def _thought(stage: Stage, number: int, words: str = "the cache is stale") -> int:
    telling.suppose(stage.house, stage.by("dana"), number, Told(K.HYPOTHESIS, words, payload={"state": "open"}))
    return stage.events(number)[-1].seq


@on_sqlite
def test_each_kind_stands_at_its_own_time(stage: Stage) -> None:
    number = stage.opened()
    told = Told(K.DECISION, "keep v42", NIGHT - MINUTE, Precision.APPROX, payload={"right": "model owner"})
    _, said = telling.tell(stage.house, stage.by("dana"), number, told)
    event = stage.events(number)[-1]
    assert f"E{event.seq}" in said.text
    assert (event.kind, event.occurred_at, event.new.precision) == (K.DECISION, NIGHT - MINUTE, Precision.APPROX)
    audience = {"audience": "customers"}
    telling.tell(stage.house, stage.by("dana"), number, Told(K.COMMS, "we look into it", payload=audience))
    text = _draft(stage, number)
    assert "“model owner”" in text
    assert "`customers`" in text


@on_sqlite
def test_no_words_too_many_the_future_and_strange_components_are_refused(stage: Stage) -> None:
    number = stage.opened()
    before = len(stage.events(number))
    for told in (
        Told(K.OBSERVATION, "  "),
        Told(K.OBSERVATION, "x" * 3001),
        Told(K.OBSERVATION, "x", NIGHT + HOUR),
        Told(K.OBSERVATION, "x", component="nope"),
    ):
        with pytest.raises((errors.InputError, errors.UnknownName)):
            telling.tell(stage.house, stage.by("dana"), number, told)
    assert len(stage.events(number)) == before


def test_a_hypothesis_has_a_fate_that_may_change(stage: Stage) -> None:
    number = stage.opened()
    seq = _thought(stage, number)
    stage.clock.at += 5 * MINUTE
    telling.settle(stage.house, stage.by("omar"), number, seq, "confirmed", "hits dropped")
    assert "already" in telling.settle(stage.house, stage.by("mei"), number, seq, "confirmed").text
    telling.settle(stage.house, stage.by("mei"), number, seq, "refuted", "they dropped before, too")
    (row,) = telling.hypotheses(stage.house, number).rows
    assert (row.seq, row.state) == (seq, "refuted")
    (fact,) = facts_of(stage.events(number), number).hypotheses
    assert fact.state == "refuted"
    assert "refuted after" in _draft(stage, number)


@on_sqlite
def test_a_corrected_hypothesis_is_settled_by_either_number(stage: Stage) -> None:
    number = stage.opened()
    seq = _thought(stage, number)
    capture.correct(stage.house, stage.by("dana"), number, seq, "the index is stale", "")
    telling.settle(stage.house, stage.by("dana"), number, seq, "confirmed")
    (fact,) = facts_of(stage.events(number), number).hypotheses
    assert fact.state == "confirmed"
    with pytest.raises(errors.UnknownName):
        telling.settle(stage.house, stage.by("dana"), number, 1, "confirmed")


# ---------------------------------------------------------------- redaction

SECRET = "card 4111 1111 1111 1111 of Mrs Weber"


def _noted(stage: Stage) -> tuple[int, int]:
    number = stage.opened()
    incident.acknowledge(stage.house, stage.by("omar"), number, lead=True)
    incident.note(stage.house, stage.by("dana"), number, SECRET)
    return number, stage.events(number)[-1].seq


def test_the_words_go_and_the_chain_verifies(stage: Stage) -> None:
    number, seq = _noted(stage)
    capture.correct(stage.house, stage.by("dana"), number, seq, SECRET + "!", "typo")
    redaction.redact(stage.house, stage.by("dana"), number, seq, "it names a customer")
    events = stage.events(number)  # verifies
    assert SECRET not in repr(events)
    marks = [e for e in events if e.kind is K.REDACTION]
    assert [e.payload["event"] for e in marks] == [seq, seq + 1]
    assert marks[0].new.reason == "it names a customer"
    text = _draft(stage, number)
    assert "redacted" in text
    assert SECRET not in text
    assert "4111" not in repr(stage.lines(number))
    assert "already" in redaction.redact(stage.house, stage.by("dana"), number, seq, "again").text


@pytest.mark.parametrize(
    ("who", "may"), [("dana", True), ("omar", True), ("mei", True), ("lin", False), (STRANGER, False)]
)
@on_sqlite
def test_author_lead_and_triage_may_redact(stage: Stage, who: str, may: bool) -> None:
    number, seq = _noted(stage)
    """Dana wrote it, Omar leads, Mei is of the triage team."""
    if may:
        redaction.redact(stage.house, stage.by(who), number, seq, "it names a customer")
        assert stage.events(number)[seq - 1].redacted
    else:
        with pytest.raises(errors.Denied):
            redaction.redact(stage.house, stage.by(who), number, seq, "it names a customer")
        assert stage.events(number)[seq - 1].text == SECRET


@on_sqlite
def test_a_redaction_needs_a_reason_and_an_event(stage: Stage) -> None:
    number, seq = _noted(stage)
    with pytest.raises(errors.InputError):
        redaction.redact(stage.house, stage.by("dana"), number, seq, " ")
    with pytest.raises(errors.UnknownName):
        redaction.redact(stage.house, stage.by("dana"), number, 999, "x")
    assert stage.events(number, K.REDACTION) == []


@on_sqlite
def test_what_muster_posted_of_it_is_blanked_in_slack(stage: Stage) -> None:
    number = stage.opened()
    incident.update(stage.house, stage.by("dana"), number, SECRET)
    stage.settle()
    channel = stage.slack.channels[stage.incident(number).channel]
    assert any(SECRET in m.text for m in channel.messages)
    seq = next(e.seq for e in stage.events(number) if e.kind is K.COMMS)
    redaction.redact(stage.house, stage.by("dana"), number, seq, "it names a customer")
    stage.settle()
    assert not any(SECRET in m.text for m in channel.messages)
