"""The engine's view of jobs: what is pending, and how a run ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, case, func, select, update

from playbooks.ports import Job
from storage.columns import UtcDateTime
from storage.rows import JOB, to_job
from storage.statements import Statement
from storage.store import SqlStore
from storage.tables import PENDING_JOB

_WANTED = bindparam("b_wanted", type_=JOB.c.wanted.type)
_THIS = JOB.c.id == bindparam("b_id")
_AGAIN = JOB.c.wanted > _WANTED
_NEXT_DUE = Statement(select(func.min(JOB.c.due_at).label("due_at")).where(PENDING_JOB))
_ONE = Statement(select(JOB).where(_THIS))
_PARKED = Statement(select(JOB).where(JOB.c.parked).order_by(JOB.c.id).limit(bindparam("limit")))
_OVERDUE = Statement(
    select(func.count().label("number")).select_from(JOB).where(PENDING_JOB, JOB.c.due_at < bindparam("before"))
)
_FINISH = Statement(
    update(JOB).where(_THIS).values(done=case((JOB.c.done > _WANTED, JOB.c.done), else_=_WANTED), attempts=0, error="")
)
_POSTPONE = Statement(update(JOB).where(_THIS))
# Not the same moment again: a row that looks as it did is taken for one that is already being run.
_SAME = _AGAIN & (JOB.c.due_at == bindparam("b_due_at"))
_RESCHEDULE = Statement(
    update(JOB)
    .where(_THIS)
    .values(
        attempts=0,
        due_at=case(
            (_SAME, bindparam("b_at_once", type_=UtcDateTime())),
            (_AGAIN, JOB.c.due_at),
            else_=bindparam("b_later", type_=UtcDateTime()),
        ),
        error="",
    )
)
_PARK = Statement(update(JOB).where(_THIS).values(parked=JOB.c.wanted <= _WANTED))


@lru_cache(maxsize=64)
def _pending(without: int) -> Statement:
    """What is due, outside of so many lanes."""
    query = select(JOB).where(PENDING_JOB, JOB.c.due_at <= bindparam("now"))
    if without:
        query = query.where(JOB.c.lane.not_in([bindparam(f"lane{place}") for place in range(without)]))
    return Statement(query.order_by(JOB.c.due_at, JOB.c.id).limit(bindparam("limit")))


class SqlJobBoard:
    """Implements `ports.JobBoard`. Every method is one transaction of its own and may raise errors.StoreBusy."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def pending(self, *, now: datetime, limit: int = 200, without: Iterable[str] = ()) -> list[Job]:
        """Jobs that are due and not parked, first due first; `without` names lanes to leave out."""
        lanes = {f"lane{place}": lane for place, lane in enumerate(without)}
        with self._store.read() as work:
            return [to_job(row) for row in work.rows(_pending(len(lanes)), {"now": now, "limit": limit, **lanes})]

    def next_due(self) -> datetime | None:
        """When the next job that is not parked falls due (or fell due); None when there is none."""
        with self._store.read() as work:
            return next((row.due_at for row in work.rows(_NEXT_DUE)), None)

    def get(self, job_id: str) -> Job | None:
        """One job by its id, `kind:subject`."""
        with self._store.read() as work:
            return next((to_job(row) for row in work.rows(_ONE, {"b_id": job_id})), None)

    def parked(self, *, limit: int = 100) -> list[Job]:
        """Jobs given up until a person retries them."""
        with self._store.read() as work:
            return [to_job(row) for row in work.rows(_PARKED, {"limit": limit})]

    def overdue(self, *, before: datetime) -> int:
        """How many pending jobs should have run before then."""
        with self._store.read() as work:
            return next(int(row.number) for row in work.rows(_OVERDUE, {"before": before}))

    def finish(self, job: Job) -> None:
        """`done` up to the `wanted` this run saw."""
        self._run(_FINISH, job, b_wanted=job.wanted)

    def postpone(self, job: Job, *, due_at: datetime, error: str) -> None:
        """A failure: one attempt more, due again then."""
        self._run(_POSTPONE, job, attempts=job.attempts + 1, due_at=due_at, error=error)

    def reschedule(self, job: Job, *, due_at: datetime) -> None:
        """Not a failure: there is more to do later (`attempts` 0); at once when it was asked for again meanwhile."""
        at_once = job.due_at + timedelta(microseconds=1)
        self._run(_RESCHEDULE, job, b_wanted=job.wanted, b_due_at=job.due_at, b_at_once=at_once, b_later=due_at)

    def park(self, job: Job, *, error: str) -> None:
        """Give up until it is asked for again; when that happened during the run, it is tried once more."""
        self._run(_PARK, job, b_wanted=job.wanted, attempts=job.attempts + 1, error=error)

    def _run(self, statement: Statement, job: Job, **values: Any) -> None:
        with self._store.begin() as work:
            work.run(statement, {"b_id": job.id, **values})
