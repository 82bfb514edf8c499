"""A pasted block: every form of a line, zones and clock changes, and nothing read in silence that has two readings."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks import errors
from playbooks.domain.backfill import MOST_LINES, Block, Entered, Frame, read_block
from playbooks.domain.timeline import EventKind, Precision

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DECLARED = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)


def block(text: str, **more: Any) -> Block:
    return read_block(text, replace(Frame(NOW, BERLIN, date(2026, 11, 21), DECLARED), **more))


def one(text: str, **more: Any) -> Entered:
    read = block(text, **more)
    assert read.unread == (), read.unread
    assert len(read.lines) == 1
    return read.lines[0]


def why(text: str, **more: Any) -> str:
    read = block(text, **more)
    assert read.lines == ()
    return read.unread[0].why


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "utc"),
    [
        ("2026-11-20 14:05 text", "2026-11-20 13:05"),
        ("2026-11-20, 14:05 text", "2026-11-20 13:05"),
        ("2026-11-20T14:05 text", "2026-11-20 13:05"),
        ("2026-11-20T14:05Z text", "2026-11-20 14:05"),
        ("2026-11-20T14:05-08:00 text", "2026-11-20 22:05"),
        ("2026-11-20 14:05 -08:00 text", "2026-11-20 22:05"),
        ("2026-11-20 14:05-0800 text", "2026-11-20 22:05"),
        ("2026-11-20 14:05+02:00: text", "2026-11-20 12:05"),
        ("2026-11-20 14:05 UTC text", "2026-11-20 14:05"),
        ("2026-11-20 14:05 America/New_York text", "2026-11-20 19:05"),
        ("2026-11-20 2:05 pm text", "2026-11-20 13:05"),
        ("2026-11-20 2:05 p.m. text", "2026-11-20 13:05"),
        ("2026-11-20 14:05:30.250 text", "2026-11-20 13:05:30"),
        ("- 2026-11-20 14:05 - text", "2026-11-20 13:05"),
        ("• [2026-11-20 14:05] text", "2026-11-20 13:05"),
        ("| 2026-11-20 14:05 | text |", "2026-11-20 13:05"),
        ("> at 2026-11-20 14:05 – text", "2026-11-20 13:05"),
        ("03:05 text", "2026-11-21 02:05"),
    ],
)
def test_times_are_read_in_the_zone_they_name_or_the_writers(line: str, utc: str) -> None:
    read = one(line)
    assert (read.at, read.text, read.kind) == (at(utc), "text", EventKind.NOTE)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("03:05 +1200 errors", "+1200 errors"),
        ("03:05 Client/Server mismatch", "Client/Server mismatch"),
        ("03:05 api/gateway restarted", "api/gateway restarted"),
        ("03:05 Dana: restarting", "Dana: restarting"),
        ("03:05 see https://example.com/a", "see https://example.com/a"),
        ("03:05 status of api: degraded", "status of api: degraded"),
        ("03:05 change request: asked for", "change request: asked for"),
        ("03:05 <!channel> *x* `y`", "<!channel> *x* `y`"),
    ],
)
def test_what_is_no_zone_and_no_kind_belongs_to_the_words(line: str, text: str) -> None:
    read = one(line)
    assert (read.text, read.kind, read.at) == (text, EventKind.NOTE, at("2026-11-21 02:05"))


def test_a_span_has_both_ends_also_over_midnight() -> None:
    read = one("2026-11-20 14:05-14:20 deploy")
    assert (read.at, read.until, read.precision) == (at("2026-11-20 13:05"), at("2026-11-20 13:20"), Precision.SPAN)
    assert one("2026-11-20 23:50 – 00:10 deploy").until == at("2026-11-20 23:10")
    assert one("2026-11-20 14:05 to 2026-11-21 01:00 deploy").until == at("2026-11-21 00:00")
    assert "ends before it begins" in why("2026-11-20 14:05 - 2026-11-19 14:05 deploy")


@pytest.mark.parametrize("about", ["~", "≈ ", "approx. ", "about ", "ca. "])
def test_about_is_kept(about: str) -> None:
    assert one(f"{about}03:05 text").precision is Precision.APPROX
    assert one(f"2026-11-20 {about}03:05 text").precision is Precision.APPROX


def test_a_day_alone_is_to_the_day_and_as_a_heading_it_dates_the_lines_below() -> None:
    assert (one("2026-11-20: model v43 released").precision, one("2026-11-20 x").at) == (
        Precision.DAY,
        at("2026-11-19 23:00"),
    )
    read = block("## Friday, 2026-11-20\n14:05 a\n2026-11-19 (UTC):\n14:05 b\n23:50 c\n00:10 d")
    assert [line.at for line in read.lines] == [
        at("2026-11-20 13:05"),
        at("2026-11-19 14:05"),
        at("2026-11-19 23:50"),
        at("2026-11-20 00:10"),
    ]
    assert read.lines[3].marks[0] == "after midnight: 2026-11-20"


def test_a_line_of_its_own_names_the_zone() -> None:
    read = block("All times are in America/New_York.\n2026-11-20 14:05 a\ntimes in UTC\n2026-11-20 14:05 b")
    assert [line.at for line in read.lines] == [at("2026-11-20 19:05"), at("2026-11-20 14:05")]
    assert [line.zone for line in read.lines] == ["America/New_York", "UTC"]


def test_a_line_without_a_time_goes_on_with_the_one_above() -> None:
    assert one("03:05 decision: roll back\n  because v43 drifts\n\n").text == "roll back\nbecause v43 drifts"
    assert "no time" in why("because v43 drifts")


@pytest.mark.parametrize(
    ("words", "kind", "component", "payload", "text"),
    [
        ("alert: drift", EventKind.ALERT, "", {}, "drift"),
        ("[decision] : go", EventKind.DECISION, "", {}, "go"),
        ("Hypothesis: cache", EventKind.HYPOTHESIS, "", {"state": "open"}, "cache"),
        ("observed (api): slow", EventKind.OBSERVATION, "api", {}, "slow"),
        ("told customers: we look", EventKind.COMMS, "", {"audience": "customers"}, "we look"),
        ("impact began: declines", EventKind.IMPACT_START, "", {}, "declines"),
        ("impact changed: worse", EventKind.IMPACT_CHANGE, "", {}, "worse"),
        ("mitigated", EventKind.MITIGATED, "", {}, "mitigated"),
        ("mitigated api: relief", EventKind.MITIGATED, "api", {"phase": "api"}, "relief"),
        ("resolved api:", EventKind.RESOLVED, "api", {"phase": "api"}, "resolved"),
        ("aware: the press asked", EventKind.AWARE, "", {}, "the press asked"),
    ],
)
def test_a_word_in_front_says_what_it_is(
    words: str, kind: EventKind, component: str, payload: dict[str, str], text: str
) -> None:
    read = one(f"03:05 {words}", components={"api"})
    assert (read.kind, read.component, dict(read.payload), read.text) == (kind, component, payload, text)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-11-20 14:05 PST rollback", "PST can be more than one zone"),
        ("2026-11-20 14:05 (CST) rollback", "CST can be more than one zone"),
        ("2026-11-20 14:05-08:00 rollback", "can be a span or a zone"),
        ("2026-10-25 02:30 twice", "happened twice in Europe/Berlin"),
        ("2026-03-29 02:30 never", "did not exist in Europe/Berlin"),
        ("2026-11-21 23:00 x", "still to come"),
        ("2026-13-40 10:00 x", "day that does not exist"),
        ("25:10 x", "no time of day"),
        ("03:05", "no words"),
        ("03:05 mitigated apii: x", "no component"),
        ("03:05 " + "x" * 3001, "too many"),
    ],
)
def test_two_readings_or_none_are_asked_back_with_the_lines_number(line: str, said: str) -> None:
    read = block(f"2026-11-20 09:00 fine\n{line}")
    assert [bad.number for bad in read.unread] == [2]
    assert said in read.unread[0].why
    assert len(read.lines) == 1


@pytest.mark.parametrize(
    ("zone", "line", "utc"),
    [
        (BERLIN, "2026-10-25 02:30 +02:00 x", "2026-10-25 00:30"),
        (BERLIN, "2026-10-25 02:30 +01:00 x", "2026-10-25 01:30"),
        (BERLIN, "2026-10-25 01:59 - 03:01 x", "2026-10-24 23:59"),
        (NEW_YORK, "2026-11-01 00:30 x", "2026-11-01 04:30"),
        (NEW_YORK, "2026-11-01 02:30 x", "2026-11-01 07:30"),
        (NEW_YORK, "2026-03-08 03:00 x", "2026-03-08 07:00"),
        (ZoneInfo("Asia/Kolkata"), "2026-11-20 14:05 x", "2026-11-20 08:35"),
        (ZoneInfo("Pacific/Kiritimati"), "2026-11-20 00:05 x", "2026-11-19 10:05"),
    ],
)
def test_clock_changes_and_far_zones(zone: ZoneInfo, line: str, utc: str) -> None:
    assert one(line, zone=zone).at == at(utc)


def test_what_a_reader_should_look_at_is_marked() -> None:
    assert one("03:05 x").marks == ("no date: that of the incident",)
    assert one("2026-11-19 03:05 x").marks == ("more than a day before the declaration",)
    assert one("2026-11-21 03:05 x").marks == ()


def test_too_much_and_nothing_are_told() -> None:
    with pytest.raises(errors.InputError, match="no line"):
        block("\n | --- | --- |\n")
    with pytest.raises(errors.InputError, match=f"{MOST_LINES} at most"):
        block("03:05 x\n" * (MOST_LINES + 1))


def test_the_same_line_has_the_same_key_however_its_time_is_written() -> None:
    first, second = one("2026-11-20 14:05 a"), one("2026-11-20 13:05 UTC a")
    assert first.key == second.key != one("2026-11-20 14:06 a").key
    assert first.key != one("2026-11-20 14:05 decision: a").key


@given(st.lists(st.one_of(st.text(max_size=60), st.text("0123456789:-T ~+Zapm|[]", max_size=30)), max_size=8))
@settings(max_examples=150, deadline=None)
def test_nothing_is_lost_and_nothing_breaks(lines: list[str]) -> None:
    try:
        read = block("\n".join(["03:05 first", *lines]))
    except errors.InputError:
        return
    assert all(line.at <= NOW and line.text for line in read.lines)
    numbers = {line.number for line in read.lines} | {bad.number for bad in read.unread}
    assert 1 in numbers
