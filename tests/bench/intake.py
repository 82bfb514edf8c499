"""Intake beside the ceiling: pairs run back to back, so that a busy machine slows both."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench.alerts import COMPONENTS
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

    def add(self, report: Report, cpu: float) -> None:
        """Take a run in. Raises RuntimeError for anything but 202."""
        if set(report.statuses) != {"202"}:
            raise RuntimeError(f"not every alert was accepted: {report.statuses}")
        sent = len(report.latencies)
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
        pairs = list(zip(self.ours.per_second, self.ceiling.per_second, strict=True))
        ratios = [ours / bare for ours, bare in pairs]
        return {
            "ceiling": self.ceiling.medians(),
            "ours": self.ours.medians(),
            "ratio": round(median(ratios), 3),
            "ratios": [round(each, 3) for each in ratios],
        }


def loaded(server: Started, alerts: int, *, distinct: int = 0, quiet: float = 0.0) -> tuple[Report, float]:
    """Send so many alerts over 32 connections; the report, and the server's seconds of processor time.

    A storm is under way before; with `quiet` what it has to tell in Slack is told first.
    """
    run = f"r{next(_RUNS)}"
    send(Job(server.port, f"{run}-warm", WARM, CONNECTIONS, token=TOKEN))
    if quiet:
        server.settle(quiet=quiet)
    before = server.cpu()
    report = send(Job(server.port, run, alerts, CONNECTIONS, distinct, token=TOKEN))
    return report, server.cpu() - before


def pairs(
    setting: Callable[[int], Setting],
    folder: Path,
    *,
    rounds: int,
    alerts: int,
    distinct: int = 0,
    quiet: float = 6.0,
) -> Paired:
    """Ceiling, ours, ceiling, ours …, each on an empty database."""
    both = Paired()
    for number in range(rounds):
        with ceiling(folder / f"ceiling-{next(_RUNS)}") as bare:
            both.ceiling.add(*loaded(bare, alerts, distinct=distinct))
        mine = setting(number)
        with muster(mine) as ours:
            both.ours.add(*loaded(ours, alerts, distinct=distinct, quiet=quiet))
            if not mine.database:
                _held(mine.folder / "muster.db", distinct or alerts)
    return both


def _held(file: Path, least: int) -> None:
    """Raises RuntimeError when fewer alerts are stored than were accepted."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM alert").fetchone()
    if stored < least:
        raise RuntimeError(f"{stored} alerts are stored, {least} were accepted")
