"""The schema from code: upgrade, drift, backup, integrity.

Alembic is imported where it is used: a start finds the database at the newest schema, and brings it for nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, Engine, inspect, select, text

from playbooks import errors
from storage import chain
from storage.engine import WRITES, make_engine
from storage.faults import translated
from storage.migrations import HEAD
from storage.rows import INCIDENT
from storage.tables import Row

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_067_501  # any number of our own: replicas that start together migrate one after the other
_PATIENCE = 60_000  # milliseconds to wait for another's migration


def upgrade(target: Engine | str) -> str:
    """Bring a database to the newest schema; nothing when it is there already. Returns the revision.

    Args:
        target: an engine, or a URL for which one is made and disposed of.

    Raises:
        errors.StoreBusy: the database is locked, full or does not answer.
        errors.ConfigError: the database was written by a newer Muster.
    """
    if isinstance(target, str):
        engine = make_engine(target)
        try:
            return upgrade(engine)
        finally:
            engine.dispose()
    if current(target) != HEAD:
        _migrate(target)
    return HEAD


def _migrate(engine: Engine) -> None:
    from alembic import command

    with _writing(engine) as connection:
        _known(_revision(connection))
        command.upgrade(_config(connection), "head")
        connection.commit()


@cache
def head() -> str:
    """The newest revision this code knows."""
    return HEAD


def current(engine: Engine) -> str | None:
    """The revision the database is at, None when it is empty.

    Raises:
        errors.StoreBusy: the database does not answer.
    """
    with translated(), engine.connect() as connection:
        return _revision(connection)


def check(engine: Engine) -> list[str]:
    """Differences between the database and the tables of this code, in words; empty when there are none."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with translated(), engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, Row.metadata)]


def backup(engine: Engine, path: Path) -> None:
    """Copy a running SQLite database into a new file that can be opened as it is.

    Raises:
        errors.InputError: `path` exists already.
        errors.MusterError: PostgreSQL, which has a tool of its own for this.
        errors.StoreBusy: the file cannot be written; nothing of it stays.
    """
    if engine.dialect.name != "sqlite":
        raise errors.MusterError("PostgreSQL is not backed up from here.", "Use pg_dump.", code="use_pg_dump")
    if path.exists():
        raise errors.InputError(f"{path} exists already.", "Choose another name.")
    if not path.parent.is_dir():
        raise errors.InputError(f"There is no folder {path.parent}.", "Make it, or choose another place.")
    try:
        with translated(), closing(engine.raw_connection()) as connection, closing(sqlite3.connect(path)) as copy:
            cast(sqlite3.Connection, connection.driver_connection).backup(copy)
            # One file without a -wal beside it, so that copying it elsewhere copies all.
            copy.execute("PRAGMA journal_mode=DELETE")
    except BaseException:
        path.unlink(missing_ok=True)  # half a backup looks like a whole one
        raise


def integrity(engine: Engine) -> list[str]:
    """What is damaged, in words: the file itself, references between rows, event chains. Empty when all is well."""
    with translated(), engine.connect() as connection:
        found = _damage(connection) if engine.dialect.name == "sqlite" else []
        for number in connection.scalars(select(INCIDENT.c.id).order_by(INCIDENT.c.id)).all():
            report = chain.verify(connection, number)
            if not report.ok:
                found.append(f"INC-{number}: the timeline is broken at event {report.broken_at}: {report.why}")
        return found


def _damage(connection: Connection) -> list[str]:
    told = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check"))]
    found = [] if told == ["ok"] else told
    for table, rowid, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
        found.append(f"row {rowid} of {table} refers to a row of {parent} that is not there")
    return found


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with translated(), engine.connect() as plain:
        if engine.dialect.name == "postgresql":
            plain.execute(text(f"SET LOCAL lock_timeout = {_PATIENCE}"))
            plain.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield plain
            return
        driver = cast(sqlite3.Connection, plain.connection.driver_connection)
        (usual,) = driver.execute("PRAGMA busy_timeout").fetchone()
        driver.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        try:
            yield plain.execution_options(**{WRITES: True})
        finally:
            driver.execute(f"PRAGMA busy_timeout = {usual}")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return cast("str | None", connection.scalar(text("SELECT version_num FROM alembic_version")))


def _known(revision: str | None) -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(_config(None))
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise errors.ConfigError(
            f"The database was written by a newer Muster (schema {revision}).", "Install that version or a newer one."
        )


def _config(connection: Connection | None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
