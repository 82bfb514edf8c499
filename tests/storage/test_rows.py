"""Every domain value comes back from the database as it went in."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, literal, select
from sqlalchemy.exc import StatementError

from playbooks.domain.actions import Action, ActionKind, ActionState, Plan
from playbooks.domain.alerts import Alert, AlertStatus, Decision, Reason
from playbooks.domain.incidents import Incident, State
from playbooks.domain.people import Actor, ActorKind
from playbooks.domain.timeline import EventKind, EventSource, NewEvent, Precision
from playbooks.ports import Job, NewIncident, StoredAlert, Surface, Timer
from storage import rows, schema
from storage.columns import UtcDateTime
from storage.engine import make_engine
from storage.store import SqlStore
from tests.storage.making import NOW, CountedIds, incident

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
labels = st.dictionaries(words, words, max_size=4)
numbers = st.integers(0, 2**31 - 1)
facts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)

alerts = st.builds(
    Alert,
    *(words, words, words, st.sampled_from(AlertStatus), moments),
    ends_at=st.none() | moments,
    labels=labels,
    annotations=labels,
    signal=labels,
    severity=words,
    summary=words,
    link=words,
)
stored_alerts = st.builds(
    StoredAlert,
    *(words, alerts, words, words, st.sampled_from(Decision), st.sampled_from(Reason), st.none()),
    *(moments, moments, numbers),
)
actors = st.builds(Actor, st.sampled_from(ActorKind), words, words, words, words)
new_events = st.builds(
    NewEvent,
    *(st.sampled_from(EventKind), words, actors, moments, st.sampled_from(EventSource), words),
    precision=st.sampled_from(Precision),
    payload=st.dictionaries(words, facts, max_size=3),
    occurred_until=st.none() | moments,
    source_ref=words,
    component=words,
    supersedes=words,
    retracts=words,
    reason=words,
    entered_tz=words,
)
plans = st.builds(Plan, words, words, words, words, labels, words, numbers, words, words, numbers)
actions = st.builds(
    Action,
    *(st.just(0), st.sampled_from(ActionKind), st.sampled_from(ActionState), words, st.none()),
    *(words, words, words, words, moments),
    plan=st.none() | plans,
    ends_after=st.none() | numbers,
    expires_at=st.none() | moments,
    verified_at=st.none() | moments,
    undo_of=st.none() | numbers,
    evidence=words,
)
surfaces = st.builds(
    Surface, *(words.filter(bool), words, words), payload=st.dictionaries(words, facts, max_size=3), pin=st.booleans()
)


@pytest.fixture(scope="module")
def store() -> Iterator[SqlStore]:
    engine = make_engine("sqlite://")
    schema.upgrade(engine)
    yield SqlStore(engine, CountedIds())
    engine.dispose()


often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class _Undo(Exception):
    """Rolls an example back."""


@often
@given(stored=stored_alerts)
def test_alerts(store: SqlStore, stored: StoredAlert) -> None:
    try:
        with store.begin() as work:
            work.add_alert(stored)
            back = work.alert_by_id(stored.id)
            assert back == stored
            assert list(back.alert.labels) == list(stored.alert.labels)
            raise _Undo
    except _Undo:
        pass


@often
@given(new=new_events)
def test_events(store: SqlStore, new: NewEvent) -> None:
    try:
        with store.begin() as work:
            opened, _ = work.open_incident(incident())
            written = work.append(opened.id, new, now=NOW)
            assert work.events(opened.id) == [written]
            assert written is not None
            assert written.new == new
            assert work.verify(opened.id).ok
            raise _Undo
    except _Undo:
        pass


@often
@given(action=actions)
def test_actions(store: SqlStore, action: Action) -> None:
    with store.begin() as work:
        added = work.add_action(action)
        assert work.action(added.id) == replace(action, id=added.id)
        assert work.save_action(added) == work.action(added.id)


@often
@given(surface=surfaces)
def test_surfaces(store: SqlStore, surface: Surface) -> None:
    try:
        with store.begin() as work:
            wanted = work.want_surface(surface)
            assert work.surface(surface.id) == wanted == replace(surface, seq=wanted.seq)
            raise _Undo
    except _Undo:
        pass


@often
@given(state=st.sampled_from(State), moment=moments, word=words, signal=labels)
def test_incidents(store: SqlStore, state: State, moment: datetime, word: str, signal: dict[str, str]) -> None:
    with store.begin() as work:
        number = work.open_incident(incident(key=f"{word}|x", title=word, detected_at=moment, signal=signal))[0]
        changed = replace(number, state=state, lead=word, closed_at=moment, impact_at=moment, reopened=2)
        saved = work.save_incident(changed, open_key=None)
        assert saved == replace(changed, version=number.version + 1) == work.incident(number.id)


def test_no_field_of_a_value_is_without_a_column() -> None:
    values = {
        rows.INCIDENT: rows.incident_row(Incident(1, "", "", "", "", State.TRIAGE, NOW, NOW, "")) | {"open_key": None},
        rows.ACTION: rows.action_row(
            Action(1, ActionKind.ENABLE, ActionState.FAILED, "", None, "", "", "", "", NOW),
        ),
        rows.SURFACE: rows.surface_row(Surface("a", "b", "c")),
        rows.TIMER: rows.timer_row(Timer("a", "b", "c", NOW)),
        rows.JOB: rows.job_row(Job("a", "b", "c", 1, 0, NOW)),
    }
    for table, row in values.items():
        assert set(row) == {column.name for column in table.columns}
    new = rows.new_incident_row(NewIncident("", "", "", "k", "", NOW, NOW, "", "", ""))
    assert set(new) == {column.name for column in rows.INCIDENT.columns} - {"id"}


def test_a_moment_keeps_its_place_and_loses_its_zone_only(database_url: str) -> None:
    engine = create_engine(database_url)
    there = datetime(2025, 11, 14, 12, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    with engine.connect() as connection:
        back = connection.scalar(select(literal(there, UtcDateTime())))
        assert back == there
        assert back is not None
        assert back.utcoffset() == timedelta(0)
        assert connection.scalar(select(literal(None, UtcDateTime()))) is None
        with pytest.raises(StatementError, match="without a zone"):
            connection.scalar(select(literal(there.replace(tzinfo=None), UtcDateTime())))
    engine.dispose()
