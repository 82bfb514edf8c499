"""The sender: keep-alive HTTP/1.1 connections on a bare protocol, so that little of the machine goes to sending.

usage: python -m tests.bench.client  (a `Job` as JSON on standard input, a `Report` as JSON on standard output)
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import uvloop

from tests.bench.alerts import Load, bodies


@dataclass(frozen=True)
class Job:
    """What to send.

    Attributes:
        count, distinct, batch, repeated, components: see `alerts.Load`. rate: posts per second in all, 0: as fast as
            answers come. niceness: gives way to the server. until_gone: the server will be killed; the report says
            which posts were answered 202.
    """

    port: int
    run: str
    count: int
    connections: int = 32
    distinct: int = 0
    batch: int = 1
    repeated: int = 0
    components: int = 50
    until_gone: bool = False
    rate: float = 0.0
    token: str = ""
    niceness: int = 5


@dataclass
class Report:
    """What came of it; latencies in seconds."""

    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    began: float = 0.0  # seconds since 1970


class Connection(asyncio.Protocol):
    """One connection: one request at a time, only as much of HTTP as our two servers answer with."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits is told."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("hung up"))

    def data_received(self, data: bytes) -> None:
        """Settle the answer when it is whole."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        answer, self._buffer = self._buffer[end + 4 : end + 4 + length], b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head[9:12]), answer))

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError when the peer is gone."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


async def connect(port: int) -> Connection:
    """A connection to loopback."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def request(port: int, path: str, payload: bytes, headers: dict[str, str]) -> bytes:
    """A request ready to be written."""
    lines = [f"POST {path} HTTP/1.1", f"host: 127.0.0.1:{port}", f"content-length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + payload


def _requests(job: Job) -> list[bytes]:
    headers = {"content-type": "application/json", "authorization": f"Bearer {job.token}"}
    load = Load(job.count, job.batch, job.distinct, job.repeated, job.components)
    return [request(job.port, "/alerts/alertmanager", each, headers) for each in bodies(load, job.run)]


async def _paced(waiting: Iterator[tuple[int, bytes]], job: Job, started: float) -> Any:
    """The requests, each not before its time."""
    for number, each in enumerate(waiting):
        ahead = started + number / job.rate - time.perf_counter() if job.rate else 0.0
        if ahead > 0:
            await _pause(ahead)
        yield each


async def _pause(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.call_later(seconds, over.set_result, None)
    await over


async def _worker(job: Job, waiting: Iterator[tuple[int, bytes]], started: float, report: Report) -> None:
    connection = await connect(job.port)
    statuses: Counter[str] = Counter()
    every = _paced(waiting, Job(**{**asdict(job), "rate": job.rate / job.connections}), started)
    async for number, each in every:
        before = time.perf_counter()
        try:
            status, _ = await connection.send(each)
        except OSError:
            if job.until_gone:
                break
            raise
        report.latencies.append(time.perf_counter() - before)
        statuses[str(status)] += 1
        if job.until_gone and status == 202:
            report.accepted.append(number)
    connection.close()
    for name, number in statuses.items():
        report.statuses[name] = report.statuses.get(name, 0) + number


async def run(job: Job) -> Report:
    """Send everything."""
    waiting, report = iter(list(enumerate(_requests(job)))), Report(began=time.time())
    started = time.perf_counter()
    await asyncio.gather(*(_worker(job, waiting, started, report) for _ in range(job.connections)))
    report.seconds = time.perf_counter() - started
    return report


def main() -> None:
    """One job."""
    job = Job(**json.load(sys.stdin))
    os.nice(job.niceness)
    json.dump(asdict(uvloop.run(run(job))), sys.stdout)


if __name__ == "__main__":
    main()
