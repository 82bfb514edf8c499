"""The clock and the ids of a running process; the clock of the demo can be moved on."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock, UTC."""

    def now(self) -> datetime:
        """The time, UTC."""
        return datetime.now(UTC)


class AdvancingClock:
    """The machine's clock plus what it was moved on by; never goes back."""

    def __init__(self, start: datetime | None = None) -> None:
        self._offset = (start - datetime.now(UTC)) if start is not None else timedelta(0)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time, UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, span: timedelta) -> None:
        """Move on by `span`. Raises ValueError for a negative one."""
        if span < timedelta(0):
            raise ValueError("a clock does not go back")
        with self._lock:
            self._offset += span


class RandomIds:
    """Ids sortable by the time they were made: 12 hex digits of milliseconds, 20 of randomness."""

    def new(self) -> str:
        """32 hex digits."""
        return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"

    def salt(self) -> str:
        """16 hex digits."""
        return os.urandom(8).hex()
