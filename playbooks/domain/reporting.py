"""Running clocks: what must be reported by when, from what is recorded; pure, so that the same record says the same."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from playbooks.domain.drafts.entries import Entry, Point, entries_of
from playbooks.domain.milestones import standing
from playbooks.domain.reporting_file import START_WORDS, Clock, Length, Stage
from playbooks.domain.timeline import Event, EventKind

REPORTABLE = "reportable"
VERDICTS = ("yes", "no", "undecided")
SENT = "sent"
NOT_ADVICE = "A reminder, not legal advice."
_SATURDAY = 5


def later(start: datetime, length: Length, *, working: bool = False, holidays: Collection[date] = ()) -> datetime:
    """The end of a length, UTC: months by the calendar (31 Jan and a month is the last of February), then days, hours.

    Days end at the same time of day in UTC, whatever a local clock does; working days skip Saturdays, Sundays and
    `holidays`. Raises ValueError for a start without a zone.
    """
    if start.tzinfo is None:
        raise ValueError("a clock cannot start at a time without a zone")
    at = _months_later(start.astimezone(UTC), length.months)
    at = _working_days_later(at, length.days, holidays) if working else at + timedelta(days=length.days)
    return at + timedelta(hours=length.hours, minutes=length.minutes)


def _months_later(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return at.replace(year=year, month=month + 1, day=min(at.day, calendar.monthrange(year, month + 1)[1]))


def _working_days_later(at: datetime, days: int, holidays: Collection[date]) -> datetime:
    left = days
    while left:
        at += timedelta(days=1)
        left -= at.weekday() < _SATURDAY and at.date() not in holidays
    return at


@dataclass(frozen=True, slots=True)
class Decided:
    """The newest decision whether an incident is reportable.

    Attributes:
        clocks: all that run, also those an earlier yes named. since: clock -> the yes that named it first.
    """

    verdict: str
    clocks: tuple[str, ...]
    at: Point
    because: str
    since: Mapping[str, Point] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A stage that was sent: the event, and the reference of whoever received it."""

    at: Point
    reference: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one stage of a running clock stands.

    Attributes:
        id, clock: which clock. turn: from 1, of a stage that repeats.
        start: what the length that counts runs from. due_at: None where it has no length, or waits.
        waits: for what, in words; empty where it does not. sent: None while it is not sent.
    """

    id: str
    clock: Clock
    stage: Stage
    turn: int = 1
    start: Point | None = None
    due_at: datetime | None = None
    waits: str = ""
    sent: Sent | None = None

    @property
    def key(self) -> str:
        """`gdpr-33/initial/1`: the same stage of the same clock, however often it is looked at."""
        return f"{self.id}/{self.stage.id}/{self.turn}"


@dataclass(frozen=True, slots=True)
class Record:
    """What is recorded of an incident's reporting."""

    aware: Point | None = None
    decided: Decided | None = None
    resolved: Point | None = None
    sent: Mapping[tuple[str, str], tuple[Sent, ...]] = field(default_factory=dict)


def record_of(events: Sequence[Event]) -> Record:
    """What the chain holds: awareness, the newest decision, the end, and what was sent."""
    entries = entries_of(events)
    sent: dict[tuple[str, str], tuple[Sent, ...]] = {}
    decided = None
    for entry in entries:
        if entry.kind is EventKind.DECISION and entry.text("decision") == REPORTABLE:
            decided = _newer(decided, entry)
        elif entry.kind is EventKind.NOTE and entry.text("phase") == SENT and entry.text("clock"):
            key = (entry.text("clock"), entry.text("stage"))
            sent[key] = (*sent.get(key, ()), Sent(entry.point, entry.text("reference")))
    aware, resolved = standing(entries, EventKind.AWARE), standing(entries, EventKind.RESOLVED)
    return Record(aware.point if aware else None, decided, resolved.point if resolved else None, sent)


def _newer(old: Decided | None, entry: Entry) -> Decided:
    """A yes after a yes adds to it; any other decision takes the place of the one before."""
    if old is not None and old.at.seq > entry.seq:
        return old
    names = entry.payload.get("clocks")
    named = tuple(n for n in names if isinstance(n, str)) if isinstance(names, list | tuple) else ()
    verdict = entry.text("verdict")
    before = old.since if old is not None and old.verdict == verdict == "yes" else {}
    since = {**dict.fromkeys(named, entry.point), **before}
    clocks = tuple(dict.fromkeys((*before, *named)))
    return Decided(verdict, clocks, entry.point, entry.text("because"), since)


def standings(record: Record, clocks: Mapping[str, Clock], *, holidays: Collection[date] = ()) -> tuple[Standing, ...]:
    """Every stage of the clocks that run, in the order in which they were named; none unless it is reportable.

    A clock that is no longer configured does not run.
    """
    if record.decided is None or record.decided.verdict != "yes":
        return ()
    found: list[Standing] = []
    for name in dict.fromkeys(record.decided.clocks):
        clock = clocks.get(name)
        for stage in clock.stages if clock is not None else ():
            assert clock is not None
            found += _standings_of(record, name, clock, stage, holidays)
    return tuple(found)


def _standings_of(record: Record, name: str, clock: Clock, stage: Stage, holidays: Collection[date]) -> list[Standing]:
    done = record.sent.get((name, stage.id), ())
    found = [Standing(name, clock, stage, turn, sent=sent) for turn, sent in enumerate(done, start=1)]
    if done and (not stage.repeats or record.resolved is not None):
        return found
    again = done[-1].at if done else None
    starts = {limit.from_: again or _start(record, name, limit.from_) for limit in stage.due}
    ends = [
        (later(start.at, limit.within, working=clock.count == "working", holidays=holidays), start)
        for limit in stage.due
        if (start := starts[limit.from_]) is not None
    ]
    turn = len(done) + 1
    if not ends:
        missing = [START_WORDS.get(limit.from_, f"{limit.from_} sent") for limit in stage.due]
        return [*found, Standing(name, clock, stage, turn, waits=" or ".join(missing))]
    due_at, start = min(ends, key=lambda end: end[0])
    return [*found, Standing(name, clock, stage, turn, start, due_at)]


def _start(record: Record, name: str, word: str) -> Point | None:
    if word == "aware":
        return record.aware
    if word == "decided":
        return record.decided.since.get(name) if record.decided is not None else None
    if word == "resolved":
        return record.resolved
    sent = record.sent.get((name, word), ())
    return sent[-1].at if sent else None


def running(
    events: Sequence[Event], clocks: Mapping[str, Clock], *, holidays: Collection[date] = ()
) -> tuple[Standing, ...]:
    """`standings` of a chain."""
    return standings(record_of(events), clocks, holidays=holidays)
