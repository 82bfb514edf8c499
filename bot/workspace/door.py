"""The outermost layer: keeps strangers' web pages out, and the connection at hand for a fault to close."""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL = {"127.0.0.1", "localhost", "[::1]"}
OPEN = ("/api/", "/link", "/response/", "/upload/", "/files-pri/")


class Door:
    """An ASGI layer in front of everything."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app = app
        self.hosts = LOCAL | {host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or not."""
        cycle: Any = getattr(send, "__self__", None)
        scope["muster.transport"] = getattr(cycle, "transport", None)
        if scope["type"] == "http" and not self._welcome(scope):
            await PlainTextResponse("this page answers only on its own address", 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _welcome(self, scope: Scope) -> bool:
        """The page and its controls have no password, so another site's page must not reach them."""
        if str(scope["path"]).startswith(OPEN):
            return True
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get("origin")
        named = headers.get("host", "")
        own = named.rpartition(":")[0] or named
        return own in self.hosts and (origin is None or origin.partition("://")[2] == named)
