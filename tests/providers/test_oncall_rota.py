"""The rota: turns, overrides, and hand-over at the same time on the clock when clocks are moved."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.oncall.rota import handover, on_turn, order, turn_of
from playbooks.domain.on_call_file import Rota

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def rota(**changed: object) -> Rota:
    entry = {"people": ["ann", "bob", "cat"], "start": "2026-01-05T09:00", "zone": "Europe/Berlin", "every": "P7D"}
    return Rota.model_validate(entry | changed)


def berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=BERLIN, fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


def test_turns_go_round():
    weekly = rota()
    assert on_turn(weekly, berlin(2026, 1, 5, 9)) == "ann"
    assert on_turn(weekly, berlin(2026, 1, 12, 9) - SECOND) == "ann"
    assert on_turn(weekly, berlin(2026, 1, 12, 9)) == "bob"
    assert on_turn(weekly, berlin(2026, 1, 26, 9)) == "ann"
    assert order(weekly, berlin(2026, 1, 12, 9)) == ("bob", "cat", "ann")


def test_before_it_begins_nobody_has_a_turn():
    assert on_turn(rota(), berlin(2026, 1, 5, 9) - SECOND) is None
    assert order(rota(), berlin(2025, 1, 5, 9)) == ()


@pytest.mark.parametrize(("month", "day"), [(3, 30), (10, 26)])  # the Mondays after clocks were moved in 2026
def test_hand_over_stays_at_nine_in_summer_and_winter(month, day):
    at = berlin(2026, month, day, 9)
    before, after = on_turn(rota(), at - SECOND), on_turn(rota(), at)
    assert before != after
    week = at - handover(rota(), turn_of(rota(), at) - 1)
    assert week == timedelta(days=7) + (-HOUR if month == 3 else HOUR)


def test_a_hand_over_in_the_hour_that_is_left_out_or_comes_twice():
    nightly = rota(start="2026-01-01T02:30", every="P1D")
    spring = handover(nightly, (datetime(2026, 3, 29) - datetime(2026, 1, 1)).days)
    assert spring == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # 03:30 in Berlin: 02:30 is left out
    autumn = handover(nightly, (datetime(2026, 10, 25) - datetime(2026, 1, 1)).days)
    assert autumn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first 02:30
    assert on_turn(nightly, autumn) == on_turn(nightly, berlin(2026, 10, 25, 2, 30, fold=1))


ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
MOMENTS = st.datetimes(datetime(2026, 1, 8), datetime(2032, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
LENGTHS = st.sampled_from(["PT1H", "PT8H", "PT12H", "P1D", "P3D", "P7D", "P14D"])


@given(zone=ZONES, at=MOMENTS, every=LENGTHS)
def test_every_moment_belongs_to_exactly_one_turn(zone, at, every):
    made = rota(zone=zone, every=every)
    turn = turn_of(made, at)
    assert handover(made, turn) <= at < handover(made, turn + 1)
    assert on_turn(made, at) == made.people[turn % 3]


@given(zone=ZONES, turn=st.integers(0, 2000), every=st.sampled_from(["P1D", "P7D"]))
def test_whole_days_are_handed_over_at_the_same_time_on_the_clock(zone, turn, every):
    made = rota(zone=zone, every=every)
    assert handover(made, turn).astimezone(ZoneInfo(zone)).time() == made.start.time()


def test_of_overlapping_overrides_the_later_in_the_file_counts():
    made = rota(
        overrides=[
            {"from": "2026-01-06T09:00", "until": "2026-01-08T09:00", "person": "cat"},
            {"from": "2026-01-07T00:00", "until": "2026-01-07T12:00+00:00", "person": "dan"},
        ]
    )
    assert on_turn(made, berlin(2026, 1, 6, 8)) == "ann"
    assert on_turn(made, berlin(2026, 1, 6, 9)) == "cat"
    assert on_turn(made, berlin(2026, 1, 7, 0)) == "dan"
    assert on_turn(made, datetime(2026, 1, 7, 12, tzinfo=UTC) - SECOND) == "dan"
    assert on_turn(made, datetime(2026, 1, 7, 12, tzinfo=UTC)) == "cat"
    assert on_turn(made, berlin(2026, 1, 8, 9)) == "ann"
    assert order(made, berlin(2026, 1, 7, 0)) == ("dan", "ann", "bob", "cat")


def test_an_override_may_come_before_the_first_turn():
    early = [{"from": "2025-12-24", "until": "2025-12-27", "person": "bob"}]
    assert on_turn(rota(overrides=early), berlin(2025, 12, 25)) == "bob"
