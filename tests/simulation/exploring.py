"""Crashes a story at its points, one world per point, and says which seed and point broke a promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.invariants import broken
from tests.simulation.running import Scenario, play
from tests.simulation.world import Database, World

Variant = Callable[[], dict[str, Any]]


@dataclass
class Found:
    """What an exploration met: points per seed, schedules run, and what was broken where."""

    scenario: str
    points: dict[int, int] = field(default_factory=dict)
    schedules: int = 0
    broken: list[str] = field(default_factory=list)

    def over(self, until: str) -> bool:
        """Whether what was looked for is found, or so much that more would say nothing new."""
        if until:
            return any(until in what for what in self.broken)
        return len(self.broken) >= 20

    def told(self) -> str:
        """One line for the log, then each broken promise with what replays it."""
        points = ", ".join(f"seed {seed}: {n}" for seed, n in self.points.items())
        head = f"{self.scenario}: {self.schedules} schedules; points {points}"
        return "\n".join([head, *self.broken[:20]])


def explore(
    database: Database,
    scenario: Scenario,
    seeds: Iterable[int],
    *,
    stride: int = 1,
    first: int = 1,
    variant: Variant = dict,
    until: str = "",
) -> Found:
    """Count a story's points, then crash at every `stride`-th of them, beginning elsewhere for each seed.

    Args:
        first: point to begin with. variant: what is different about the bot, anew for each world.
        until: stop as soon as something with these words is found; without it after twenty broken promises.
    """
    found = Found(scenario.name)
    for seed in seeds:
        found.points[seed] = len(_one(database, scenario, seed, frozenset(), variant, found).probe.labels)
        for point in range(first + seed % stride, found.points[seed] + 1, stride):
            if found.over(until):
                return found
            _one(database, scenario, seed, frozenset({point}), variant, found)
    return found


def _one(
    database: Database, scenario: Scenario, seed: int, at: frozenset[int], variant: Variant, found: Found
) -> World:
    world = play(scenario, World(database, seed=seed, crash_at=at, **variant()))
    found.schedules += 1
    points = sorted(at)
    labels = [world.probe.labels[point - 1] for point in points if point <= len(world.probe.labels)]
    for what in wrong(world, scenario):
        found.broken.append(f"seed {seed}, points {points} ({'; '.join(labels) or 'no crash'}): {what}")
    return world


def wrong(world: World, scenario: Scenario) -> list[str]:
    """Everything that is wrong after a story."""
    return [*broken(world), *scenario.check(world)]


def twice(total: int, seed: int) -> Iterator[frozenset[int]]:
    """Pairs of points: a process that dies again while it gets up."""
    for first in range(1 + seed % 7, total, 7):
        yield frozenset({first, first + 1 + (seed + first) % 11})
