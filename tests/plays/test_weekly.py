"""Weekly posts: due by the calendar of a zone, once a week over restarts, and one post for weeks gone by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import Engine

from playbooks.plays import weekly, weekly_posts
from playbooks.plays.house import House
from playbooks.ports import Surface
from tests.plays.stage import NIGHT, Stage, on_sqlite
from tests.simulation.bot import RULES

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def stage(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Stage:
    def post(house: House, at: datetime) -> Sequence[Surface]:
        payload = {"text": f"week of {weekly.week(at)}"}
        return [Surface(f"post:weekly:{weekly.week(at)}", "post", "C01FRAUDML", payload=payload)]

    monkeypatch.setattr(weekly_posts, "POSTS", {"test": post})
    return Stage(engine)


def weeks(stage: Stage) -> list[str]:
    return [day for text in stage.posted("post:weekly:") for day in re.findall(r"week of (\S+?)'", text)]


def test_a_week_is_told_once_over_restarts(stage: Stage) -> None:
    for _ in range(3):
        weekly_posts.plan(stage.house)
        stage.restart()
    stage.wait(MONDAY - stage.clock.at - timedelta(minutes=1))
    assert weeks(stage) == []
    for _ in range(3):
        stage.wait(timedelta(minutes=1))
        weekly_posts.plan(stage.house)
        stage.restart()
    assert weeks(stage) == ["2026-11-23"]
    stage.wait(7 * DAY)
    assert weeks(stage) == ["2026-11-23", "2026-11-30"]


@on_sqlite
def test_weeks_gone_by_while_nothing_ran_are_one_post(stage: Stage) -> None:
    weekly_posts.plan(stage.house)
    stage.clock.at = MONDAY + 17 * DAY
    stage.restart()
    stage.wait(timedelta(minutes=1))
    assert weeks(stage) == ["2026-12-07"]
    stage.wait(4 * DAY)
    assert weeks(stage) == ["2026-12-07", "2026-12-14"]


@on_sqlite
def test_the_week_is_moved_with_its_configuration(stage: Stage) -> None:
    weekly_posts.plan(stage.house)
    stage.rules = replace(stage.rules, weekly_day=1)
    stage.restart()
    weekly_posts.plan(stage.house)
    stage.wait(MONDAY - stage.clock.at + timedelta(hours=23))
    assert weeks(stage) == []
    stage.wait(timedelta(hours=2))
    assert weeks(stage) == ["2026-11-24"]


@on_sqlite
def test_a_post_this_version_does_not_know_is_told_to_the_operators(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    weekly_posts.plan(stage.house)
    monkeypatch.setattr(weekly_posts, "POSTS", {})
    stage.wait(MONDAY - stage.clock.at + DAY)
    with stage.house.store.read() as uow:
        assert [text for key, text, *_ in uow.notices() if key == "timer:weekly:test"]


@pytest.mark.parametrize(
    ("now", "last", "next_"),
    [
        (MONDAY, MONDAY, MONDAY + 7 * DAY),
        (MONDAY - timedelta(seconds=1), MONDAY - 7 * DAY, MONDAY),
        (NIGHT, MONDAY - 7 * DAY, MONDAY),
    ],
)
def test_due_times_lie_around_now(now: datetime, last: datetime, next_: datetime) -> None:
    assert (weekly.latest(RULES, now), weekly.following(RULES, now)) == (last, next_)


def test_the_hour_is_that_of_the_zone_in_summer_and_winter() -> None:
    rules = replace(RULES, zone="Europe/Berlin", weekly_at=time(9))
    summer, winter = datetime(2026, 10, 21, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC)
    assert weekly.following(rules, summer) == datetime(2026, 10, 26, 8, tzinfo=UTC)
    assert weekly.latest(rules, summer) == datetime(2026, 10, 19, 7, tzinfo=UTC)
    assert weekly.following(rules, winter) == datetime(2026, 11, 2, 8, tzinfo=UTC)
