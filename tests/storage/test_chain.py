"""The timeline is append-only, and what is changed behind our back is found where it was changed."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from playbooks import errors
from storage.store import SqlStore
from tests.storage.making import NOW, incident, note
from tests.storage.test_store import together


@pytest.fixture
def number(store: SqlStore) -> int:
    """An incident with five events."""
    with store.begin() as work:
        opened, _ = work.open_incident(incident())
        for key in "abcde":
            work.append(opened.id, note(key, f"text {key}"), now=NOW)
    return opened.id


def behind(store: SqlStore, *statements: str) -> None:
    """What somebody with access to the database could do."""
    with store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def unguarded(store: SqlStore, *statements: str) -> None:
    """The same, with the triggers out of the way."""
    with store.engine.begin() as connection:
        _drop_triggers(connection)
        for statement in statements:
            connection.execute(text(statement))


def _drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        for table in ("event", "event_body"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


def test_twenty_threads_append_without_a_gap(store: SqlStore, number: int) -> None:
    def append(which: int) -> None:
        for turn in range(3):
            with store.begin() as work:
                work.append(number, note(f"{which}-{turn}"), now=NOW)

    together(20, append)
    with store.read() as work:
        assert [event.seq for event in work.events(number)] == list(range(1, 66))
        assert work.verify(number).ok


def test_the_same_key_is_appended_once(store: SqlStore, number: int) -> None:
    with store.begin() as work:
        assert work.append(number, note("a"), now=NOW) is None
        assert work.append_many(number, [note("e"), note("f"), note("f")], now=NOW) == 1
        assert work.verify(number).count == 6


def test_an_event_reads_back_as_it_was_written(store: SqlStore, number: int) -> None:
    with store.begin() as work:
        written = work.append(number, note("z", "ein „Text“ 🙂"), now=NOW)
        assert written is not None
        assert work.event(written.id) == written
        assert work.events(number)[-1] == written
        assert work.event("none") is None


def test_nothing_is_appended_to_an_incident_that_is_not_there(store: SqlStore) -> None:
    with pytest.raises(errors.UnknownName), store.begin() as work:
        work.append(7, note("a"), now=NOW)
    with pytest.raises(errors.UnknownName), store.read() as work:
        work.verify(7)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET reason = 'x'",
        "DELETE FROM event WHERE seq = 5",
        "DELETE FROM event_body",
        "UPDATE event_body SET text = 'nicer'",
        "UPDATE event_body SET text = 'nicer', redacted = TRUE",
    ],
)
def test_the_database_itself_refuses(store: SqlStore, number: int, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"append-only|only be blanked"):
        behind(store, statement)


def test_postgresql_refuses_truncation_too(postgres_url: str) -> None:
    from storage import schema
    from storage.engine import make_engine

    engine = make_engine(postgres_url)
    schema.upgrade(engine)
    try:
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text("TRUNCATE event CASCADE"))
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("forge", "seq", "why"),
    [
        ("UPDATE event_body SET text = 'nicer' WHERE event_id = (SELECT id FROM event WHERE seq = 3)", 3, "text"),
        (
            "UPDATE event_body SET text = 'x', redacted = TRUE WHERE event_id = (SELECT id FROM event WHERE seq = 3)",
            3,
            "text",
        ),
        ("UPDATE event SET actor_id = 'lena' WHERE seq = 2", 2, "facts"),
        ("UPDATE event SET kind = 'nonsense' WHERE seq = 4", 4, "facts"),
        ("UPDATE event SET occurred_at = recorded_at, precision = 'day' WHERE seq = 1", 1, "facts"),
        ("UPDATE event SET prev_hash = 'x' WHERE seq = 5", 5, "follow"),
        ("UPDATE incident SET chain_head = 'x'", 6, "at the end"),
    ],
)
def test_a_forgery_is_found_at_its_place(store: SqlStore, number: int, forge: str, seq: int, why: str) -> None:
    unguarded(store, forge)
    with store.read() as work:
        report = work.verify(number)
    assert (report.ok, report.broken_at) == (False, seq)
    assert why in report.why


def test_two_events_changed_round_are_found(store: SqlStore, number: int) -> None:
    unguarded(
        store,
        "UPDATE event SET seq = 99 WHERE seq = 2",
        "UPDATE event SET seq = 2 WHERE seq = 3",
        "UPDATE event SET seq = 3 WHERE seq = 99",
    )
    with store.read() as work:
        report = work.verify(number)
    assert (report.ok, report.broken_at) == (False, 2)
    assert "follow" in report.why


@pytest.mark.parametrize(("gone", "found_at"), [("seq >= 4", 4), ("seq = 2", 2), ("seq >= 1", 1)])
def test_missing_events_are_found(store: SqlStore, number: int, gone: str, found_at: int) -> None:
    unguarded(
        store,
        f"DELETE FROM event_body WHERE event_id IN (SELECT id FROM event WHERE {gone})",
        f"DELETE FROM event WHERE {gone}",
    )
    with store.read() as work:
        report = work.verify(number)
    assert (report.ok, report.broken_at) == (False, found_at)


def test_a_blanked_text_still_verifies(store: SqlStore, number: int) -> None:
    with store.begin() as work:
        event = work.events(number)[2]
        assert work.redact(event.id)
        assert not work.redact(event.id)
        blanked = work.event(event.id)
        assert blanked is not None
        assert (blanked.text, blanked.redacted, blanked.hash) == ("", True, event.hash)
        assert work.verify(number).ok
