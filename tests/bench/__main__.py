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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tests.bench.commands import acks
from tests.bench.farm import Setting, workspace
from tests.bench.figures import figures
from tests.bench.intake import pairs
from tests.bench.ownership import ownership
from tests.bench.starting import memory, starts
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


QUICK = Size(rounds=1, alerts=3000, commands=20, seconds=4, told=4, starts=1, quiet=1.0)
FULL = Size(rounds=3, alerts=8000, commands=60, seconds=40, told=20, starts=5, quiet=6.0)


class Bench:
    """The measurements by name, each on a database and a workspace of its own."""

    def __init__(self, folder: Path, size: Size) -> None:
        self._folder, self._size = folder, size
        self.named: dict[str, Callable[[], dict[str, Any]]] = {
            "distinct on SQLite": lambda: self._paired("sqlite-distinct"),
            "duplicates on SQLite": lambda: self._paired("sqlite-duplicates", distinct=50),
            "distinct on PostgreSQL": self._on_postgres,
            "command acks": lambda: self._one("acks", self._acks),
            "owner told": lambda: self._one("told", self._told),
            "start": lambda: self._one("start", lambda at: starts(at, rounds=size.starts)),
            "ownership": lambda: ownership(folder / "ownership", times=10 * size.commands),
            "figures": lambda: figures(folder / "figures", times=size.commands),
            "memory": lambda: self._one("memory", lambda at: memory(at, alerts=size.alerts)),
        }

    def _acks(self, at: Setting) -> dict[str, Any]:
        return acks(at, times=self._size.commands, seconds=self._size.seconds, quiet=self._size.quiet)

    def _told(self, at: Setting) -> dict[str, Any]:
        return asyncio.run(told(at, alerts=self._size.told))

    def _one(self, name: str, measure: Callable[[Setting], dict[str, Any]]) -> dict[str, Any]:
        with workspace() as slack:
            return measure(Setting(self._folder / name, slack))

    def _paired(self, name: str, *, distinct: int = 0) -> dict[str, Any]:
        with workspace() as slack:
            both = pairs(
                lambda number: Setting(self._folder / f"{name}-{number}", slack),
                self._folder,
                rounds=self._size.rounds,
                alerts=self._size.alerts,
                distinct=distinct,
                quiet=self._size.quiet,
            )
        return both.figures()

    def _on_postgres(self) -> dict[str, Any]:
        with workspace() as slack, postgres(durable=True) as server, ExitStack() as databases:

            def setting(number: int) -> Setting:
                database = databases.enter_context(server.database())
                return Setting(self._folder / f"postgres-{number}", slack, database)

            both = pairs(
                setting, self._folder, rounds=self._size.rounds, alerts=self._size.alerts, quiet=self._size.quiet
            )
        return both.figures()


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
    parser.add_argument("--quick", action="store_true", help="one round of each, below a minute")
    parser.add_argument("--only", nargs="*", default=[], help="measurements whose name holds one of these words")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _ended)
    results: dict[str, Any] = {"cores": os.cpu_count(), "load_before": os.getloadavg()[0], "quick": given.quick}
    with _kept_tidy() as folder:
        for name, measure in Bench(folder, QUICK if given.quick else FULL).named.items():
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
