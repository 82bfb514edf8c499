"""`/owner` and the sync at 5,000 components: what a command costs, and a Backstage catalogue read again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.clock import RandomIds, SystemClock
from bot.providers.oncall.resolver import OnCallBook
from bot.registry_file import RegistryHolder
from bot.slack.blocks import who as blocks
from bot.slack.calls import Call, Desk
from bot.slack.commands import execute
from bot.slack.grammar import parse
from playbooks.domain.timeline import EventSource
from playbooks.domain.who import WhoView
from playbooks.messages import Who
from playbooks.plays import recertify
from playbooks.plays.house import House, who
from playbooks.plays.inspection import note_ages
from storage.engine import make_engine
from storage.schema import upgrade
from storage.store import SqlStore
from tests.bench.farm import percentile

COMPONENTS, TEAMS, PEOPLE = 5_000, 250, 1_000
OWN = "api: ownership/v1\nimports: [{kind: backstage, path: catalog.yaml}]\n"


def catalogue(components: int = COMPONENTS, teams: int = TEAMS, people: int = PEOPLE) -> str:
    """A Backstage catalogue of so many entities, each component with an owner and two dependencies."""
    return "---\n".join(_entities(components, teams, people))


def _entities(components: int, teams: int, people: int) -> Iterator[str]:
    for number in range(people):
        yield _entity(
            "User",
            f"person-{number}",
            f"  profile: {{displayName: Person {number}, email: person-{number}@example.com}}\n"
            f"  memberOf: [team-{number % teams}]\n",
        )
    for number in range(teams):
        yield _entity("Group", f"team-{number}", "  type: team\n  children: []\n")
    for number in range(components):
        needs = ", ".join(f"component:service-{other}" for other in (number + 1, number + 7) if other < components)
        yield _entity(
            "Component",
            f"service-{number}",
            f"  type: service\n  lifecycle: production\n  owner: team-{number % teams}\n  dependsOn: [{needs}]\n",
        )


def _entity(kind: str, name: str, spec: str) -> str:
    return f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n{spec}"


@dataclass(frozen=True)
class Estate:
    """A registry over a catalogue, and a desk that answers about it."""

    holder: RegistryHolder
    desk: Desk

    def owner(self, number: int) -> dict[str, Any]:
        """`/owner service-<number>` from its text to the finished message. Raises AssertionError for a refusal."""
        registry = self.holder.current()
        parsed = parse(f"service-{number}", command="/owner", components=set(registry.components))
        reply = execute(self.desk, Call("U00BENCH", "C00BENCH", f"bench:{number}", EventSource.SLASH), parsed)
        assert isinstance(reply, WhoView)
        people: dict[str, Who] = {p: w for p in registry.people if (w := who(registry, p)) is not None}
        return blocks.render(reply, people)


@contextmanager
def estate(folder: Path, *, components: int = COMPONENTS) -> Iterator[Estate]:
    """An estate of so many components in an empty folder, its gaps noted as the schedule does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.yaml").write_text(catalogue(components), "utf-8")
    (folder / "ownership.yaml").write_text(OWN, "utf-8")
    engine = make_engine(f"sqlite:///{folder / 'muster.db'}")
    upgrade(engine)
    clock, ids = SystemClock(), RandomIds()
    store = SqlStore(engine, ids)

    def keep(digest: str, text: str) -> None:
        with store.begin() as uow:
            uow.keep_registry(digest, text, now=datetime.now(UTC))

    holder = RegistryHolder([folder / "ownership.yaml"], clock, keep=keep)
    house = House(store, clock, ids, holder.current, OnCallBook(holder.current, clock))
    note_ages(house)
    try:
        yield Estate(holder, Desk(house, sync=holder.sync, registry_state=lambda: holder.complaint))
    finally:
        engine.dispose()


def ownership(folder: Path, *, times: int) -> dict[str, Any]:
    """Milliseconds of `/owner` (without Slack's way) and seconds of a sync after a change, against their goals."""
    with estate(folder) as built:
        built.owner(0)
        asked = [_timed(lambda n=n: built.owner(n * 37 % COMPONENTS)) for n in range(times)]
        gaps = _timed(lambda: recertify.gap_list(built.desk.house))
        (folder / "catalog.yaml").write_text(catalogue(COMPONENTS + 1), "utf-8")
        synced = _timed(built.holder.sync)
        assert f"service-{COMPONENTS}" in built.holder.current().components
    return {
        "components": COMPONENTS,
        "owner_p50_ms": round(1e3 * percentile(asked, 0.5), 1),
        "owner_p99_ms": round(1e3 * percentile(asked, 0.99), 1),
        "owner_goal_ms": 300,
        "gaps_ms": round(1e3 * gaps, 1),
        "sync_s": round(synced, 2),
        "sync_goal_s": 10,
    }


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
