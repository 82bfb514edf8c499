"""Which processes run, by their heartbeat, and who takes over from one that stopped."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update

from playbooks.ports import Clock
from storage.rows import EXECUTOR
from storage.store import SqlStore


class SqlExecutors:
    """Heartbeats of one executor, and claims on dead ones.

    Args:
        executor_id: this process; stable over restarts.
        dead_after: seconds without a heartbeat until an executor counts as dead.
    """

    def __init__(self, store: SqlStore, clock: Clock, executor_id: str, *, dead_after: float = 30.0) -> None:
        self._store, self._clock, self._id = store, clock, executor_id
        self._dead_after = timedelta(seconds=dead_after)

    def beat(self) -> None:
        """Say that this executor lives; takes back a row that another claimed meanwhile. Raises errors.StoreBusy."""
        now = self._clock.now()
        with self._store.begin() as work:
            seen = update(EXECUTOR).where(EXECUTOR.c.id == self._id).values(seen_at=now, claimed_by="")
            if work.query(seen).rowcount == 0:
                work.put(EXECUTOR, {"id": self._id, "started_at": now, "seen_at": now, "claimed_by": ""}, "id")

    def claim_dead(self) -> list[str]:
        """Ids of executors that stopped, each given to one caller only: the one whose update came first.

        A claimer that dies itself is found dead in turn, and its claims are open again.
        """
        now = self._clock.now()
        silent = EXECUTOR.c.seen_at < now - self._dead_after
        with self._store.begin() as work:
            living = select(EXECUTOR.c.id).where(EXECUTOR.c.seen_at >= now - self._dead_after).scalar_subquery()
            free = or_(EXECUTOR.c.claimed_by == "", EXECUTOR.c.claimed_by.not_in(living))
            claim = update(EXECUTOR).where(silent, free, EXECUTOR.c.id != self._id).values(claimed_by=self._id)
            return sorted(row[0] for row in work.query(claim.returning(EXECUTOR.c.id)))

    def leave(self) -> None:
        """Sign off: a process that stopped in order leaves nothing to take over."""
        with self._store.begin() as work:
            work.query(delete(EXECUTOR).where(EXECUTOR.c.id == self._id))

    def all(self) -> list[tuple[str, datetime, datetime, str]]:
        """(id, started, last seen, claimed by) of every known executor."""
        with self._store.read() as work:
            rows = work.query(select(EXECUTOR).order_by(EXECUTOR.c.id))
            return [(row.id, row.started_at, row.seen_at, row.claimed_by) for row in rows]
