"""Lanes, and what happens when the database is locked, full or gone."""

import sqlite3
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from playbooks import errors
from storage import schema
from storage.engine import make_engine
from storage.gate import Gate
from storage.store import SqlStore
from tests.real.postgres import Postgres
from tests.storage.making import NOW, CountedIds


@pytest.fixture
def memory_store() -> Iterator[SqlStore]:
    engine = make_engine("sqlite://")
    schema.upgrade(engine)
    yield SqlStore(engine, CountedIds())
    engine.dispose()


def test_people_go_before_alerts_and_jobs_that_came_earlier_and_these_by_turns(sqlite_store: SqlStore) -> None:
    gate = sqlite_store.gate
    assert gate is not None
    order: list[str] = []

    def write(name: str, lane: str) -> None:
        with sqlite_store.begin(lane=lane):
            order.append(name)

    threads = []
    with sqlite_store.begin():
        for name, lane in (("a1", "alerts"), ("j1", "jobs"), ("a2", "alerts"), ("p1", "people"), ("p2", "people")):
            thread = threading.Thread(target=write, args=(name, lane))
            thread.start()
            threads.append(thread)
            while gate.waiting < len(threads):
                pass
    for thread in threads:
        thread.join(10)
    assert order == ["p1", "p2", "a1", "j1", "a2"]


def test_who_waits_too_long_is_told_and_the_gate_goes_on() -> None:
    gate = Gate(patience=0.01)
    gate.enter("people")
    told: list[errors.StoreBusy] = []

    def wait() -> None:
        try:
            gate.enter("alerts")
        except errors.StoreBusy as error:
            told.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(10)
    assert len(told) == 1
    gate.leave()
    gate.enter("alerts")
    assert gate.mine


def test_a_transaction_inside_a_transaction_is_refused_instead_of_hanging(sqlite_store: SqlStore) -> None:
    def nested() -> None:
        with sqlite_store.begin():
            pass

    with sqlite_store.begin(), pytest.raises(RuntimeError, match="already open"):
        nested()
    with pytest.raises(ValueError, match="lane"), sqlite_store.begin(lane="vip"):
        pass


def test_an_in_memory_database_is_one_for_all_threads(memory_store: SqlStore) -> None:
    def write() -> None:
        with memory_store.begin() as work:
            work.first_time("k", now=NOW)

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(10)
    with memory_store.begin() as work:
        assert not work.first_time("k", now=NOW)
    with memory_store.read() as work:
        assert work.notices() == []


def test_a_lock_of_another_process_is_told(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url, busy_timeout=0.05)
    schema.upgrade(engine)
    store = SqlStore(engine, CountedIds())
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.StoreBusy) as busy, store.begin():
        pass
    assert busy.value.code == "database_locked"
    other.execute("COMMIT")
    other.close()
    with store.begin() as work:
        assert work.first_time("k", now=NOW)
    engine.dispose()


def test_a_full_database_is_told_and_works_again_once_there_is_room(sqlite_store: SqlStore) -> None:
    def limit(pages: str) -> None:
        # The limit is the connection's own; the pool hands the same one out again.
        with sqlite_store.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def fill(key: str) -> None:
        with sqlite_store.begin() as work:
            for number in range(200):
                work.notice(f"{key}{number}", "x" * 4000, now=NOW)

    with sqlite_store.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    limit(f"{pages + 5}")
    with pytest.raises(errors.StoreBusy) as full:
        fill("a")
    assert full.value.code == "database_full"
    fill("b")  # that connection was thrown away, and with it the limit
    with sqlite_store.read() as work:
        assert {key[0] for key, *_ in work.notices()} == {"b"}
    assert schema.integrity(sqlite_store.engine) == []


def test_a_postgresql_that_hangs_up_is_told_and_works_again(postgres_url: str, postgres_server: Postgres) -> None:
    engine = make_engine(postgres_url)
    schema.upgrade(engine)
    store = SqlStore(engine, CountedIds())

    def cut_off() -> None:
        with store.begin() as work:
            work.first_time("k", now=NOW)
            name = postgres_url.rpartition("/")[2]
            postgres_server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
            work.first_time("l", now=NOW)

    with pytest.raises(errors.StoreBusy) as gone:
        cut_off()
    assert gone.value.code == "database_unreachable"
    with store.begin() as work:
        assert work.first_time("k", now=NOW)
    engine.dispose()


def test_a_connection_that_ended_while_nobody_used_it_costs_nobody_an_error(
    postgres_url: str, postgres_server: Postgres
) -> None:
    engine = make_engine(postgres_url)
    schema.upgrade(engine)
    store = SqlStore(engine, CountedIds())
    with store.begin() as work, store.read():  # two stand in the pool
        assert work.first_time("k", now=NOW)
    name = postgres_url.rpartition("/")[2]
    postgres_server.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
    with store.read() as looking, store.begin() as work:
        assert not work.first_time("k", now=NOW)
        assert looking.incidents(open_only=True) == []
    engine.dispose()


def test_a_postgresql_that_is_not_there_is_told() -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/none", busy_timeout=1)
    with pytest.raises(errors.StoreBusy) as gone, SqlStore(engine, CountedIds()).begin():
        pass
    assert gone.value.code == "database_unreachable"
