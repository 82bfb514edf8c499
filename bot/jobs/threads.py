"""Runs durable jobs in threads: the rows of the job board are all there is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog

from bot.jobs.engine import OnOutcome, OnParked, Runner, settle
from playbooks import errors
from playbooks.ports import Clock, Job, JobBoard, Lanes

_log = structlog.get_logger(__name__)
_MANY = 20
_BREATH = 0.05
_SOONEST = 0.01
_AGAIN = frozenset({"later", "retry"})


class ThreadEngine:
    """Runs what is due on the board, each lane by one thread at a time.

    Which lanes this process is in is known in memory alone, so that a start after a crash finds none taken and runs
    again what the rows say was not done.

    Args:
        lanes: keep other processes out of a lane; None where no other works on the database (SQLite).
        workers: jobs at the same time. look: seconds between two looks at the board when nobody asks for one
            and nothing falls due earlier.
        alone: seconds after the start in which one job runs at a time.
    """

    def __init__(
        self,
        board: JobBoard,
        clock: Clock,
        runner: Runner,
        *,
        on_parked: OnParked | None = None,
        on_outcome: OnOutcome | None = None,
        lanes: Lanes | None = None,
        workers: int = 8,
        look: float = 0.25,
        alone: float = 1.0,
    ) -> None:
        self._board, self._clock, self._runner = board, clock, runner
        self._on_parked, self._on_outcome = on_parked, on_outcome
        self._lanes, self._look, self._alone = lanes, look, alone
        self._state = threading.Condition()
        self._due: dict[str, Job] = {}  # by id, first due first
        self._taken: set[str] = set()  # lanes
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._looking, name="job-look", daemon=True),
            *(threading.Thread(target=self._working, args=(n,), name=f"job-{n}", daemon=True) for n in range(workers)),
        ]

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, patience: float = 4.0) -> None:
        """Start nothing more and wait for running bodies up to `patience` seconds."""
        self._stopping.set()
        self._wake.set()
        with self._state:
            self._state.notify_all()
        end = time.monotonic() + patience
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))
        if self._lanes is not None and self.idle:  # a body that still runs keeps its lane until the process is gone
            self._lanes.close()

    def nudge(self) -> None:
        """Look at the board now; for the store's `on_commit`."""
        self._wake.set()

    def next_due(self, *, before: datetime) -> datetime | None:
        """When the first job on the board that is due until `before` falls due, or fell due."""
        return next((job.due_at for job in self._board.pending(now=before, limit=1)), None)

    @property
    def idle(self) -> bool:
        """Whether no body runs."""
        return not self._taken

    # ------------------------------------------------------------ threads

    def _looking(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            now = self._clock.now()
            try:
                seen = self._board.pending(now=now + timedelta(seconds=self._look))
            except Exception:  # noqa: BLE001  the job loop's last handler: the next look may go well
                _log.exception("jobs.not_read")
                self._stopping.wait(self._look)
                continue
            due = {job.id: job for job in seen if job.due_at <= now}
            with self._state:
                self._due = due
                self._state.notify(len(due))
            if len(due) > _MANY:  # nobody waits for a look while there is so much to do
                self._stopping.wait(_BREATH)
            coming = next((job.due_at - now for job in seen if job.due_at > now), None)
            self._wake.wait(self._look if coming is None else max(_SOONEST, coming.total_seconds()))

    def _working(self, number: int) -> None:
        if number:  # what comes in after a start goes first: all that was left undone waited longer already
            self._stopping.wait(self._alone)
        while (job := self._take()) is not None:
            try:
                with self._entered(job.lane) as ours:
                    if ours:
                        self._run(job.id)
            except errors.StoreBusy as error:
                _log.warning("job.not_recorded", job=job.id, code=error.code)
                self._stopping.wait(self._look)
            except Exception:  # noqa: BLE001  the job loop's last handler: the row is as it was, and is looked at again
                _log.exception("job.failed", job=job.id)
                self._stopping.wait(self._look)
            finally:
                # Nobody is woken: who waits found nothing to do, and what this lane lets through is next here.
                with self._state:
                    self._taken.discard(job.lane)

    def _take(self) -> Job | None:
        """The first due job whose lane is free, and its lane; None when the engine stops."""
        with self._state:
            while not self._stopping.is_set():
                job = next((job for job in self._due.values() if job.lane not in self._taken), None)
                if job is not None:
                    del self._due[job.id]
                    self._taken.add(job.lane)
                    return job
                self._state.wait()
        return None

    @contextmanager
    def _entered(self, lane: str) -> Iterator[bool]:
        """Whether no other process is in the lane; if one is, the job is looked at again later."""
        if self._lanes is None:
            yield True
        elif not self._lanes.enter(lane):
            yield False
        else:
            try:
                yield True
            finally:
                self._lanes.leave(lane)

    def _run(self, job_id: str) -> None:
        # Read inside the lane, where nobody else moves it: what was seen as due may be done by now.
        job = self._board.get(job_id)
        if job is None or job.parked or job.wanted <= job.done or job.due_at > self._clock.now():
            return
        settle(self._board, self._clock, job, self._runner, on_parked=self._on_parked, on_outcome=self._settled)

    def _settled(self, job: Job, outcome: str) -> None:
        if outcome in _AGAIN:
            self._wake.set()  # its turn may come before the next look
        if self._on_outcome is not None:
            self._on_outcome(job, outcome)
