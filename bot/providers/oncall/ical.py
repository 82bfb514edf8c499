"""On call from a calendar: whose event is on now; repeats, exceptions and time zones are left to the libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from bot.providers.httpcall import HttpCaller
from bot.providers.oncall.matching import Found, Said, match, named_in
from playbooks.domain.ownership import Registry
from playbooks.plugin import ConfigError, Kind, Probe, ProviderError, Strict

if TYPE_CHECKING:
    from icalendar import Calendar, Event

WORD = "the calendar"
MAX_CALENDAR = 4 * 1024 * 1024
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"']+@[^\s@<>()\[\],;:\"']+\.[A-Za-z0-9-]+")
_TOO_OFTEN = {"SECONDLY", "MINUTELY"}
_REFUSED = frozenset(range(400, 500)) - {401, 403, 429}
# What the two libraries raise on calendars that are none: they promise ValueError, others slip through.
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)


class Settings(Strict):
    """`providers.ical`: how long to wait for a calendar."""

    timeout: float = 5.0


def read_file(path: Path) -> bytes:
    """A calendar from a file. Raises ProviderError."""
    try:
        if path.stat().st_size > MAX_CALENDAR:
            raise _unreadable(f"is larger than {MAX_CALENDAR >> 20} MiB")
        return path.read_bytes()
    except OSError:
        raise ProviderError(f"The calendar {path.name} cannot be read.", kind=Kind.PERMANENT) from None


def read_url(url: str, settings: Settings, probe: Probe | None = None) -> bytes:
    """A calendar from its address, which may be a secret: only the host is ever named. Raises ProviderError."""
    address = re.sub(r"^webcal(s?)://", r"https://", url.strip())
    try:
        parsed = httpx.URL(address)
    except httpx.InvalidURL:
        raise ConfigError("The address of the calendar is no http(s) address.") from None
    base = f"{parsed.scheme}://{parsed.netloc.decode('ascii', 'replace')}"
    accept = {"Accept": "text/calendar, text/plain;q=0.5"}
    with HttpCaller("ical", base, headers=accept, timeout=settings.timeout, probe=probe) as http:
        answer = http.read(parsed.raw_path.decode("ascii"), "the calendar", expect=_REFUSED)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        said = f"The calendar at {parsed.host} is refused ({answer.status})."
        raise ProviderError(said, kind=Kind.PERMANENT, code="provider_refused")
    if len(answer.body) > MAX_CALENDAR:
        raise _unreadable(f"is larger than {MAX_CALENDAR >> 20} MiB")
    return answer.body


def read_calendar(registry: Registry, content: bytes, at: datetime) -> Found:
    """Everybody whose event is on at `at`: by PRIORITY (1 first), then who began first. Raises ProviderError."""
    try:
        events = sorted(_events(content, at), key=_order)
        said = [who for event in events for who in _who(registry, event)]
    except _BROKEN:
        raise _unreadable("cannot be read") from None
    if not events:
        return Found((), ("the calendar has no event now",))
    return match(registry, WORD, said)


def _unreadable(how: str) -> ProviderError:
    return ProviderError(f"The calendar {how}.", kind=Kind.PERMANENT, code="on_call_unreadable")


# ---------------------------------------------------------------- which events


def _events(content: bytes, at: datetime) -> Iterator[Event]:
    # Not at the top: most never read a calendar, and a restart would wait for two more libraries.
    import recurring_ical_events
    from icalendar import Calendar

    calendar = Calendar.from_ical(content)
    if not isinstance(calendar, Calendar):
        raise ValueError("no calendar")
    for event in calendar.walk("VEVENT"):
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            if _TOO_OFTEN & {str(often).upper() for often in rule.get("FREQ", [])}:
                raise ValueError("repeats too often for a rota")
    zone = _zone(calendar)
    # Days and times without a zone are placed here, not by the library, so a day more is asked for on both sides.
    around = timedelta(days=1)
    for event in recurring_ical_events.of(calendar).between(at - around, at + around):
        cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
        if not cancelled and _moment(event.start, zone) <= at < _moment(event.end, zone):
            event["X-MUSTER-FROM"] = _moment(event.start, zone).isoformat()
            yield event


def _zone(calendar: Calendar) -> tzinfo:
    name = str(calendar.get("X-WR-TIMEZONE", "")) or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        calendar.pop("X-WR-TIMEZONE")  # the library would refuse the whole calendar
        return UTC


def _moment(value: date, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone)
    return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)


def _order(event: Event) -> tuple[int, str, str]:
    priority = event.get("PRIORITY")
    level = int(priority) if priority is not None and int(priority) > 0 else 10
    return level, str(event["X-MUSTER-FROM"]), str(event.get("UID", ""))


# ---------------------------------------------------------------- whose event it is


def _who(registry: Registry, event: Event) -> list[Said]:
    invited = [said for said in _attendees(event) if said.email]
    if invited:
        return invited
    texts = [str(event.get(key, "")) for key in ("SUMMARY", "DESCRIPTION")]
    for text in texts:
        emails = [Said(email=found) for found in _EMAIL.findall(text)]
        if emails:
            return emails
    for text in texts:
        handles = re.findall(r"@([\w-]+(?: [\w-]+)?)", text)
        for words in (*handles, text):
            known = named_in(registry, words)
            if known is not None:
                return [known]
    return [Said(name=texts[0] or "somebody")]


def _attendees(event: Event) -> Iterator[Said]:
    found = event.get("ATTENDEE", [])
    for one in found if isinstance(found, list) else [found]:
        params = getattr(one, "params", {})
        declined = str(params.get("PARTSTAT", "")).upper() == "DECLINED"
        room = str(params.get("CUTYPE", "INDIVIDUAL")).upper() in ("ROOM", "RESOURCE")
        address = str(one)
        if address.lower().startswith("mailto:") and not declined and not room:
            yield Said(email=address[len("mailto:") :].strip())
