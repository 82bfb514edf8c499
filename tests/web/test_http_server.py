"""The server's end: nothing new, what is under way is finished, what never ends is cut off."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.http_server import HttpServer

WITHIN = 15


@dataclass
class Served:
    """A server with one request that is answered when the gate opens, and one that never is.

    Attributes:
        patience: seconds it waits for requests under way.
    """

    patience: int = WITHIN
    gate: threading.Event = field(default_factory=threading.Event)
    under_way: threading.Event = field(default_factory=threading.Event)
    cut: threading.Event = field(default_factory=threading.Event)
    server: HttpServer = field(init=False)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        routes = [Route("/quick", self._quick), Route("/held", self._held), Route("/never", self._never)]
        config = uvicorn.Config(
            Starlette(routes=routes),
            port=0,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=self.patience,
        )
        self.server = HttpServer(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> httpx.Client:
        self.thread.start()
        assert self.server.ready.wait(WITHIN)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WITHIN, trust_env=False)

    def ended(self) -> bool:
        self.thread.join(WITHIN)
        return not self.thread.is_alive()

    def _quick(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse("at once")

    def _held(self, request: Request) -> PlainTextResponse:
        self.under_way.set()
        self.gate.wait(WITHIN)
        return PlainTextResponse("afterwards")

    async def _never(self, request: Request) -> PlainTextResponse:
        self.under_way.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cut.set()
        return PlainTextResponse("never")


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    served = Served(getattr(request, "param", WITHIN))
    yield served
    served.gate.set()
    served.server.leave()
    served.ended()


def test_an_idle_connection_holds_nothing_up_and_nothing_new_is_taken(served: Served) -> None:
    with served.start() as client:
        assert client.get("/quick").text == "at once"  # its connection is kept
        served.server.leave()
        assert served.ended()
        with pytest.raises(httpx.ConnectError):
            client.get("/quick")


def test_a_request_under_way_is_answered_first(served: Served) -> None:
    said: list[str] = []
    with served.start() as client:
        asking = threading.Thread(target=lambda: said.append(client.get("/held").text))
        asking.start()
        assert served.under_way.wait(WITHIN)
        served.server.leave()
        served.thread.join(0.05)
        assert served.thread.is_alive()
        served.gate.set()
        asking.join(WITHIN)
        assert said == ["afterwards"]
    assert served.ended()


@pytest.mark.parametrize("served", [0], indirect=True)
def test_a_request_that_never_ends_is_cut_off(served: Served) -> None:
    failed: list[Exception] = []

    def ask(client: httpx.Client) -> None:
        try:
            client.get("/never")
        except httpx.HTTPError as error:
            failed.append(error)

    with served.start() as client:
        asking = threading.Thread(target=ask, args=(client,))
        asking.start()
        assert served.under_way.wait(WITHIN)
        served.server.leave()
        assert served.ended()
        assert served.cut.is_set()
        asking.join(WITHIN)


def test_one_that_was_left_before_it_began_ends(served: Served) -> None:
    served.server.leave()
    served.thread.start()
    assert served.server.ready.wait(WITHIN)
    assert served.ended()
    served.server.leave()


def test_one_that_cannot_listen_is_ready_without_having_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = uvicorn.Config(Starlette(), port=taken.getsockname()[1], log_level="critical", lifespan="off")
        server = HttpServer(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        assert server.ready.wait(WITHIN)
        assert not server.started
        thread.join(WITHIN)
