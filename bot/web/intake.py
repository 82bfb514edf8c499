"""The intake's hot path: verify raw bytes, parse, and answer after the group commit that holds the alerts.

Many requests share one transaction: a writer thread commits all that is queued, then releases the waiting answers.
Measured beside one commit per request in `make bench`.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from bot.metrics import Metrics
from playbooks import errors
from playbooks.domain.alerts import Alert, Verdict
from playbooks.domain.routing import Router
from playbooks.plays.house import House
from playbooks.plays.receive import keep_raw, receive

log = structlog.get_logger(__name__)

_MOST_BODIES = 256  # in one transaction, so that people's commands never wait long behind alerts
_MOST_ALERTS = 1000
_MANY = 8  # bodies in a commit that make a storm
_GATHERED_FOR = 0.005
_BACKLOG = 4000  # bodies waiting, beyond which a sender is told to come again


@dataclass(slots=True)
class _Waiting:
    alerts: Sequence[Alert]
    done: asyncio.Future[list[Verdict]]
    loop: asyncio.AbstractEventLoop


@dataclass(slots=True)
class GroupCommit:
    """One writer for all bodies. `put` returns when the alerts are on disk."""

    house: House
    router: Callable[[], Router]
    metrics: Metrics
    _queue: queue.SimpleQueue[_Waiting | None] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _enough: int = 0
    """Bodies that the writer waits for; 0 while it does not wait."""
    _gathered: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start the writer."""
        self._thread = threading.Thread(target=self._write_all, name="intake-writer", daemon=True)
        self._thread.start()

    def stop(self, *, patience: float = 4.0) -> None:
        """Commit what is queued, then end."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(patience)

    @property
    def full(self) -> bool:
        """Whether a sender has to come again."""
        return self._queue.qsize() > _BACKLOG

    async def put(self, alerts: Sequence[Alert]) -> list[Verdict]:
        """Record a body's alerts with all others that wait. Raises `errors.StoreBusy`: the sender must repeat."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(alerts, loop.create_future(), loop)
        self._queue.put(waiting)
        if self._enough and self._queue.qsize() >= self._enough:
            self._gathered.set()
        return await waiting.done

    # ------------------------------------------------------------ writer

    def _write_all(self) -> None:
        before = 0
        while True:
            if before >= _MANY:
                self._gather(before)
            batch, last = self._take()
            if batch:
                self._commit(batch)
            if last:
                return
            before = len(batch)

    def _gather(self, answered: int) -> None:
        """In a storm, let those just answered send again before the next commit: fewer and larger ones.

        Reading and writing share one interpreter, so that they hinder each other more than they overlap.
        """
        self._gathered.clear()
        self._enough = min(_MOST_BODIES, answered + self._queue.qsize())
        if self._queue.qsize() < self._enough:
            self._gathered.wait(_GATHERED_FOR)
        self._enough = 0

    def _take(self) -> tuple[list[_Waiting], bool]:
        first = self._queue.get()
        if first is None:
            return [], True
        batch, alerts = [first], len(first.alerts)
        with contextlib.suppress(queue.Empty):
            while len(batch) < _MOST_BODIES and alerts < _MOST_ALERTS:
                more = self._queue.get_nowait()
                if more is None:
                    return batch, True
                batch.append(more)
                alerts += len(more.alerts)
        return batch, False

    def _commit(self, batch: list[_Waiting]) -> None:
        self.metrics.batch.observe(len(batch))
        try:
            verdicts = receive(self.house, self.router(), [w.alerts for w in batch])
        except errors.MusterError as error:
            log.error("intake_not_committed", code=error.code, bodies=len(batch))
            self._settle(batch, [error] * len(batch))
        except Exception:  # one poisonous body must not take the others with it
            log.exception("intake_batch_failed", bodies=len(batch))
            self._settle(batch, [self._alone(w) for w in batch])
        else:
            self._settle(batch, verdicts)

    def _alone(self, waiting: _Waiting) -> list[Verdict] | errors.MusterError:
        """One body by itself; what still fails is kept for triage with its reason."""
        try:
            return receive(self.house, self.router(), [waiting.alerts])[0]
        except errors.MusterError as error:
            return error
        except Exception as error:  # the last handler of the intake: logged, kept, told to triage
            log.exception("alert_poisonous")
            source = waiting.alerts[0].source if waiting.alerts else ""
            try:
                kept = keep_raw(self.house, source=source, body=repr(list(waiting.alerts)), why=type(error).__name__)
            except errors.MusterError as busy:
                return busy
            return [kept]

    def _settle(self, batch: list[_Waiting], answers: Sequence[list[Verdict] | errors.MusterError]) -> None:
        """Release the waiting answers, one wake-up per event loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, list[Verdict] | errors.MusterError]]] = {}
        for waiting, answer in zip(batch, answers, strict=True):
            by_loop.setdefault(waiting.loop, []).append((waiting, answer))
        for loop, pairs in by_loop.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed: the sender is gone, the alerts are on disk
                loop.call_soon_threadsafe(_release, pairs)


def _release(pairs: list[tuple[_Waiting, list[Verdict] | errors.MusterError]]) -> None:
    for waiting, answer in pairs:
        if waiting.done.done():
            continue
        if isinstance(answer, errors.MusterError):
            waiting.done.set_exception(answer)
        else:
            waiting.done.set_result(answer)
