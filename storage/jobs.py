"""The engine's view of jobs: what is pending, and how a run ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, literal, select, update

from playbooks.ports import Job
from storage.columns import UtcDateTime
from storage.rows import JOB, to_job
from storage.store import SqlStore
from storage.tables import PENDING_JOB

_PENDING = (
    select(JOB)
    .where(PENDING_JOB, JOB.c.due_at <= bindparam("now"))
    .order_by(JOB.c.due_at, JOB.c.id)
    .limit(bindparam("limit"))
)
_NEXT_DUE = select(func.min(JOB.c.due_at)).where(PENDING_JOB)
_SEEN = bindparam("b_wanted", type_=JOB.c.wanted.type)
_FINISH = (
    update(JOB)
    .where(JOB.c.id == bindparam("b_id"))
    .values(done=case((JOB.c.done > _SEEN, JOB.c.done), else_=_SEEN), attempts=0, error="")
)


class SqlJobBoard:
    """Implements `ports.JobBoard`. Every method is one transaction of its own and may raise errors.StoreBusy."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def pending(self, *, now: datetime, limit: int = 200, without: Iterable[str] = ()) -> list[Job]:
        """Jobs that are due and not parked, first due first; `without` names lanes to leave out."""
        lanes = list(without)
        query = _PENDING.where(JOB.c.lane.not_in(lanes)) if lanes else _PENDING
        with self._store.read() as work:
            return [to_job(row) for row in work.query(query, {"now": now, "limit": limit})]

    def next_due(self) -> datetime | None:
        """When the next job that is not parked falls due (or fell due); None when there is none."""
        with self._store.read() as work:
            return next((row[0] for row in work.query(_NEXT_DUE)), None)

    def get(self, job_id: str) -> Job | None:
        """One job by its id, `kind:subject`."""
        with self._store.read() as work:
            return next((to_job(row) for row in work.query(select(JOB).where(JOB.c.id == job_id))), None)

    def parked(self, *, limit: int = 100) -> list[Job]:
        """Jobs given up until a person retries them."""
        with self._store.read() as work:
            return [to_job(row) for row in work.query(select(JOB).where(JOB.c.parked).order_by(JOB.c.id).limit(limit))]

    def overdue(self, *, before: datetime) -> int:
        """How many pending jobs should have run before then."""
        with self._store.read() as work:
            counted = select(func.count()).select_from(JOB).where(PENDING_JOB, JOB.c.due_at < before)
            return next(int(row[0]) for row in work.query(counted))

    def finish(self, job: Job) -> None:
        """`done` up to the `wanted` this run saw."""
        with self._store.begin() as work:
            work.query(_FINISH, {"b_id": job.id, "b_wanted": job.wanted})

    def postpone(self, job: Job, *, due_at: datetime, error: str) -> None:
        """A failure: one attempt more, due again then."""
        self._set(job, attempts=job.attempts + 1, due_at=due_at, error=error)

    def reschedule(self, job: Job, *, due_at: datetime) -> None:
        """Not a failure: there is more to do later (`attempts` 0); at once when it was asked for again meanwhile."""
        # Not the same moment again: a row that looks as it did is taken for one that is already being run.
        same = (JOB.c.wanted > job.wanted) & (JOB.c.due_at == job.due_at)
        at_once = literal(job.due_at + timedelta(microseconds=1), UtcDateTime())
        later = literal(due_at, UtcDateTime())
        due = case((same, at_once), (JOB.c.wanted > job.wanted, JOB.c.due_at), else_=later)
        self._set(job, attempts=0, due_at=due, error="")

    def park(self, job: Job, *, error: str) -> None:
        """Give up until it is asked for again; when that happened during the run, it is tried once more."""
        self._set(job, attempts=job.attempts + 1, parked=JOB.c.wanted <= job.wanted, error=error)

    def _set(self, job: Job, **values: Any) -> None:
        with self._store.begin() as work:
            work.query(update(JOB).where(JOB.c.id == job.id).values(values))
