"""What a job body answers: done, or again at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to do for what was wanted."""


@dataclass(frozen=True, slots=True)
class Later:
    """There is more to do, not before `at` (UTC). Not a failure."""

    at: datetime


RunResult = Done | Later
DONE = Done()
