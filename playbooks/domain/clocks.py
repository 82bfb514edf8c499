"""Spans and moments as people write them; nothing is guessed where two readings exist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from playbooks.domain.timeline import Precision
from playbooks.domain.wording import plain
from playbooks.errors import InputError

MAX_SPAN = timedelta(days=3660)
_LONGEST_TEXT = 64

_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_UNITS = {
    "w": "w wk wks week weeks",
    "d": "d day days",
    "h": "h hr hrs hour hours",
    "m": "m min mins minute minutes",
    "s": "s sec secs second seconds",
}
_UNIT = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_PART = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([a-z]+)\s*(?:,|and\b)?\s*")
_ISO = re.compile(r"P(?:([0-9]{1,6})W)?(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?)?")


def _bad_span(text: str, why: str = "") -> InputError:
    said = f"I can't read `{plain(text, _LONGEST_TEXT)}` as a length of time{why}."
    return InputError(said, "Write it like `4h`, `30m` or `1d12h`.", code="bad_span")


def parse_span(text: str) -> timedelta:
    """Length of time from `4h`, `30m`, `1d12h`, `90 min`, `1 h 30 min` or ISO 8601 `PT4H`.

    Raises InputError (`bad_span`) for anything else, for nothing (`0m`) and for more than `MAX_SPAN`. ISO months and
    years have no fixed length and are refused.
    """
    word = text.strip()
    if len(word) > _LONGEST_TEXT:
        raise _bad_span(text)
    seconds = _iso_seconds(word, text) if word[:1] in ("P", "p") else _word_seconds(word.lower(), text)
    if seconds <= 0:
        raise _bad_span(text, ": it must be more than nothing")
    if seconds > MAX_SPAN.total_seconds():
        raise _bad_span(text, ": it is longer than ten years")
    return timedelta(seconds=seconds)


def _iso_seconds(word: str, text: str) -> float:
    found = _ISO.fullmatch(word.upper())
    if found is None or word.upper().endswith("T"):
        raise _bad_span(text)
    return float(sum(int(n or 0) * _SECONDS[u] for n, u in zip(found.groups(), "wdhms", strict=True)))


def _word_seconds(word: str, text: str) -> float:
    at, seconds, last = 0, 0.0, float("inf")
    while at < len(word):
        part = _PART.match(word, at)
        unit = _UNIT.get(part[2], "") if part else ""
        if part is None or not unit or _SECONDS[unit] >= last:
            raise _bad_span(text)
        seconds += float(part[1]) * _SECONDS[unit]
        last, at = _SECONDS[unit], part.end()
    if not word:
        raise _bad_span(text)
    return seconds


def iso_span(span: timedelta) -> str:
    """ISO 8601 with days, hours, minutes, seconds: `P1DT12H`, `PT0S`. Exact to the second; negative is refused."""
    total = int(span.total_seconds())
    if total < 0:
        raise ValueError("a length of time cannot be negative")
    days, rest = divmod(total, 86400)
    parts = [f"{n}{u}" for n, u in ((rest // 3600, "H"), (rest % 3600 // 60, "M"), (rest % 60, "S")) if n]
    body = (f"{days}D" if days else "") + (f"T{''.join(parts)}" if parts else "")
    return f"P{body}" if body else "PT0S"


def say_span(span: timedelta) -> str:
    """For people, rounded down: `3 d 1 h`, `3 h 45 min`, `51 min`, `1 min 48 s`, `41 s`. Days are never lost."""
    total = int(abs(span).total_seconds())
    sign = "-" if span < timedelta(0) and total else ""
    days, hours, minutes, seconds = total // 86400, total % 86400 // 3600, total % 3600 // 60, total % 60
    if days:
        parts = [(days, "d"), (hours, "h")]
    elif hours:
        parts = [(hours, "h"), (minutes, "min")]
    elif minutes >= 10:
        parts = [(minutes, "min")]
    else:
        parts = [(minutes, "min"), (seconds, "s")]
    return sign + (" ".join(f"{n} {u}" for n, u in parts if n) or "0 s")


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as somebody wrote it.

    Attributes:
        at: UTC. precision: how exact the words were.
        entered_tz: zone they were read in (`Europe/Berlin`, `UTC`, `+02:00`).
        old: more than 24 h before now; ask before it enters a timeline.
    """

    at: datetime
    precision: Precision
    entered_tz: str
    old: bool = False


_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:\s*(am|pm)\b)?", re.IGNORECASE)
_HOUR = re.compile(r"(?<![0-9:.])([0-9]{1,2})\s*(am|pm)\b", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})?")
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}


def _bad_time(text: str, why: str, next_step: str = "", code: str = "bad_time") -> InputError:
    shown = plain(text, _LONGEST_TEXT)
    return InputError(
        f"`{shown}` {why}.", next_step or "Write it like `10:42`, `10m ago` or `2026-11-21 02:31`.", code=code
    )


def zone_name(tz: tzinfo) -> str:
    """`Europe/Berlin`, `UTC` or `UTC+02:00`."""
    return getattr(tz, "key", None) or str(tz)


def zone_of(name: str) -> tzinfo:
    """The zone called so: `UTC`, `+02:00`, `Europe/Berlin`. Raises InputError (`bad_zone`)."""
    try:
        return _zone(name.strip(), name)[0]
    except InputError:
        said = f"I don't know a zone `{plain(name, _LONGEST_TEXT)}`."
        raise InputError(said, "Write it like `Europe/Berlin`, `UTC` or `+02:00`.", code="bad_zone") from None


def parse_when(text: str, now: datetime, tz: tzinfo) -> Moment:
    """A past moment: `now`, `10m ago`, `10:42`, `yesterday 22:10`, `2026-11-21 02:31`, each with an optional zone.

    Args:
        text: what was written. now: the time, tz-aware. tz: zone of the writer, for words without one.
    Raises:
        InputError: `bad_time` (not readable), `future_time`, `no_such_time` (skipped by a clock change),
            `ambiguous_time` (two readings, both named).
    """
    words = " ".join(text.split())
    if words.lower() in ("now", "just now"):
        return Moment(now.astimezone(UTC), Precision.EXACT, zone_name(tz))
    if words.lower().endswith(" ago"):
        span = parse_span(words[:-4])
        at = (now - span).astimezone(UTC)
        return Moment(at, _span_precision(span), zone_name(tz), span > timedelta(days=1))
    wish = _Wish.read(text, now, tz)
    if wish.clock is None:
        raise _bad_time(text, "has no time of day")
    candidates = wish.readings(text)
    past = [at for at in candidates if at <= now]
    if not past:
        hint = f"For last night write `yesterday {wish.clock:%H:%M}`." if wish.bare else ""
        raise _bad_time(text, "is still to come", hint, code="future_time")
    at = _only(past, text, wish)
    return Moment(at, wish.precision, wish.zone, now - at > timedelta(days=1))


def _span_precision(span: timedelta) -> Precision:
    return Precision.MINUTE if span < timedelta(hours=2) else Precision.APPROX


def parse_until(text: str, now: datetime, tz: tzinfo) -> Moment:
    """A moment to come: `4h`, `for 4h`, `06:37` (the next one), `6am`, `tomorrow 09:00`, `2026-11-25` (that day's end).

    Args and errors as in `parse_when`; `past_time` where it is over.
    """
    words = " ".join(text.split())
    for lead in ("for ", "until ", "in "):
        words = words.removeprefix(lead)
    words = _HOUR.sub(r"\1:00 \2", words)  # before it is taken for a length of time
    if words[:1] in ("P", "p") or (_PART.match(words.lower()) and ":" not in words and not _DATE.match(words)):
        return Moment((now + parse_span(words)).astimezone(UTC), Precision.EXACT, zone_name(tz))
    wish = _Wish.read(words, now, tz)
    whole_day = wish.clock is None
    if whole_day:
        wish = wish.with_clock(time(23, 59))
    coming = [at for at in wish.readings(words) if at > now]
    if not coming and wish.bare:
        wish = wish.on(wish.day + timedelta(days=1))
        coming = [at for at in wish.readings(words) if at > now]
    if not coming:
        raise _bad_time(text, "is already over", "Write it like `4h`, `06:37` or `2026-11-25`.", code="past_time")
    return Moment(_only(coming, words, wish), Precision.DAY if whole_day else wish.precision, wish.zone)


@dataclass(frozen=True, slots=True)
class _Wish:
    """Day, time of day and zone as read; `bare` when no day was named."""

    day: date
    clock: time | None
    tz: tzinfo
    zone: str
    precision: Precision
    bare: bool

    @classmethod
    def read(cls, text: str, now: datetime, tz: tzinfo) -> _Wish:
        words = " ".join(text.replace(",", " ").split())
        if not words or len(words) > _LONGEST_TEXT:
            raise _bad_time(text, "is no time I can read")
        words = words.removeprefix("at ")
        day_text, rest = _split_day(words)
        found = _CLOCK.match(rest)
        zone_text = rest[found.end() :].strip() if found else rest.strip()
        zone, name = _zone(zone_text, text) if zone_text else (tz, zone_name(tz))
        today = now.astimezone(zone).date()
        clock, precision = _time_of_day(found, text)
        try:
            day = (
                today + timedelta(days=_DAYS[day_text])
                if day_text in _DAYS
                else date.fromisoformat(day_text or str(today))
            )
        except ValueError:
            raise _bad_time(text, "names a day that does not exist") from None
        return cls(day, clock, zone, name, precision, not day_text)

    def with_clock(self, clock: time) -> _Wish:
        return _Wish(self.day, clock, self.tz, self.zone, self.precision, self.bare)

    def on(self, day: date) -> _Wish:
        return _Wish(day, self.clock, self.tz, self.zone, self.precision, self.bare)

    def readings(self, text: str) -> list[datetime]:
        """The one or two moments (UTC) this local time stands for. Raises InputError where there is none."""
        local = datetime.combine(self.day, self.clock or time(0), self.tz)
        try:
            both = [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
            real = [at for at in both if at.astimezone(self.tz).replace(tzinfo=None) == local.replace(tzinfo=None)]
        except OverflowError:
            raise _bad_time(text, "is no time I can read") from None
        if not real:
            raise _bad_time(text, f"did not exist in {self.zone}: the clocks were put forward", code="no_such_time")
        return sorted(set(real))


def _only(readings: list[datetime], text: str, wish: _Wish) -> datetime:
    if len(readings) == 1:
        return readings[0]
    first, second = (f"`{at.astimezone(wish.tz).isoformat(' ', 'minutes')}` ({at:%H:%M} UTC)" for at in readings)
    raise _bad_time(
        text,
        f"happened twice in {wish.zone}: the clocks were put back",
        f"Write {first} or {second}.",
        "ambiguous_time",
    )


def _split_day(words: str) -> tuple[str, str]:
    first, _, rest = words.partition(" ")
    if first.lower() in _DAYS:
        return first.lower(), rest.removeprefix("at ")
    found = _DATE.match(words)
    if found:
        return found[0], words[found.end() :].lstrip(" T")
    return "", words


def _time_of_day(found: re.Match[str] | None, text: str) -> tuple[time | None, Precision]:
    if found is None:
        return None, Precision.DAY
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    half = (found[4] or "").lower()
    if half and not 1 <= hour <= 12:
        raise _bad_time(text, "is no time of day")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return time(hour, minute, second), Precision.EXACT if found[3] else Precision.MINUTE
    except ValueError:
        raise _bad_time(text, "is no time of day") from None


def _zone(word: str, text: str) -> tuple[tzinfo, str]:
    if word.upper() in ("UTC", "Z", "GMT"):
        return UTC, "UTC"
    offset = _OFFSET.fullmatch(word)
    if offset and int(offset[2]) <= 14 and int(offset[3] or 0) < 60:
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        from_utc = -shift if offset[1] == "-" else shift
        return timezone(from_utc), f"{offset[1]}{offset[2]}:{offset[3] or '00'}"
    if "/" in word and not word.startswith(("/", ".")):
        try:
            return ZoneInfo(word), word
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise _bad_time(text, "is no time I can read")
