"""URL -> engine: pragmas, BEGIN IMMEDIATE for writers, pools."""

from __future__ import annotations

import select
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from playbooks import errors
from storage.piped import wait_for_statements

WRITES = "muster_writes"
"""Execution option of a connection that will write: SQLite takes the write lock at BEGIN."""
_AGAIN = 0.01  # seconds
# What is used last is used next, so others are silent for long: asked every minute, firewalls don't forget them, and
# one whose other side is gone is found (libpq, "Parameter Key Words").
_KEPT_ALIVE = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}
_READERS: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()
"""Of each engine on a SQLite file the one it is read by."""


def make_engine(url: str | URL, *, busy_timeout: float = 5.0, pool_size: int = 10) -> Engine:
    """An engine for `sqlite:///file`, `sqlite://` (in memory, one connection) or `postgresql[+psycopg]://…`.

    Args:
        url: database address. busy_timeout: seconds to wait for a lock of another process.
        pool_size: PostgreSQL connections kept; as many again may be opened for a peak.

    Raises:
        errors.ConfigError: for another kind of database.
    """
    address = make_url(url)
    kind = address.get_backend_name()
    if kind == "sqlite":
        return _sqlite(address, busy_timeout)
    if kind == "postgresql":
        return _postgres(address.set(drivername="postgresql+psycopg"), busy_timeout, pool_size)
    raise errors.ConfigError(
        f"Databases of kind {kind!r} are not supported.", "Use sqlite:///muster.db or postgresql://…"
    )


def in_memory(engine: Engine) -> bool:
    """Whether all threads share the one connection of an in-memory SQLite."""
    return isinstance(engine.pool, StaticPool)


def reader_of(engine: Engine) -> Engine:
    """The same database to look at one moment of it; a write fails, but for the one connection of an in-memory SQLite.

    On a SQLite file it has connections of its own: one that is switched between looking and writing compiles all its
    statements anew each time (https://www.sqlite.org/src/file/src/pragma.c, OP_Expire).
    """
    if engine.dialect.name != "sqlite":
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    if in_memory(engine):
        return engine
    if engine not in _READERS:
        reader = create_engine(engine.url, pool=engine.pool.recreate())
        event.listen(reader, "connect", _looks_only)
        event.listen(reader, "begin", _begin)
        event.listen(engine, "engine_disposed", lambda _engine: reader.dispose())
        _READERS[engine] = reader
    return _READERS[engine]


def _looks_only(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.execute("PRAGMA query_only=ON")


@contextmanager
def only_looking(connection: Connection) -> Iterator[None]:
    """Within the block a write fails; for the one connection of an in-memory SQLite, which writes as well."""
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA query_only=ON")
    try:
        yield
    finally:
        driver.execute("PRAGMA query_only=OFF")


def _sqlite(url: URL, busy_timeout: float) -> Engine:
    connect_args: dict[str, Any] = {"check_same_thread": False, "timeout": busy_timeout}
    if url.database in (None, "", ":memory:"):
        engine = create_engine(url, connect_args=connect_args, poolclass=StaticPool)
    else:
        # The last one used knows most: its pages are in its cache, its statements compiled.
        kept: dict[str, Any] = {"pool_size": 5, "max_overflow": 20, "pool_use_lifo": True}
        engine = create_engine(url, connect_args=connect_args, **kept)
    event.listen(engine, "connect", partial(_pragmas, patience=busy_timeout))
    event.listen(engine, "begin", _begin)
    return engine


def _pragmas(connection: Any, _entry: ConnectionPoolEntry, *, patience: float) -> None:
    # The driver's own implicit BEGIN is a deferred one, which fails at once when it must become a write.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor, patience)
    # FULL: NORMAL may lose acknowledged commits at a power cut.
    # cache_size: KiB of pages in each connection; what is older the system's own cache has.
    for pragma in ("wal_autocheckpoint=4000", "synchronous=FULL", "foreign_keys=ON", "cache_size=-4096"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor, patience: float) -> None:
    """Switch to the write-ahead log. Of two that switch a new file at once SQLite refuses one without waiting."""
    end = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_AGAIN)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    if writes:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    # Takes no lock yet, so that it cannot be refused.
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN")


def _postgres(url: URL, busy_timeout: float, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=busy_timeout,
        pool_use_lifo=True,  # as on SQLite, and the server's processes know what they did last
        connect_args={"connect_timeout": max(2, int(busy_timeout)), "application_name": "muster", **_KEPT_ALIVE},
    )
    lock_timeout = f"{int(busy_timeout * 1000)}ms"

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = '{lock_timeout}'")
        connection.execute("SET timezone = 'UTC'")
        connection.autocommit = False

    event.listen(engine, "checkout", _alive)
    wait_for_statements(engine)
    return engine


def _alive(connection: Any, _entry: ConnectionPoolEntry, _proxy: Any) -> None:
    """Before the first statement, so that a restarted server costs nobody an error: the pool then opens another one.

    An idle connection has nothing to read until the server says that it goes, so no round trip is needed to know.
    """
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    if look.poll(0):  # at its end, or with an error
        raise DisconnectionError("the server closed the connection")
