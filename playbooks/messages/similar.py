"""What came before an incident that is like it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Tag


@dataclass(frozen=True, slots=True)
class SimilarRow:
    """One earlier incident.

    Attributes:
        why: by what it is alike, and when it ended (`same component and failure, 3 weeks ago`).
        done: actions whose effect was read back then, in words.
        left: follow-ups of it not done when this one began: number, type (may be empty), due, whether overdue.
    """

    number: int
    name: str
    title: str
    why: str
    done: tuple[str, ...] = ()
    left: tuple[tuple[int, str, datetime, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class SimilarNote:
    """Posted once in a new incident's channel, closest first."""

    tag: Tag
    rows: tuple[SimilarRow, ...]
