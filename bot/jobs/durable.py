"""The adapter to DBOS for many processes: jobs as workflows, while the rows of the job board stay the truth."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import structlog

from bot.jobs.engine import OnOutcome, OnParked, Runner, settle
from playbooks import errors
from playbooks.ports import Clock, Job, JobBoard

_log = structlog.get_logger(__name__)
_QUEUE = "muster-jobs"
_MANY = 20
_BREATH = 0.05


@dataclass(frozen=True, slots=True)
class Executors:
    """What the engine needs of the executors' heartbeats.

    Attributes:
        beat: says that this executor lives. claim_dead: ids of executors that stopped, each given to one caller only.
    """

    beat: Callable[[], None]
    claim_dead: Callable[[], Sequence[str]]


class _TextSerializer:
    """Plain JSON instead of DBOS's pickle: whoever may write its tables cannot make us run code."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=str)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    def name(self) -> str:
        return "muster_json"


class DbosEngine:
    """Runs jobs as DBOS workflows; the rows of the job board stay the truth.

    A relay looks at the board, at once when nudged, and starts one workflow per state of a job: its id says which
    (`done`, `attempts`, `due_at`), so the same state is never run twice at once, however often it is seen. The body
    reads the row again before it does anything, so a workflow that comes late does nothing.

    For PostgreSQL, where many processes work: through a DBOS queue partitioned by lane, in the same database, so that a
    lane is exclusive across all processes. One process alone needs none of it: see `bot.jobs.local`.

    Args:
        database_url: the address of the main database. executor_id: stable over restarts, different per replica.
        executors: heartbeats; None where there is one process. workers: jobs at the same time in this process.
        poll: seconds between two looks of the queue. look: seconds between two looks at the board.
        stale: seconds after which a workflow that should have run is asked after.
    """

    def __init__(
        self,
        board: JobBoard,
        clock: Clock,
        runner: Runner,
        *,
        database_url: str,
        executor_id: str,
        executors: Executors | None = None,
        on_parked: OnParked | None = None,
        on_outcome: OnOutcome | None = None,
        workers: int = 8,
        poll: float = 0.1,
        look: float = 0.25,
        stale: float = 2.0,
        beat_every: float = 5.0,
    ) -> None:
        self._board, self._clock, self._runner = board, clock, runner
        self._on_parked, self._on_outcome = on_parked, on_outcome
        self._url, self._executor_id, self._executors = database_url, executor_id, executors
        self._workers, self._poll, self._look, self._stale, self._beat_every = workers, poll, look, stale, beat_every
        self._state = threading.Condition()
        self._lanes: set[str] = set()
        self._inside = 0  # workflows under way in this process
        self._asked: dict[str, float] = {}  # state of a job -> when its workflow may be asked after
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._relay: threading.Thread | None = None
        self._dbos: Any = None
        self._workflow: Any = None

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Launch DBOS and the relay. Takes most of a second, so call it after HTTP answers."""
        # Not at the top: the import alone takes half a second and nothing else needs it.
        import dbos

        _quiet()
        self._dbos = dbos
        dbos.DBOS(config=self._config())
        self._workflow = dbos.DBOS.workflow(name="muster_job")(self._workflow_function())
        dbos.DBOS.launch()
        dbos.DBOS.register_queue(
            _QUEUE,
            worker_concurrency=self._workers,
            partition_concurrency=1,
            polling_interval_sec=self._poll,
            on_conflict="always_update",
        )
        self._relay = threading.Thread(target=self._relaying, name="job-relay", daemon=True)
        self._relay.start()

    def stop(self, *, patience: float = 4.0) -> None:
        """Start nothing more, wait for running bodies up to `patience` seconds, and let go of the database."""
        self._stopping.set()
        self._wake.set()
        if self._relay is not None:
            self._relay.join(patience)
        with self._state:
            # What DBOS still writes down about a body that ended needs the database, too: else it tries for ever.
            self._state.wait_for(lambda: not self._lanes and not self._inside, timeout=patience)
        if self._dbos is not None:
            self._dbos.DBOS.destroy(destroy_registry=True)

    def nudge(self) -> None:
        """Look at the board now; for the store's `on_commit`."""
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Whether no body runs in this process."""
        return not self._lanes

    def _config(self) -> Any:
        return {
            "name": "muster",
            "application_version": "muster",  # pinned: an upgrade picks up what the old version left
            "executor_id": self._executor_id,
            "serializer": _TextSerializer(),
            "enable_otlp": False,
            "log_level": "ERROR",
            "notification_listener_polling_interval_sec": 0.5,
            "max_executor_threads": self._workers + 8,
            "system_database_url": self._url,
            "db_engine_kwargs": {"pool_pre_ping": False},  # a lost connection is met by DBOS's own retries
        }

    # ------------------------------------------------------------ relay

    def _relaying(self) -> None:
        next_beat = 0.0
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + self._beat_every
                    self._keep()
                due = self._board.pending(now=self._clock.now())
                for job in due:
                    self._offer(job)
                if len(due) > _MANY:  # nobody waits for a look while there is so much to do
                    self._stopping.wait(_BREATH)
            except Exception:  # noqa: BLE001  the job loop's last handler: the next look may go well
                _log.exception("jobs.relay_failed")
                self._stopping.wait(self._look)
            self._wake.wait(self._look)

    def _keep(self) -> None:
        """What is done every few seconds: say that we live, take over from who doesn't, tidy up."""
        if self._executors is not None:
            self._executors.beat()
            for dead in self._executors.claim_dead():
                self._drop(dead)
        self._tidy()

    def _offer(self, job: Job) -> None:
        state = f"{job.id}:{job.done}:{job.attempts}:{job.due_at.timestamp():.6f}"
        now, until = time.monotonic(), self._asked.get(state)
        if until is not None and until > now:
            return
        if len(self._asked) > 10_000:
            self._asked = {known: until for known, until in self._asked.items() if until > now}
        self._asked[state] = now + self._stale
        self._begin(job, state, first=until is None)

    def _begin(self, job: Job, state: str, *, first: bool) -> None:
        """Start the workflow of this state unless one is under way; a further one when one ended without effect.

        Seen for the first time nothing is asked: DBOS starts no workflow under an id that it knows.
        """
        dbos = self._dbos
        for number in count():
            workflow_id = f"{state}:{number}"
            status = None if first else dbos.DBOS.get_workflow_status(workflow_id)
            if status is None:
                break
            if status.status in ("PENDING", "ENQUEUED", "DELAYED"):
                return
        with dbos.SetWorkflowID(workflow_id), dbos.SetEnqueueOptions(queue_partition_key=job.lane):
            dbos.DBOS.enqueue_workflow(_QUEUE, self._workflow, job.id, state)

    def _drop(self, executor_id: str) -> None:
        """Cancel what a stopped executor left running; the rows are the truth and are relayed under a new id."""
        left = self._ids(status=["PENDING"], executor_id=executor_id)
        if left:
            _log.info("jobs.taken_over", executor=executor_id, count=len(left))
            self._dbos.DBOS.cancel_workflows(left)

    def _tidy(self) -> None:
        """Forget workflows that ended: what they did is in the rows."""
        ended = self._ids(status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"], limit=1000)
        if ended:
            self._dbos.DBOS.delete_workflows(ended)

    def _ids(self, **which: Any) -> list[str]:
        found = self._dbos.DBOS.list_workflows(load_input=False, load_output=False, **which)
        return [workflow.workflow_id for workflow in found]

    # ------------------------------------------------------------ body

    def _workflow_function(self) -> Callable[[str, str], None]:
        """The body as a plain function: DBOS marks what it registers, and a bound method cannot be marked."""

        def muster_job(job_id: str, state: str) -> None:
            self._count(1)
            try:
                self._settle(job_id, state)
            finally:
                self._count(-1)

        return muster_job

    def _count(self, more: int) -> None:
        with self._state:
            self._inside += more
            self._state.notify_all()

    def _settle(self, job_id: str, state: str) -> None:
        lane = self._lane_of(job_id)
        if not lane:
            self._asked[state] = 0.0
            return
        try:
            # Read inside the lane, where nobody else moves it.
            job = self._board.get(job_id)
            if job is not None and self._runnable(job):
                settle(
                    self._board,
                    self._clock,
                    job,
                    self._runner,
                    on_parked=self._on_parked,
                    on_outcome=self._on_outcome,
                )
        except errors.StoreBusy as error:
            _log.warning("job.not_recorded", job=job_id, code=error.code)
        finally:
            self._leave(lane)
            self._wake.set()

    def _lane_of(self, job_id: str) -> str:
        """Take the lane of a job that came by the queue; empty when it is taken or the engine stops."""
        job = self._board.get(job_id)
        return job.lane if job is not None and self._enter(job.lane) else ""

    def _runnable(self, job: Job) -> bool:
        return job.wanted > job.done and not job.parked and job.due_at <= self._clock.now()

    def _enter(self, lane: str) -> bool:
        with self._state:
            if lane in self._lanes or len(self._lanes) >= self._workers or self._stopping.is_set():
                return False
            self._lanes.add(lane)
            return True

    def _leave(self, lane: str) -> None:
        with self._state:
            self._lanes.discard(lane)
            self._state.notify_all()


def _quiet() -> None:
    """Let DBOS log through ours instead of its own handler, and only what is wrong."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # else it adds a console handler of its own
