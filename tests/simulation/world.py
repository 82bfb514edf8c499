"""What survives a crash (database, Slack, levers, the clock), and the probe that ends a life at a chosen point."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import Engine, event

from playbooks.domain.actions import Mark, Version
from playbooks.domain.ownership import Registry
from playbooks.plays.house import House, Rules
from playbooks.plays.timebox import sweep
from playbooks.ports import Lever, Messenger
from storage import schema
from storage.engine import make_engine
from tests.contracts.fake_lever import FakeLever, FakeWorld
from tests.contracts.fake_slack import FakeSlack
from tests.contracts.lever_suite import SetClock
from tests.migrated import empty
from tests.simulation.bot import REGISTRY, RULES, BodiesOf, Bot, OneLever, bodies_of
from tests.storage.making import CountedIds

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
MESSENGER = (
    "post",
    "update",
    "post_ephemeral",
    "find_delivery",
    "open_dm",
    "create_channel",
    "find_channel",
    "set_topic",
    "invite",
    "pin",
    "upload",
)
LEVER = ("describe", "apply", "verify", "mark")


class Crash(BaseException):
    """The process is gone; no handler of errors may swallow it."""


class Probe:
    """Counts points, ends the life at the chosen ones, and lets other things happen at outgoing calls.

    Attributes:
        crash_at: numbers of the points (from 1) at which the process dies. labels: the points met so far.
        aside: called at every outgoing call with its label, never from inside itself.
        met: called with the number of every point, before it is decided whether the process dies there.
    """

    def __init__(self, crash_at: frozenset[int] = frozenset()) -> None:
        self.crash_at = crash_at
        self.labels: list[str] = []
        self.aside: Callable[[str], None] | None = None
        self.met: Callable[[int], None] | None = None
        self._inside = False

    def hit(self, label: str) -> None:
        """See `ports.Probe`."""
        self.labels.append(label)
        if self.met is not None:
            self.met(len(self.labels))
        if len(self.labels) in self.crash_at:
            raise Crash(f"point {len(self.labels)}: {label}")
        if self.aside is None or self._inside or label.endswith("commit"):
            return
        self._inside = True
        try:
            self.aside(label)
        finally:
            self._inside = False


class _Probed:
    """Stands before a port: a point before each call, and one after it where the answer is lost."""

    def __init__(self, target: object, name: str, methods: tuple[str, ...], probe: Probe) -> None:
        self._target, self._name, self._methods, self._probe = target, name, methods, probe

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._target, attribute)
        if attribute not in self._methods:
            return found

        def call(*args: Any, **given: Any) -> Any:
            self._probe.hit(f"before {self._name}.{attribute}")
            answer = found(*args, **given)
            self._probe.hit(f"after {self._name}.{attribute}, answer lost")
            return answer

        return call


class Database(Protocol):
    """A database that is empty again in an instant; statements stay compiled over all lives."""

    engine: Engine

    def reset(self) -> None:
        """Forget everything."""
        ...


class File:
    """An SQLite file; a forked process takes a copy of it along."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "muster.db"
        self._open: list[_Connection] = []
        self.engine: Engine = make_engine(f"sqlite:///{self._path}")
        event.listen(self.engine, "do_connect", self._here)
        event.listen(self.engine, "connect", self._opened)
        event.listen(self.engine, "close", self._closed)
        schema.upgrade(self.engine)
        self.engine.dispose()
        self._empty = self._path.read_bytes()

    def reset(self) -> None:
        """See `Database`."""
        self.engine.dispose()
        for name in ("", "-wal", "-shm"):
            Path(f"{self._path}{name}").unlink(missing_ok=True)
        self._path.write_bytes(self._empty)

    def move_out(self) -> None:
        """In a forked process: go on with a copy of what is committed, and never touch the original's files again."""
        for connection in self._open:
            connection.left_behind = True
        left, self._path = self._path, self._path.with_name("moved.db")
        for name in ("", "-wal", "-shm"):
            Path(f"{self._path}{name}").unlink(missing_ok=True)
        for name in ("", "-wal"):  # what is not committed has no commit in the log, as after any process's death
            if Path(f"{left}{name}").exists():
                shutil.copyfile(f"{left}{name}", f"{self._path}{name}")
        self.engine.dispose(close=False)

    def _here(self, _dialect: object, _record: object, where: list[Any], given: dict[str, Any]) -> None:
        where[0] = str(self._path)
        given["factory"] = _Connection

    def _opened(self, connection: _Connection, _entry: object) -> None:
        # The machine does not lose its power here; what is not committed is lost all the same.
        connection.execute("PRAGMA synchronous=OFF")
        self._open.append(connection)

    def _closed(self, connection: _Connection, _entry: object) -> None:
        if not connection.left_behind:
            self._open.remove(connection)


class _Connection(sqlite3.Connection):
    """May be left behind by a fork: SQLite's locks and logs belong to the process that opened them."""

    left_behind = False

    def rollback(self) -> None:
        if not self.left_behind:
            super().rollback()

    def close(self) -> None:
        if not self.left_behind:
            super().close()


class Served:
    """A PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self.engine: Engine = make_engine(url)
        schema.upgrade(self.engine)

    def reset(self) -> None:
        """See `Database`."""
        empty(self.engine)


@dataclass
class World:
    """Everything outside the process.

    Attributes:
        accepted: (fingerprint, starts_at) of alerts for which the sender got its answer.
        answers: what people were answered, by step. faulty: whether Slack or the levers are in trouble.
    """

    database: Database
    seed: int = 0
    crash_at: frozenset[int] = frozenset()
    rules: Rules = RULES
    registry: Registry = REGISTRY
    bodies: BodiesOf = bodies_of
    sweeps: Callable[[House], int] = sweep
    wrap: Callable[[FakeSlack], Messenger] | None = None
    lever: Callable[[FakeWorld], Lever] = FakeLever
    clock: SetClock = field(default_factory=lambda: SetClock(NIGHT))
    ids: CountedIds = field(default_factory=CountedIds)
    accepted: set[tuple[str, datetime]] = field(default_factory=set)
    answers: dict[str, object] = field(default_factory=dict)
    parked: list[tuple[str, str]] = field(default_factory=list)
    lives: int = 0
    faulty: bool = False

    def __post_init__(self) -> None:
        self.database.reset()
        self.random = random.Random(f"{self.seed}")
        self.probe = Probe(self.crash_at)
        self.slack = FakeSlack(self.clock, users={p.slack for p in REGISTRY.people.values()})
        for team in REGISTRY.teams.values():
            members = [REGISTRY.people[m].slack for m in team.members]
            self.slack.add_channel(team.channel, team.id, *members)
        self.levers = lever_world(self.clock)
        self.bot = self.start()

    def start(self) -> Bot:
        """A new life: nothing of the last one's memory is left."""
        self.database.engine.dispose()
        self.lives += 1
        self.probe.aside = None
        target: object = self.wrap(self.slack) if self.wrap else self.slack
        messenger = cast(Messenger, _Probed(target, "slack", MESSENGER, self.probe))
        lever = cast(Lever, _Probed(self.lever(self.levers), "lever", LEVER, self.probe))
        self.bot = Bot(
            self.database.engine,
            self.clock,
            self.ids,
            messenger,
            OneLever(lever),
            seed=self.seed * 1000 + self.lives,
            probe=self.probe,
            registry=self.registry,
            rules=self.rules,
            bodies=self.bodies,
            sweeps=self.sweeps,
        )
        self.bot.parked = self.parked
        return self.bot

    def die_at(self, points: frozenset[int]) -> None:
        """The process will die at these points."""
        self.crash_at = self.probe.crash_at = points

    def advance(self, at: datetime) -> None:
        """Time never goes back."""
        self.clock.at = max(self.clock.at, at)


def lever_world(clock: SetClock) -> FakeWorld:
    """Three models of which the older version is good, and two flags that are on."""
    world = FakeWorld(
        clock,
        reload=timedelta(seconds=5),
        flags={"default/auto-decline@production": "on", "default/auto-refund@production": "on"},
    )
    for name in ("fraud-scorer", "ranker", "spam-filter"):
        good = Version("42", Mark.GOOD, "evaluation 0.941", NIGHT - timedelta(days=19))
        world.add_model(name, Version("43"), good, Version("40"), champion="43")
    return world
