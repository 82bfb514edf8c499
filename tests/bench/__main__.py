"""`python -m tests.bench [--quick] [--only NAME …] [--json FILE]`: every goal's figure, as a table and as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from tests.bench.alerts import COMPONENTS, Load
from tests.bench.commands import acks
from tests.bench.crash import crash
from tests.bench.disk import slower
from tests.bench.farm import Setting, workspace
from tests.bench.figures import figures
from tests.bench.grown import grown
from tests.bench.intake import WARM, pairs
from tests.bench.lasting import memory_over
from tests.bench.ownership import ownership
from tests.bench.postmortem import postmortem
from tests.bench.starting import memory, starts
from tests.bench.storm import storm
from tests.bench.telling import told
from tests.real.postgres import postgres


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    alerts: int
    commands: int
    seconds: float
    told: int
    starts: int
    quiet: float
    storm: tuple[int, float, int, float]  # alerts, seconds, components, patience
    stored: tuple[int, int]  # alerts, incidents
    minutes: float


QUICK = Size(1, 3000, 20, 4, 4, 1, 1.0, (1000, 6, 8, 120), (50_000, 500), 1.0)
# So many alerts that what is told of a storm every half minute is told while they are taken in.
FULL = Size(3, 40_000, 60, 40, 20, 5, 12.0, (10_000, 60, 50, 600), (1_000_000, 10_000), 10.0)


class Bench:
    """The measurements by name, each on a database and a workspace of its own."""

    def __init__(self, folder: Path, size: Size) -> None:
        self._folder, self._size = folder, size
        ten = Load(max(1, size.alerts // 10), batch=10)
        self.named: dict[str, Callable[[], dict[str, Any]]] = {
            "distinct on SQLite": lambda: self._paired("sqlite-distinct", Load(size.alerts)),
            "from nothing on SQLite": lambda: self._paired("opening", Load(min(size.alerts, 8000)), warm=0),
            "ten in a post on SQLite": lambda: self._paired("sqlite-ten", ten),
            "duplicates on SQLite": lambda: self._paired("sqlite-duplicates", Load(size.alerts, distinct=50)),
            "nine of ten repeated on SQLite": lambda: self._paired("sqlite-mixed", Load(size.alerts, repeated=9)),
            "distinct on a slow disk": lambda: self._slow("slow-distinct", Load(size.alerts)),
            "ten in a post on a slow disk": lambda: self._slow("slow-ten", ten),
            "distinct on PostgreSQL": self._on_postgres,
            "storm against Slack's limits": self._storm,
            "grown": lambda: self._one("grown", self._grown),
            "command acks": lambda: self._one("acks", self._acks),
            "owner told": lambda: self._one("told", self._told),
            "start": lambda: self._one("start", lambda at: starts(at, rounds=size.starts)),
            "crash on SQLite": lambda: self._one("crash", lambda at: crash(at, rounds=size.starts)),
            "crash on PostgreSQL": self._crash_on_postgres,
            "ownership": lambda: ownership(folder / "ownership", times=10 * size.commands),
            "figures": lambda: figures(folder / "figures", times=size.commands),
            "postmortem": lambda: postmortem(folder / "postmortem"),
            "memory": lambda: self._one("memory", lambda at: memory(at, alerts=size.alerts)),
            "memory over minutes": lambda: self._one("lasting", lambda at: memory_over(at, minutes=size.minutes)),
        }

    def _acks(self, at: Setting) -> dict[str, Any]:
        return acks(at, times=self._size.commands, seconds=self._size.seconds, quiet=self._size.quiet)

    def _told(self, at: Setting) -> dict[str, Any]:
        return asyncio.run(told(at, alerts=self._size.told))

    def _one(self, name: str, measure: Callable[[Setting], dict[str, Any]]) -> dict[str, Any]:
        with workspace() as slack:
            return measure(Setting(self._folder / name, slack))

    def _paired(
        self, name: str, load: Load, extra: Mapping[str, str] | None = None, *, warm: int = WARM
    ) -> dict[str, Any]:
        with workspace() as slack:
            both = pairs(
                lambda number: Setting(self._folder / f"{name}-{number}", slack, extra=extra or {}),
                self._folder / name,
                load,
                rounds=self._size.rounds,
                warm=warm,
                quiet=self._size.quiet,
            )
        return both.figures()

    def _slow(self, name: str, load: Load) -> dict[str, Any]:
        extra = slower(self._folder / "disk")
        if not extra:
            return {"not_measured": "there is no C compiler"}
        return self._paired(name, load, extra)

    def _on_postgres(self) -> dict[str, Any]:
        with workspace() as slack, postgres(durable=True) as server, ExitStack() as databases:

            def setting(number: int) -> Setting:
                database = databases.enter_context(server.database())
                return Setting(self._folder / f"postgres-{number}", slack, database)

            size = self._size
            folder = self._folder / "postgres"
            both = pairs(setting, folder, Load(size.alerts), rounds=size.rounds, quiet=size.quiet)
        return both.figures()

    def _crash_on_postgres(self) -> dict[str, Any]:
        with workspace() as slack, postgres(durable=True) as server, server.database() as database:
            return crash(Setting(self._folder / "crash-postgres", slack, database), rounds=self._size.starts)

    def _storm(self) -> dict[str, Any]:
        alerts, seconds, components, within = self._size.storm
        with workspace(strict=True, teams=len(COMPONENTS)) as slack:
            setting = Setting(self._folder / "storm", slack, teams=len(COMPONENTS))
            return storm(setting, alerts=alerts, seconds=seconds, components=components, within=within)

    def _grown(self, at: Setting) -> dict[str, Any]:
        size = self._size
        alerts, incidents = size.stored
        load = Load(size.alerts)
        return grown(at, alerts=alerts, incidents=incidents, load=load, rounds=size.rounds, quiet=size.quiet)


def _flat(figures: dict[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{head}{name} ")
        else:
            yield head + name, value


def _show(name: str, figures: dict[str, Any], seconds: float) -> None:
    print(f"\n{name}  ({seconds:.0f} s)")
    for label, value in _flat(figures):
        print(f"  {label:<28} {value}")
    sys.stdout.flush()


@contextmanager
def _kept_tidy() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="muster-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ended(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM unwinds like Ctrl-C, so that no server is left behind."""
    raise SystemExit(143)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of each, about a minute at most")
    parser.add_argument("--minutes", type=float, help="of the measurement of memory over minutes")
    parser.add_argument("--only", nargs="*", default=[], help="measurements whose name holds one of these words")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _ended)
    results: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0], "quick": given.quick}
    with _kept_tidy() as folder:
        size = QUICK if given.quick else FULL
        size = replace(size, minutes=given.minutes) if given.minutes else size
        for name, measure in Bench(folder, size).named.items():
            if given.only and not any(word.lower() in name.lower() for word in given.only):
                continue
            began = time.perf_counter()
            results[name] = measure()
            _show(name, results[name], time.perf_counter() - began)
    results["load_after"] = os.getloadavg()[0]
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
