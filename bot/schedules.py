"""The cadence: a table of ticks. APScheduler keeps time in memory only; what is due stands in rows, so none is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.metrics import Metrics
from playbooks import errors
from playbooks.ports import Clock

log = structlog.get_logger(__name__)

_TOGETHER = 4  # ticks that run at the same time; two ask others over the network and may wait long


@dataclass(frozen=True, slots=True)
class Tick:
    """A schedule: `work` is called every `every`; whether something is due it finds by condition."""

    id: str
    every: timedelta
    work: Callable[[], object]


@dataclass(slots=True)
class Schedules:
    """Runs the ticks and knows when each ran last, so that a silent one is seen from outside."""

    clock: Clock
    metrics: Metrics
    ticks: Sequence[Tick]
    last: dict[str, datetime] = field(default_factory=dict)
    _scheduler: BackgroundScheduler | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start; each tick runs once at once."""
        # one store per process and no job store: two schedulers on one job store are not supported upstream
        scheduler = BackgroundScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(_TOGETHER)})
        for tick in self.ticks:
            scheduler.add_job(
                self.run,
                "interval",
                args=[tick],
                seconds=tick.every.total_seconds(),
                id=tick.id,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
        scheduler.start()
        self._scheduler = scheduler
        threading.Thread(target=self.run_all, name="first-ticks", daemon=True).start()

    def stop(self) -> None:
        """Stop; a tick that runs ends first."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)

    def run_all(self) -> None:
        """Every tick once, now."""
        for tick in self.ticks:
            self.run(tick)

    def run(self, tick: Tick) -> None:
        """One tick. What it raises is logged: the next one comes."""
        try:
            tick.work()
        except errors.MusterError as error:
            log.error("tick_failed", tick=tick.id, code=error.code, sentence=error.sentence)
            return
        with self._lock:
            self.last[tick.id] = self.clock.now()
        self.metrics.ticks.labels(tick.id).set(self.clock.now().timestamp())

    def late(self) -> dict[str, str]:
        """Ticks that did not run for five of their periods (a minute at least): id -> sentence."""
        now = self.clock.now()
        found = {}
        for tick in self.ticks:
            last = self.last.get(tick.id)
            limit = max(tick.every * 5, timedelta(minutes=1))
            if last is not None and now - last > limit:
                found[tick.id] = f"last ran {int((now - last).total_seconds())} s ago"
        return found
