"""Faults on demand: what goes wrong between a lever and the system it drives."""

from __future__ import annotations

import asyncio
import threading
from enum import StrEnum

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(StrEnum):
    """What the plant can be told to do wrong."""

    REFUSE = "refuse"  # nothing listens any more
    SLOW = "slow"  # a write takes effect, its answer does not come until the fault is cleared
    DROP_AFTER_APPLY = "drop_after_apply"  # a write takes effect, the connection breaks in the middle of the answer
    LIE = "lie"  # a write is answered with 200 and nothing happens
    STUCK = "stuck"  # the model servers never reload


class Faults:
    """The faults in force; set from any thread."""

    def __init__(self) -> None:
        self._active: frozenset[Fault] = frozenset()
        self._cleared = threading.Event()

    def __contains__(self, fault: Fault) -> bool:
        return fault in self._active

    def set(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._cleared.clear()
        self._active |= {fault}

    def clear(self) -> None:
        """End all faults and let go of the answers held back."""
        self._active = frozenset()
        self._cleared.set()

    async def until_cleared(self) -> None:
        """Wait for `clear`."""
        await asyncio.to_thread(self._cleared.wait)


class FaultGate:
    """Stands before the registry API and spoils the answers to writes."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with the faults in force."""
        if scope["type"] != "http" or scope["method"] == "GET" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
        elif Fault.LIE in self._faults:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"{}"})
        elif Fault.DROP_AFTER_APPLY in self._faults:
            await self._app(scope, receive, _swallow)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
        elif Fault.SLOW in self._faults:
            await self._app(scope, receive, _swallow)
            await self._faults.until_cleared()
        else:
            await self._app(scope, receive, send)


async def _swallow(message: Message) -> None:
    """The answer of a write that the caller never gets."""
