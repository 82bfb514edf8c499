"""Killed at every commit and every outgoing call, the bot keeps its promises in every story."""

import pytest

from tests.simulation.branching import wrong
from tests.simulation.document_scenarios import EVERY
from tests.simulation.exploring import Found, explore, explore_twice
from tests.simulation.running import Scenario, play
from tests.simulation.scenarios import TIMEBOX, TROUBLED_ROLLBACK
from tests.simulation.world import Database, File, World

# How many points a story has at least: fewer means that the probe no longer stands where it should.
LEAST = {
    "alerts": 100,
    "rollback": 190,
    "time box": 210,
    "stays off": 180,
    "draft": 130,
    "alerts, Slack in trouble": 110,
    "rollback, all in trouble": 190,
    "time box, all in trouble": 220,
    "draft, Slack in trouble": 130,
    "rollback, the lever lies": 170,
    "time box, lever down at its end": 280,
    "what stands": 350,
    "kept quiet": 240,
    "a document's life": 850,
}
STRIDE = 19  # a prime, so that the seeds of a story together walk over different points
LONGER = 41
LONGEST = 211
SEEDS = (2, 7)
by_name = pytest.mark.parametrize("scenario", EVERY, ids=lambda scenario: scenario.name)


def _kept(found: Found) -> None:
    print(found.told())
    assert not found.broken, found.told()
    assert min(found.points.values()) >= LEAST[found.scenario], found.points


@by_name
def test_without_a_crash(database: Database, scenario: Scenario) -> None:
    for seed in (0, 1):
        assert wrong(play(scenario, World(database, seed=seed)), scenario) == [], f"seed {seed}"


@by_name
def test_crash_at_a_sample_of_points(database: File, scenario: Scenario) -> None:
    least = LEAST[scenario.name]
    stride = LONGEST if least > 600 else LONGER if least > 300 else STRIDE
    found = explore(database, scenario, SEEDS, stride=stride)
    assert found.schedules >= 2 * least // stride
    _kept(found)


def test_the_same_seed_plays_the_same_story(database: Database) -> None:
    labels = [play(TROUBLED_ROLLBACK, World(database, seed=5)).probe.labels for _ in range(2)]
    assert labels[0] == labels[1]


def test_crash_while_getting_up(database: File) -> None:
    found = explore_twice(database, TIMEBOX, 3, total=210, stride=3)
    assert found.schedules >= 10
    _kept(found)


@pytest.mark.real
@by_name
def test_crash_at_thousands_of_points(database: File, scenario: Scenario) -> None:
    least = LEAST[scenario.name]
    _kept(explore(database, scenario, range(4), stride=53 if least > 600 else 17 if least > 300 else 9))


@pytest.mark.real
@by_name
def test_crash_twice_anywhere(database: File, scenario: Scenario) -> None:
    for seed in range(10, 12):
        found = explore_twice(database, scenario, seed, total=10 * LEAST[scenario.name])
        assert found.schedules >= LEAST[scenario.name] // 7
        _kept(found)
