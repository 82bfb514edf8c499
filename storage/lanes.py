"""Lanes that one process at a time works in: PostgreSQL's session locks, which end with their connection."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from hashlib import sha256

import structlog
from sqlalchemy import Connection, Engine, exc

from storage.faults import translated

_log = structlog.get_logger(__name__)
_ENTER, _LEAVE = "SELECT pg_try_advisory_lock(%s)", "SELECT pg_advisory_unlock(%s)"
# A machine that vanished says nothing: after 25 s the server ends the connection, and others may enter.
_ALIVE = (("tcp_keepalives_idle", 10), ("tcp_keepalives_interval", 5), ("tcp_keepalives_count", 3))


class SqlLanes:
    """Implements `ports.Lanes` on PostgreSQL with a connection of its own, opened when the first lane is entered.

    What a killed process was in is free at once: the server drops a session's locks with the session. Where only the
    connection broke, the lanes are entered again with the next one, unless another process was faster; the body that
    runs then is not stopped, and what two write at once is met by the rows' versions and by looking before acting.

    See https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mutex = threading.Lock()
        self._connection: Connection | None = None
        self._inside: set[str] = set()

    def enter(self, lane: str) -> bool:
        """Whether the lane is ours now; False while another process is in it.

        Raises errors.StoreBusy: the database cannot be asked.
        """
        with self._mutex, translated(), self._talking() as connection:
            ours = _asked(connection, _ENTER, lane)
            if ours:
                self._inside.add(lane)
            return ours

    def leave(self, lane: str) -> None:
        """Give it free. Never fails: without its connection the lane is free already."""
        with self._mutex:
            self._inside.discard(lane)
            if self._connection is None:
                return
            try:
                with self._talking() as connection:
                    _asked(connection, _LEAVE, lane)
            except exc.DBAPIError as error:
                _log.warning("lanes.connection_lost", error=str(error.orig)[:200])

    def close(self) -> None:
        """Give all of them free, at once: a server takes its time to notice that a connection was closed."""
        with self._mutex:
            self._inside.clear()
            if self._connection is not None:
                with contextlib.suppress(exc.DBAPIError), self._talking() as connection:
                    connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            self._hang_up()

    @contextlib.contextmanager
    def _talking(self) -> Iterator[Connection]:
        """The connection; one that breaks is replaced the next time."""
        try:
            if self._connection is None:
                self._connection = self._connected()
            yield self._connection
        except exc.DBAPIError:
            self._hang_up()
            raise

    def _connected(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # not the pool's: whoever had it next would be in our lanes
        for name, value in _ALIVE:
            connection.exec_driver_sql(f"SET {name} = {value}")
        for lane in sorted(self._inside):
            if not _asked(connection, _ENTER, lane):
                _log.warning("lanes.taken_meanwhile", lane=lane)
        return connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(exc.DBAPIError):
                self._connection.close()
            self._connection = None


def _asked(connection: Connection, statement: str, lane: str) -> bool:
    return bool(connection.exec_driver_sql(statement, (_key(lane),)).scalar_one())


def _key(lane: str) -> int:
    """The lock of a lane: PostgreSQL takes a signed number of 64 bits."""
    return int.from_bytes(sha256(f"muster lane {lane}".encode()).digest()[:8], "big", signed=True)
