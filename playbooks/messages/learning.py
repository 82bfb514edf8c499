"""What is learned from incidents: the week in figures, and what neighbours are told when a review is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One measure of the week: its median in seconds, and that of the weeks before, None where nothing has it."""

    label: str
    median: int | None
    before: int | None


@dataclass(frozen=True, slots=True)
class Longest:
    """The incident that was silent longest: its name, component (may be empty) and for how many seconds."""

    name: str
    component: str
    seconds: int


@dataclass(frozen=True, slots=True)
class DigestNote:
    """The weekly digest of a team, or of everything where `team` is empty.

    Attributes:
        start, end: the week. count: its incidents that are over. usual: those of the `weeks` before, together.
        again: (incident, the one it repeats); more_again: further ones.
        late: follow-ups overdue: number, holder (actor id), incident, due; more_late: further ones.
        longest: the incident that was silent longest, None where no silence is recorded.
    """

    team: str
    start: datetime
    end: datetime
    count: int
    usual: int
    weeks: int
    rows: tuple[DigestRow, ...]
    again: tuple[tuple[str, str], ...] = ()
    more_again: int = 0
    late: tuple[tuple[int, str, str, datetime], ...] = ()
    more_late: int = 0
    longest: Longest | None = None


@dataclass(frozen=True, slots=True)
class LearnedNote:
    """One line for a team that an incident concerns without having been its own.

    Attributes:
        number, name, title, component: of the incident. team: whose it was. why: what it has to do with the reader.
        left: follow-ups that came of it and are still open.
    """

    number: int
    name: str
    title: str
    component: str
    team: str
    why: str
    left: int = 0
