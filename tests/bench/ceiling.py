"""The bare ceiling: Starlette, uvicorn, pydantic, and one durable row per alert before the 202. Nothing else.

usage: python -m tests.bench.ceiling PORT DATABASE_FILE
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
import time
from datetime import datetime

import uvicorn
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TABLE = (
    "CREATE TABLE IF NOT EXISTS alert (fingerprint TEXT, status TEXT, starts_at TEXT, payload TEXT, "
    "received_at REAL, seen INTEGER DEFAULT 1, PRIMARY KEY (fingerprint, starts_at)) WITHOUT ROWID"
)
_INSERT = (
    "INSERT INTO alert VALUES (?,?,?,?,?,1) ON CONFLICT DO UPDATE SET seen=seen+1, status=excluded.status, "
    "received_at=excluded.received_at"
)
_Row = tuple[str, str, str, str, float]
_MOST = 512


class Alert(BaseModel):
    """One alert of Alertmanager's webhook."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: datetime
    endsAt: datetime
    generatorURL: str = ""
    fingerprint: str = Field(pattern=r"^[0-9a-f]{16}$")


class Hook(BaseModel):
    """The body of the webhook, version 4."""

    version: str
    groupKey: str
    truncatedAlerts: int = 0
    status: str
    receiver: str
    groupLabels: dict[str, str] = {}
    commonLabels: dict[str, str] = {}
    commonAnnotations: dict[str, str] = {}
    externalURL: str = ""
    alerts: list[Alert]


class Writer:
    """One writer thread; everything queued while a commit runs goes into the next one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[list[_Row], asyncio.Future[None]]] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        threading.Thread(target=self._run, daemon=True).start()

    async def put(self, rows: list[_Row]) -> None:
        """Returns when the rows are on disk."""
        self._loop = self._loop or asyncio.get_running_loop()
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((rows, done))
        await done

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE):
            connection.execute(statement)
        while True:
            batch = self._take()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, [row for rows, _ in batch for row in rows])
            connection.execute("COMMIT")
            assert self._loop is not None
            self._loop.call_soon_threadsafe(_release, [done for _, done in batch])

    def _take(self) -> list[tuple[list[_Row], asyncio.Future[None]]]:
        batch = [self._queue.get()]
        while len(batch) < _MOST:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch


def _release(waiting: list[asyncio.Future[None]]) -> None:
    for each in waiting:
        if not each.done():
            each.set_result(None)


def application(path: str) -> Starlette:
    """The ASGI application."""
    writer = Writer(path)

    async def hook(request: Request) -> Response:
        body = Hook.model_validate_json(await request.body())
        now = time.time()
        await writer.put(
            [(a.fingerprint, a.status, a.startsAt.isoformat(), a.model_dump_json(), now) for a in body.alerts]
        )
        return Response(b'{"ok":true}', 202, media_type="application/json")

    return Starlette(routes=[Route("/alerts/alertmanager", hook, methods=["POST"])])


def main() -> None:
    """Serve until the process is ended."""
    uvicorn.run(
        application(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=False,
        log_level="warning",
        http="httptools",
        loop="uvloop",
    )


if __name__ == "__main__":
    main()
