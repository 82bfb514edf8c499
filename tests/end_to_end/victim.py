"""The service as a real process that kills itself at a given point, made quickly: a warm process forks one per order.

`python -m tests.end_to_end.victim` imports everything, then reads orders, one JSON object a line, from its input and
answers each with the process id of a fresh child that runs the service until SIGTERM, or until its n-th point.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apscheduler.triggers.interval  # noqa: F401  what is imported late, which a fork saves
import httpcore  # noqa: F401
import psycopg  # noqa: F401
import uvicorn.lifespan.off
import uvicorn.loops.auto
import uvicorn.protocols.http.auto  # noqa: F401

from bot.providers import alerts, changes
from bot.providers.levers import local  # noqa: F401
from bot.service import Service
from bot.settings import Settings
from bot.wiring import Parts, build


class FileClock:
    """The machine's time plus the seconds that stand in a file, so that hours pass when a test says so."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """See `ports.Clock`."""
        try:
            offset = float(self._path.read_text(encoding="ascii") or 0)
        except FileNotFoundError:
            offset = 0.0
        return datetime.now(UTC) + timedelta(seconds=offset)


class KillAt:
    """Counts the points, writes each one's label down, and kills the process at the n-th."""

    def __init__(self, number: int, written: Path) -> None:
        self._number = number
        self._passed = 0
        self._lock = threading.Lock()
        self._file = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def hit(self, label: str) -> None:
        """See `ports.Probe`."""
        with self._lock:
            self._passed += 1
            os.write(self._file, f"{label}\n".encode())
            if self._passed == self._number:
                os.kill(os.getpid(), signal.SIGKILL)


def look_at_every(bell: Path, service: Service) -> None:
    """Whenever a byte comes down the pipe, do what is due: the clock was moved on."""
    sweeps = [tick for tick in service.schedules.ticks if tick.id == "sweep"]
    with bell.open("rb", buffering=0) as rung:
        while rung.read(1):
            for tick in sweeps:
                service.schedules.run(tick)
            service.engine.nudge()


def serve(order: Mapping[str, Any]) -> None:
    """Run the service of one order until it is asked to stop."""
    settings = Settings.load(order["environ"], env_file=None)
    probe = KillAt(int(order["kill_at"]), Path(order["points"]))
    parts = Parts(clock=FileClock(Path(order["clock"])), probe=probe)
    service = build(settings, parts=parts, base=settings.config.parent)
    signal.signal(signal.SIGTERM, lambda *_: service.ask_to_stop())
    service.start()
    if order.get("bell"):
        threading.Thread(target=look_at_every, args=(Path(order["bell"]), service), daemon=True).start()
    service.wait()
    service.stop()


def forked(order: Mapping[str, Any]) -> int:
    """A child that serves; its process id."""
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    serve(order)
    os._exit(0)


def warm() -> None:
    """Import what the service would only when it reads its configuration; what is here is never garbage."""
    for kind in (alerts, changes):
        for each in pkgutil.iter_modules(kind.__path__, f"{kind.__name__}."):
            importlib.import_module(each.name)
    gc.freeze()


def main() -> None:
    """Take orders until the input ends."""
    warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the system
    print("ready", flush=True)
    for line in sys.stdin:
        print(forked(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
