"""Deadlines of a review: working days by the team's calendar; and the words of action items."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks import errors
from playbooks.domain.action_items import Filled, vague
from playbooks.domain.documents import (
    CHECKS,
    DocumentState,
    ReviewRule,
    business_day,
    check_step,
    default_rules,
    due_of,
    points_of,
)
from playbooks.domain.incidents import DEFAULT_SEVERITIES

ZONES = ("UTC", "Europe/Vienna", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata", "Pacific/Kiritimati")
moments = st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))
days = st.dates(date(2024, 1, 1), date(2032, 1, 1))


@given(days, st.integers(0, 60))
def test_so_many_working_days_lie_between(start: date, count: int) -> None:
    end = business_day(start, count)
    between = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(day.weekday() < 5 for day in between) == count
    assert count == 0 or end.weekday() < 5


@given(days, st.integers(1, 60))
def test_no_day_is_left_out(start: date, count: int) -> None:
    assert business_day(start, count) > business_day(start, count - 1)
    assert business_day(start + timedelta(days=1), count) >= business_day(start, count)


@given(moments, st.sampled_from(ZONES), st.integers(1, 30), st.booleans())
def test_due_at_the_end_of_a_day_of_the_team(at: datetime, zone: str, count: int, business: bool) -> None:
    due = due_of(at, ReviewRule(days=count, business=business), zone)
    local = due.astimezone(ZoneInfo(zone))
    assert (local.hour, local.minute) == (17, 0), "also over a change of the clocks"
    start = at.astimezone(ZoneInfo(zone)).date()
    assert local.date() == (business_day(start, count) if business else start + timedelta(days=count))
    assert due > at


@pytest.mark.parametrize(
    ("severity", "zone", "due"),
    [
        ("sev1", "UTC", "2026-11-24T17:00+00:00"),  # Saturday 02:31 + 3 calendar days
        ("sev2", "UTC", "2026-11-27T17:00+00:00"),  # 5 business days: Friday
        ("sev3", "UTC", "2026-12-04T17:00+00:00"),
        ("sev2", "America/Los_Angeles", "2026-11-28T01:00+00:00"),  # Friday there when it was resolved; Friday there
        ("sev2", "Europe/Vienna", "2026-11-27T16:00+00:00"),
    ],
)
def test_the_usual_deadlines(severity: str, zone: str, due: str) -> None:
    resolved = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
    assert due_of(resolved, default_rules(DEFAULT_SEVERITIES)[severity], zone) == datetime.fromisoformat(due)


STEPS = {
    (DocumentState.DRAFT, DocumentState.IN_REVIEW),
    (DocumentState.IN_REVIEW, DocumentState.DRAFT),
    (DocumentState.IN_REVIEW, DocumentState.REVIEWED),
    (DocumentState.REVIEWED, DocumentState.DRAFT),
    (DocumentState.REVIEWED, DocumentState.CLOSED),
}


@pytest.mark.parametrize("before", DocumentState)
@pytest.mark.parametrize("after", DocumentState)
def test_no_state_is_skipped(before: DocumentState, after: DocumentState) -> None:
    if (before, after) in STEPS:
        check_step("INC-7", before, after)
        return
    with pytest.raises(errors.Conflict, match="INC-7"):
        check_step("INC-7", before, after)


def test_all_eight_checks_count() -> None:
    assert points_of(dict.fromkeys(CHECKS, 2)) == 16
    for wrong in ({}, {**dict.fromkeys(CHECKS, 1), "impact": 3}, {**dict.fromkeys(CHECKS, 1), "more": 1}):
        with pytest.raises(errors.InputError):
            points_of(wrong)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Improve monitoring", "improve"),
        ("ensure that it never happens", "ensure"),
        ("be careful with releases", "be careful"),
        ("improvement of recall is measured", ""),
        ("Page the owner when PSI passes 0.2", ""),
        ("", ""),
    ],
)
def test_vague_words_are_seen(text: str, word: str) -> None:
    assert vague(text) == word


@pytest.mark.parametrize(
    ("ticket", "good"),
    [("ML-7", True), ("#7", True), ("acme/ml#7", True), ("https://x.example/7", True), ("later", False), ("7", False)],
)
def test_tickets(ticket: str, good: bool) -> None:
    if good:
        assert Filled("prevent", ticket, "").facts() == {"type": "prevent", "ticket": ticket}
        return
    with pytest.raises(errors.InputError, match="no ticket"):
        Filled(ticket=ticket).facts()


def test_types_are_the_four() -> None:
    with pytest.raises(errors.InputError) as told:
        Filled(type="improve").facts()
    assert "prevent, detect, mitigate, learn" in told.value.next_step
