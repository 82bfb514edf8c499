"""Requests with a wrong secret: counted as they come, told to the operator in Slack."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from playbooks import errors
from playbooks.plays.house import House, want
from playbooks.ports import Surface


@dataclass(slots=True)
class Refusals:
    """Requests with a wrong secret are silent loss at the sender: counted here, told to the operator in Slack."""

    house: House
    _counts: Counter[str] = field(default_factory=Counter)
    _told: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, source_name: str, why: str) -> None:
        """Count one; cheap, called per request."""
        with self._lock:
            self._counts[source_name] += 1

    def tell(self) -> None:
        """Tell the triage channel what was counted: one message an hour and source, edited while the count grows."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            self._write(counts)
        except errors.MusterError:
            with self._lock:
                self._counts += counts
            raise

    def _write(self, counts: Counter[str]) -> None:
        triage = self.house.rules.triage_channel
        with self.house.store.begin(lane="alerts") as uow:
            now = self.house.now()
            told = Counter({key: n for key, n in self._told.items() if key.endswith(f"{now:%Y%m%d%H}")})
            for name, number in counts.items():
                key = f"post:secret:{name}:{now:%Y%m%d%H}"
                told[key] += number
                text = f"{told[key]} requests to the source `{name}` had a wrong or missing secret."
                uow.notice(f"secret:{name}", text, now=now)
                if triage:
                    want(uow, Surface(key, "post", triage, payload={"text": text}), now=now)
        self._told = told
