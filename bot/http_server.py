"""uvicorn in a thread of its own: it says when it listens, and ends as soon as it may."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress

import uvicorn

_STEP = 0.005  # seconds between looks at what is still under way, only while it ends


class HttpServer(uvicorn.Server):
    """A server for a thread: signals belong to the process's main thread.

    uvicorn itself looks ten times a second whether it shall end, and waits as long again for connections to close.

    Attributes:
        ready: set once it listens, or has ended without; `started` tells which.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left = asyncio.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to leave."""
        try:
            with suppress(SystemExit):  # how uvicorn ends a process that cannot listen; a thread ends by itself
                super().run(sockets)
        finally:
            self.ready.set()

    def leave(self) -> None:
        """Take no more connections, finish the requests under way, end; from any thread, at any time."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # its loop has ended already
                self._loop.call_soon_threadsafe(self._left.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Stay until told to leave; the date header changes every second."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What `uvicorn.Server.shutdown` does, without its tenths of a second."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._quiet(), self.config.timeout_graceful_shutdown)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    async def _quiet(self) -> None:
        """No connection is open and no request is under way."""
        await asyncio.sleep(_STEP)  # who was just taken in is not among the connections yet
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(_STEP)
        for server in self.servers:
            await server.wait_closed()
