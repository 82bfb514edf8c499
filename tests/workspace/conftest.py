"""A workspace with its own clock, Slack's client, and a Bolt app over either transport."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.workspace import Seed, Workspace, example_seed
from tests.loopback import LoopbackServer

FRAUD = "C01FRAUDML"
GENERAL = "C00GENERAL"
RISK = "C02RISK"
SECRET = "G01SECRET"
OLD = "C03OLD"


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_795_228_260.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Endpoint(LoopbackServer):
    """A small HTTP server that hands every POST to a function."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(handler)
        self.url += "/slack/events"


Answer = tuple[int, dict[str, str], bytes]


def endpoint(answer: Callable[[str, dict[str, str], bytes], Answer]) -> Endpoint:
    """Serve ``answer(path, headers, body)`` on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, said = answer(urlsplit(self.path).path, dict(self.headers.items()), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    return Endpoint(Handler).start()


def bolt_endpoint(app: App) -> Endpoint:
    """Bolt behind plain HTTP; it checks the signatures itself."""

    def answer(path: str, headers: dict[str, str], body: bytes) -> Answer:
        request = BoltRequest(body=body.decode(), headers={name: [value] for name, value in headers.items()})
        response = app.dispatch(request)
        said = {name: values[0] for name, values in response.headers.items()}
        return response.status, said, (response.body or "").encode()

    return endpoint(answer)


@dataclass
class Stage:
    """A workspace and the app in it."""

    workspace: Workspace
    app: App
    transport: str

    @property
    def client(self) -> WebClient:
        return self.app.client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seed() -> Seed:
    return example_seed()


@pytest.fixture
def workspace(seed: Seed, clock: Clock) -> Iterator[Workspace]:
    with Workspace(seed, clock=clock, retry_seconds=(0.0, 0.0, 0.0), ack_seconds=2.0) as space:
        yield space


@pytest.fixture
def client(workspace: Workspace) -> WebClient:
    return WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])


def make_app(workspace: Workspace) -> App:
    web = WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])
    return App(
        signing_secret=workspace.signing_secret,
        client=web,
        process_before_response=True,
        token_verification_enabled=False,
    )


def disconnect(workspace: Workspace, handler: SocketModeHandler) -> None:
    """Close the handler; the other side closes first, or its blocking read would take three seconds to notice."""
    handler.client.auto_reconnect_enabled = handler.client.default_auto_reconnect_enabled = False
    handler.client.closed = True
    handler.client.message_queue.put("")
    if workspace.running:
        workspace.cut_sockets()
    with suppress(AttributeError):  # the client's own threads race to close the same socket
        handler.client.close()
    handler.client.close()


def connect(stack: ExitStack, workspace: Workspace, app: App, transport: str) -> None:
    """Let the workspace deliver to the app, until the stack is left."""
    if transport == "socket":
        handler = SocketModeHandler(app, workspace.app_token, ping_interval=0.2)
        stack.callback(disconnect, workspace, handler)
        handler.client.connect()
        workspace.wait_for_app()
    else:
        served = bolt_endpoint(app)
        stack.callback(served.close)
        workspace.deliver_to(served.url)


@pytest.fixture(params=["socket", "http"])
def stage(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Stage]:
    """A Bolt app connected over Socket Mode, and again over signed HTTP."""
    app = make_app(workspace)
    with ExitStack() as stack:
        connect(stack, workspace, app, request.param)
        yield Stage(workspace, app, request.param)


@pytest.fixture
def http_stage(workspace: Workspace) -> Iterator[Stage]:
    """A Bolt app over signed HTTP."""
    app = make_app(workspace)
    with ExitStack() as stack:
        connect(stack, workspace, app, "http")
        yield Stage(workspace, app, "http")


def text(words: str, kind: str = "plain_text") -> dict[str, Any]:
    """A text object."""
    return {"type": kind, "text": words}


def button(action_id: str, value: str = "1", **more: Any) -> dict[str, Any]:
    """A button."""
    return {"type": "button", "text": text("Go"), "action_id": action_id, "value": value, **more}


def field(block_id: str, element: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An input block; a line of text unless another element is given."""
    element = element or {"type": "plain_text_input", "action_id": "a"}
    return {"type": "input", "block_id": block_id, "label": text("Label"), "element": element, **more}


def modal(*blocks: dict[str, Any], callback_id: str = "form", **more: Any) -> dict[str, Any]:
    """A modal with a submit button."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": text("Title"),
        "submit": text("Send"),
        "blocks": list(blocks) or [field("b")],
        **more,
    }
