"""Timers and jobs: what falls due, and what must be brought forward."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from playbooks.ports import Job, Timer
from storage.bulk import encoded, fetch, moment, moment_of, plain_of, run_many, texts
from storage.rows import JOB, TIMER, job_row, timer_row, to_timer
from storage.statements import Statement
from storage.store.part import Part, first_of, inserting

_TIMERS = "SELECT id, kind, subject, due_at, payload FROM timer WHERE id IN (SELECT value FROM {keys})"
_TIMER = "INSERT INTO timer (id, kind, subject, due_at, payload) VALUES (?, ?, ?, ?, ?) "
_TIMERS_TOGETHER = (
    "INSERT INTO timer (id, kind, subject, due_at, payload) "
    "SELECT id, kind, subject, due_at, payload::json FROM {rows} "
)
_MOVE = "ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload"
_LEAVE = "ON CONFLICT (id) DO NOTHING"
_SET_TIMER, _SET_TOGETHER = _TIMER + _MOVE, _TIMERS_TOGETHER + _MOVE
_ADD_TIMER, _ADD_TOGETHER = _TIMER + _LEAVE, _TIMERS_TOGETHER + _LEAVE
_SET = {"id": "text", "kind": "text", "subject": "text", "due_at": "timestamptz", "payload": "text"}
_IN_ORDER = select(TIMER).order_by(TIMER.c.due_at, TIMER.c.id)
_NEXT = Statement(_IN_ORDER.limit(1))
_DUE = Statement(_IN_ORDER.where(TIMER.c.due_at <= bindparam("now")).limit(bindparam("limit")))
_CANCEL = Statement(delete(TIMER).where(TIMER.c.id == bindparam("b_id")))
_TAKE = Statement(
    delete(TIMER).where(TIMER.c.id == bindparam("b_id"), TIMER.c.due_at <= bindparam("now")).returning(*TIMER.c)
)


class Schedule(Part):
    """Timers and jobs."""

    def set_timer(self, timer: Timer) -> None:
        """Set, or move when it is set already."""
        self.put(TIMER, timer_row(timer), "id")

    def set_timers(self, timers: Sequence[Timer]) -> None:
        """`set_timer` for each."""
        run_many(self._db, _SET_TIMER, _SET_TOGETHER, _SET, self._timer_rows(timers))

    def _timer_rows(self, timers: Sequence[Timer]) -> list[tuple[Any, ...]]:
        return [
            (each.id, each.kind, each.subject, moment(self._db, each.due_at), encoded(each.payload)) for each in timers
        ]

    def add_timers(self, timers: Sequence[Timer]) -> None:
        """`set_timer` for each that is not set; those that are stay as they are."""
        run_many(self._db, _ADD_TIMER, _ADD_TOGETHER, _SET, self._timer_rows(timers))

    def timers(self, ids: Sequence[str]) -> dict[str, Timer]:
        """Those of these ids that are set."""
        rows = fetch(self._db, _TIMERS, (texts(ids),))
        return {
            name: Timer(name, kind, subject, moment_of(due_at), plain_of(payload))
            for name, kind, subject, due_at, payload in rows
        }

    def cancel_timer(self, timer_id: str) -> None:
        """Take away; nothing when there is none."""
        _CANCEL.run(self._db, {"b_id": timer_id})

    def take_timer(self, timer_id: str, *, now: datetime) -> Timer | None:
        """Take away a timer that is due; None when there is no such one, or another process took it."""
        row = _TAKE.row(self._db, {"b_id": timer_id, "now": now})
        return None if row is None else to_timer(row)

    def due_timers(self, *, now: datetime, limit: int = 100) -> list[Timer]:
        """What is due, first due first."""
        return [to_timer(row) for row in _DUE.rows(self._db, {"now": now, "limit": limit})]

    def next_timer(self) -> Timer | None:
        """The one that falls due first."""
        row = _NEXT.row(self._db)
        return None if row is None else to_timer(row)

    def want_job(self, kind: str, subject: str, *, now: datetime, lane: str = "", delay: float = 0.0) -> None:
        """Ask for a job in this transaction: `wanted + 1`, due after `delay` seconds, un-parked.

        The same asked for twice counts once. Without a lane it is the job's own. A pending job is brought forward if
        that is sooner, except while it backs off after a failure: asking more often must not hammer what just
        refused. One taken out of parking starts afresh. Written at the transaction's end (`write_jobs`).
        """
        self._asked.append(_wanted(kind, subject, lane, now + timedelta(seconds=delay)))
        self.jobs_wanted = self.jobs_wanted or delay <= 0  # whoever runs jobs looks again before a later one is due

    def want_jobs(self, jobs: Sequence[tuple[str, str, str]], *, now: datetime) -> None:
        """`want_job` for each (kind, subject, lane), all due now."""
        for kind, subject, lane in jobs:
            self.want_job(kind, subject, now=now, lane=lane)

    def write_jobs(self) -> None:
        """Write the jobs asked for: after all else, and by id.

        Incidents of one team share the job of its channel. Two transactions, each with such a job and waiting for a
        message or another job that the other one has, would lock each other out.
        """
        _WANT.run(self._db, *map(job_row, first_of(self._asked, lambda job: (job.id, job.lane, job.due_at))))


def _wanted(kind: str, subject: str, lane: str, due_at: datetime) -> Job:
    return Job(kind=kind, subject=subject, lane=lane or f"{kind}:{subject}", wanted=1, done=0, due_at=due_at)


def _wanting(dialect: str) -> sqlite.Insert | postgresql.Insert:
    """The upsert of a job."""
    statement = inserting(dialect, JOB)
    return statement.on_conflict_do_update(index_elements=["id"], set_=_again(statement))


def _again(statement: sqlite.Insert | postgresql.Insert) -> dict[str, Any]:
    """How a job that is there already changes when it is asked for again."""
    asked = statement.excluded
    pending = (JOB.c.wanted > JOB.c.done) & ~JOB.c.parked
    kept = pending & ((JOB.c.attempts > 0) | (JOB.c.due_at <= asked.due_at))
    return {
        "wanted": JOB.c.wanted + 1,
        "lane": case((asked.lane == asked.id, JOB.c.lane), else_=asked.lane),
        "due_at": case((kept, JOB.c.due_at), else_=asked.due_at),
        "attempts": case((JOB.c.parked, 0), else_=JOB.c.attempts),
        "error": case((JOB.c.parked, ""), else_=JOB.c.error),
        "parked": False,
    }


_WANT = Statement(_wanting)
