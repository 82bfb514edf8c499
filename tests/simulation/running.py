"""Runs a scenario: steps by senders and people who repeat what got no answer, jobs in between, a crash at any point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from playbooks import errors
from playbooks.domain.actions import Action
from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.people import Actor
from playbooks.plays.orders import Order
from playbooks.plays.receive import receive
from tests.simulation.bot import ROUTER, Bot, person
from tests.simulation.world import NIGHT, Crash, World

Act = Callable[[World, Bot], object]


_TRIES = timedelta(minutes=2)


@dataclass(frozen=True)
class Step:
    """One thing that happens to the bot from outside.

    Attributes:
        meanwhile: whether it may come at any time, also while a job runs; else everything before it is done first.
        wait: how long nothing happens after it.
    """

    name: str
    act: Act
    meanwhile: bool = False
    wait: timedelta = timedelta(0)


@dataclass(frozen=True)
class Scenario:
    """A story: `steps` in order, `check` looks for what is wrong at its end (beyond what holds for every story)."""

    name: str
    steps: Sequence[Step]
    check: Callable[[World], Iterator[str]]
    settle: timedelta = timedelta(minutes=30)
    before: Callable[[World], None] = field(default=lambda world: None)


class Stage:
    """Plays one scenario in one world."""

    def __init__(self, scenario: Scenario, world: World) -> None:
        self.scenario, self.world = scenario, world
        self.waiting: list[Step] = []
        self._countdown = 0

    def play(self) -> None:
        """From the first step to the end, through every crash."""
        world = self.world
        self.scenario.before(world)
        for step in self.scenario.steps:
            if not step.meanwhile:
                self._through(self._everything)
            self._through(lambda step=step: self._take(step))  # type: ignore[misc]
            if step.wait:
                self._through(self._everything)
                self._wait_until(step.wait)
        self._through(self._everything)
        self._wait_until(self.scenario.settle)
        # What a timer began at the very end has its tries, too.
        end = self.world.clock.at + _TRIES
        self._through(lambda: self.world.bot.drain(self.world.advance, end))

    def _wait_until(self, span: timedelta) -> None:
        """So much time passes in all, however often the process dies meanwhile."""
        end = self.world.clock.at + span
        self._through(lambda: self.world.bot.wait(self.world.advance, end - self.world.clock.at))

    def _through(self, do: Callable[[], None]) -> None:
        """Again and again until it was not cut short."""
        while True:
            try:
                do()
            except Crash:
                self.world.start()
            else:
                return

    def _take(self, step: Step) -> None:
        if step.name in self.world.answers or step in self.waiting:
            return
        if not step.meanwhile:
            self._answer(step)
            return
        self.waiting.append(step)
        self._countdown = self.world.random.randrange(0, 6)
        if self._countdown == 0:
            self._now()
        self.world.probe.aside = self._aside
        self.world.bot.run(self.world.random.choice((0, 1, 2, 4, None)))

    def _everything(self) -> None:
        """What waits for a gap happens now; then all jobs run to their end."""
        self._now()
        self.world.probe.aside = self._aside
        self.world.bot.drain(self.world.advance)

    def _now(self) -> None:
        while self.waiting:
            self._answer(self.waiting[0])
            del self.waiting[0]

    def _aside(self, label: str) -> None:
        """At an outgoing call: a step that waits may come now, or another thread's job."""
        if self.waiting:
            self._countdown -= 1
            if self._countdown <= 0:
                self._now()
        elif self.world.seed % 2 and self.world.random.random() < 0.3:
            self.world.bot.aside(self.world.random.choice)

    def _answer(self, step: Step) -> None:
        try:
            answer = step.act(self.world, self.world.bot)
        except errors.Conflict as error:
            if error.code != "already_done":
                raise
            answer = "already done"
        self.world.answers[step.name] = answer


def play(scenario: Scenario, world: World) -> World:
    """The world after the scenario."""
    Stage(scenario, world).play()
    return world


# ---------------------------------------------------------------- steps


def firing(name: str, component: str = "fraud-scorer", *, minute: int = 0, status: str = "firing") -> Alert:
    """An alert of a series of this name; one series has one episode per minute."""
    starts = NIGHT - timedelta(minutes=51 - minute)
    ends = starts + timedelta(minutes=40) if status == "resolved" else None
    return Alert(
        "prod",
        f"fp-{component}-{name}",
        "ModelDriftHigh",
        AlertStatus(status),
        starts,
        ends,
        severity="critical",
        labels={"component": component},
        signal={"value": "0.34", "limit": "0.20", "silent_since": starts.isoformat()},
    )


def send(name: str, *alerts: Alert) -> Step:
    """A sender posts a body and repeats it until it is answered."""

    def act(world: World, bot: Bot) -> object:
        verdicts = receive(bot.house, ROUTER, [alerts])
        world.accepted.update((alert.fingerprint, alert.starts_at) for alert in alerts)
        return verdicts

    return Step(name, act, meanwhile=True)


Doing = Callable[[World, Bot, Order], object]


def does(name: str, who: str, do: Doing, *, wait: timedelta = timedelta(0), meanwhile: bool = False) -> Step:
    """A person acts, and repeats the same delivery when no answer came."""
    actor: Actor = person(who)

    def act(world: World, bot: Bot) -> object:
        return do(world, bot, Order(actor, channel="C01FRAUDML", once=f"delivery:{name}"))

    return Step(name, act, meanwhile, wait)


def newest_action(bot: Bot, component: str) -> Action:
    """The last action asked for on a component."""
    with bot.store.read() as uow:
        every = [a for i in uow.incidents(open_only=False) for a in uow.actions_of(i.id) if a.component == component]
    return max(every, key=lambda action: action.id)
