"""uvicorn in a thread of this process: told to leave, it leaves at once."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn

_DATE_EVERY = 1.0  # seconds between two looks at the clock for the header `Date`
_LOOK = 0.005


class HttpServer(uvicorn.Server):
    """One listening server. By itself uvicorn looks every tenth of a second whether it is to leave, twice or more.

    Signals belong to the process's main thread, where the command line handles them: here it installs none.

    Args:
        on_loop: told the loop it runs on, before the first connection is taken.

    Attributes:
        ready: set once connections are taken, or it has ended without; `started` tells which.
    """

    def __init__(
        self, config: uvicorn.Config, on_loop: Callable[[asyncio.AbstractEventLoop], None] | None = None
    ) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._on_loop = on_loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to leave."""
        try:
            with suppress(SystemExit):  # how uvicorn ends a process that cannot listen; a thread just ends
                super().run(sockets)
        finally:
            self.ready.set()

    def leave(self) -> None:
        """Take nothing more, finish what is under way, then end; from any thread, again does nothing."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._told.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        self._loop = asyncio.get_running_loop()
        if self._on_loop is not None:
            self._on_loop(self._loop)
        await super().startup(sockets=sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Serve until told to leave."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 10  # uvicorn counts tenths of a second and renews the date at every tenth of them
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), _DATE_EVERY)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what listens, let answers under way be finished within `timeout_graceful_shutdown`."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                await asyncio.sleep(_LOOK)  # who was taken in just now is no connection yet
                while state.connections or state.tasks:
                    await asyncio.sleep(_LOOK)
        except TimeoutError:
            for task in state.tasks:
                task.cancel("not answered in time")
