"""Clocks of authorities: lengths by the calendar in UTC, what runs from what is recorded, and the shipped data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.config import Config
from playbooks.domain.reporting import later, record_of, running
from playbooks.domain.reporting_file import Clock, Length, Stage, length_of
from playbooks.errors import ConfigError
from playbooks.library.shipped import shipped_clocks
from tests.drafts.chains import DANA, OMAR, Chain, K, at

TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))
ZONES = st.sampled_from(["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
CLOCKS = shipped_clocks()


# ---------------------------------------------------------------- lengths


@given(TIMES, st.integers(1, 2000))
def test_hours_are_exact_whatever_a_local_clock_does(start: datetime, hours: int) -> None:
    assert later(start, Length(hours=hours)) - start == timedelta(hours=hours)


@given(TIMES, st.integers(1, 400), ZONES)
def test_days_end_at_the_same_time_of_day_in_utc(start: datetime, days: int, zone: str) -> None:
    local = start.astimezone(ZoneInfo(zone))
    end = later(local, Length(days=days))
    assert end == later(start, Length(days=days)) == start + timedelta(days=days)
    assert end.time() == start.time()
    assert (end.date() - start.date()).days == days


@given(TIMES, st.integers(1, 60))
def test_a_month_is_a_month_and_never_skips_one(start: datetime, months: int) -> None:
    end = later(start, Length(months=months))
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == months
    assert end.day == start.day or (end.day < start.day and (end + timedelta(days=1)).day == 1)


@given(TIMES, st.integers(1, 60), st.sets(st.dates(date(2020, 1, 1), date(2041, 12, 31)), max_size=20))
def test_working_days_are_counted_one_by_one(start: datetime, days: int, holidays: set[date]) -> None:
    end = later(start, Length(days=days), working=True, holidays=holidays)
    each = [start.date() + timedelta(days=n) for n in range(1, (end.date() - start.date()).days + 1)]
    assert sum(day.weekday() < 5 and day not in holidays for day in each) == days
    assert end.weekday() < 5
    assert end.date() not in holidays


@given(TIMES, st.integers(1, 1000), st.integers(1, 1000))
def test_a_longer_length_ends_later(start: datetime, one: int, more: int) -> None:
    assert later(start, Length(days=one)) < later(start, Length(days=one + more))


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2024-01-31T10:00", "P1M", "2024-02-29T10:00"),  # a leap year
        ("2025-01-31T10:00", "P1M", "2025-02-28T10:00"),
        ("2024-02-29T10:00", "P12M", "2025-02-28T10:00"),
        ("2026-12-31T23:30", "P2M", "2027-02-28T23:30"),
        ("2026-03-28T01:30", "PT72H", "2026-03-31T01:30"),  # over the night the clocks go forward in Europe
        ("2026-10-24T23:30", "P15D", "2026-11-08T23:30"),  # over the night they go back
        ("2026-11-21T02:31", "P2D", "2026-11-23T02:31"),
        ("2026-11-21T02:31", "P4W", "2026-12-19T02:31"),
    ],
)
def test_by_the_calendar(start: str, length: str, end: str) -> None:
    begun = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert later(begun, length_of(length)) == datetime.fromisoformat(end).replace(tzinfo=UTC)


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        later(datetime(2026, 1, 1), Length(days=1))


@pytest.mark.parametrize("text", ["", "P", "PT", "15d", "P0D", "P-1D", "P1Y", "P1D2H", "P9999D", 15, None])
def test_what_is_no_length(text: object) -> None:
    with pytest.raises(ValueError, match="must be|longer"):
        length_of(text)


# ---------------------------------------------------------------- the shipped data


@pytest.mark.parametrize("name", list(CLOCKS))
def test_every_shipped_clock_has_a_source_a_day_and_whom_it_is_for(name: str) -> None:
    clock = CLOCKS[name]
    assert clock.source.startswith("https://")
    assert clock.checked >= date(2026, 11, 21)
    assert clock.applies_to
    assert clock.certainty
    assert all(stage.says for stage in clock.stages)
    assert clock.stages[0].due


def test_a_stage_that_runs_from_nothing_known_is_refused() -> None:
    stage: dict[str, Any] = {"id": "final", "title": "final", "due": [{"within": "P1M", "from": "interim"}]}
    fields = {"title": "x", "source": "y", "checked": date(2026, 1, 1), "applies_to": "z", "stages": (stage,)}
    with pytest.raises(ValidationError, match="runs from interim, which is none of aware, decided, resolved"):
        Clock.model_validate(fields, strict=False)


def test_a_stage_may_not_be_called_as_a_start() -> None:
    with pytest.raises(ValidationError, match="no stage may be called aware"):
        Clock(title="x", source="y", checked=date(2026, 1, 1), applies_to="z", stages=(Stage(id="aware", title="t"),))


# ---------------------------------------------------------------- what runs


def chain(*clocks: str, aware: str = "03:10", verdict: str = "yes") -> Chain:
    made = Chain()
    made.add(K.DECLARED, at("02:31"), "opened", component="fraud-scorer")
    if aware:
        made.add(K.AWARE, at(aware), "aware", DANA)
    decide(made, "04:00", verdict, *clocks)
    return made


def decide(made: Chain, when: str, verdict: str, *clocks: str) -> None:
    facts = {"decision": "reportable", "verdict": verdict, "clocks": list(clocks), "because": "it may be"}
    made.add(K.DECISION, at(when), "reportable", OMAR, payload=facts)


def send(made: Chain, when: str, clock: str, stage: str, day: int = 21) -> None:
    facts = {"phase": "sent", "clock": clock, "stage": stage, "reference": "R-1"}
    made.add(K.NOTE, at(when, day), "sent", OMAR, payload=facts)


def due(made: Chain) -> dict[str, datetime | None]:
    return {one.key: one.due_at for one in running(made.events, CLOCKS) if one.sent is None}


def test_nothing_runs_before_a_decision_and_nothing_after_a_no() -> None:
    assert running(chain(verdict="undecided").events, CLOCKS) == ()
    made = chain("gdpr-33")
    assert due(made)["gdpr-33/initial/1"] == at("03:10", 24)
    decide(made, "05:00", "no")
    assert running(made.events, CLOCKS) == ()


def test_without_awareness_it_waits_and_says_for_what() -> None:
    (first, _) = running(chain("gdpr-33", aware="").events, CLOCKS)
    assert (first.due_at, first.waits) == (None, "aware")


def test_the_earlier_of_two_limits_counts() -> None:
    assert due(chain("dora-19"))["dora-19/initial/1"] == at("08:00"), "4 h after the decision"
    late = Chain()
    late.add(K.AWARE, at("03:10", 20), "aware", DANA)
    decide(late, "04:00", "yes", "dora-19")
    assert due(late)["dora-19/initial/1"] == at("03:10"), "24 h after becoming aware"


def test_a_later_yes_neither_restarts_nor_ends_what_runs() -> None:
    made = chain("dora-19")
    decide(made, "06:00", "yes", "gdpr-33")
    assert due(made)["dora-19/initial/1"] == at("08:00")
    assert "gdpr-33/initial/1" in due(made)


def test_the_next_stage_runs_from_the_sending_of_the_one_before() -> None:
    made = chain("dora-19")
    assert due(made)["dora-19/interim/1"] is None
    send(made, "07:15", "dora-19", "initial")
    assert due(made)["dora-19/interim/1"] == at("07:15", 24)
    send(made, "07:15", "dora-19", "interim", 24)
    assert due(made) == {"dora-19/final/1": datetime(2026, 12, 24, 7, 15, tzinfo=UTC)}


def test_a_report_that_repeats_does_so_until_it_is_over() -> None:
    made = chain("gpai-code-2d")
    send(made, "05:00", "gpai-code-2d", "initial")
    send(made, "05:00", "gpai-code-2d", "interim", 25)
    assert due(made)["gpai-code-2d/interim/2"] == datetime(2026, 12, 23, 5, tzinfo=UTC)
    made.add(K.RESOLVED, at("09:00", 26), "resolved", DANA)
    assert due(made) == {"gpai-code-2d/final/1": datetime(2027, 1, 25, 9, tzinfo=UTC)}


def test_the_days_of_the_ai_act() -> None:
    made = chain("ai-act-73", "ai-act-73-death", "ai-act-73-widespread")
    days = {key.split("/")[0]: (end - at("03:10")).days for key, end in due(made).items() if end is not None}
    assert days == {"ai-act-73": 15, "ai-act-73-death": 10, "ai-act-73-widespread": 2}


def test_awareness_of_one_component_starts_no_clock_of_the_incident() -> None:
    made = chain("gdpr-33", aware="")
    made.add(K.AWARE, at("03:30"), "aware", DANA, payload={"phase": "ranker"})
    assert record_of(made.events).aware is None


def test_a_corrected_awareness_moves_what_is_due() -> None:
    made = chain("gdpr-33")
    made.add(K.CORRECTION, at("02:40"), "aware", DANA, supersedes=made.events[1].id, recorded=at("06:00"))
    assert due(made)["gdpr-33/initial/1"] == at("02:40", 24)


def test_a_clock_that_is_no_longer_configured_does_not_run() -> None:
    assert running(chain("of-another-year").events, CLOCKS) == ()


def test_the_example_of_the_guide_is_read_and_a_wrong_name_told() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "clocks.md").read_text("utf-8")
    example = guide.split("```yaml\n")[1].split("```")[0]
    config = Config.load(example)
    assert config.clocks.own["largest-customer"].count == "working"
    with pytest.raises(ConfigError, match="use names largest, which is neither"):
        Config.load(example.replace("[ai-act-73, largest-customer]", "[largest]"))
