"""Figures over incidents, for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One measure: its median in seconds, None where no incident has it; `n` of them do, `missing` do not.

    Attributes:
        few: too few to compare. before, before_n: the same of the period before.
    """

    label: str
    median: int | None
    n: int
    missing: int
    few: bool = False
    before: int | None = None
    before_n: int = 0


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """Incidents of one component, team, severity or failure, and the median of their time to resolve in seconds."""

    name: str
    count: int
    resolve: int | None


@dataclass(frozen=True, slots=True)
class FigureView:
    """`/inc stats`.

    Attributes:
        about: a component, team, severity or failure; empty for everything. days: length of the period up to now.
        count: incidents of the period that are over. before: of the period before. still_open: not over.
        drills, backfills: left out of every figure. pending: over, and not computed yet.
        by: what `groups` are told apart by; `more` of them are not shown. link: the page with charts, may be empty.
    """

    about: str
    days: int
    count: int
    before: int
    still_open: int
    drills: int
    backfills: int
    pending: int
    rows: tuple[FigureRow, ...]
    by: str = ""
    groups: tuple[FigureGroup, ...] = ()
    more: int = 0
    link: str = ""
