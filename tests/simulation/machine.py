"""Requests, answers, freezes, risks, broken glass, crashes, faults and time, in any order that Hypothesis thinks of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from playbooks import errors
from playbooks.domain.actions import Action, ActionState, Override, Plan
from playbooks.domain.debt import DebtKind
from playbooks.plays import breakglass, closing, incident, levers, standing, terms, timebox
from playbooks.plays.levers import Wanted
from playbooks.plays.orders import Order
from playbooks.plays.receive import receive
from playbooks.plays.standing import Wish
from tests.contracts.fake_lever import FakeFault, FakeLever, FakeWorld
from tests.plays.ledger_registry import LEDGER_REGISTRY
from tests.simulation.bot import ROUTER, Bot, bodies_without_slack, person
from tests.simulation.invariants import broken
from tests.simulation.judge import ACCEPT_RISK, DISABLE, ENABLE, FREEZE, LEVERS, LONGEST, RIGHTS, Judge, Watched
from tests.simulation.running import firing
from tests.simulation.world import Crash, Database, World

MINUTE = timedelta(minutes=1)
# Those who decide come more often than those who may not, else nothing gets far enough to go wrong.
people = st.sampled_from(["dana", "omar", "lin", "dana", "omar", "lin", "mei", "ravi", "zoe", "U99STRANGER"])
wanted = st.sampled_from([*sorted(LEVERS, key=str), (DISABLE, "auto-decline"), (DISABLE, "auto-refund")])
whiles = st.sampled_from([1, 5, 11, 16, 31, 60, 125, 1500])
often = st.sampled_from([True, True, False])
picks = st.integers(0, 3)


class Rights(RuleBasedStateMachine):
    """One world; every rule is something a person, the time or a failing machine does to it."""

    database: ClassVar[Database]
    variant: ClassVar[dict[str, Any]] = {}
    messages: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        quiet: dict[str, Any] = {} if self.messages else {"bodies": bodies_without_slack}
        how = {**quiet, "registry": LEDGER_REGISTRY, **self.variant}
        self.world = World(self.database, lever=self._watched, **how)
        self.judge = Judge()
        self.delivery = 0
        self.touched: set[str] = set()
        self._read: tuple[list[Action], list[Override]] | None = None

    def _watched(self, levers_world: FakeWorld) -> Any:
        def seen(number: int, plan: Plan, changed: bool) -> None:
            with self.world.bot.store.read() as uow:
                self.judge.look(uow, number, plan, changed, self.world.clock.at)

        return Watched(FakeLever(levers_world), levers_world.effects, seen)

    # ------------------------------------------------------------ how things are done

    def _through(self, do: Callable[[Bot], object]) -> object:
        """Done again by the next life when the process dies meanwhile; what is refused is refused."""
        self._read = None
        while True:
            try:
                return do(self.world.bot)
            except Crash:
                self.world.start()
            except errors.MusterError as refused:
                return refused

    def _ordered(self, who: str, act: Callable[[Bot, Order], object]) -> object:
        """A person's order; Slack delivers it again, as the same one, until it is answered."""
        self.delivery += 1
        order = Order(person(who), channel="C01FRAUDML", once=f"delivery:{self.delivery}")
        return self._through(lambda bot: act(bot, order))

    def _look(self) -> tuple[list[Action], list[Override]]:
        """Actions, newest first, and what is off; read once between two rules."""
        if self._read is None:
            with self.world.bot.store.read() as uow:
                every = [a for i in uow.incidents(open_only=False) for a in uow.actions_of(i.id)]
                off = uow.overrides(open_only=True)
            self._read = sorted(every, key=lambda a: -a.id), off
        return self._read

    def _actions(self, *states: ActionState) -> list[Action]:
        return [a for a in self._look()[0] if not states or a.state in states]

    def _overrides(self) -> list[Override]:
        return self._look()[1]

    def _works(self) -> None:
        self._through(lambda bot: bot.drain(self.world.advance, self.world.clock.at + MINUTE))

    def _pick(self, pick: int, *states: ActionState) -> Action | None:
        found = self._actions(*states) or self._actions()
        return found[pick % len(found)] if found else None

    # ------------------------------------------------------------ people

    @initialize(what=wanted, who=st.sampled_from(["dana", "omar"]), far=st.integers(2, 4))
    def opens(self, what: tuple[Any, str], who: str, far: int) -> None:
        """Something is wrong with two components, and something is asked for already."""
        for component in ("fraud-scorer", "auto-refund"):
            alert = firing("a", component)
            receive(self.world.bot.house, ROUTER, [[alert]])
            self.world.accepted.add((alert.fingerprint, alert.starts_at))
        self.goes_well(what, who, far)

    @rule(
        who=people,
        what=wanted,
        minutes=st.sampled_from([90, 20, 24 * 60, 25 * 60, 0]),
        confirmed=often,
        through=st.sampled_from([False, False, True]),
    )
    def asks(self, who: str, what: tuple[Any, str], minutes: int, confirmed: bool, through: bool) -> None:
        kind, component = what
        span = minutes * 60 if kind is DISABLE else None
        asked = Wanted(kind, component, because="drift since the release", ends_after=span, through_freeze=through)
        said = self._ordered(who, lambda bot, order: levers.request(bot.house, order, asked))
        if kind is DISABLE and not 0 < minutes <= 24 * 60:
            assert isinstance(said, errors.MusterError), "asked to switch off without an end, and was heard"
        self._works()
        if confirmed:
            self.confirms(who, 0, works=True)

    @rule(what=wanted, who=st.sampled_from(["dana", "omar"]), far=st.integers(1, 4))
    def goes_well(self, what: tuple[Any, str], who: str, far: int) -> None:
        """Somebody who may asks, and holders answer, as far as it goes this time."""
        kind, component = what
        asked = Wanted(kind, component, because="drift", ends_after=90 * 60 if kind is DISABLE else None)
        answer = self._ordered(who, lambda bot, order: levers.request(bot.house, order, asked))
        self._works()
        if far > 1 and not isinstance(answer, errors.MusterError):
            self.confirms(who, 0, works=True)
        if far > 2 and (waiting := self._actions(ActionState.AWAITING)):
            holders = RIGHTS[(waiting[0].kind, waiting[0].component)].holders
            self.approve(sorted(holders), 0, False, works=far > 3)

    @precondition(lambda self: self._actions(ActionState.PREVIEWED))
    @rule(who=people, pick=picks, works=often)
    def confirms(self, who: str, pick: int, works: bool) -> None:
        found = self._pick(pick, ActionState.PREVIEWED)
        if found is not None:
            self._ordered(who, lambda bot, order: levers.confirm(bot.house, order, found.id, found.plan_hash))
        if works:
            self._works()

    @precondition(lambda self: self._actions(ActionState.AWAITING))
    @rule(by=st.lists(people, min_size=1, max_size=3), pick=picks, old=st.booleans(), works=often)
    def approve(self, by: list[str], pick: int, old: bool, works: bool) -> None:
        found = self._pick(pick, ActionState.AWAITING)
        assert found is not None
        plan_hash = "an older plan" if old and pick else found.plan_hash
        for who in by:
            self._ordered(who, lambda bot, order: standing.approve(bot.house, order, found.id, plan_hash))
        if works:
            self._works()

    @precondition(lambda self: self._actions(ActionState.AWAITING))
    @rule(who=people, pick=picks)
    def denies(self, who: str, pick: int) -> None:
        found = self._pick(pick, ActionState.AWAITING)
        if found is not None:
            self._ordered(who, lambda bot, order: standing.deny(bot.house, order, found.id, "no"))

    @precondition(lambda self: self._actions(ActionState.AWAITING))
    @rule(who=st.one_of(st.none(), people), pick=picks, patient=often)
    def breaks_the_glass(self, who: str | None, pick: int, patient: bool) -> None:
        """By who asked for it, where nobody else is named; soon, or when the holders had their time."""
        found = self._pick(pick, ActionState.AWAITING)
        assert found is not None
        if patient:
            self._passes(11 * MINUTE, running=True)
        reason = "nobody answers and money is lost"
        breaker = who or found.requester
        self._ordered(breaker, lambda bot, order: breakglass.break_glass(bot.house, order, found.id, reason))

    @rule(
        who=people, component=st.sampled_from(["fraud-scorer", "auto-refund"]), hours=st.sampled_from([1, 30, 500, 0])
    )
    def freezes(self, who: str, component: str, hours: int) -> None:
        self._wishes(who, Wish(FREEZE, component, self._in(hours), "release week", incident_id=1))

    @rule(who=people, component=st.sampled_from(["fraud-scorer", "auto-refund"]))
    def unfreezes(self, who: str, component: str) -> None:
        self._ordered(who, lambda bot, order: terms.unfreeze(bot.house, order, component, "it is mended"))

    @rule(who=people, component=st.sampled_from(["fraud-scorer", "ranker"]), days=st.sampled_from([1, 30, 100, 0]))
    def accepts_a_risk(self, who: str, component: str, days: int) -> None:
        self._wishes(who, Wish(ACCEPT_RISK, component, self._in(24 * days), "few are touched", incident_id=1))

    def _in(self, hours: int) -> datetime:
        return self.world.clock.at + timedelta(hours=hours)

    def _wishes(self, who: str, wish: Wish) -> None:
        said = self._ordered(who, lambda bot, order: standing.ask_for(bot.house, order, wish))
        if not timedelta(0) < wish.until - self.world.clock.at <= RIGHTS[(wish.kind, wish.component)].longest:
            assert isinstance(said, errors.MusterError), "asked for something that stands without an end, and was heard"

    @precondition(lambda self: self._overrides())
    @rule(who=people, minutes=st.sampled_from([30, 600, 24 * 60]))
    def extends(self, who: str, minutes: int) -> None:
        number = self._overrides()[0].id
        span = timedelta(minutes=minutes)
        self._ordered(who, lambda bot, order: timebox.extend(bot.house, order, number, span, "not drained"))

    @precondition(lambda self: self._overrides())
    @rule(who=people)
    def restores(self, who: str) -> None:
        number = self._overrides()[0].id
        self._ordered(who, lambda bot, order: timebox.restore(bot.house, order, number))
        self._works()
        self.confirms(who, 0, works=True)

    @rule(which=st.integers(1, 2), move=st.sampled_from(["mitigate", "resolve", "reopen"]))
    def moves(self, which: int, move: str) -> None:
        def act(bot: Bot, order: Order) -> object:
            if move == "resolve":
                return closing.resolve(bot.house, order, which, closing.Resolution("over"))
            return (incident.mitigate if move == "mitigate" else closing.reopen)(bot.house, order, which)

        self._ordered("dana", act)

    @precondition(lambda self: self._overrides())
    @rule(mitigated=often, running=st.booleans(), past=st.integers(-1, 20))
    def time_box_ends(self, mitigated: bool, running: bool, past: int) -> None:
        override = self._overrides()[0]
        if mitigated:
            number = override.incident_id or 0
            self._ordered("dana", lambda bot, order: incident.mitigate(bot.house, order, number))
        self._passes(override.due_at + past * MINUTE - self.world.clock.at, running)

    # ------------------------------------------------------------ the machine and the time

    @rule(jobs=st.sampled_from([1, 2, 5]))
    def works(self, jobs: int) -> None:
        self._through(lambda bot: bot.run(jobs))

    @rule(minutes=whiles, running=st.booleans())
    def passes(self, minutes: int, running: bool) -> None:
        self._passes(minutes * MINUTE, running)

    @precondition(lambda self: self._actions(ActionState.AWAITING))
    @rule(by=people)
    def answers_before_the_first_sweep(self, by: str) -> None:
        """Nothing ran until the request was over; then a click is quicker than the clock."""
        waiting = self._actions(ActionState.AWAITING)[0]
        self.world.advance(waiting.expires_at or self.world.clock.at)
        self.world.start()
        self.approve([by], 0, False, works=True)

    def _passes(self, span: timedelta, running: bool) -> None:
        """With the bot at work; or with nothing running, and then everything that fell due is seen to at once."""
        end = self.world.clock.at + max(span, timedelta(0))
        if running:
            self._through(lambda bot: bot.wait(self.world.advance, end - self.world.clock.at))
            return
        self.world.advance(end)
        self.world.start()
        self._through(lambda bot: bot.sweep(bot.house))
        with self.world.bot.store.read() as uow:
            assert not uow.due_timers(now=self.world.clock.at), "fell due while nothing ran, and nobody saw to it"

    @rule(after=st.integers(1, 25))
    def will_die(self, after: int) -> None:
        self.world.probe.crash_at = frozenset({len(self.world.probe.labels) + after})

    @rule(fault=st.sampled_from([FakeFault.LOST_AFTER, FakeFault.LOST_BEFORE, FakeFault.DOWN]))
    def lever_fails(self, fault: FakeFault) -> None:
        self.world.levers.fail(fault, on="apply", times=1)

    @precondition(lambda self: self._actions() and not self._actions(ActionState.APPLYING, ActionState.VERIFYING))
    @rule(name=st.sampled_from(["auto-decline", "auto-refund"]))
    def somebody_switches(self, name: str) -> None:
        """Past Muster, by hand."""
        flag = f"default/{name}@production"
        if not any(o.component == name for o in self._overrides()):
            self.touched.add(name)
            self.world.levers.flags[flag] = "on" if self.world.levers.flags[flag] == "off" else "off"

    # ------------------------------------------------------------ what must hold

    @invariant()
    def every_change_had_its_right(self) -> None:
        assert not self.judge.wrong, self.judge.wrong

    @invariant()
    def what_is_off_has_an_end(self) -> None:
        with self.world.bot.store.read() as uow:
            far = self.world.clock.at.replace(year=9999)
            timers = {t.id for t in uow.due_timers(now=far, limit=1000)}
            for override in uow.overrides(open_only=True):
                on_its_way = any(
                    a.override == override.id and not a.over and (a.kind is ENABLE or override.state == "pending")
                    for a in uow.actions_of(override.incident_id or 0)
                )
                ends = {f"override_end:{override.id}", f"override_escalate:{override.id}"} & timers
                assert ends or on_its_way, f"D-{override.id} ({override.state}) is an override without an end"
                longest = override.due_at - override.since
                assert longest <= LONGEST, f"D-{override.id} is off for {longest}"
            kinds = (DebtKind.ACCEPTED_RISK.value, DebtKind.FREEZE.value)
            for entry in uow.overrides(open_only=False, kinds=kinds):
                self.judge.look_at_entry(uow, entry)
                if entry.state == "on":
                    assert f"entry_end:{entry.id}" in timers, f"D-{entry.id} ({entry.kind}) stands without an end"

    def teardown(self) -> None:
        """The trouble is over, and nothing is left hanging."""
        self.world.levers.clear()
        self._through(lambda bot: bot.wait(self.world.advance, 40 * MINUTE))
        self.every_change_had_its_right()
        found = [what for what in broken(self.world, messages=self.messages) if not self._is_fine(what)]
        assert not found, found

    def _is_fine(self, what: str) -> bool:
        """What told of an end stays as it was told; what somebody switched by hand need not be what the ledger says."""
        by_hand = what.startswith("D-") and "the flag reads" in what
        return what.startswith("resolved:") or (by_hand and any(f"({name}," in what for name in self.touched))
