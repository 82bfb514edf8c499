"""Socket Mode: the connections an app opened, envelopes out, acknowledgements in."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from .hub import Hub
from .state import Json

ADVERTISED_SECONDS = 18_060


@dataclass(eq=False)
class Connection:
    """One open socket."""

    id: str
    socket: WebSocket
    leaving: bool = False
    sent: list[str] = field(default_factory=list)


@dataclass
class SocketAck:
    """What came back for an envelope."""

    acked: bool
    payload: Json | None = None
    reason: str = ""


class Sockets:
    """All open connections; an envelope goes to exactly one of them, in turn."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.connections: list[Connection] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[SocketAck]] = {}
        self._turn = 0

    def ticket_url(self) -> str:
        """The address for one connection, as apps.connections.open gives it."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"ws{self.hub.base_url.removeprefix('http')}link?ticket={ticket}&app_id={self.hub.seed.app_id}"

    @property
    def open_count(self) -> int:
        """How many connections take envelopes."""
        return sum(1 for c in self.connections if not c.leaving)

    async def endpoint(self, socket: WebSocket) -> None:
        """The WebSocket route."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self._tickets:
            await socket.close(code=4404)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        connection = Connection(secrets.token_hex(4), socket)
        self.connections.append(connection)
        await self._close_leaving()
        try:
            await socket.send_text(json.dumps(self._hello()))
            self.hub.state.changed()
            while True:
                self._take_ack(await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            self.connections.remove(connection)
            self._give_up_on(connection)
            self.hub.state.changed()

    async def _close_leaving(self) -> None:
        """Once the app is back on a new connection, the one it was asked to leave ends."""
        for old in [c for c in self.connections if c.leaving]:
            with suppress(RuntimeError):  # it was closing already
                await old.socket.close()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.open_count,
            "debug_info": {"host": "local", "build_number": 1, "approximate_connection_time": ADVERTISED_SECONDS},
            "connection_info": {"app_id": self.hub.seed.app_id},
        }

    def _take_ack(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        waiting = self._waiting.pop(str(message.get("envelope_id")), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(SocketAck(True, message.get("payload")))

    def _give_up_on(self, connection: Connection) -> None:
        for envelope_id in connection.sent:
            waiting = self._waiting.pop(envelope_id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(SocketAck(False, reason="connection_failed"))

    async def send(self, kind: str, payload: Json, within: float, retry: tuple[int, str] | None = None) -> SocketAck:
        """Send one envelope to one connection and wait for its acknowledgement."""
        takers = [c for c in self.connections if not c.leaving]
        if not takers:
            return SocketAck(False, reason="connection_failed")
        self._turn += 1
        taker = takers[self._turn % len(takers)]
        envelope_id = secrets.token_hex(8)
        envelope: Json = {
            "envelope_id": envelope_id,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry[0] if retry else 0, "retry_reason": retry[1] if retry else ""}
        waiting: asyncio.Future[SocketAck] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        taker.sent.append(envelope_id)
        try:
            await taker.socket.send_text(json.dumps(envelope))
            return await asyncio.wait_for(waiting, within)
        except TimeoutError:
            return SocketAck(False, reason="timeout")
        except (WebSocketDisconnect, RuntimeError):
            # Starlette raises either when the peer went away between two frames.
            return SocketAck(False, reason="connection_failed")
        finally:
            self._waiting.pop(envelope_id, None)
            taker.sent.remove(envelope_id)

    async def disconnect(self, reason: str = "refresh_requested") -> int:
        """Ask every connection to come back; returns how many were asked."""
        asked = [c for c in self.connections if not c.leaving]
        for connection in asked:
            connection.leaving = True
            await connection.socket.send_text(
                json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})
            )
        return len(asked)

    async def cut(self) -> int:
        """Close every connection without a word, as a network failure would."""
        asked = list(self.connections)
        for connection in asked:
            connection.leaving = True
            with suppress(RuntimeError):  # it was closing already
                await connection.socket.close(code=1011)
        return len(asked)
