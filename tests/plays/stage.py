"""A stage for use cases: a bot on a real database, with Slack, levers and the time in the test's hands."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from playbooks.domain.actions import Action, ActionKind, Mark, Override, Version
from playbooks.domain.alerts import Alert, AlertStatus, Verdict
from playbooks.domain.incidents import Incident
from playbooks.domain.ownership import Registry
from playbooks.domain.routing import Router
from playbooks.domain.timeline import Event, EventKind, EventSource, timeline_view
from playbooks.messages import Card, Refusal, Say
from playbooks.plays import approvals, levers
from playbooks.plays.house import House, Rules
from playbooks.plays.levers import Wanted
from playbooks.plays.orders import Order
from playbooks.plays.receive import receive
from playbooks.plays.views import pinned_card
from playbooks.ports import StoredAlert, Surface
from tests.contracts.fake_lever import FakeLever, FakeWorld
from tests.contracts.fake_publisher import FakePlace, FakePublisher, OnePublisher
from tests.contracts.fake_slack import FakeSlack
from tests.contracts.lever_suite import SetClock
from tests.simulation.bot import REGISTRY, ROUTER, RULES, Bot, OneLever, person
from tests.storage.making import CountedIds

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DECLINE, REFUND = "default/auto-decline@production", "default/auto-refund@production"
STRANGER = "U99STRANGER"
# For variations of a rule that is tested on both databases elsewhere.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@dataclass
class Stage:
    """One test's world. `restart` throws the bot away and builds another one on the same database."""

    engine: Engine
    rules: Rules = RULES
    registry: Registry = REGISTRY
    clock: SetClock = field(default_factory=lambda: SetClock(NIGHT))
    ids: CountedIds = field(default_factory=CountedIds)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.place = FakePlace()
        self.slack = FakeSlack(self.clock, users={p.slack for p in self.registry.people.values()})
        for team in self.registry.teams.values():
            self.slack.add_channel(team.channel, team.id, *(self.registry.people[m].slack for m in team.members))
        self.world = FakeWorld(self.clock, flags={DECLINE: "on", REFUND: "on"})
        for name in ("fraud-scorer", "ranker", "spam-filter"):
            good = Version("42", Mark.GOOD, "evaluation 0.941", NIGHT - timedelta(days=19))
            self.world.add_model(name, Version("43"), good, Version("40"), champion="43")
        self.restart()

    def restart(self) -> None:
        """Nothing but the database and the world outside is left."""
        self.bot = Bot(
            self.engine,
            self.clock,
            self.ids,
            self.slack,
            OneLever(FakeLever(self.world)),
            registry=self.registry,
            rules=self.rules,
            publishers=OnePublisher(FakePublisher(self.place)),
        )

    @property
    def house(self) -> House:
        return self.bot.house

    # ------------------------------------------------------------ doing

    def by(self, name: str, *, once: str = "", channel: str = "", source: EventSource = EventSource.SLASH) -> Order:
        """An order of a person (registry id or Slack id); each its own delivery unless `once` is given."""
        return Order(person(name, self.registry), channel, source, once or f"delivery:{next(self._numbers)}")

    def alert(self, *alerts: Alert) -> list[Verdict]:
        """One body."""
        router = ROUTER if self.registry is REGISTRY else Router(self.registry)
        return receive(self.house, router, [alerts])[0]

    def opened(self, component: str = "fraud-scorer", name: str = "a") -> int:
        """An incident opened by an alert, with everything that follows."""
        verdict = self.alert(alert(name, component))[0]
        self.settle()
        assert verdict.incident is not None
        return verdict.incident

    def settle(self) -> None:
        """All jobs, moving the clock where they wait."""
        self.bot.drain(self._advance)

    def wait(self, span: timedelta) -> None:
        """Let time pass, with jobs and the sweep."""
        self.bot.wait(self._advance, span)

    def _advance(self, at: datetime) -> None:
        self.clock.at = max(self.clock.at, at)

    def request(
        self, who: str, kind: ActionKind, component: str, *, target: str = "", ends_after: timedelta | None = None
    ) -> Action:
        """A request and its preview."""
        seconds = int(ends_after.total_seconds()) if ends_after is not None else None
        wanted = Wanted(kind, component, target, "drift", seconds)
        number, _ = levers.request(self.house, self.by(who, channel="C01FRAUDML"), wanted)
        self.settle()
        return self.action(number)

    def rollback(self, who: str = "dana", component: str = "fraud-scorer") -> Action:
        """A rollback asked for and previewed."""
        return self.request(who, ActionKind.ROLLBACK, component)

    def asked(self, who: str = "dana", component: str = "fraud-scorer") -> Action:
        """A rollback for which approvals are asked."""
        action = self.rollback(who, component)
        self.confirm(who, action)
        return self.action(action.id)

    def disabled(self, component: str = "auto-decline", span: timedelta = 4 * HOUR, who: str = "dana") -> Override:
        """A component switched off by a holder, confirmed."""
        action = self.request(who, ActionKind.DISABLE, component, ends_after=span)
        self.confirm(who, action)
        found = self.action(action.id).override
        assert found is not None
        return self.override(found)

    def confirm(self, who: str, action: Action) -> Say | Refusal:
        """The click on the preview, and what follows."""
        said = levers.confirm(self.house, self.by(who), action.id, action.plan_hash)
        self.settle()
        return said

    def approve(self, who: str, action: Action, *, plan_hash: str | None = None) -> Say | Refusal:
        """The click on the request, and what follows."""
        hashed = action.plan_hash if plan_hash is None else plan_hash
        said = approvals.approve(self.house, self.by(who), action.id, hashed)
        self.settle()
        return said

    # ------------------------------------------------------------ looking

    def incident(self, number: int) -> Incident:
        """As it is on disk."""
        with self.bot.store.read() as uow:
            found = uow.incident(number)
        assert found is not None
        return found

    def incidents(self) -> list[Incident]:
        """All of them, newest first."""
        with self.bot.store.read() as uow:
            return uow.incidents(open_only=False)

    def events(self, number: int, *kinds: EventKind) -> list[Event]:
        """The chain, which must verify; only these kinds where given."""
        with self.bot.store.read() as uow:
            assert uow.verify(number).ok
            return [event for event in uow.events(number) if not kinds or event.kind in kinds]

    def lines(self, number: int) -> list[str]:
        """The timeline as people read it."""
        return [line.event.text for line in timeline_view(self.events(number))]

    def action(self, number: int) -> Action:
        """As it is on disk."""
        with self.bot.store.read() as uow:
            found = uow.action(number)
        assert found is not None
        return found

    def override(self, number: int) -> Override:
        """As it is on disk."""
        with self.bot.store.read() as uow:
            found = uow.override(number)
        assert found is not None
        return found

    def alerts(self, number: int) -> Sequence[StoredAlert]:
        """An incident's episodes."""
        with self.bot.store.read() as uow:
            return uow.alerts_of(number)

    def card(self, number: int) -> Card:
        """The card as it would be shown now."""
        with self.bot.store.read() as uow:
            found = pinned_card.card(self.house, uow, Surface(f"card:{number}", "card", "", incident_id=number))
        assert found is not None
        return found

    def posted(self, delivery: str) -> list[str]:
        """Texts of the messages posted under ids that begin so."""
        return [m.text for c in self.slack.channels.values() for m in c.messages if m.delivery.startswith(delivery)]


def alert(name: str = "a", component: str = "fraud-scorer", *, minute: int = 0, status: str = "firing") -> Alert:
    """An alert of a series of this name; one series has one episode per minute."""
    starts = NIGHT - timedelta(minutes=51 - minute)
    ends = starts + timedelta(minutes=40) if status == "resolved" else None
    labels = {"component": component} if component else {}
    return Alert(
        "prod", f"fp-{component}-{name}", "ModelDriftHigh", AlertStatus(status), starts, ends, "critical", labels=labels
    )
