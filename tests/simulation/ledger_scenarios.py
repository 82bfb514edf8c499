"""The story of what stands: a freeze that blocks and ends, a change in spite of it, a risk that is asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from playbooks import errors
from playbooks.domain.actions import ActionKind, ActionState
from playbooks.domain.alerts import Change
from playbooks.plays import approvals, standing, terms
from playbooks.plays.orders import Order
from playbooks.plays.receive import record_changes
from tests.simulation import scenarios
from tests.simulation.bot import Bot
from tests.simulation.running import Scenario, Step, does, firing, send
from tests.simulation.scenarios import MINUTE, confirm, request, take
from tests.simulation.world import NIGHT, World

DAY = timedelta(days=1)
WHY = "release week, nothing moves"


def stand(kind: ActionKind, component: str, span: timedelta):
    """Freeze, or accept a risk."""

    def do(world: World, bot: Bot, order: Order) -> object:
        return standing.ask_for(bot.house, order, standing.Wish(kind, component, NIGHT + span, WHY))

    return do


def _approve(world: World, bot: Bot, order: Order) -> object:
    """Of the rollback; while it is frozen it is refused however often it is tried."""
    with bot.store.read() as uow:
        action = next(a for a in uow.actions_of(1) if a.kind is ActionKind.ROLLBACK)
    try:
        return approvals.approve(bot.house, order, action.id, action.plan_hash)
    except errors.Denied as denied:
        return denied.code


def _moved(world: World, bot: Bot) -> object:
    """A change source reports, and repeats it until it is answered."""
    at = NIGHT + 2 * MINUTE
    return record_changes(
        bot.house, [Change("registry", "c-1", "model", "fraud-scorer@champion", "44", at, "43", by="a pipeline")]
    )


def _let_end(world: World, bot: Bot, order: Order) -> object:
    with bot.store.read() as uow:
        risk = next(e for e in uow.overrides(open_only=False, kinds=("accepted_risk",)))
    return terms.let_end(bot.house, order, risk.id, "it is mended")


def _stood(world: World) -> Iterator[str]:
    if world.levers.effects != [("fraud-scorer@champion", "43", "42")]:
        yield f"the levers' world changed as {world.levers.effects}"
    if world.answers.get("omar is refused") not in ("frozen", "already done"):
        yield f"an approval in the freeze was answered {world.answers.get('omar is refused')}"
    with world.bot.store.read() as uow:
        entries = uow.overrides(open_only=False, kinds=())
        actions = [a for a in uow.actions_of(1) if a.kind is ActionKind.ROLLBACK]
        timers = uow.timers([f"entry_{kind}:{e.id}" for e in entries for kind in ("warn", "end", "again")])
    found = sorted((e.kind, e.state, e.escalations, int(e.facts.get("changed") or 0)) for e in entries)
    if found != [("accepted_risk", "closed", 1, 0), ("freeze", "closed", 0, 1)]:
        yield f"the ledger reads {found}"
    if [a.state for a in actions] != [ActionState.CONFIRMED]:
        yield f"the rollback is {[a.state.value for a in actions]}"
    if timers:
        yield f"timers are left: {sorted(timers)}"
    posted = Counter(m.delivery for c in world.slack.channels.values() for m in c.messages)
    for prefix, times in (("say:frozen_change:", 3), ("say:thawed:", 3), (":ended:", 2)):
        ids = [name for name in posted if prefix in name]
        if len(ids) != times or any(posted[name] != 1 for name in ids):
            yield f"{prefix} was posted as {[(name, posted[name]) for name in ids]}, not {times} times once"


STANDING = Scenario(
    "what stands",
    [
        send("drift", firing("a")),
        does("dana takes it", "dana", take(1)),
        does("dana asks", "dana", request(ActionKind.ROLLBACK, "fraud-scorer")),
        does("dana confirms", "dana", confirm("fraud-scorer")),
        does("dana freezes", "dana", stand(ActionKind.FREEZE, "fraud-scorer", 8 * MINUTE), wait=3 * MINUTE),
        does("omar is refused", "omar", _approve),
        Step("it is changed all the same", _moved, wait=6 * MINUTE),
        does("omar approves", "omar", _approve, wait=MINUTE),
        does("dana accepts", "dana", stand(ActionKind.ACCEPT_RISK, "auto-refund", 2 * DAY), wait=2 * DAY + MINUTE),
        does("lin lets it end", "lin", _let_end, wait=DAY),
    ],
    _stood,
    settle=MINUTE,
)
EVERY = (*scenarios.EVERY, STANDING)
