"""Spans and moments: what people write is read as they meant it, or refused with a way out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.clocks import MAX_SPAN, iso_span, parse_span, parse_until, parse_when, say_span
from playbooks.domain.timeline import Precision
from playbooks.errors import InputError

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 2, 31, 30, tzinfo=UTC)  # 03:31:30 in Berlin


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4h", 14400),
        ("30m", 1800),
        ("1d12h", 129600),
        ("PT4H", 14400),
        ("pt10m", 600),
        ("P90D", 7776000),
        ("P1W", 604800),
        ("P1DT2H3M4S", 93784),
        ("90 min", 5400),
        ("1 h 30 min", 5400),
        ("1 hour, 30 minutes", 5400),
        ("1 hour and 30 minutes", 5400),
        ("1.5h", 5400),
        ("  2 Days ", 172800),
        ("45s", 45),
        ("1w", 604800),
    ],
)
def test_spans(text, seconds):
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "90", "4", "h", "4x", "-4h", "4h-", "0m", "PT0S", "P", "PT", "P1Y", "P1M", "1m1h", "1h1h", "4 h x",
        "9999999h", "999999w", "٤h", "4h\0", "1e3h", "inf h", "nan m", "x" * 10_000, "1" * 5_000 + "h", "<!channel>",
    ],
)  # fmt: skip
def test_no_spans(text):
    with pytest.raises(InputError) as caught:
        parse_span(text)
    assert caught.value.code == "bad_span"
    assert "<!" not in caught.value.told
    assert len(caught.value.told) < 250


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(days=3, hours=1), "3 d 1 h"),
        (timedelta(days=3, minutes=59), "3 d"),
        (timedelta(hours=3, minutes=45), "3 h 45 min"),
        (timedelta(hours=4), "4 h"),
        (timedelta(minutes=51, seconds=59), "51 min"),
        (timedelta(minutes=1, seconds=48), "1 min 48 s"),
        (timedelta(seconds=41.9), "41 s"),
        (timedelta(0), "0 s"),
        (timedelta(seconds=-90), "-1 min 30 s"),
        (timedelta(seconds=-0.5), "0 s"),
    ],
)
def test_spans_are_said(span, said):
    assert say_span(span) == said


@settings(deadline=None)
@given(st.integers(1, int(MAX_SPAN.total_seconds())))
def test_iso_spans_round_trip(seconds):
    span = timedelta(seconds=seconds)
    assert parse_span(iso_span(span)) == span


@settings(deadline=None)
@given(st.integers(1, int(MAX_SPAN.total_seconds())))
def test_what_is_said_is_never_more_and_loses_at_most_the_smallest_unit(seconds):
    said = parse_span(say_span(timedelta(seconds=seconds))).total_seconds()
    lost = seconds - said
    assert 0 <= lost < (3600 if seconds >= 86400 else 60)


def test_a_negative_span_has_no_iso_form():
    with pytest.raises(ValueError, match="negative"):
        iso_span(timedelta(seconds=-1))
    assert iso_span(timedelta(0)) == "PT0S"


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_span_or_an_input_error(text):
    try:
        span = parse_span(text)
    except InputError:
        return
    assert timedelta(0) < span <= MAX_SPAN


@pytest.mark.parametrize(
    ("text", "at", "precision", "zone"),
    [
        ("now", NOW, Precision.EXACT, "Europe/Berlin"),
        ("10m ago", NOW - timedelta(minutes=10), Precision.MINUTE, "Europe/Berlin"),
        ("3 h ago", NOW - timedelta(hours=3), Precision.APPROX, "Europe/Berlin"),
        ("03:31", datetime(2026, 11, 21, 2, 31, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("at 03:31", datetime(2026, 11, 21, 2, 31, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("3:31 am", datetime(2026, 11, 21, 2, 31, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("12:05am", datetime(2026, 11, 20, 23, 5, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("03:31:07", datetime(2026, 11, 21, 2, 31, 7, tzinfo=UTC), Precision.EXACT, "Europe/Berlin"),
        ("02:31 UTC", datetime(2026, 11, 21, 2, 31, tzinfo=UTC), Precision.MINUTE, "UTC"),
        ("02:31Z", datetime(2026, 11, 21, 2, 31, tzinfo=UTC), Precision.MINUTE, "UTC"),
        ("03:31+02:00", datetime(2026, 11, 21, 1, 31, tzinfo=UTC), Precision.MINUTE, "+02:00"),
        ("today 01:00", datetime(2026, 11, 21, 0, 0, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("yesterday 22:10", datetime(2026, 11, 20, 21, 10, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("Yesterday at 22:10", datetime(2026, 11, 20, 21, 10, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("2026-11-21 02:31", datetime(2026, 11, 21, 1, 31, tzinfo=UTC), Precision.MINUTE, "Europe/Berlin"),
        ("2026-11-21T02:31Z", datetime(2026, 11, 21, 2, 31, tzinfo=UTC), Precision.MINUTE, "UTC"),
        (
            "2026-11-20 20:00 America/New_York",
            datetime(2026, 11, 21, 1, tzinfo=UTC),
            Precision.MINUTE,
            "America/New_York",
        ),
    ],
)
def test_moments(text, at, precision, zone):
    moment = parse_when(text, NOW, BERLIN)
    assert (moment.at, moment.precision, moment.entered_tz, moment.old) == (at, precision, zone, False)


@pytest.mark.parametrize("text", ["2 days ago", "2026-11-19 22:10", "2025-01-01 00:00 UTC"])
def test_more_than_a_day_ago_is_flagged(text):
    assert parse_when(text, NOW, BERLIN).old


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("10:42", "future_time"),
        ("03:32", "future_time"),
        ("06:37 UTC", "future_time"),
        ("tomorrow 10:00", "future_time"),
        ("2027-01-01 00:00", "future_time"),
        ("2026-11-21", "bad_time"),
        ("yesterday", "bad_time"),
        ("25:00", "bad_time"),
        ("10:60", "bad_time"),
        ("13:00 pm", "bad_time"),
        ("2026-02-30 10:00", "bad_time"),
        ("0000-00-00 10:00", "bad_time"),
        ("0001-01-01 00:00 +14:00", "bad_time"),
        ("10:42 Mars/Olympus", "bad_time"),
        ("10:42 ../../etc/passwd", "bad_time"),
        ("10:42 +99:00", "bad_time"),
        ("10:42 and then", "bad_time"),
        ("", "bad_time"),
        ("x" * 10_000, "bad_time"),
        ("<!channel>", "bad_time"),
        ("ten ago", "bad_span"),
    ],
)
def test_no_moments(text, code):
    with pytest.raises(InputError) as caught:
        parse_when(text, NOW, BERLIN)
    assert caught.value.code == code
    assert "<!" not in caught.value.told
    assert len(caught.value.told) < 250


def test_a_time_that_is_still_to_come_offers_yesterday():
    with pytest.raises(InputError, match="`22:10` is still to come") as caught:
        parse_when("22:10", NOW, BERLIN)
    assert "`yesterday 22:10`" in caught.value.next_step


def test_a_time_that_happened_twice_names_both_readings():
    after = datetime(2026, 10, 25, 12, tzinfo=UTC)
    with pytest.raises(InputError) as caught:
        parse_when("02:30", after, BERLIN)
    assert caught.value.code == "ambiguous_time"
    assert caught.value.next_step == (
        "Write `2026-10-25 02:30+02:00` (00:30 UTC) or `2026-10-25 02:30+01:00` (01:30 UTC)."
    )
    assert parse_when("2026-10-25 02:30+02:00", after, BERLIN).at.hour == 0
    assert parse_when("2026-10-25 02:30+01:00", after, BERLIN).at.hour == 1


def test_between_the_two_readings_only_the_first_has_happened():
    between = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    assert parse_when("02:30", between, BERLIN).at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_the_clocks_skipped_is_refused():
    with pytest.raises(InputError, match="did not exist in Europe/Berlin") as caught:
        parse_when("2026-03-29 02:30", NOW, BERLIN)
    assert caught.value.code == "no_such_time"


@pytest.mark.parametrize(
    ("text", "at", "precision"),
    [
        ("4h", NOW + timedelta(hours=4), Precision.EXACT),
        ("for 4h", NOW + timedelta(hours=4), Precision.EXACT),
        ("PT4H", NOW + timedelta(hours=4), Precision.EXACT),
        ("06:37", datetime(2026, 11, 21, 5, 37, tzinfo=UTC), Precision.MINUTE),
        ("until 6am", datetime(2026, 11, 21, 5, 0, tzinfo=UTC), Precision.MINUTE),
        ("tomorrow 9 PM", datetime(2026, 11, 22, 20, 0, tzinfo=UTC), Precision.MINUTE),
        ("until 06:37 UTC", datetime(2026, 11, 21, 6, 37, tzinfo=UTC), Precision.MINUTE),
        ("03:00", datetime(2026, 11, 22, 2, 0, tzinfo=UTC), Precision.MINUTE),
        ("tomorrow 09:00", datetime(2026, 11, 22, 8, 0, tzinfo=UTC), Precision.MINUTE),
        ("2026-11-25", datetime(2026, 11, 25, 22, 59, tzinfo=UTC), Precision.DAY),
        ("today", datetime(2026, 11, 21, 22, 59, tzinfo=UTC), Precision.DAY),
        ("2026-11-25 09:00", datetime(2026, 11, 25, 8, 0, tzinfo=UTC), Precision.MINUTE),
    ],
)
def test_ends(text, at, precision):
    moment = parse_until(text, NOW, BERLIN)
    assert (moment.at, moment.precision) == (at, precision)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("yesterday 10:00", "past_time"),
        ("2026-11-20", "past_time"),
        ("today 01:00", "past_time"),
        ("-4h", "bad_time"),
        ("soon", "bad_time"),
        ("", "bad_time"),
        ("9999-12-31", "past_time"),
    ],
)
def test_no_ends(text, code):
    if text.startswith("9999"):
        assert parse_until(text, NOW, BERLIN).at.year == 9999
        return
    with pytest.raises(InputError) as caught:
        parse_until(text, NOW, BERLIN)
    assert caught.value.code == code


ZONES = st.sampled_from(
    [ZoneInfo(z) for z in ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")]
)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@settings(deadline=None)
@given(TIMES, ZONES)
def test_a_local_time_written_out_with_its_offset_is_that_moment(at, zone):
    minute = at.replace(second=0, microsecond=0)
    text = minute.astimezone(zone).isoformat(" ", "minutes")
    assert parse_when(text, at, ZoneInfo("Asia/Tokyo")).at == minute


@settings(deadline=None)
@given(TIMES, ZONES)
def test_a_local_time_without_offset_is_that_moment_or_ambiguous(at, zone):
    minute = at.replace(second=0, microsecond=0)
    text = f"{minute.astimezone(zone):%Y-%m-%d %H:%M}"
    try:
        found = parse_when(text, at, zone).at
    except InputError as error:
        fine = error.code == "ambiguous_time"
    else:
        fine = minute - found in (timedelta(0), timedelta(hours=1), timedelta(minutes=30))
    assert fine


@settings(deadline=None)
@given(st.text(max_size=60), TIMES, ZONES)
def test_any_text_is_a_past_moment_or_an_input_error(text, now, zone):
    try:
        assert parse_when(text, now, zone).at <= now
    except InputError:
        pass
    try:
        assert parse_until(text, now, zone).at > now
    except InputError:
        pass
