"""The store: opens transactions, and hands out the unit of work in which every query lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from copy import copy

from sqlalchemy import Connection, Engine

from playbooks.ports import Ids, Probe
from storage.engine import WRITES, in_memory, only_looking, reader_of
from storage.faults import translated
from storage.gate import LANES, Gate
from storage.piped import piped
from storage.store.actions import Actions
from storage.store.arrivals import Arrivals
from storage.store.attachments import Attachments
from storage.store.documents import DocumentLives
from storage.store.figures import FigureRows
from storage.store.gaps import GapMemory
from storage.store.handoffs import Handoffs
from storage.store.memory import Memory
from storage.store.publications import Publications
from storage.store.schedule import Schedule
from storage.store.surfaces import Surfaces


class SqlUnitOfWork(
    Attachments,
    Arrivals,
    Actions,
    Handoffs,
    Surfaces,
    Schedule,
    Memory,
    GapMemory,
    Publications,
    DocumentLives,
    FigureRows,
):
    """Implements `ports.UnitOfWork` on one open transaction."""


class SqlStore:
    """Implements `ports.Store` on SQLite or PostgreSQL.

    On SQLite one writer at a time per process, people before alerts and jobs; on PostgreSQL rows are locked instead.

    Args:
        engine: from `storage.engine.make_engine`, with the schema in place (`storage.schema.upgrade`).
        ids: gives ids and salts. probe: hit before and after every commit of `begin`.
        on_commit: called after each commit in which a job was wanted; kept, so more may be added later.
        patience: seconds a writer waits for its turn.
    """

    def __init__(
        self,
        engine: Engine,
        ids: Ids,
        *,
        probe: Probe | None = None,
        on_commit: list[Callable[[], None]] | None = None,
        patience: float = 30.0,
    ) -> None:
        self.engine = engine
        self.on_commit: list[Callable[[], None]] = [] if on_commit is None else on_commit
        self._ids = ids
        self._probe = probe
        self._memory = in_memory(engine)
        self._reader = reader_of(engine)
        self._lane = "people"
        self.gate = Gate(patience) if engine.dialect.name == "sqlite" else None

    def of(self, lane: str) -> SqlStore:
        """This store for those whose transactions are of this lane where they don't say another."""
        same = copy(self)
        same._lane = lane
        return same

    @contextmanager
    def begin(self, *, lane: str = "") -> Iterator[SqlUnitOfWork]:
        """A read-write transaction, committed at the end of the `with`, rolled back when it raises.

        Raises:
            errors.StoreBusy: locked, full or disconnected; whether it was committed is unknown.
            errors.Conflict: a unique key was written by another meanwhile.
            RuntimeError: when this thread already has one open (SQLite).
        """
        lane = lane or self._lane
        with self._turn(lane), self._transaction(lane) as (connection, work):
            yield work
            work.write_jobs()
            self._hit("before commit")
            connection.commit()
            self._hit("after commit")
        if work.jobs_wanted:
            for tell in self.on_commit:
                tell()

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A read-only look at one moment; writing through it fails.

        Raises:
            errors.StoreBusy: disconnected or unreadable.
        """
        # Only the in-memory database has to wait: all threads share its one connection.
        turn = self._turn("people") if self._memory else nullcontext()
        with turn, self._looking() as work:
            yield work

    @contextmanager
    def _turn(self, lane: str) -> Iterator[None]:
        if lane not in LANES:
            raise ValueError(f"no such lane: {lane}")
        if self.gate is None:
            yield
            return
        self.gate.enter(lane)
        try:
            yield
        finally:
            self.gate.leave()

    @contextmanager
    def _transaction(self, lane: str) -> Iterator[tuple[Connection, SqlUnitOfWork]]:
        # Without a commit, closing the connection rolls back, also when it is broken.
        with translated(), self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with translated(None if self._memory else connection):
                connection.begin()
                # Of people's transactions nearly every statement is a question: nothing is gained there.
                ahead = lane == "alerts" and self.engine.dialect.name == "postgresql"
                with piped(connection) if ahead else nullcontext():
                    yield connection, SqlUnitOfWork(connection, self._ids)

    @contextmanager
    def _looking(self) -> Iterator[SqlUnitOfWork]:
        with translated(), self._reader.connect() as connection:
            with only_looking(connection) if self._memory else nullcontext():
                work = SqlUnitOfWork(connection, self._ids)
                yield work
                work.write_jobs()  # nothing, but where a look asks for a job and is refused
            # Closing would roll back, and after a ROLLBACK psycopg has the server forget all prepared statements.
            connection.commit()

    def _hit(self, label: str) -> None:
        if self._probe is not None:
            self._probe.hit(label)
