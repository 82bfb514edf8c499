"""`/api/metrics`: figures over incidents as JSON, with the groups of a list by cursor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from bot.web.problems import Refused
from bot.web.reading import Closed, Endpoint, Query, page
from playbooks import errors
from playbooks.domain.figures import Group, Grouping, Measure, Spread
from playbooks.plays.figures import Wish, last, summed_up
from playbooks.plays.house import House


class MetricsQuery(Query):
    """What `/api/metrics` takes."""

    days: Annotated[int, Field(ge=1, le=3660)] = 30
    """Length of the period, which ends now."""
    by: Grouping | None = None
    """What `items` are told apart by; without it there are none."""
    name: Annotated[str, Field(max_length=200)] = ""
    """Only incidents of this component, team, severity or failure."""


class MeasureFigures(Closed):
    """One measure over incidents. Lengths are seconds; null where no incident has it."""

    measure: Measure
    means: str
    """From which milestone to which."""
    n: int
    """Incidents that have it."""
    not_recorded: int
    """Incidents that do not: they count nowhere, and never as zero."""
    median: int | None
    p90: int | None
    longest: int | None
    median_before: int | None
    """Of the period of the same length just before."""
    n_before: int


class MetricsGroup(Closed):
    """Incidents of one component, team, severity or failure."""

    key: str
    """Empty where it is not known."""
    incidents: int
    measures: tuple[MeasureFigures, ...]


class MetricsPage(Closed):
    """Figures of the incidents declared in a period that are over."""

    start: datetime
    end: datetime
    incidents: int
    incidents_before: int
    still_open: int
    drills: int
    """Left out of every figure."""
    backfills: int
    """Left out of every figure."""
    pending: int
    """Over, and not counted yet."""
    measures: tuple[MeasureFigures, ...]
    items: tuple[MetricsGroup, ...]
    """The groups, most incidents first."""
    next: str | None
    """The cursor of the next page; null on the last one."""


def _read(house: House, query: MetricsQuery) -> MetricsPage:
    wish = Wish(last(house.now(), timedelta(days=query.days)), query.by, query.name)
    try:
        with house.store.read() as uow:
            found, left = summed_up(house, uow, wish)
    except errors.UnknownName as unknown:
        raise Refused(404, "unknown_name", unknown.sentence) from None
    shown, following = page(found.groups, query, _order)
    return MetricsPage(
        start=found.period.start,
        end=found.period.end,
        incidents=found.count,
        incidents_before=found.before,
        still_open=found.still_open,
        drills=found.drills,
        backfills=found.backfills,
        pending=left,
        measures=_measures(found.now, found.then),
        items=tuple(MetricsGroup(key=g.key, incidents=g.count, measures=_measures(g.now, g.then)) for g in shown),
        next=following,
    )


def _order(group: Group) -> tuple[str, str]:
    return f"{10**9 - group.count:010d}", group.key


def _measures(now: Mapping[Measure, Spread], then: Mapping[Measure, Spread]) -> tuple[MeasureFigures, ...]:
    return tuple(_measure(measure, now[measure], then[measure]) for measure in Measure)


def _measure(measure: Measure, now: Spread, then: Spread) -> MeasureFigures:
    return MeasureFigures(
        measure=measure,
        means=measure.means,
        n=now.n,
        not_recorded=now.missing,
        median=now.median,
        p90=now.p90,
        longest=now.longest,
        median_before=then.median,
        n_before=then.n,
    )


_SUMMARY = "Figures over incidents: how long each part took, from milestones."
METRICS = Endpoint("/api/metrics", _SUMMARY, MetricsQuery, MetricsPage, _read)
