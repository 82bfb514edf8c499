"""The workspace as a server: one thread, one port, everything behind it.

Slack's side: ``/api/<method>``, ``/link`` (Socket Mode), ``/response/<id>``, ``/upload/v1/<id>``, ``/files-pri/…``.
The page is at ``/``; ``/_control/…`` (see :mod:`bot.workspace.control`) drives it from another process.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute

from bot.http_server import HttpServer

from .acts import Acts
from .answers import take_response
from .api_files import take_upload
from .control import Control, ControlApi, Guide, Panel
from .delivery import Courier
from .door import Door
from .driving import Driving
from .faults import Faults
from .forms import Forms
from .hub import Hub
from .keeping import load, save
from .page_routes import PageRoutes
from .rates import Rates
from .refusals import Refused
from .seed import Seed
from .sockets import Sockets
from .state import State
from .web_api import WebApi

START_SECONDS = 10.0


class Workspace(Driving):
    """A local Slack: start it, point a bot at ``api_url``, and be the people in it."""

    def __init__(
        self,
        seed: Seed,
        *,
        clock: Callable[[], float] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        http_target: str | None = None,
        controls: Sequence[Control] = (),
        panels: Sequence[Panel] = (),
        guide: Guide | None = None,
        strict_limits: bool = False,
        retry_seconds: Sequence[float] | None = None,
        ack_seconds: float | None = None,
        state_path: str | Path | None = None,
    ) -> None:
        self.seed = seed
        self.clock = clock or time.time
        self.host = host
        self.port = port
        self.state_path = Path(state_path) if state_path else None
        self.state = State(seed, self.clock)
        if self.state_path:
            load(self.state, self.state_path)
        self.faults = Faults()
        self.hub = Hub(seed, self.state, self.clock)
        self.sockets = Sockets(self.hub)
        self.courier = Courier(self.hub, self.sockets, self.faults)
        self.courier.http_target = http_target
        if retry_seconds is not None:
            self.courier.retry_seconds = tuple(retry_seconds)
        if ack_seconds is not None:
            self.courier.ack_seconds = ack_seconds
        self.hub.sink = self.courier.post_event
        self.acts = Acts(self.hub, self.courier)
        self.forms = Forms(self.hub, self.courier, self.acts)
        self.api = WebApi(self.hub, self.faults, self.sockets, Rates() if strict_limits else None)
        self.faults.release_hook = self.courier.release
        self.faults.expire_triggers_hook = self._expire_triggers
        self.control = ControlApi(self, controls, panels, guide)
        self.pages = PageRoutes(self)
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------ addresses and secrets

    @property
    def base_url(self) -> str:
        """The page's address, with a slash at its end."""
        return f"http://{self.host}:{self.port}/"

    @property
    def api_url(self) -> str:
        """What slack_sdk calls ``base_url``."""
        return f"{self.base_url}api/"

    @property
    def bot_token(self) -> str:
        """The app's bot token."""
        return self.seed.bot_token

    @property
    def app_token(self) -> str:
        """The app-level token for Socket Mode."""
        return self.seed.app_token

    @property
    def signing_secret(self) -> str:
        """The secret HTTP deliveries are signed with."""
        return self.seed.signing_secret

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._thread is not None

    def deliver_to(self, url: str | None) -> None:
        """Deliver over signed HTTP to this address while no Socket Mode connection is open."""
        self.courier.http_target = url

    def _expire_triggers(self, times: int) -> None:
        with self.state.lock:
            self.hub.triggers_expire_at_once += times

    # ------------------------------------------------------------------ life

    def start(self) -> Workspace:
        """Listen, in a thread of its own; returns when it answers. A stopped workspace starts on its old port."""
        self.pages.open()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        self.port = listener.getsockname()[1]
        self.hub.base_url = self.base_url
        config = uvicorn.Config(
            Door(self._app(), self.host),
            log_level="warning",
            access_log=False,
            date_header=False,  # the Web API tells its own clock's
            ws="websockets-sansio",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = HttpServer(config, self._runs_on)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="workspace", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(START_SECONDS):
            raise RuntimeError("the workspace did not start")
        return self

    def _runs_on(self, loop: asyncio.AbstractEventLoop) -> None:
        self.courier.loop = loop

    def stop(self) -> None:
        """Close every connection and stop listening; does nothing when not running."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        self.pages.close()
        loop = self.courier.loop
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self.courier.close(), loop).result(START_SECONDS)
            asyncio.run_coroutine_threadsafe(self.sockets.cut(), loop).result(START_SECONDS)
        server.leave()
        thread.join(START_SECONDS)
        self.courier.loop = None
        if self.state_path:
            save(self.state, self.state_path)

    def __enter__(self) -> Workspace:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # ------------------------------------------------------------------ routes

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/{method}", self.api.endpoint, methods=["GET", "POST"]),
                WebSocketRoute("/link", self.sockets.endpoint),
                Route("/response/{id}", self._response, methods=["POST"]),
                Route("/upload/v1/{id}", self._upload, methods=["POST", "PUT"]),
                Route("/files-pri/{id}/{name:path}", self._file),
                Route("/files/{user}/{id}/{name}", self._file),
                Route("/docs/{id}", self._file),
                *self.control.routes(),
                *self.pages.routes(),
            ]
        )

    async def _response(self, request: Request) -> Response:
        """A POST to a response_url."""
        try:
            body = json.loads(await request.body() or b"{}")
            take_response(self.hub, request.path_params["id"], body)
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
        except Refused as refused:
            gone = refused.code in ("used_url", "expired_url", "invalid_url")
            return JSONResponse(refused.body(), 404 if gone else 400)
        return PlainTextResponse("ok")

    async def _upload(self, request: Request) -> Response:
        """The bytes of a file: raw, or as a form's ``file``."""
        content = await request.body()
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                part = next((value for value in form.values() if not isinstance(value, str)), None)
                content = await part.read() if part is not None else b""
        try:
            with self.state.lock:
                return PlainTextResponse(take_upload(self.hub, request.path_params["id"], content))
        except Refused as refused:
            return PlainTextResponse(refused.code, 400)

    async def _file(self, request: Request) -> Response:
        """url_private: for the bot's token, or for the page, which is on the same machine."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token != self.bot_token and request.headers.get("sec-fetch-site") != "same-origin":
            return PlainTextResponse("invalid_auth", 403)
        with self.state.lock:
            file = self.state.contents.files.get(request.path_params["id"])
        if file is None or not file.complete:
            return PlainTextResponse("file_not_found", 404)
        return Response(bytes.fromhex(file.content_hex), media_type="text/plain; charset=utf-8")
