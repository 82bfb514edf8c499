"""Migrations make what the tables say; a backup can be opened; damage is found."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from playbooks import errors
from storage import schema
from storage.engine import make_engine
from storage.store import SqlStore
from storage.tables import Row
from tests.storage.making import NOW, CountedIds, incident, note
from tests.storage.test_store import together


def test_the_migrations_make_the_tables(engine: Engine) -> None:
    assert schema.check(engine) == []
    assert set(inspect(engine).get_table_names()) == set(Row.metadata.tables) | {"alembic_version"}
    assert schema.current(engine) == schema.head() == schema.upgrade(engine)


def test_the_revision_written_down_is_the_newest_migration() -> None:
    scripts = ScriptDirectory.from_config(schema._config(None))
    assert scripts.get_heads() == [schema.head()]


def test_a_database_that_is_new_enough_is_opened_without_alembic(database_url: str) -> None:
    schema.upgrade(database_url)
    code = "import sys; from storage import schema; schema.upgrade(sys.argv[1]); print('alembic' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code, database_url], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"


def test_drift_is_told(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE notice ADD COLUMN extra INTEGER"))
    assert "extra" in schema.check(engine)[0]


def test_replicas_that_start_together_migrate_once(database_url: str) -> None:
    assert set(together(4, lambda _: schema.upgrade(database_url))) == {schema.head()}


def test_processes_that_open_a_new_file_together_all_get_it(tmp_path: Path) -> None:
    """SQLite refuses one of two that switch the journal at the same moment, and does not wait for it."""

    def opened(url: str, _: int) -> str:
        engine = make_engine(url)
        try:
            with engine.connect() as connection:
                return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
        finally:
            engine.dispose()

    for number in range(40):
        url = f"sqlite:///{tmp_path / str(number)}.db"
        assert together(8, partial(opened, url)) == ["wal"] * 8


def test_a_migration_of_another_is_waited_for_longer_than_any_other_lock(database_url: str) -> None:
    impatient, holder = make_engine(database_url, busy_timeout=0.05), make_engine(database_url)
    with ThreadPoolExecutor(1) as pool:
        with schema._writing(holder) as connection:
            connection.exec_driver_sql("SELECT 1")  # the lock is taken with the first statement
            waiting = pool.submit(schema.upgrade, impatient)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
        assert waiting.result(30) == schema.head()
    impatient.dispose()
    holder.dispose()


def test_a_database_of_a_newer_muster_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(errors.ConfigError, match="newer"):
        schema.upgrade(engine)


def test_an_unknown_kind_of_database_is_refused() -> None:
    with pytest.raises(errors.ConfigError, match="mysql"):
        make_engine("mysql://localhost/x")


def test_a_backup_of_a_running_database_opens(sqlite_store: SqlStore, tmp_path: Path) -> None:
    with sqlite_store.begin() as work:
        opened, _ = work.open_incident(incident())
        work.append(opened.id, note("a"), now=NOW)
    copy = tmp_path / "copy.db"
    schema.backup(sqlite_store.engine, copy)
    with sqlite_store.begin() as work:
        work.append(opened.id, note("b"), now=NOW)
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db"]
    engine = make_engine(f"sqlite:///{copy}")
    try:
        with SqlStore(engine, CountedIds()).read() as work:
            assert work.verify(opened.id).count == 1
        assert schema.integrity(engine) == []
        assert schema.check(engine) == []
    finally:
        engine.dispose()
    with pytest.raises(errors.InputError):
        schema.backup(sqlite_store.engine, copy)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"no database at all, but longer than a header of one would be", "database_foreign"), (None, "database_damaged")],
)
def test_a_file_that_cannot_be_read_as_a_database_is_told(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "muster.db"
    if content is None:
        made = make_engine(f"sqlite:///{path}")
        schema.upgrade(made)
        made.dispose()
        whole = path.read_bytes()
        content = whole[:4096] + b"\xff" * (len(whole) - 4096)
    path.write_bytes(content)
    engine = make_engine(f"sqlite:///{path}")
    try:
        for use in (schema.current, schema.integrity):
            with pytest.raises(errors.StoreBusy) as told:
                use(engine)
            assert told.value.code == code
    finally:
        engine.dispose()


def test_half_a_backup_does_not_stay(tmp_path: Path) -> None:
    (tmp_path / "foreign.db").write_bytes(b"no database at all, but longer than a header of one would be")
    engine = make_engine(f"sqlite:///{tmp_path / 'foreign.db'}")
    try:
        with pytest.raises(errors.StoreBusy, match="is not one of SQLite"):
            schema.backup(engine, tmp_path / "copy.db")
        assert not (tmp_path / "copy.db").exists()
        with pytest.raises(errors.InputError, match="There is no folder"):
            schema.backup(engine, tmp_path / "nowhere" / "copy.db")
    finally:
        engine.dispose()


def test_postgresql_is_backed_up_by_its_own_tool(postgres_url: str, tmp_path: Path) -> None:
    engine = make_engine(postgres_url)
    with pytest.raises(errors.MusterError) as told:
        schema.backup(engine, tmp_path / "copy")
    assert "pg_dump" in told.value.told
    engine.dispose()


def test_damage_is_found(store: SqlStore) -> None:
    with store.begin() as work:
        opened, _ = work.open_incident(incident())
        work.append(opened.id, note("a"), now=NOW)
    assert schema.integrity(store.engine) == []
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE incident SET chain_head = 'x'"))
    assert schema.integrity(store.engine) == ["INC-1: the timeline is broken at event 2: events are missing at the end"]


def test_a_dangling_reference_is_found(sqlite_store: SqlStore, sqlite_url: str) -> None:
    careless = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    careless.execute("INSERT INTO document VALUES (7, '{}', '', '', '', '', 1)")
    careless.commit()
    careless.close()
    assert schema.integrity(sqlite_store.engine) == ["row 7 of document refers to a row of incident that is not there"]
