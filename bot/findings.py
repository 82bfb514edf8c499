"""What a look at the set-up found: the rows of `muster doctor`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is. With an error the bot would not do its work."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was seen, and what to do about it."""

    level: Level
    what: str
    sentence: str
    next_step: str = ""

    def line(self) -> str:
        """For a terminal."""
        mark = {Level.OK: "✓", Level.WARNING: "!", Level.ERROR: "✗"}[self.level]
        return f"{mark} {self.what:10} {self.sentence}" + (f"\n{'':13}→ {self.next_step}" if self.next_step else "")

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return {key: str(value) for key, value in asdict(self).items()}


def ok(what: str, sentence: str) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, what, sentence)
