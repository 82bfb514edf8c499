"""Crashes a story at its points, one world per point, and says which seed and point broke a promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.branching import Branches, Ending
from tests.simulation.running import Scenario
from tests.simulation.world import File, World

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

    def ended(self, seed: int, ending: Ending) -> None:
        """Count one schedule."""
        self.schedules += 1
        where = f"seed {seed}, points {ending.points} ({'; '.join(ending.labels) or 'no crash'})"
        self.broken += [f"{where}: {what}" for what in ending.broken]

    def told(self) -> str:
        """One line for the log, then each broken promise with what replays it."""
        points = ", ".join(f"seed {seed}: {n}" for seed, n in self.points.items())
        head = f"{self.scenario}: {self.schedules} schedules; points {points}"
        return "\n".join([head, *self.broken[:20]])


def explore(
    database: File,
    scenario: Scenario,
    seeds: Iterable[int],
    *,
    stride: int = 1,
    first: int = 1,
    variant: Variant = dict,
    until: str = "",
) -> Found:
    """Count a story's points, and crash at every `stride`-th of them, beginning elsewhere for each seed.

    Args:
        first: point to begin with. variant: what is different about the bot, anew for each world.
        until: stop as soon as something with these words is found; without it after twenty broken promises.
    """
    found = Found(scenario.name)
    for seed in seeds:
        begin = first + seed % stride

        def once(point: int, begin: int = begin) -> frozenset[int]:
            hit = point >= begin and (point - begin) % stride == 0 and not found.over(until)
            return frozenset({point} if hit else ())

        _play(database, scenario, seed, once, variant, found)
        if found.over(until):
            return found
    return found


def explore_twice(database: File, scenario: Scenario, seed: int, *, total: int, stride: int = 1) -> Found:
    """Crash at every `stride`-th of those pairs of points that lie close together, among the first `total` points."""
    found = Found(scenario.name)
    pairs = {min(pair): pair for pair in list(_pairs(total, seed))[::stride]}
    _play(database, scenario, seed, lambda point: pairs.get(point, frozenset()), dict, found)
    return found


def _play(
    database: File,
    scenario: Scenario,
    seed: int,
    chosen: Callable[[int], frozenset[int]],
    variant: Variant,
    found: Found,
) -> None:
    world = World(database, seed=seed, **variant())
    ending = Branches(scenario, world, database, chosen, lambda ending: found.ended(seed, ending)).play()
    found.ended(seed, ending)
    found.points[seed] = ending.total


def _pairs(total: int, seed: int) -> Iterator[frozenset[int]]:
    """A process that dies again while it gets up."""
    for first in range(1 + seed % 7, total, 7):
        yield frozenset({first, first + 1 + (seed + first) % 11})
