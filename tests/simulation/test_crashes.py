"""Killed at every commit and every outgoing call, the bot keeps its promises in every story."""

import pytest

from tests.simulation.document_scenarios import EVERY
from tests.simulation.exploring import Found, explore, twice, wrong
from tests.simulation.running import Scenario, play
from tests.simulation.scenarios import TIMEBOX, TROUBLED_ROLLBACK
from tests.simulation.world import Database, World

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
def test_crash_at_a_sample_of_points(database: Database, scenario: Scenario) -> None:
    least = LEAST[scenario.name]
    stride = LONGEST if least > 600 else LONGER if least > 300 else STRIDE
    found = explore(database, scenario, SEEDS, stride=stride)
    assert found.schedules >= 2 * least // stride
    _kept(found)


def test_the_same_seed_plays_the_same_story(database: Database) -> None:
    labels = [play(TROUBLED_ROLLBACK, World(database, seed=5)).probe.labels for _ in range(2)]
    assert labels[0] == labels[1]


def test_crash_while_getting_up(database: Database) -> None:
    for at in list(twice(210, 3))[::3]:
        world = play(TIMEBOX, World(database, seed=3, crash_at=at))
        assert wrong(world, TIMEBOX) == [], f"seed 3, points {sorted(at)}"


@pytest.mark.real
@by_name
def test_crash_at_thousands_of_points(database: Database, scenario: Scenario) -> None:
    least = LEAST[scenario.name]
    _kept(explore(database, scenario, range(4), stride=53 if least > 600 else 17 if least > 300 else 9))


@pytest.mark.real
@by_name
def test_crash_twice_anywhere(database: Database, scenario: Scenario) -> None:
    for seed in range(10, 12):
        total = len(play(scenario, World(database, seed=seed)).probe.labels)
        for at in twice(total, seed):
            world = play(scenario, World(database, seed=seed, crash_at=at))
            assert wrong(world, scenario) == [], f"seed {seed}, points {sorted(at)}"
