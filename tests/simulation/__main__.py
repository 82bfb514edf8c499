"""Replay one schedule: `python -m tests.simulation "time box" 3 117 [more points]`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.branching import wrong
from tests.simulation.ledger_scenarios import EVERY
from tests.simulation.running import play
from tests.simulation.world import File, World


def main(name: str, seed: str, *points: str) -> int:
    """Print every point met and what is broken at the end."""
    scenario = next(each for each in EVERY if each.name == name)
    at = frozenset(int(point) for point in points)
    with TemporaryDirectory() as folder:
        world = play(scenario, World(File(Path(folder)), seed=int(seed), crash_at=at))
        for number, label in enumerate(world.probe.labels, 1):
            print(f"{number:4} {'CRASH ' if number in at else ''}{label}")
        found = wrong(world, scenario)
    print(*(found or ["all promises kept"]), sep="\n")
    return len(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
