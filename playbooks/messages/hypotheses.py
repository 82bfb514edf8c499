"""What people think is going on, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Tag, Who


@dataclass(frozen=True, slots=True)
class HypothesisRow:
    """One hypothesis: `state` is open, confirmed or refuted; `seq` its number in the timeline."""

    seq: int
    text: str
    at: datetime
    state: str
    by: Who | None


@dataclass(frozen=True, slots=True)
class HypothesisList:
    """`/inc think`: every hypothesis of an incident, in order; the open ones can be settled."""

    tag: Tag
    rows: tuple[HypothesisRow, ...]
