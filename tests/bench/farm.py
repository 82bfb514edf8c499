"""The processes of a measurement: each server in a group of its own, the sender niced, all read from outside."""

from __future__ import annotations

import http.client
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import yaml

from tests.bench.alerts import TEAMS, registry
from tests.bench.client import Job, Report
from tests.bench.slack import TRIAGE
from tests.real.processes import free_port, stop_group

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "bench-intake-4f1c0a9d"
_POLL = threading.Event()


def pause(seconds: float) -> None:
    """Let time pass."""
    _POLL.wait(seconds)


@dataclass
class Started:
    """A running server."""

    process: subprocess.Popen[bytes]
    port: int
    answering: float = 0.0
    ready: float = 0.0
    began: float = 0.0

    def wait_ready(self) -> None:
        """Until it calls itself ready."""
        until(self.port, "/readyz", (200,), self.process)
        self.ready = time.perf_counter() - self.began

    def kill(self) -> None:
        """As a crash does: the whole group, without a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def settle(self, *, quiet: float = 6.0, within: float = 60.0) -> None:
        """Wait until it did next to nothing for a while: what was to be told in Slack is told."""
        end, calm, before = time.perf_counter() + within, 0.0, self.cpu()
        while time.perf_counter() < end and calm < quiet:
            pause(0.5)
            now = self.cpu()
            calm = calm + 0.5 if now - before < 0.05 else 0.0
            before = now

    def memory(self) -> tuple[float, float]:
        """RSS and PSS in MB."""
        full = psutil.Process(self.process.pid).memory_full_info()
        return full.rss / 1e6, getattr(full, "pss", full.rss) / 1e6

    def anonymous(self) -> float:
        """MB of RSS that no file or shared memory stands behind."""
        told = psutil.Process(self.process.pid).memory_info()
        return float(told.rss - told.shared) / 1e6


@dataclass(frozen=True)
class Setting:
    """Where one Muster keeps its things and which Slack it talks to. `database` empty: SQLite in the folder.

    `teams` share the components. `extra`: of the environment.
    """

    folder: Path
    slack: dict[str, str]
    database: str = ""
    teams: int = TEAMS
    extra: Mapping[str, str] = field(default_factory=dict)

    def environment(self, port: int) -> dict[str, str]:
        """The environment of the process; configuration and registry are written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "ownership.yaml").write_text(registry(self.teams))
        (self.folder / "muster.yaml").write_text(yaml.safe_dump({"channels": {"triage": TRIAGE}}))
        return {
            "MUSTER_CONFIG": str(self.folder / "muster.yaml"),
            "MUSTER_DATABASE_URL": self.database or f"sqlite:///{self.folder / 'muster.db'}",
            "MUSTER_INTAKE_TOKEN": TOKEN,
            "MUSTER_PORT": str(port),
            "MUSTER_LOG_LEVEL": "WARNING",
            **self.slack,
            **self.extra,
        }


def asked(port: int, path: str, *, method: str = "GET") -> int:
    """Status of a request; 0 when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def until(
    port: int, path: str, statuses: Sequence[int], process: subprocess.Popen[bytes], *, within: float = 60
) -> None:
    """Wait for one of these statuses. Raises RuntimeError when the process ends or time runs out."""
    end = time.perf_counter() + within
    while asked(port, path) not in statuses:
        if process.poll() is not None or time.perf_counter() > end:
            raise RuntimeError(f"{path} of port {port} did not answer; see the log in its folder")
        pause(0.003)


def _spawn(command: Sequence[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("ab") as sink:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**kept, **environment},
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )


def start_muster(setting: Setting, *, wait_ready: bool = True) -> Started:
    """Muster, with the seconds until HTTP answered and until it called itself ready."""
    port = free_port()
    environment = setting.environment(port)
    began = time.perf_counter()
    process = _spawn(["bot", "serve"], environment, setting.folder / "muster.log")
    started = Started(process, port)
    until(port, "/healthz", (200,), process)
    started.answering = time.perf_counter() - began
    started.began = began
    if wait_ready:
        started.wait_ready()
    return started


@contextmanager
def muster(setting: Setting) -> Iterator[Started]:
    """Muster for the length of the block."""
    started = start_muster(setting)
    try:
        yield started
    finally:
        stop_group(started.process)


@contextmanager
def ceiling(folder: Path, extra: Mapping[str, str] | None = None) -> Iterator[Started]:
    """The bare ceiling for the length of the block."""
    port = free_port()
    command = ["tests.bench.ceiling", str(port), str(folder / "ceiling.db")]
    process = _spawn(command, dict(extra or {}), folder / "ceiling.log")
    try:
        until(port, "/", (404,), process)
        yield Started(process, port)
    finally:
        stop_group(process)


@contextmanager
def workspace(*, strict: bool = False, teams: int = TEAMS) -> Iterator[dict[str, str]]:
    """The local Slack as a process of its own; what Muster must know of it. `strict`: with Slack's own rate limits."""
    command = [sys.executable, "-m", "tests.bench.slack", str(teams), *(["--strict"] if strict else [])]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None
        yield dict(json.loads(process.stdout.readline()))
    finally:
        stop_group(process)
        if process.stdout is not None:
            process.stdout.close()


def sender(job: Job, *, mute: bool = False) -> subprocess.Popen[bytes]:
    """The sender, at work; `collect` waits for its report. `mute` where its server will be killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.client"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if mute else None,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(job)).encode())
    process.stdin.close()
    return process


def collect(process: subprocess.Popen[bytes]) -> Report:
    """The report of a sender. Raises RuntimeError when it failed."""
    assert process.stdout is not None
    with process.stdout as pipe:
        text = pipe.read()
    if process.wait(60) != 0:
        raise RuntimeError("the sender failed")
    return Report(**json.loads(text))


def send(job: Job) -> Report:
    """Send and wait."""
    return collect(sender(job))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def median(values: Sequence[float]) -> float:
    """The median; 0 for none."""
    return statistics.median(values) if values else 0.0
