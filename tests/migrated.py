"""Databases at the newest schema without rows: copied from one that was migrated once in this process, or emptied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, text

from storage import schema
from storage.engine import WRITES, make_engine
from tests.real.postgres import Postgres

# Deleting the few rows of a test takes a millisecond; TRUNCATE writes every file of every table anew: seventy.
_EMPTY = """
DO $$
DECLARE one regclass;
BEGIN
    FOR one IN
        SELECT oid FROM pg_class
        WHERE relkind = 'r' AND relnamespace = CAST('public' AS regnamespace) AND relname <> 'alembic_version'
    LOOP
        EXECUTE format('DELETE FROM %s', one);
    END LOOP;
    PERFORM setval(CAST(oid AS regclass), 1, false) FROM pg_class
    WHERE relkind = 'S' AND relnamespace = CAST('public' AS regnamespace);
END $$
"""


def lay(path: Path) -> str:
    """Write an SQLite database where there is none yet; returns its address."""
    if not path.exists():
        path.write_bytes(_empty())
    return f"sqlite:///{path}"


def empty(engine: Engine) -> None:
    """Take all rows out of a PostgreSQL database, and number them from 1 again."""
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # the timeline guards itself else
        connection.execute(text(_EMPTY))
        connection.commit()


# Changes of the schema change, add or take away rows of these.
_SCHEMA = """
SELECT count(*), max(CAST(CAST(xmin AS text) AS bigint)) FROM (
    SELECT xmin FROM pg_class UNION ALL SELECT xmin FROM pg_attribute
    UNION ALL SELECT xmin FROM pg_trigger UNION ALL SELECT xmin FROM pg_proc
) AS every
"""
_LEAVE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


class Refilled:
    """One PostgreSQL database for many tests, each of which finds it at the newest schema and empty.

    To make and drop one costs twenty times as much; that is done only after a test that changed the schema.
    """

    def __init__(self, server: Postgres, databases: ExitStack) -> None:
        self._server, self._databases = server, databases
        self._template = self._url = self._schema = ""

    @classmethod
    @contextmanager
    def on(cls, server: Postgres) -> Iterator[Refilled]:
        """Its databases are dropped afterwards."""
        with ExitStack() as databases:
            yield cls(server, databases)

    def url(self) -> str:
        """The address, for the next test: who is still connected is sent away first."""
        if self._url:
            engine = make_engine(self._url)
            try:
                with engine.begin() as connection:
                    connection.execute(text(_LEAVE))
                    same = str(connection.execute(text(_SCHEMA)).one()) == self._schema
                if same:
                    empty(engine)
                    return self._url
            finally:
                engine.dispose()
        return self._fresh()

    def _fresh(self) -> str:
        if not self._template:
            url = self._databases.enter_context(self._server.database())
            schema.upgrade(url)
            self._template = url.rpartition("/")[2]
        self._url = self._databases.enter_context(self._server.database(self._template))
        engine = make_engine(self._url)
        with engine.begin() as connection:
            self._schema = str(connection.execute(text(_SCHEMA)).one())
        engine.dispose()
        return self._url


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "muster.db"
        schema.upgrade(f"sqlite:///{path}")
        return path.read_bytes()
