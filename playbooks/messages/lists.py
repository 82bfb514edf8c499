"""Lists a person asks for: incidents, debts, gaps, the timeline, the summary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Fact, Tag, Who


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident in a list."""

    tag: Tag
    opened_at: datetime
    lead: Who | None
    component: str


@dataclass(frozen=True, slots=True)
class IncidentList:
    """`/inc list`; also what a verb without an incident answers with."""

    rows: tuple[IncidentRow, ...]
    more: int = 0
    heading: str = "Open incidents"


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One line of `/inc timeline`."""

    seq: int
    occurred_at: datetime
    precision: str
    text: str
    actor: Who | None
    corrected: bool
    link: str = ""


@dataclass(frozen=True, slots=True)
class TimelineList:
    """`/inc timeline`: newest last; `earlier` counts what is not shown."""

    tag: Tag
    rows: tuple[TimelineRow, ...]
    earlier: int = 0
    page: str = ""  # address of the incident's page


@dataclass(frozen=True, slots=True)
class Summary:
    """`/inc summary`: what somebody who joins now must know."""

    tag: Tag
    facts: tuple[Fact, ...]
    recent: tuple[TimelineRow, ...]
    open_decisions: tuple[str, ...] = ()
