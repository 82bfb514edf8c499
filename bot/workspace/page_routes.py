"""The browser page: its files, its snapshot and its live stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from .server import Workspace


class PageRoutes:
    """Serves the page."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def close(self) -> None:
        """End every live stream."""

    def routes(self) -> list[BaseRoute]:
        """The page's routes."""
        return []


__all__ = ["PageRoutes", "Request", "Response", "Route", "StreamingResponse", "asyncio"]
