"""What Slack asked to wait for: the calls behind a refused one wait too, and do not ask in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_BY_CHANNEL = frozenset({"chat.postMessage", "chat.postEphemeral"})
"""Limited for each channel by itself; other methods have one limit for the workspace.

https://docs.slack.dev/apis/web-api/rate-limits
"""


class Pauses:
    """Methods that are to be left alone, and until when; of this process alone.

    Args:
        now: seconds of a clock that only goes forward.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def left(self, method: str, channel: str) -> float:
        """Seconds until it may be called again, 0 when it may now."""
        key = _key(method, channel)
        with self._lock:
            left = self._until.get(key, 0.0) - self._now()
            if left <= 0:
                self._until.pop(key, None)
            return max(0.0, left)

    def told(self, method: str, channel: str, seconds: float) -> None:
        """Slack answered 429, with so many seconds to wait."""
        key = _key(method, channel)
        with self._lock:
            self._until[key] = max(self._until.get(key, 0.0), self._now() + seconds)


def _key(method: str, channel: str) -> tuple[str, str]:
    return method, channel if method in _BY_CHANNEL else ""
