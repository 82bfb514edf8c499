"""Calendars: repeats with exceptions, moved events, time zones, whose event it is, and files that are no calendars."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.providers.oncall.ical import MAX_CALENDAR, read_calendar
from bot.providers.oncall.readers import Readers
from playbooks.domain.on_call_file import Ical
from playbooks.domain.ownership import Registry
from playbooks.errors import ConfigError, Kind, ProviderError
from tests.providers.oncall_server import Tools, tools

SAMPLES = Path(__file__).parents[1] / "oncall"
GOOGLE = (SAMPLES / "google.ics").read_bytes()
BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
REGISTRY = Registry.load("""
api: ownership/v1
people:
  dana: {slack: U01DANA, email: dana@example.com, name: Dana Reyes}
  omar: {slack: U02OMAR, email: omar@example.com}
  lin: {slack: U03LIN, email: lin@example.com}
""")


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[misc,arg-type]


def people(at: datetime, content: bytes = GOOGLE) -> tuple[str, ...]:
    return read_calendar(REGISTRY, content, at).people


def calendar(*lines: str, head: str = "") -> bytes:
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *([head] if head else []), "BEGIN:VEVENT", "UID:1"]
    return "\r\n".join([*text, "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT", "END:VCALENDAR", ""]).encode()


@pytest.mark.parametrize(
    ("at", "who"),
    [
        (berlin(2026, 1, 5, 9), ("dana",)),
        (berlin(2026, 1, 12, 9) - SECOND, ("dana",)),
        (berlin(2026, 1, 12, 9), ("omar",)),
        (berlin(2026, 2, 17, 12), ()),  # EXDATE
        (berlin(2026, 1, 26, 10), ()),  # moved away by RECURRENCE-ID
        (berlin(2026, 1, 28, 9), ("lin",)),  # to here, to somebody else
        (berlin(2026, 1, 6, 12, 30), ("dana",)),  # the cancelled one does not count
        (berlin(2026, 3, 30, 9) - SECOND, ("omar",)),  # clocks were moved the night before: still at nine
        (berlin(2026, 3, 30, 9), ("dana",)),
        (berlin(2026, 10, 26, 9) - SECOND, ("omar",)),
        (berlin(2026, 10, 26, 9), ("dana",)),
        (berlin(2026, 12, 25, 0) - SECOND, ("dana",)),
        (berlin(2026, 12, 25, 0), ("lin", "dana")),  # a whole day in the calendar's zone, PRIORITY first
        (berlin(2026, 12, 27, 0), ("dana",)),
        (berlin(2025, 12, 1, 0), ()),
    ],
)
def test_whose_event_is_on(at, who):
    assert people(at) == who


def test_strangers_and_empty_hours_are_told():
    found = read_calendar(REGISTRY, GOOGLE, berlin(2026, 1, 7, 12, 30))
    assert found.people == ("dana",)
    assert found.remarks == ("the calendar says somebody@gone.example, who is not in the registry",)
    assert read_calendar(REGISTRY, GOOGLE, berlin(2026, 2, 17, 12)).remarks == ("the calendar has no event now",)


HOUR = ("DTSTART:20260105T090000Z", "DTEND:20260105T100000Z")
AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "who"),
    [
        (("SUMMARY:Dana Reyes",), ("dana",)),
        (("SUMMARY:on call @dana reyes",), ("dana",)),
        (("SUMMARY:On call", "DESCRIPTION:@omar"), ("omar",)),
        (("SUMMARY:omar@example.com\\, lin@example.com",), ("omar", "lin")),
        (("SUMMARY:dana@example.com", "ATTENDEE:MAILTO:lin@example.com"), ("lin",)),
        (("SUMMARY:dana@example.com", "ATTENDEE:urn:x"), ("dana",)),
        (("SUMMARY:omar and lin",), ()),
        ((), ()),
    ],
)
def test_who_an_event_means(lines, who):
    assert people(AT, calendar(*HOUR, *lines)) == who


def test_times_without_a_zone_are_utc_where_the_calendar_names_none():
    content = calendar("DTSTART:20260105T090000", "DURATION:PT1H", "SUMMARY:omar")
    assert people(AT, content) == ("omar",)
    content = calendar("DTSTART:20260105T103000", "DURATION:PT1H", "SUMMARY:omar", head="X-WR-TIMEZONE:Europe/Berlin")
    assert people(AT, content) == ("omar",)
    content = calendar("DTSTART;VALUE=DATE:20260105", "SUMMARY:omar", head="X-WR-TIMEZONE:Mars/Olympus")
    assert people(AT, content) == ("omar",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>log in</html>",
        b"\xff\xfe\x00",
        GOOGLE[:700],
        GOOGLE + GOOGLE,
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        calendar(*HOUR, "RRULE:FREQ=SECONDLY", "SUMMARY:omar"),
        calendar(*HOUR, "RRULE:FREQ=NEVER", "SUMMARY:omar"),
        calendar("DTSTART:yesterday", "SUMMARY:omar"),
    ],
)
def test_what_is_no_calendar_resolves_nobody(content):
    assert resolved(content) in ((), Kind.PERMANENT)


def resolved(content: bytes) -> object:
    try:
        return read_calendar(REGISTRY, content, AT).people
    except ProviderError as error:
        return error.kind


@pytest.fixture
def server() -> Iterator[Tools]:
    with tools() as here:
        here.calendar = GOOGLE
        yield here


@pytest.mark.parametrize("scheme", ["http", "webcal"])
def test_a_calendar_by_its_address_which_is_never_said(server, scheme):
    at = berlin(2026, 1, 6)
    if scheme == "http":
        address = f"{server.url}/private-0815/basic.ics?key=hush-hush"
        assert Readers({}).read(REGISTRY, Ical(url=address), at).people == ("dana",)
        assert Readers({}, environ={"CAL": address}).read(REGISTRY, Ical(url_env="CAL"), at).people == ("dana",)
    for status in (0, 401, 404, 410, 429, 500):
        server.status = status
        address = f"{server.url}/private-0815/basic.ics?key=hush-hush-no".replace("http", scheme)
        with pytest.raises(ProviderError) as caught:
            Readers({"ical": {"timeout": 0.3}}).read(REGISTRY, Ical(url=address), at)
        assert "0815" not in caught.value.told
        assert "hush" not in caught.value.told


def test_a_calendar_in_a_file_beside_the_configuration(tmp_path):
    (tmp_path / "rota.ics").write_bytes(GOOGLE)
    readers = Readers({}, folder=tmp_path)
    assert readers.read(REGISTRY, Ical(path="rota.ics"), berlin(2026, 1, 6)).people == ("dana",)
    with pytest.raises(ProviderError, match=r"The calendar none\.ics cannot be read"):
        readers.read(REGISTRY, Ical(path="none.ics"), AT)
    (tmp_path / "big.ics").write_bytes(b" " * (MAX_CALENDAR + 1))
    with pytest.raises(ProviderError, match="larger than"):
        readers.read(REGISTRY, Ical(path="big.ics"), AT)


def test_an_address_in_a_variable_that_is_not_set():
    with pytest.raises(ConfigError, match="CAL"):
        Readers({}).read(REGISTRY, Ical(url_env="CAL"), AT)
    with pytest.raises(ConfigError, match="not asked here"):
        Readers().read(REGISTRY, Ical(url="http://calendar.invalid/x.ics"), AT)
