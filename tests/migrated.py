"""Databases at the newest schema without rows: copied from one that was migrated once in this process, or emptied."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, text

from storage import schema
from storage.engine import WRITES

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


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "muster.db"
        schema.upgrade(f"sqlite:///{path}")
        return path.read_bytes()
