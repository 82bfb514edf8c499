"""A small reverse proxy that spoils writes on their way, so that real servers get the same troubles as fakes."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import httpx

from bot.trust import trusted
from tests.contracts.lever_suite import Trouble
from tests.loopback import LoopbackServer

PASSED_ON = (
    "authorization",
    "content-type",
    "idempotency-key",
    "webhook-",
    "x-amz-",
    "x-github-",
    "ld-api-",
    "notion-",
)
PASSED_BACK = ("x-", "retry-after", "location")


class Spoiler:
    """Stands in front of `upstream`; `url` is what the lever is given.

    `is_write` tells which requests are spoilt; all others pass.
    """

    def __init__(self, upstream: str, is_write: Callable[[str, str], bool]) -> None:
        # A connection is used once: one that is kept may be closed by the server just when it is used again.
        once = httpx.Limits(max_keepalive_connections=0)
        self._upstream = httpx.Client(base_url=upstream, timeout=30.0, trust_env=False, limits=once, verify=trusted())
        self._is_write = is_write
        self._trouble: Trouble | None = None
        self._over = threading.Event()
        self._taken = threading.Event()
        self._port = 0
        self._server: LoopbackServer | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        spoiler = self

        class Handler(BaseHTTPRequestHandler):
            def pass_on(self) -> None:
                spoiler.serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = pass_on

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = LoopbackServer(Handler, self._port).start()
        self._port = self._server.port

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self._upstream.close()

    @contextmanager
    def trouble(self, kind: Trouble) -> Iterator[None]:
        """Put a trouble in force."""
        self._over.clear()
        self._taken.clear()
        self._trouble = kind
        if kind is Trouble.DOWN:
            self.stop()
        yield
        if kind is Trouble.SLOW:
            assert self._taken.wait(15)  # whoever gave up may have been quicker than the write
        self._trouble = None
        self._over.set()
        if kind is Trouble.DOWN:
            self.start()

    def spoils(self, request: BaseHTTPRequestHandler) -> bool:
        """Whether a request is one that troubles are for."""
        return self._is_write(request.command, request.path)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Pass one request on, or spoil it."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        trouble = self._trouble if self.spoils(request) else None
        if trouble is Trouble.LIE:
            _answer(request, 200, b"{}")
            return
        if trouble is Trouble.REFUSED:
            said = {"message": f"cannot do this: {request.headers.get('Authorization')} {body.decode()}"}
            _answer(request, 400, json.dumps(said).encode())
            return
        if trouble is Trouble.LIMITED:
            _answer(request, 429, b'{"message": "slow down"}', {"Retry-After": "17"})
            return
        kept = {key: value for key, value in request.headers.items() if key.lower().startswith(PASSED_ON)}
        answer = self._upstream.request(request.command, request.path, content=body, headers=kept)
        if trouble is Trouble.SLOW:
            self._taken.set()
            self._over.wait(60)
        elif trouble is Trouble.FAILS:
            _answer(request, 502, b"<html>\n<h1>Bad gateway</h1>")
        elif trouble is Trouble.DROP:
            request.send_response(200)
            request.send_header("Content-Length", "1000")
            request.end_headers()
            request.close_connection = True
        else:
            back = {key: value for key, value in answer.headers.items() if key.lower().startswith(PASSED_BACK)}
            _answer(request, answer.status_code, answer.content, back)


def _answer(
    request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    request.send_response(status)
    for key, value in (headers or {}).items():
        request.send_header(key, value)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
