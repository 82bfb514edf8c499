"""Figures over incidents: kept beside each chain, brought up to date by a tick, summed up for people and programs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.figures import (
    VERSION,
    Figures,
    Group,
    Grouping,
    Measure,
    Period,
    Report,
    Spread,
    figures_of,
    report,
)
from playbooks.domain.links import Room
from playbooks.domain.wording import plain
from playbooks.messages import FigureGroup, FigureRow, FigureView
from playbooks.plays.house import House
from playbooks.ports import UnitOfWork

USUAL = timedelta(days=30)
LONGEST = timedelta(days=3660)
_SLICE = 50
_AT_ONCE, _EVENTS_AT_ONCE = 20, 5000  # what an answer computes itself, so that a person waits for milliseconds
GROUPS = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """Which figures: of a period, told apart by `by`, of one component, team, severity or failure alone."""

    period: Period
    by: Grouping | None = None
    name: str = ""


def last(now: datetime, span: timedelta = USUAL) -> Period:
    """The period up to now."""
    return Period(now - span, now + timedelta(microseconds=1))


# ------------------------------------------------------------------ kept


def bring_up(house: House, limit: int = _SLICE) -> int:
    """Compute what is not kept or not up to date any more, the newest incidents first; returns how many were left.

    A tick calls it: what a chain grows by after its end, and a new version of the computation, are found by condition.
    """
    with house.store.read() as uow:
        stale = uow.stale_figures(VERSION, limit=limit + 1)
        found = [one for number in stale[:limit] if (one := _compute(uow, number)) is not None]
    if found:
        with house.store.begin(lane="alerts") as uow:
            uow.put_figures(found)
    return len(stale) - len(found)


def _compute(uow: UnitOfWork, number: int) -> Figures | None:
    incident = uow.incident(number)
    return figures_of(incident, uow.events(number)) if incident is not None else None


def gather(uow: UnitOfWork, period: Period) -> tuple[list[Figures], int]:
    """Figures of a period, and how many of its incidents are still to be computed: a few are computed here."""
    kept = uow.figures(VERSION, since=period.start, until=period.end)
    stale = uow.stale_figures(VERSION, limit=100_000)
    events, left = 0, 0
    for index, number in enumerate(stale):
        incident = uow.incident(number) if index < _AT_ONCE else None
        events += incident.chain_seq if incident is not None else 0
        if incident is None or events > _EVENTS_AT_ONCE:
            left += 1
        elif period.holds(incident.opened_at):
            kept.append(figures_of(incident, uow.events(number)))
    return kept, left


# ------------------------------------------------------------------ summed up


def summed_up(house: House, uow: UnitOfWork, wish: Wish) -> tuple[Report, int]:
    """The report of a wish, and how many incidents it lacks. Raises UnknownName for a name nothing has."""
    whole = Period(wish.period.before.start, wish.period.end)
    found, left = gather(uow, whole)
    running = [one for one in uow.incidents(open_only=True, limit=10_000) if wish.period.holds(one.opened_at)]
    if wish.name:
        kind, name = _kind_of(house, found, wish.name)
        found = [one for one in found if one.by(kind) == name]
        running = [one for one in running if getattr(one, kind.value) == name]
    return report(found, wish.period, still_open=len(running), by=wish.by), left


def _kind_of(house: House, found: Sequence[Figures], name: str) -> tuple[Grouping, str]:
    """What a name is the name of: a team, a component, a severity, or the failure of an incident."""
    registry, low = house.registry(), name.strip().lower()
    if low in registry.teams:
        return Grouping.TEAM, low
    if low in registry.components:
        return Grouping.COMPONENT, low
    for severity in house.rules.severities:
        if low in (severity.id.lower(), severity.label.lower()):
            return Grouping.SEVERITY, severity.id
    known: dict[str, tuple[Grouping, str]] = {}
    for kind in (Grouping.FAILURE, Grouping.COMPONENT, Grouping.TEAM):
        for one in found:
            known.setdefault(one.by(kind).lower(), (kind, one.by(kind)))
    if low and low in known:
        return known[low]
    names = [*registry.teams, *registry.components, *(s.id for s in house.rules.severities), *known]
    near = difflib.get_close_matches(low, [n for n in names if n], n=3, cutoff=0.6)
    hint = f"Did you mean *{near[0]}*?" if near else f"`{house.rules.root} stats failure` lists what there is."
    raise errors.UnknownName(
        f"I know no team, component, severity or failure *{plain(name, 60)}*.", hint, nearest=tuple(near)
    )


# ------------------------------------------------------------------ for people


def figure_view(house: House, wish: Wish) -> FigureView:
    """`/inc stats`: a few rows with one number each, beside the period before. Raises UnknownName."""
    with house.store.read() as uow:
        found, left = summed_up(house, uow, wish)
    return FigureView(
        about=wish.name,
        days=wish.period.days,
        count=found.count,
        before=found.before,
        still_open=found.still_open,
        drills=found.drills,
        backfills=found.backfills,
        pending=left,
        rows=tuple(_row(measure, found.now[measure], found.then[measure]) for measure in Measure),
        by=wish.by.value if wish.by is not None else "",
        groups=tuple(_group(house, found.grouping, group) for group in found.groups[:GROUPS]),
        more=max(0, len(found.groups) - GROUPS),
        link=house.links.to(Room.STATS, min(wish.period.days, LONGEST.days), now=house.now()),
    )


def _row(measure: Measure, now: Spread, then: Spread) -> FigureRow:
    return FigureRow(measure.label, now.median, now.n, now.missing, now.few, then.median, then.n)


def _group(house: House, by: Grouping | None, group: Group) -> FigureGroup:
    return FigureGroup(key_words(house, by, group.key), group.count, group.now[Measure.RESOLVE].median)


def key_words(house: House, by: Grouping | None, key: str) -> str:
    """A group's key for people: a severity's label; what is not known said so."""
    severity = house.rules.severity(key) if by is Grouping.SEVERITY else None
    return severity.label if severity is not None else key or "not known"
