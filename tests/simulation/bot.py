"""The bot as it is wired in one process, over ports given from outside; thrown away and built anew at each crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Engine

from bot.jobs.bodies import Bodies, Body, action_body, inspection_body, learned_body, similar_body, state_body
from bot.jobs.channels import Channels
from bot.jobs.documents import Documents
from bot.jobs.engine import DeterministicExecutor, Runner, settle
from bot.jobs.notifications import Notifications
from bot.jobs.outcome import DONE, RunResult
from bot.jobs.publish import Publishing
from bot.jobs.surfaces import Projector
from bot.providers.oncall.resolver import OnCallBook
from playbooks import errors
from playbooks.domain.ownership import Registry
from playbooks.domain.people import Actor
from playbooks.domain.routing import Router
from playbooks.messages import Message
from playbooks.plays.house import House, Rules, actor_for
from playbooks.plays.publishing import JOB
from playbooks.plays.timebox import sweep
from playbooks.ports import Clock, Directory, Ids, Job, Lever, Levers, Messenger, Probe, Publishers
from storage.jobs import SqlJobBoard
from storage.store import SqlStore
from tests.contracts.fake_publisher import FakePlace, FakePublisher, OnePublisher

REGISTRY = Registry.load((Path(__file__).parents[1] / "plays" / "ownership.yaml").read_text("utf-8"))
ROUTER = Router(REGISTRY)
RULES = Rules(triage_channel="C00TRIAGE", triage_team="triage")


def plain(message: Message) -> Mapping[str, Any]:
    """A message as its own words: quick, and different whenever the value is."""
    return {"text": repr(message), "blocks": []}


@dataclass(frozen=True)
class OneLever:
    """Every provider is this lever."""

    lever: Lever

    def get(self, provider: str) -> Lever:
        """See `ports.Levers`."""
        return self.lever


class Enough(BaseException):
    """So many jobs have run; the rest waits."""


@dataclass
class Rationed:
    """Runs jobs until its ration is used up. `running` are the lanes taken now, outermost first."""

    inner: Runner
    left: int | None
    running: list[str]

    def run(self, job: Job) -> RunResult:
        """See `Runner`."""
        if self.left is not None:
            if self.left <= 0:
                raise Enough
            self.left -= 1
        self.running.append(job.lane)
        try:
            return self.inner.run(job)
        finally:
            self.running.pop()


BodiesOf = Callable[[House, Messenger, Levers], Mapping[str, Body]]


def bodies_of(house: House, messenger: Messenger, levers: Levers) -> Mapping[str, Body]:
    """The job bodies as they are."""
    channels = Channels(house, messenger)
    return {
        "deliver": Projector(house, messenger, plain).run,
        "channel": channels.create,
        "invite": channels.invite,
        "document": Documents(house, messenger).run,
        "action": action_body(house, levers),
        "state": state_body(house, levers),
        "notification": Notifications(house, messenger).run,
        "inspect": inspection_body(house, levers, cast(Directory, messenger)),
        "similar": similar_body(house),
        "learned": learned_body(house),
    }


def bodies_without_slack(house: House, messenger: Messenger, levers: Levers) -> Mapping[str, Body]:
    """Only what acts: a search over rights is three times as quick when no message is drawn."""
    quiet: Body = lambda _subject: DONE  # noqa: E731
    told = dict.fromkeys(("deliver", "channel", "invite", "document", "notification"), quiet)
    acts = {"action": action_body(house, levers), "state": state_body(house, levers)}
    return {**told, **acts, "inspect": quiet, "similar": quiet, "learned": quiet}


class Bot:
    """One life of the process."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        ids: Ids,
        messenger: Messenger,
        levers: Levers,
        *,
        seed: int | None = None,
        probe: Probe | None = None,
        registry: Registry = REGISTRY,
        rules: Rules = RULES,
        bodies: BodiesOf = bodies_of,
        sweeps: Callable[[House], int] = sweep,
        publishers: Publishers | None = None,
    ) -> None:
        self.store = SqlStore(engine, ids, probe=probe)
        on_call = OnCallBook(lambda: registry, clock)
        self.house = House(self.store, clock, ids, lambda: registry, on_call, rules)
        self.board = SqlJobBoard(self.store)
        self.levers, self.messenger, self.sweep = levers, messenger, sweeps
        to = publishers or OnePublisher(FakePublisher(FakePlace()))
        every = {**bodies(self.house, messenger, levers), JOB: Publishing(self.house, to).run}
        self.runner = Rationed(Bodies(every), None, [])
        self.parked: list[tuple[str, str]] = []
        self.executor = DeterministicExecutor(self.board, clock, self.runner, seed=seed, on_parked=self._on_parked)

    def _on_parked(self, job: Job, error: errors.MusterError) -> None:
        self.parked.append((job.id, error.told))

    def run(self, ration: int | None = None) -> None:
        """Run what is due now, at most so many jobs."""
        self.runner.left = ration
        try:
            self.executor.run_due()
        except Enough:
            pass
        finally:
            self.runner.left = None

    def aside(self, choose: Callable[[list[Job]], Job]) -> None:
        """Run one due job of a lane that nobody is in, as another thread would."""
        due = self.board.pending(now=self.house.now(), without=self.runner.running)
        if due:
            settle(self.board, self.house.clock, choose(due), self.runner, on_parked=self._on_parked)

    def drain(self, advance: Callable[[datetime], None], until: datetime | None = None) -> None:
        """Run jobs, moving the clock from due time to due time, not beyond `until`."""
        self.run()
        while (due := self.board.next_due()) is not None and (until is None or due <= until):
            advance(due)
            self.run()

    def wait(self, advance: Callable[[datetime], None], span: timedelta) -> None:
        """Let time pass: jobs when they fall due, the sweep at each timer."""
        end = self.house.now() + span
        for _ in range(1000):
            self.drain(advance, end)
            with self.store.read() as uow:
                timer = uow.next_timer()
            if timer is None or timer.due_at > end:
                advance(end)
                return
            advance(timer.due_at)
            self.sweep(self.house)
        raise RuntimeError("timers do not come to an end")


def person(name: str, registry: Registry = REGISTRY) -> Actor:
    """The actor behind a registry id, or a stranger by Slack id."""
    known = registry.people.get(name)
    return actor_for(registry, known.slack if known else name)
