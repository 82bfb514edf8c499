"""The HTTP server of a thread: it leaves when told, and not before what it accepted is answered."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.http_server import HttpServer

WITHIN = 15.0


class Door:
    """An address whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.let_go = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def slow(self, request: Request) -> PlainTextResponse:
        self.loop = asyncio.get_running_loop()
        self.came.set()
        await self.let_go.wait()
        return PlainTextResponse("done")

    async def quick(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("at once")


@contextmanager
def served(door: Door, graceful: int = 10) -> Iterator[tuple[HttpServer, threading.Thread, str]]:
    """The server, its thread and its address."""
    app = Starlette(routes=[Route("/slow", door.slow), Route("/quick", door.quick)])
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=graceful)
    server = HttpServer(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        assert server.ready.wait(WITHIN)
        yield server, thread, f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.leave()
        thread.join(WITHIN)


@pytest.fixture
def door() -> Door:
    return Door()


def test_an_idle_connection_does_not_keep_it(door: Door) -> None:
    with served(door) as (server, thread, url), httpx.Client(trust_env=False) as client:
        answer = client.get(f"{url}/quick")
        assert answer.text == "at once"
        assert "date" in answer.headers
        server.leave()
        thread.join(WITHIN)
        assert not thread.is_alive()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/quick", trust_env=False)


def test_what_was_accepted_is_answered_before_it_ends(door: Door) -> None:
    answers: list[str] = []
    with served(door) as (server, thread, url):
        asking = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{url}/slow", trust_env=False, timeout=WITHIN).text)
        )
        asking.start()
        assert door.came.wait(WITHIN)
        server.leave()
        server.leave()
        assert door.loop is not None
        door.loop.call_soon_threadsafe(door.let_go.set)
        asking.join(WITHIN)
        thread.join(WITHIN)
    assert answers == ["done"]
    assert not thread.is_alive()


def test_what_never_ends_is_cut_off(door: Door) -> None:
    outcomes: list[bool] = []

    def ask(url: str) -> None:
        try:
            outcomes.append(httpx.get(f"{url}/slow", trust_env=False, timeout=WITHIN).is_success)
        except httpx.TransportError:
            outcomes.append(False)

    with served(door, graceful=0) as (server, thread, url):
        asking = threading.Thread(target=ask, args=(url,))
        asking.start()
        assert door.came.wait(WITHIN)
        server.leave()
        thread.join(WITHIN)
        assert not thread.is_alive()
        asking.join(WITHIN)
    assert outcomes == [False]


def test_told_before_it_listens_it_ends_too(door: Door) -> None:
    server = HttpServer(uvicorn.Config(Starlette(), log_config=None, lifespan="off", port=0))
    server.leave()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    thread.join(WITHIN)
    assert not thread.is_alive()
