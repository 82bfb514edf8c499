"""One writer per process, in two lanes: people who wait go before alert batches that wait."""

from __future__ import annotations

import threading
from collections import deque

from playbooks import errors

LANES = ("people", "alerts")


class Gate:
    """A lock handed on in order of arrival within a lane, and `people` before `alerts`.

    Nobody who holds it is interrupted, so a person waits for one batch at most.
    """

    def __init__(self, patience: float = 30.0) -> None:
        self._patience = patience
        self._mutex = threading.Lock()
        self._waiting: dict[str, deque[threading.Event]] = {lane: deque() for lane in LANES}
        self._held = False
        self._holder: int | None = None

    @property
    def waiting(self) -> dict[str, int]:
        """How many wait in each lane."""
        with self._mutex:
            return {lane: len(queue) for lane, queue in self._waiting.items()}

    @property
    def mine(self) -> bool:
        """Whether the calling thread holds it."""
        return self._holder == threading.get_ident()

    def enter(self, lane: str) -> None:
        """Wait for one's turn.

        Raises:
            errors.StoreBusy: when the turn did not come in time.
            RuntimeError: when this thread holds it already; waiting would never end.
        """
        if self.mine:
            raise RuntimeError("a transaction is already open in this thread; use that one")
        turn = threading.Event()
        with self._mutex:
            if self._held:
                self._waiting[lane].append(turn)
            else:
                self._held = True
                turn.set()
        if not turn.wait(self._patience) and not self._leave(lane, turn):
            raise errors.StoreBusy("The database is busy with other writes.", "Try again in a moment.")
        self._holder = threading.get_ident()

    def _leave(self, lane: str, turn: threading.Event) -> bool:
        """Give up waiting; True when the turn came just now after all."""
        with self._mutex:
            if turn.is_set():
                return True
            self._waiting[lane].remove(turn)
            return False

    def leave(self) -> None:
        """Hand it on."""
        with self._mutex:
            self._holder = None
            for lane in LANES:
                if self._waiting[lane]:
                    self._waiting[lane].popleft().set()
                    return
            self._held = False
