"""Intake beside the ceiling: pairs run back to back, so that a busy machine slows both."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench.alerts import COMPONENTS, Load
from tests.bench.client import Job, Report
from tests.bench.farm import TOKEN, Setting, Started, ceiling, median, muster, percentile, send

_RUNS = count()
CONNECTIONS = 32
WARM = 60 * len(COMPONENTS)  # the storm is under way: incidents are open, their owners told


@dataclass
class Side:
    """One server's figures over the rounds."""

    per_second: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def add(self, report: Report, cpu: float, batch: int = 1) -> None:
        """Take a run in; figures are per alert, latencies per post. Raises RuntimeError for anything but 202."""
        if set(report.statuses) != {"202"}:
            raise RuntimeError(f"not every alert was accepted: {report.statuses}")
        sent = len(report.latencies) * batch
        self.per_second.append(sent / report.seconds)
        self.p50.append(1e3 * percentile(report.latencies, 0.5))
        self.p99.append(1e3 * percentile(report.latencies, 0.99))
        self.cpu_ms.append(1e3 * cpu / sent)

    def medians(self) -> dict[str, float]:
        """The medians by name."""
        named = {"per_second": self.per_second, "p50_ms": self.p50, "p99_ms": self.p99, "cpu_ms": self.cpu_ms}
        return {name: round(median(values), 3) for name, values in named.items()}


@dataclass
class Paired:
    """Both sides, and the median of the ratios of the pairs."""

    ceiling: Side = field(default_factory=Side)
    ours: Side = field(default_factory=Side)

    def figures(self) -> dict[str, object]:
        """For the table and the JSON."""
        rates = [o / b for o, b in zip(self.ours.per_second, self.ceiling.per_second, strict=True)]
        costs = [o / b for o, b in zip(self.ours.cpu_ms, self.ceiling.cpu_ms, strict=True) if b]
        return {
            "ceiling": self.ceiling.medians(),
            "ours": self.ours.medians(),
            "ratio": round(median(rates), 3),
            "ratios": [round(each, 3) for each in rates],
            "cpu_times_ceiling": round(median(costs), 2),
        }


def loaded(server: Started, load: Load, *, warm: int = WARM, quiet: float = 0.0) -> tuple[Report, float]:
    """Send a load over 32 connections; the report, and the server's seconds of processor time.

    With `warm` alerts a storm is under way before; with `quiet` what it has to tell in Slack is told first.
    """
    run = f"r{next(_RUNS)}"
    if warm:
        send(Job(server.port, f"{run}-warm", warm, CONNECTIONS, token=TOKEN))
        if quiet:
            server.settle(quiet=quiet)
    before = server.cpu()
    report = send(job_of(server, run, load))
    return report, server.cpu() - before


def job_of(server: Started, run: str, load: Load, *, rate: float = 0.0) -> Job:
    """A load as the sender takes it."""
    return Job(
        server.port,
        run,
        load.posts,
        CONNECTIONS,
        load.distinct,
        load.batch,
        load.repeated,
        load.components,
        rate=rate,
        token=TOKEN,
    )


def pairs(
    setting: Callable[[int], Setting], folder: Path, load: Load, *, rounds: int, warm: int = WARM, quiet: float = 6.0
) -> Paired:
    """Ceiling, ours, ceiling, ours …, each on an empty database."""
    both = Paired()
    for number in range(rounds):
        mine = setting(number)
        with ceiling(folder / f"ceiling-{next(_RUNS)}", mine.extra) as bare:
            both.ceiling.add(*loaded(bare, load, warm=warm), load.batch)
        with muster(mine) as ours:
            both.ours.add(*loaded(ours, load, warm=warm, quiet=quiet), load.batch)
            if not mine.database:
                _held(mine.folder / "muster.db", load.least)
    return both


def _held(file: Path, least: int) -> None:
    """Raises RuntimeError when fewer alerts are stored than were accepted."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM alert").fetchone()
    if stored < least:
        raise RuntimeError(f"{stored} alerts are stored, {least} were accepted")
