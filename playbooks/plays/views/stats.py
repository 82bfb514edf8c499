"""The page of figures: read from kept rows, summed up in every way at once."""

from __future__ import annotations

from datetime import timedelta

from playbooks import errors
from playbooks.domain.figures import Grouping, Period, groups_of, report
from playbooks.domain.links import Room
from playbooks.figure_page import figures_page
from playbooks.pages import Page
from playbooks.plays.figures import LONGEST, gather, last
from playbooks.plays.house import House

PERIODS = (7, 30, 90, 365)
"""Lengths in days that a page leads to."""


def stats_page(house: House, days: int, until: str = "") -> Page:
    """The figures of so many days up to now; `until` is the end of the link that opened it, for those to other periods.

    Raises UnknownName for a period of no length or of more than ten years, `errors.ConfigError` for a template.
    """
    if not 1 <= days <= LONGEST.days:
        raise errors.UnknownName(f"There are no figures of {days} days.", "A period has 1 to 3660 days.")
    now = house.now()
    period = last(now, timedelta(days=days))
    with house.store.read() as uow:
        found, left = gather(uow, Period(period.before.start, period.end))
        running = sum(period.holds(one.opened_at) for one in uow.incidents(open_only=True, limit=10_000))
    return figures_page(
        report(found, period, still_open=running),
        {by: groups_of(found, period, by) for by in Grouping},
        [one for one in found if period.holds(one.opened_at)],
        shown_at=now,
        pending=left,
        periods=[(f"{n} days", _other(house, n, days, until)) for n in PERIODS] if until else (),
        severities={s.id: s.label for s in house.rules.severities},
        templates=house.rules.templates,
    )


def _other(house: House, days: int, here: int, until: str) -> str:
    return "" if days == here else house.links.beside(Room.STATS, days, until=until)
