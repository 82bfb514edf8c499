"""Runs durable jobs: what is done with each outcome, and a deterministic executor for tests and simulations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol

import structlog

from bot.jobs.outcome import Later, RunResult
from playbooks import errors
from playbooks.ports import Clock, Job, JobBoard

_log = structlog.get_logger(__name__)

_AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})
# A try a minute for a day: an outage of Slack or of a lever's system is outlived, then a person is told.
_GIVE_UP_AFTER = 1440
_GIVE_UP_UNEXPECTED_AFTER = 5
_LONGEST = 60.0


OnParked = Callable[[Job, errors.MusterError], None]
OnOutcome = Callable[[Job, str], None]


class Runner(Protocol):
    """Runs one job's body."""

    def run(self, job: Job) -> RunResult:
        """Bring the job's subject forward; may be called again after it took effect. May raise errors.MusterError."""
        ...


def backoff(job: Job) -> float:
    """Seconds until the next try: 1, 2, 4 … 60, spread by a fifth so that failures don't return in step."""
    seconds = min(_LONGEST, 2.0 ** min(job.attempts, 10))
    digest = sha256(f"{job.id}/{job.attempts}".encode()).digest()
    return seconds * (0.8 + 0.2 * digest[0] / 255)


def settle(
    board: JobBoard,
    clock: Clock,
    job: Job,
    runner: Runner,
    *,
    on_parked: OnParked | None = None,
    on_outcome: OnOutcome | None = None,
) -> None:
    """Run one job and record how it ended.

    Args:
        on_parked: called after a job was given up, to tell people.
        on_outcome: called with `done`, `later`, `retry` or `parked`, to count.

    Raises:
        errors.StoreBusy: the outcome could not be recorded; the job is still pending and will be run again.
    """
    outcome = _outcome(board, clock, job, runner, on_parked)
    if on_outcome is not None:
        on_outcome(job, outcome)


def _outcome(board: JobBoard, clock: Clock, job: Job, runner: Runner, on_parked: OnParked | None) -> str:
    try:
        result = runner.run(job)
    except errors.MusterError as error:
        if error.kind is errors.Kind.RATE_LIMITED:  # no failure: its turn comes when the other side says
            board.reschedule(job, due_at=clock.now() + timedelta(seconds=error.retry_after or backoff(job)))
            return "later"
        if error.kind not in _AGAIN or job.attempts + 1 >= _GIVE_UP_AFTER:
            return _park(board, job, error, on_parked)
        _log.info("job.retry", job=job.id, lane=job.lane, attempt=job.attempts + 1, code=error.code)
        return _postpone(board, clock, job, error)
    except Exception as error:  # noqa: BLE001  the job loop's last handler: a body's bug must not stop the others
        _log.exception("job.crashed", job=job.id, lane=job.lane, attempt=job.attempts + 1)
        told = errors.MusterError(
            f"An unexpected error stopped this: {type(error).__name__}.", "The log says more.", code="unexpected"
        )
        if job.attempts + 1 >= _GIVE_UP_UNEXPECTED_AFTER:
            return _park(board, job, told, on_parked)
        return _postpone(board, clock, job, told)
    if isinstance(result, Later):
        board.reschedule(job, due_at=result.at)
        return "later"
    board.finish(job)
    return "done"


def _postpone(board: JobBoard, clock: Clock, job: Job, error: errors.MusterError) -> str:
    seconds = backoff(job) if error.retry_after is None else error.retry_after
    board.postpone(job, due_at=clock.now() + timedelta(seconds=seconds), error=error.told)
    return "retry"


def _park(board: JobBoard, job: Job, error: errors.MusterError, on_parked: OnParked | None) -> str:
    _log.warning("job.parked", job=job.id, lane=job.lane, attempt=job.attempts + 1, code=error.code)
    board.park(job, error=error.told)
    if on_parked is not None:
        on_parked(job, error)
    return "parked"


# ---------------------------------------------------------------- in tests and simulations


class DeterministicExecutor:
    """Runs due jobs in the calling thread, in due order, or in an order that follows from a seed.

    Args:
        seed: which of the due jobs comes next is drawn from it, the same way every time; None: due order.
        limit: runs per call after which a job that never ends is taken for a bug.
    """

    def __init__(
        self,
        board: JobBoard,
        clock: Clock,
        runner: Runner,
        *,
        seed: int | None = None,
        limit: int = 10_000,
        on_parked: OnParked | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> None:
        self._board, self._clock, self._runner = board, clock, runner
        self._seed, self._limit = seed, limit
        self._on_parked, self._on_outcome = on_parked, on_outcome
        self._runs = 0

    def run_due(self) -> int:
        """Run until nothing is due; returns the number of runs. Raises RuntimeError when it does not end."""
        for done in range(self._limit):
            due = self._board.pending(now=self._clock.now(), limit=1 if self._seed is None else 200)
            if not due:
                return done
            settle(
                self._board,
                self._clock,
                self._pick(due),
                self._runner,
                on_parked=self._on_parked,
                on_outcome=self._on_outcome,
            )
        raise RuntimeError(f"jobs are still due after {self._limit} runs")

    def drain(self, advance: Callable[[datetime], None] | None = None) -> int:
        """Run what is due, moving the clock to the next due time again and again until nothing is pending.

        Args:
            advance: sets the clock to a later time; without it only what is due now is run.
        """
        runs = self.run_due()
        while advance is not None and runs < self._limit:
            coming = self._board.pending(now=datetime.max.replace(tzinfo=UTC), limit=1)
            if not coming:
                return runs
            advance(coming[0].due_at)
            runs += self.run_due()
        return runs

    def _pick(self, due: list[Job]) -> Job:
        if self._seed is None:
            return due[0]
        self._runs += 1
        return min(due, key=lambda job: sha256(f"{self._seed}/{self._runs}/{job.id}".encode()).digest())
