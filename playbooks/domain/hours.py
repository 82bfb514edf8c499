"""Hours of a right: a weekly window in a time zone, written `mon-fri 09:00-18:00 Europe/Vienna`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from playbooks.domain.file_values import zone_name

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d|24:00"
HOURS_PATTERN = (
    rf"^(?:{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)* )?"
    rf"(?:{_CLOCK})-(?:{_CLOCK})(?: [A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*)?$"
)
_PARTS = re.compile(
    rf"^(?:(?P<days>{_DAY}[a-z,-]*) )?(?P<start>{_CLOCK})-(?P<end>{_CLOCK})(?: (?P<zone>\S+))?$", re.IGNORECASE
)
_WHOLE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A weekly window.

    Attributes:
        days: weekdays it begins on, 0 is Monday. start, end: time since midnight on the wall; an end at or before the
            start is on the next day. zone: name of the time zone whose wall clock counts.
    """

    days: frozenset[int]
    start: timedelta
    end: timedelta
    zone: str

    @property
    def length(self) -> timedelta:
        """How long it is open on one of its days."""
        return self.end - self.start + (timedelta(0) if self.end > self.start else _WHOLE_DAY)

    def hold(self, at: datetime) -> bool:
        """Whether a moment (with its zone) is inside, by the wall clock of the window's zone."""
        local = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        midnight = datetime.combine(local.date(), time())
        since = local - midnight
        if local.weekday() in self.days and self.start <= since < self.start + self.length:
            return True
        yesterday = (local.weekday() - 1) % 7
        return yesterday in self.days and since + _WHOLE_DAY < self.start + self.length

    @property
    def always(self) -> bool:
        """Whether no moment is outside."""
        return len(self.days) == len(DAYS) and self.length >= _WHOLE_DAY


@lru_cache(maxsize=512)
def parse_hours(text: str) -> Hours:
    """`[days ]HH:MM-HH:MM[ zone]`; without days every day, without a zone UTC. Raises ValueError with what is wrong."""
    found = _PARTS.match(text.strip())
    if found is None:
        raise ValueError("must be days, times and a zone such as mon-fri 09:00-18:00 Europe/Vienna")
    start, end = _since_midnight(found["start"]), _since_midnight(found["end"])
    if start >= _WHOLE_DAY:
        raise ValueError("cannot begin at 24:00; write 00:00 of the next day")
    zone = zone_name(found["zone"]) if found["zone"] else "UTC"
    return Hours(_days(found["days"]), start, end, zone)


def checked_hours(text: str) -> str:
    """The text as it is, once it can be read. Raises ValueError."""
    parse_hours(text)
    return text


def _since_midnight(clock: str) -> timedelta:
    hour, minute = clock.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _days(text: str | None) -> frozenset[int]:
    if not text:
        return frozenset(range(len(DAYS)))
    found: set[int] = set()
    for part in text.lower().split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"there is no day {part}; days are {', '.join(DAYS)}")
        begin = DAYS.index(first)
        found.update((begin + more) % 7 for more in range((DAYS.index(last or first) - begin) % 7 + 1))
    return frozenset(found)
