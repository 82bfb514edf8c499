"""The debt ledger as people read it: what stands against the normal state, how old it is, who holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from playbooks.domain.actions import Override

BREAK_GLASS = "break_glass"
DISABLE = "disable"
REVIEW_WITHIN = timedelta(days=3)


class Age(StrEnum):
    """Age buckets, by the time since an entry began."""

    DAY = "under a day"
    WEEK = "under a week"
    MONTH = "under a month"
    OLDER = "over a month"


def age_of(since: datetime, now: datetime) -> Age:
    """The bucket of an entry."""
    old = now - since
    if old < timedelta(days=1):
        return Age.DAY
    if old < timedelta(days=7):
        return Age.WEEK
    return Age.MONTH if old < timedelta(days=30) else Age.OLDER


@dataclass(frozen=True, slots=True)
class Debt:
    """An entry of the ledger with its age. `overdue`: its end or its review has passed."""

    entry: Override
    age: Age
    overdue: bool


def ledger(entries: list[Override], now: datetime) -> list[Debt]:
    """Entries with their age, overdue ones first, then the oldest."""
    found = [Debt(e, age_of(e.since, now), now >= e.due_at) for e in entries]
    return sorted(found, key=lambda d: (not d.overdue, d.entry.since, d.entry.id))
