"""Deliveries to the app: Socket Mode or signed HTTP, three seconds to acknowledge, Slack's retries."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.trust import trusted

from .faults import DeliveryFault, Faults
from .hub import Hub
from .sockets import Sockets
from .state import Json

ACK_SECONDS = 3.0
RETRY_SECONDS = (0.0, 60.0, 300.0)
REDIRECTS = 2
_AGAIN = 0.05


@dataclass
class Attempt:
    """One try: how it went and what came back."""

    transport: str
    number: int
    ok: bool = False
    status: int | None = None
    reason: str = ""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Delivery:
    """One event, command or interaction on its way to the app."""

    kind: str
    payload: Json
    state: str = "pending"
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def event_type(self) -> str:
        """The event's type, or the payload's."""
        event = self.payload.get("event")
        return str(event["type"]) if isinstance(event, dict) else str(self.payload.get("type", self.kind))

    @property
    def done(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in ("pending", "held")

    @property
    def last(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None


class Courier:
    """Carries everything to the app and keeps a log of it."""

    def __init__(self, hub: Hub, sockets: Sockets, faults: Faults) -> None:
        self.hub = hub
        self.sockets = sockets
        self.faults = faults
        self.http_target: str | None = None
        self.ack_seconds = ACK_SECONDS
        self.retry_seconds: tuple[float, ...] = RETRY_SECONDS
        self.deliveries: list[Delivery] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        self._held: list[Delivery] = []
        self._swapped: list[Delivery] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Stop every delivery under way."""
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            # Again: `wait_for` loses a cancellation that comes together with the answer, and a retry is waited for.
            await asyncio.wait(tasks, timeout=_AGAIN)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    # ------------------------------------------------------------------ events

    def post_event(self, payload: Json) -> None:
        """Queue an event from any thread; it leaves on the server's loop."""
        delivery = Delivery("events_api", payload)
        with self.hub.state.lock:
            self.deliveries.append(delivery)
        if self.loop is None or self.loop.is_closed():
            delivery.state = "lost"
            return
        self.loop.call_soon_threadsafe(self._start, delivery)

    def _start(self, delivery: Delivery) -> None:
        fault = self.faults.strike_delivery(delivery.kind, delivery.event_type)
        kind = fault.kind if fault else ""
        if kind == "lose":
            self._mark(delivery, "lost")
        elif kind == "hold":
            delivery.state = "held"
            self._held.append(delivery)
            self.hub.state.changed()
        elif kind == "swap" and fault is not None:
            self._swap(delivery, fault)
        else:
            self._spawn(self._carry(delivery, fault))
            if kind == "duplicate":
                twin = Delivery(delivery.kind, delivery.payload)
                self.deliveries.append(twin)
                self._spawn(self._carry(twin, None))

    def _swap(self, delivery: Delivery, fault: DeliveryFault) -> None:
        self._swapped.append(delivery)
        if len(self._swapped) >= fault.count:
            waiting, self._swapped = self._swapped, []
            self._spawn(self._carry_in_turn(waiting[::-1]))

    async def _carry_in_turn(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            await self._carry(delivery, None)

    def release(self, backwards: bool) -> int:
        """Deliver what was held, one after the other, from any thread."""
        with self.hub.state.lock:
            waiting, self._held = self._held, []
        for delivery in waiting:
            delivery.state = "pending"
        if waiting and self.loop is not None and not self.loop.is_closed():
            ordered = waiting[::-1] if backwards else waiting
            self.loop.call_soon_threadsafe(lambda: self._spawn(self._carry_in_turn(ordered)))
        return len(waiting)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, delivery: Delivery, fault: DeliveryFault | None) -> None:
        if fault is not None and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        for number in range(len(self.retry_seconds) + 1):
            if number:
                await asyncio.sleep(self.retry_seconds[number - 1])
            attempt = await self._attempt(delivery, number, fault)
            if attempt.ok or attempt.headers.get("x-slack-no-retry") == "1":
                break
        self._mark(delivery, "delivered" if attempt.ok else "failed")

    def _mark(self, delivery: Delivery, state: str) -> None:
        with self.hub.state.lock:
            delivery.state = state
        self.hub.state.changed()

    # ------------------------------------------------------------------ commands and interactions

    async def ask(self, kind: str, payload: Json) -> Delivery:
        """Deliver a command or interaction once and wait for its answer; these are never retried."""
        delivery = Delivery(kind, payload)
        with self.hub.state.lock:
            self.deliveries.append(delivery)
        fault = self.faults.strike_delivery(kind, delivery.event_type)
        if fault is not None and fault.kind == "duplicate":
            twin = Delivery(kind, payload)
            self.deliveries.append(twin)
            attempt, _ = await asyncio.gather(self._attempt(delivery, 0, None), self._attempt(twin, 0, None))
            self._mark(twin, "delivered" if twin.last and twin.last.ok else "failed")
        elif fault is not None and fault.kind == "lose":
            attempt = Attempt("none", 0, reason="timeout")
            delivery.attempts.append(attempt)
        else:
            if fault is not None and fault.kind == "late":
                await asyncio.sleep(fault.seconds)
            attempt = await self._attempt(delivery, 0, fault)
        self._mark(delivery, "delivered" if attempt.ok else "failed")
        return delivery

    async def verify_url(self) -> bool:
        """Slack's check of a request URL: the app must answer the challenge."""
        challenge = secrets.token_hex(16)
        body = {"type": "url_verification", "token": "local", "challenge": challenge}
        attempt = await self._by_http(Delivery("events_api", body), 0, None, None)
        said = attempt.body.get("challenge") if isinstance(attempt.body, dict) else attempt.body
        return attempt.ok and said == challenge

    # ------------------------------------------------------------------ one attempt

    async def _attempt(self, delivery: Delivery, number: int, fault: DeliveryFault | None) -> Attempt:
        last = delivery.last
        retry = (number, last.reason if last and last.reason else "http_error") if number else None
        if self.sockets.open_count:
            attempt = await self._by_socket(delivery, number, retry)
        elif self.http_target:
            attempt = await self._by_http(delivery, number, retry, fault)
        else:
            attempt = Attempt("none", number, reason="connection_failed")
        with self.hub.state.lock:
            delivery.attempts.append(attempt)
        self.hub.state.changed()
        return attempt

    async def _by_socket(self, delivery: Delivery, number: int, retry: tuple[int, str] | None) -> Attempt:
        ack = await self.sockets.send(delivery.kind, delivery.payload, self.ack_seconds, retry)
        return Attempt("socket", number, ack.acked, None, ack.reason, ack.payload)

    async def _by_http(
        self, delivery: Delivery, number: int, retry: tuple[int, str] | None, fault: DeliveryFault | None
    ) -> Attempt:
        body, content_type = encode(delivery)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= self.sign(body, fault)
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        attempt = Attempt("http", number)
        try:
            answer = await asyncio.wait_for(self._post(body, headers), self.ack_seconds)
        except TimeoutError:
            attempt.reason = "http_timeout"
        except httpx.TooManyRedirects:
            attempt.reason = "too_many_redirects"
        except httpx.TransportError:
            attempt.reason = "connection_failed"
        else:
            attempt.status = answer.status_code
            attempt.ok = answer.is_success
            attempt.reason = "" if attempt.ok else "http_error"
            attempt.headers = {name.lower(): value for name, value in answer.headers.items()}
            attempt.body = _read(answer)
        return attempt

    async def _post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=True,
                max_redirects=REDIRECTS,
                timeout=self.ack_seconds * 2,
                trust_env=False,
                verify=trusted(),
            )
        try:
            return await self._client.post(str(self.http_target), content=body, headers=headers)
        except AttributeError as lost:  # how anyio tells of a connection that is reset while it is being opened
            raise httpx.ConnectError("The connection was reset.") from lost

    def sign(self, body: bytes, fault: DeliveryFault | None = None) -> dict[str, str]:
        """Slack's two signature headers.

        They use the machine's time whatever the workspace's clock says: the app checks them against its own.
        """
        secret = "not the secret" if fault and fault.kind == "forge" else self.hub.seed.signing_secret
        age = fault.seconds if fault and fault.kind == "stale" else 0.0
        stamp = str(int(time.time() - age))
        digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def encode(delivery: Delivery) -> tuple[bytes, str]:
    """The body of an HTTP delivery and its content type."""
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload).encode(), "application/json"
    form = delivery.payload if delivery.kind == "slash_commands" else {"payload": json.dumps(delivery.payload)}
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _read(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    if "json" in answer.headers.get("content-type", ""):
        try:
            return answer.json()
        except ValueError:
            return answer.text
    return answer.text
