"""The debt ledger and its standing entries: accepted risks and freezes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Who


@dataclass(frozen=True, slots=True)
class EntryNote:
    """An accepted risk, a freeze or an owed review, edited until it is over.

    Attributes:
        entry: its number. kind: `accepted_risk`, `freeze`, or what is owed a review. what: the kind in words.
        stops: of a freeze, that stopping it is not blocked.
        phase: `on`, `warning` (ends soon), `ended` (asks who answers), `over` (its end has passed, and another message
            asks), `closed`.
        holder: who answers for it. may_end: who may end it, the holder left out.
        closed_by: None where it ended by itself. why: words with which it was closed. changes: made in spite of it.
    """

    entry: int
    kind: str
    component: str
    phase: str
    reason: str
    holder: Who
    since: datetime
    due_at: datetime
    may_end: tuple[Who, ...] = ()
    incident: str = ""
    closed_at: datetime | None = None
    closed_by: Who | None = None
    why: str = ""
    changes: int = 0
    what: str = ""
    stops: bool = False


@dataclass(frozen=True, slots=True)
class DebtRow:
    """One entry of the debt ledger: what stands against the normal state, since when, and who holds it.

    Attributes:
        number: of `D-118`; 0 for what is read from the registry and the alerts. holder: a person, or the team.
        note: one clause more (`changed 2 times in spite of it`). review: closed by a review, not by its end.
    """

    number: int
    what: str
    component: str
    holder: Who
    reason: str
    since: datetime
    due_at: datetime
    age: str
    overdue: bool
    incident: str = ""
    team: str = ""
    note: str = ""
    review: bool = False


@dataclass(frozen=True, slots=True)
class TeamRow:
    """What a team holds: entries, overdue ones, and since when the oldest stands."""

    team: str
    entries: int
    overdue: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class DebtList:
    """`/inc debt [team, component or person] [page]`: overdue first, then the oldest; `more` counts what follows.

    Attributes:
        about: a team or component, `@omar` for a person; empty for everything. person: that person.
        teams: the ledger by team where several hold something. ages: (bucket, entries), the oldest first.
        total, overdue: of the whole list. page: from 1. week: day of the weekly post (`2026-11-23`), empty for an
            answer. late: when a weekly post was due that comes late. title: what it is a list of.
    """

    rows: tuple[DebtRow, ...]
    more: int = 0
    about: str = ""
    person: Who | None = None
    teams: tuple[TeamRow, ...] = ()
    ages: tuple[tuple[str, int], ...] = ()
    total: int = 0
    overdue: int = 0
    page: int = 1
    week: str = ""
    late: datetime | None = None
    title: str = "Debt"
