"""Faults on demand: what goes wrong with the app's next calls, and with the next deliveries to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

CallKind = Literal["status", "error", "drop", "slow"]
DeliveryKind = Literal["duplicate", "hold", "late", "swap", "forge", "stale", "lose"]


@dataclass
class CallFault:
    """What happens to the next ``times`` calls of a method (``None``: until cleared)."""

    kind: CallKind
    method: str
    channel: str | None = None
    times: int | None = 1
    status: int = 200
    retry_after: int = 1
    error: str = ""
    extra: dict[str, Any] | None = None
    seconds: float = 0.0
    before: bool = False

    def matches(self, method: str, channel: str) -> bool:
        """Whether it strikes this call."""
        return self.method in ("*", method) and self.channel in (None, channel)


@dataclass
class DeliveryFault:
    """What happens to the next ``times`` deliveries of a kind (``*``: any; or an event type)."""

    kind: DeliveryKind
    target: str = "*"
    times: int | None = 1
    seconds: float = 0.0
    count: int = 2

    def matches(self, kind: str, event_type: str) -> bool:
        """Whether it strikes this delivery."""
        return self.target in ("*", kind, event_type)


class Faults:
    """The list of faults waiting to strike; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[CallFault] = []
        self._deliveries: list[DeliveryFault] = []
        self.expire_triggers_hook: Callable[[int], None] = lambda times: None
        self.release_hook: Callable[[bool], int] = lambda backwards: 0

    # ------------------------------------------------------------------ calls of the app

    def rate_limited(
        self, method: str, times: int | None = 1, *, retry_after: int = 1, channel: str | None = None
    ) -> None:
        """429 with ``Retry-After``; the call has no effect."""
        self._add(CallFault("status", method, channel, times, 429, retry_after))

    def server_error(
        self, method: str, times: int | None = 1, *, status: int = 500, channel: str | None = None
    ) -> None:
        """A 5xx without effect."""
        self._add(CallFault("status", method, channel, times, status))

    def drop_after_receive(self, method: str, times: int | None = 1, *, channel: str | None = None) -> None:
        """The call takes effect, then the connection closes without an answer."""
        self._add(CallFault("drop", method, channel, times))

    def drop_before(self, method: str, times: int | None = 1, *, channel: str | None = None) -> None:
        """The connection closes without an answer and without effect."""
        self._add(CallFault("drop", method, channel, times, before=True))

    def slow(self, method: str, seconds: float, times: int | None = 1, *, channel: str | None = None) -> None:
        """The answer comes after ``seconds``."""
        self._add(CallFault("slow", method, channel, times, seconds=seconds))

    def refuse(
        self, method: str, error: str, times: int | None = 1, *, channel: str | None = None, **extra: Any
    ) -> None:
        """``ok: false`` with any of Slack's error codes, and what comes next to it."""
        self._add(CallFault("error", method, channel, times, error=error, extra=extra))

    # ------------------------------------------------------------------ deliveries to the app

    def duplicate(self, target: str = "events_api", times: int | None = 1) -> None:
        """The same event twice, with the same event id."""
        self._add_delivery(DeliveryFault("duplicate", target, times))

    def hold(self, target: str = "events_api", times: int | None = None) -> None:
        """Nothing is delivered until :meth:`release`: late delivery without waiting for a clock."""
        self._add_delivery(DeliveryFault("hold", target, times))

    def late(self, seconds: float, target: str = "events_api", times: int | None = 1) -> None:
        """Delivered ``seconds`` later."""
        self._add_delivery(DeliveryFault("late", target, times, seconds))

    def out_of_order(self, count: int = 2, target: str = "events_api") -> None:
        """The next ``count`` events arrive last one first."""
        self._add_delivery(DeliveryFault("swap", target, count, count=count))

    def lose(self, target: str = "events_api", times: int | None = 1) -> None:
        """Never delivered: Slack's events are best effort."""
        self._add_delivery(DeliveryFault("lose", target, times))

    def forged_signature(self, target: str = "*", times: int | None = 1) -> None:
        """Signed with another secret (HTTP only)."""
        self._add_delivery(DeliveryFault("forge", target, times))

    def stale_signature(self, target: str = "*", times: int | None = 1, *, seconds: float = 301) -> None:
        """Signed correctly, ``seconds`` ago (HTTP only)."""
        self._add_delivery(DeliveryFault("stale", target, times, seconds))

    def expired_triggers(self, times: int = 1) -> None:
        """The next trigger ids are already too old when they arrive."""
        self.expire_triggers_hook(times)

    def release(self, *, backwards: bool = False) -> int:
        """Deliver what :meth:`hold` held and stop holding; returns how many there were."""
        with self._lock:
            self._deliveries = [fault for fault in self._deliveries if fault.kind != "hold"]
        return self.release_hook(backwards)

    def clear(self) -> None:
        """Forget every fault, and deliver what was held."""
        with self._lock:
            self._calls.clear()
            self._deliveries.clear()
        self.release_hook(False)

    # ------------------------------------------------------------------ striking

    def _add(self, fault: CallFault) -> None:
        with self._lock:
            self._calls.append(fault)

    def _add_delivery(self, fault: DeliveryFault) -> None:
        with self._lock:
            self._deliveries.append(fault)

    def strike_call(self, method: str, channel: str) -> list[CallFault]:
        """The faults of this call: any delay, then the first other one."""
        with self._lock:
            slow = next((f for f in self._calls if f.kind == "slow" and f.matches(method, channel)), None)
            other = next((f for f in self._calls if f.kind != "slow" and f.matches(method, channel)), None)
            struck = [fault for fault in (slow, other) if fault is not None]
            self._calls = [fault for fault in self._calls if not (fault in struck and _spend(fault))]
            return struck

    def strike_delivery(self, kind: str, event_type: str) -> DeliveryFault | None:
        """The fault of this delivery, if any."""
        with self._lock:
            struck = next((f for f in self._deliveries if f.matches(kind, event_type)), None)
            if struck is not None and _spend(struck):
                self._deliveries.remove(struck)
            return struck


def _spend(fault: CallFault | DeliveryFault) -> bool:
    """Count one strike; True when the fault is used up."""
    if fault.times is None:
        return False
    fault.times -= 1
    return fault.times <= 0
