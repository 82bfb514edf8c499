"""One writer per process: people who wait go first, alert batches and jobs by turns after them."""

from __future__ import annotations

import threading
from collections import deque

from playbooks import errors

# Who goes first. Alerts and jobs share a place: before alerts, the jobs of fifty incidents that open together let no
# batch in for two seconds; behind them, nobody would be told while a storm lasts.
_PLACES = {"people": 0, "alerts": 1, "jobs": 1}
LANES = tuple(_PLACES)


class Gate:
    """A lock handed to people before all others, else in order of arrival.

    Nobody who holds it is interrupted, so a person waits for one batch at most.
    """

    def __init__(self, patience: float = 30.0) -> None:
        self._patience = patience
        self._mutex = threading.Lock()
        self._waiting: dict[int, deque[threading.Event]] = {place: deque() for place in sorted(_PLACES.values())}
        self._held = False
        self._holder: int | None = None

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._mutex:
            return sum(map(len, self._waiting.values()))

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
                self._waiting[_PLACES[lane]].append(turn)
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
            self._waiting[_PLACES[lane]].remove(turn)
            return False

    def leave(self) -> None:
        """Hand it on."""
        with self._mutex:
            self._holder = None
            for queue in self._waiting.values():
                if queue:
                    queue.popleft().set()
                    return
            self._held = False
