"""A small real HTTP server for tests: JSON in, JSON out, everything that came is written down."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.loopback import LoopbackServer


@dataclass(frozen=True)
class Asked:
    """One request: `path` without its query, decoded `query`, lower-case header names, the body's bytes."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The body as JSON, None when there is none."""
        return json.loads(self.raw) if self.raw else None


Answering = Callable[[Asked], tuple[int, Any] | tuple[int, Any, Mapping[str, str]]]


@dataclass
class StandIn:
    """A running server. `writes` are the requests that were no reading, oldest first."""

    url: str
    seen: list[Asked] = field(default_factory=list)

    @property
    def writes(self) -> list[Asked]:
        """All but GET."""
        return [asked for asked in self.seen if asked.method != "GET"]


@contextmanager
def standing_in(answering: Answering) -> Iterator[StandIn]:
    """Serve until the `with` ends; None has no body, bytes are sent as they are, headers may stand behind either."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            headers = {key.lower(): value for key, value in self.headers.items()}
            asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, raw)
            found.seen.append(asked)
            status, data, *more = answering(asked)
            content = data if isinstance(data, bytes) else json.dumps(data).encode() if data is not None else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for key, value in (more[0] if more else {}).items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with LoopbackServer(Handler) as server:
        found = StandIn(server.url)
        yield found
