"""Two small HTTP servers for tests: one that collects webhooks, one that shows metrics to scrape."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import HOST, LoopbackServer


@dataclass(frozen=True)
class Delivery:
    """One request that arrived; header names are lower-case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class Inbox:
    """Collects what is posted to `url`; answers `status` until told otherwise."""

    url: str = ""
    status: int = 200
    deliveries: list[Delivery] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def add(self, delivery: Delivery) -> None:
        """Keep a delivery and wake whoever waits."""
        with self._arrived:
            self.deliveries.append(delivery)
            self._arrived.notify_all()

    def wait_for(self, number: int = 1, within: float = 20.0) -> list[Delivery]:
        """The deliveries so far, once there are `number` of them."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.deliveries) >= number, within):
                raise TimeoutError(f"{len(self.deliveries)} of {number} deliveries within {within:g} s")
            return list(self.deliveries)


@dataclass
class Gauges:
    """Metrics in Prometheus' text format at `target`; change `lines` to change what is scraped."""

    target: str = ""
    lines: list[str] = field(default_factory=list)


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with LoopbackServer(handler) as server:
        yield f"{HOST}:{server.port}"


class _Quiet(BaseHTTPRequestHandler):
    """A handler that does not write every request to stderr."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def answer(self, status: int, body: bytes = b"", kind: str = "text/plain; charset=utf-8") -> None:
        """Send a whole response."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def inbox() -> Iterator[Inbox]:
    """A listener for webhooks on a free loopback port."""
    box = Inbox()

    class Handler(_Quiet):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            box.add(Delivery(self.path, headers, body))
            self.answer(box.status)

    with _serving(Handler) as address:
        box.url = f"http://{address}/"
        yield box


@contextmanager
def gauges(*lines: str) -> Iterator[Gauges]:
    """A scrape target that shows these lines at /metrics."""
    shown = Gauges(lines=list(lines))

    class Handler(_Quiet):
        def do_GET(self) -> None:
            self.answer(200, "".join(f"{line}\n" for line in shown.lines).encode())

    with _serving(Handler) as address:
        shown.target = address
        yield shown
