"""Start a server in a process group of its own, wait until it answers, stop all of it."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_POLL = threading.Event()


class ServerFailedError(RuntimeError):
    """A server did not start; the message ends with what it wrote."""


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], what: str, within: float = 60.0, every: float = 0.05) -> None:
    """Poll `ready` until it is true; the only waiting by the clock that the tests do."""
    deadline = time.monotonic() + within
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        _POLL.wait(every)


class Server:
    """A running server: where it listens and what it has written so far."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log

    def output(self, last: int = 6000) -> str:
        """The end of what the server wrote."""
        return self.log.read_text(errors="replace")[-last:]

    def alive(self) -> bool:
        """Whether the first process of the group still runs."""
        return self.process.poll() is None


def stop_group(process: subprocess.Popen[bytes], polite: int = signal.SIGTERM, within: float = 10.0) -> None:
    """End the whole process group, politely first: workers of a server outlive its parent otherwise."""
    for number in (polite, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            continue
    process.wait(within)


def run_to_end(
    name: str, command: Sequence[str | Path], folder: Path, *, env: Mapping[str, str], within: float = 120.0
) -> None:
    """Run what a server needs done before it starts."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=within,
        check=False,
    )
    if done.returncode:
        raise ServerFailedError(f"{name}: {' '.join(map(str, command))} failed:\n{done.stdout[-6000:]}")


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    ready: Callable[[], bool],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    within: float = 60.0,
    polite: int = signal.SIGTERM,
) -> Iterator[Server]:
    """Run `command` in `folder` until the block ends; entered when `ready` says so."""
    log = folder / f"{name}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
        )
    server = Server(name, process, log)

    def answers() -> bool:
        if not server.alive():
            raise ServerFailedError(f"{name} ended with {process.returncode} while starting:\n{server.output()}")
        return ready()

    try:
        try:
            wait_until(answers, f"{name} did not become ready", within)
        except TimeoutError as late:
            raise ServerFailedError(f"{late}:\n{server.output()}") from late
        yield server
    finally:
        stop_group(process, polite)
