"""A story is played once; at each chosen point a copy of the process plays the end that follows from dying there."""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import NoReturn

from tests.simulation.invariants import broken
from tests.simulation.running import Scenario, play
from tests.simulation.world import File, World


@dataclass(frozen=True)
class Ending:
    """How a story ended.

    Attributes:
        points: where the process died. labels: what these points are; only of those that the story reached.
        total: how many points it met in all. broken: every promise that was not kept.
    """

    points: list[int]
    labels: list[str]
    total: int
    broken: list[str]


def wrong(world: World, scenario: Scenario) -> list[str]:
    """Everything that is wrong after a story."""
    return [*broken(world), *scenario.check(world)]


class Branches:
    """Plays a story without a crash, and from each chosen point on also with one.

    A copy (a fork) has the memory of the process as it is at the point, and files of its own with what is committed by
    then: the same that a second run of the same seed would come to, without running what went before again.

    Args:
        database: where the world lives.
        chosen: where a process dies that has come to this point, which is the first of them; empty to go on.
        told: called with how each copy ended, one after the other.
    """

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        database: File,
        chosen: Callable[[int], frozenset[int]],
        told: Callable[[Ending], None],
    ) -> None:
        self._scenario, self._world, self._database = scenario, world, database
        self._chosen, self._told = chosen, told
        self._pipe: int | None = None  # in a copy: where its ending is told
        world.probe.met = self._met

    def play(self) -> Ending:
        """How the story ends without a crash.

        Raises:
            RuntimeError: a copy did not come to an end; with its traceback.
        """
        with self:
            ending = self._ending(play(self._scenario, self._world))
            if self._pipe is not None:
                _leave(self._pipe, asdict(ending))
        return ending

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._pipe is not None and error is not None:
            _leave(self._pipe, {"failed": "".join(traceback.format_exception(error))})

    def _ending(self, world: World) -> Ending:
        points, labels = sorted(world.crash_at), world.probe.labels
        met = [labels[point - 1] for point in points if point <= len(labels)]
        return Ending(points, met, len(labels), wrong(world, self._scenario))

    def _met(self, point: int) -> None:
        if self._pipe is not None or not (at := self._chosen(point)):
            return
        reading, writing = os.pipe()
        child = _fork()
        if child == 0:
            os.close(reading)
            self._pipe = writing
            self._world.die_at(at)
            self._database.move_out()
            return
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        answer = json.loads(said) if said else {"failed": f"it ended with status {status} and said nothing"}
        if "failed" in answer:
            raise RuntimeError(f"seed {self._world.seed}, points {sorted(at)}: {answer['failed']}")
        self._told(Ending(**answer))


def _fork() -> int:
    with warnings.catch_warnings():
        # Newer Pythons warn where a test runner has threads; none of them is needed in the copy, or holds what is.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _leave(pipe: int, answer: object) -> NoReturn:
    """The end of a copy: nothing of what it shares with the original is cleaned up."""
    try:
        with os.fdopen(pipe, "w", encoding="utf-8") as told:
            json.dump(answer, told)
    finally:
        os._exit(0)
