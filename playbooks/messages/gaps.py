"""What gaps say: the list to one person, and the weekly posts to teams and operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from playbooks.messages.parts import Who


@dataclass(frozen=True, slots=True)
class GapRow:
    """One gap: where it is, what is lacking, what to do, and since when it is seen (None: not looked at yet)."""

    where: str
    sentence: str
    todo: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class GapList:
    """`/inc gaps`: what the registry leaves open; `registry` says which version is in force, `about` whose gaps."""

    rows: tuple[GapRow, ...]
    more: int = 0
    registry: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class EntryToConfirm:
    """A component in a weekly post or in the Home tab, with its button.

    Attributes:
        entry: hash of the entry the button confirms. more: gaps that are not shown.
        review_due: day of the next review. confirmed_by: who confirmed it since the post was due, then without button.
    """

    component: str
    entry: str
    gaps: tuple[GapRow, ...]
    more: int = 0
    review_due: date | None = None
    overdue: bool = False
    confirmed_by: Who | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TeamGaps:
    """The weekly post in a team's channel: its own components alone; `more` counts components not shown."""

    team: str
    entries: tuple[EntryToConfirm, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class OperatorGaps:
    """The weekly post in the operators' channel: conflicts between imports, what nobody owns, and teams unreached.

    Attributes:
        conflicts: settled by order alone, with how many more. rows: what belongs to no team's post.
        teams: (team, number of gaps), the most first. registry: what stands against today's files.
    """

    conflicts: tuple[GapRow, ...]
    more_conflicts: int
    rows: tuple[GapRow, ...]
    more: int
    teams: tuple[tuple[str, int], ...]
    registry: str = ""
