"""The stories that are played."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from playbooks.domain.actions import ActionKind, ActionState
from playbooks.domain.alerts import AlertStatus
from playbooks.domain.incidents import State
from playbooks.domain.timeline import EventKind
from playbooks.plays import approvals, closing, incident, levers, timebox
from playbooks.plays.levers import Wanted
from playbooks.plays.orders import Order
from tests.contracts.fake_lever import FakeFault
from tests.contracts.fake_slack import SlackFault
from tests.simulation.bot import Bot
from tests.simulation.running import Scenario, Step, does, firing, newest_action, send
from tests.simulation.world import World

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DECLINE, REFUND = "default/auto-decline@production", "default/auto-refund@production"


# ---------------------------------------------------------------- acts


def request(kind: ActionKind, component: str, *, hours: int | None = None, incident_id: int | None = None):
    def do(world: World, bot: Bot, order: Order) -> object:
        ends = hours * 3600 if hours else None
        return levers.request(bot.house, order, Wanted(kind, component, because="drift", ends_after=ends))

    return do


def confirm(component: str):
    def do(world: World, bot: Bot, order: Order) -> object:
        action = newest_action(bot, component)
        return levers.confirm(bot.house, order, action.id, action.plan_hash)

    return do


def approve(component: str):
    def do(world: World, bot: Bot, order: Order) -> object:
        action = newest_action(bot, component)
        return approvals.approve(bot.house, order, action.id, action.plan_hash)

    return do


def take(number: int):
    return lambda world, bot, order: incident.acknowledge(bot.house, order, number, lead=True)


def mitigate(number: int):
    return lambda world, bot, order: incident.mitigate(bot.house, order, number)


def update(number: int, text: str):
    return lambda world, bot, order: incident.update(bot.house, order, number, text)


def resolve(number: int):
    return lambda world, bot, order: closing.resolve(bot.house, order, number, closing.Resolution("over"))


def extend(hours: int):
    return lambda world, bot, order: timebox.extend(bot.house, order, 1, hours * HOUR, "queue not drained")


# ---------------------------------------------------------------- (a) alerts


def _count_incidents(world: World, wanted: int) -> Iterator[str]:
    with world.bot.store.read() as uow:
        found = uow.incidents(open_only=False)
        if len(found) != wanted:
            yield f"{len(found)} incidents instead of {wanted}"
        for each in found:
            alerts = uow.alerts_of(each.id)
            firing_now = sum(1 for a in alerts if a.alert.status is AlertStatus.FIRING)
            if (each.alerts_total, each.alerts_firing) != (len(alerts), firing_now):
                yield f"{each.name} counts {each.alerts_total}/{each.alerts_firing}, held {len(alerts)}/{firing_now}"


def _alerts_right(world: World) -> Iterator[str]:
    yield from _count_incidents(world, 2)
    if len(world.slack.created()) != 2:
        yield f"{len(world.slack.created())} channels for 2 incidents"


ALERTS = Scenario(
    "alerts",
    [
        send("first", firing("a")),
        send("second", firing("b")),
        send("other component", firing("a", "transactions-features")),
        send("again", firing("a"), firing("b")),
        does("dana takes it", "dana", take(1), meanwhile=True),
        send("first ends", firing("a", status="resolved")),
        send("first ends again", firing("a", status="resolved")),
        does("dana tells people", "dana", update(1, "we are looking"), meanwhile=True),
        send("late firing", firing("a"), firing("c", "transactions-features")),
        send("new episode", firing("a", minute=45)),
        send("second ends", firing("b", status="resolved"), firing("a", minute=45, status="resolved")),
    ],
    _alerts_right,
)

# ---------------------------------------------------------------- (b) rollback


def _rolled_back(world: World) -> Iterator[str]:
    yield from _effects(world, [("fraud-scorer@champion", "43", "42")])
    yield from _states(world, "fraud-scorer", [ActionState.CONFIRMED])
    with world.bot.store.read() as uow:
        found = uow.incidents(open_only=False)
        if found and found[0].state is not State.MITIGATED:
            yield f"{found[0].name} is {found[0].state.value}"


def _effects(world: World, wanted: list[tuple[str, str, str]]) -> Iterator[str]:
    if world.levers.effects != wanted:
        yield f"the levers' world changed as {world.levers.effects} instead of {wanted}"


def _states(world: World, component: str, wanted: list[ActionState]) -> Iterator[str]:
    with world.bot.store.read() as uow:
        every = [a for i in uow.incidents(open_only=False) for a in uow.actions_of(i.id) if a.component == component]
    states = [a.state for a in sorted(every, key=lambda a: a.id)]
    if states != wanted:
        yield f"actions on {component} are {[s.value for s in states]} instead of {[s.value for s in wanted]}"


ROLLBACK_STEPS = [
    send("drift", firing("a")),
    does("dana takes it", "dana", take(1)),
    does("dana asks", "dana", request(ActionKind.ROLLBACK, "fraud-scorer")),
    does("dana confirms", "dana", confirm("fraud-scorer")),
    send("more drift", firing("b")),
    does("omar approves", "omar", approve("fraud-scorer"), wait=MINUTE),
    does("dana says mitigated", "dana", mitigate(1), meanwhile=True),
]
ROLLBACK = Scenario("rollback", ROLLBACK_STEPS, _rolled_back)

# ---------------------------------------------------------------- (c) the time box


def _came_back(world: World) -> Iterator[str]:
    yield from _effects(world, [(DECLINE, "on", "off"), (DECLINE, "off", "on")])
    yield from _states(world, "auto-decline", [ActionState.CONFIRMED, ActionState.CONFIRMED])
    yield from _ledger(world, "closed", warned=2)


def _ledger(world: World, state: str, *, warned: int, overdue: int = 0, escalated: int = 0) -> Iterator[str]:
    with world.bot.store.read() as uow:
        overrides = uow.overrides(open_only=False)
        events = [e for i in uow.incidents(open_only=False) for e in uow.events(i.id) if e.kind is EventKind.UNDO_DUE]
    if [o.state for o in overrides] != [state]:
        yield f"the ledger reads {[(o.component, o.state) for o in overrides]} instead of one {state}"
    phases = [e.payload["phase"] for e in events]
    for phase, times in (("warned", warned), ("overdue", overdue), ("escalated", escalated)):
        if phases.count(phase) != times:
            yield f"{phase} {phases.count(phase)} times instead of {times}"


TIMEBOX = Scenario(
    "time box",
    [
        send("drift", firing("a")),
        does("dana takes it", "dana", take(1)),
        does("dana asks", "dana", request(ActionKind.DISABLE, "auto-decline", hours=4)),
        does("dana confirms", "dana", confirm("auto-decline"), wait=MINUTE),
        does("dana says mitigated", "dana", mitigate(1), meanwhile=True, wait=4 * HOUR - 5 * MINUTE),
        does("dana extends", "dana", extend(1), wait=2 * HOUR),
    ],
    _came_back,
)


def _stays_off(world: World) -> Iterator[str]:
    yield from _effects(world, [(REFUND, "on", "off")])
    yield from _states(world, "auto-refund", [ActionState.CONFIRMED])
    yield from _ledger(world, "overdue", warned=1, overdue=1, escalated=2)
    asked = [m for m in world.slack.channels["C01FRAUDML"].messages if m.delivery.startswith("override_ask:")]
    if len(asked) != 3:
        yield f"the team was asked {len(asked)} times instead of 3"


STAYS_OFF = Scenario(
    "stays off",
    [
        send("refunds", firing("a", "auto-refund")),
        does("dana asks", "dana", request(ActionKind.DISABLE, "auto-refund", hours=2)),
        does("dana confirms", "dana", confirm("auto-refund"), wait=MINUTE),
        does("dana says mitigated", "dana", mitigate(1), wait=3 * HOUR + 5 * MINUTE),
    ],
    _stays_off,
    settle=MINUTE,
)

# ---------------------------------------------------------------- (d) the draft


def _draft_there(world: World) -> Iterator[str]:
    texts = {f.text for f in world.slack.files}
    with world.bot.store.read() as uow:
        document = uow.document(1)
    if document is None or not document.file_id:
        yield "no draft was shared"
    elif document.file_id not in {f.id for f in world.slack.files}:
        yield "the document names a file that is not there"
    if not any("resolved" in text for text in texts):
        yield "the draft does not tell its own resolution"
    if len({(f.text, f.channel) for f in world.slack.files}) != 1:
        yield "two different drafts were shared"
    if len(world.slack.files) > 1 + len(world.crash_at) + world.rules.storm_after * bool(world.faulty):
        yield f"the draft was shared {len(world.slack.files)} times"


DRAFT = Scenario(
    "draft",
    [
        send("drift", firing("a")),
        does("dana takes it", "dana", take(1)),
        does("dana says mitigated", "dana", mitigate(1)),
        send("it ends", firing("a", status="resolved")),
        does("dana resolves", "dana", resolve(1)),
    ],
    _draft_there,
)

# ---------------------------------------------------------------- (e) faults mixed in


def _slack_trouble(world: World) -> None:
    """Each method of Slack fails once or twice in a way of its own, drawn from the seed."""
    world.faulty = True
    methods = (
        "chat.postMessage",
        "chat.update",
        "conversations.create",
        "conversations.setTopic",
        "conversations.invite",
        "conversations.list",
        "conversations.history",
        "pins.add",
        "files.completeUploadExternal",
        "chat.postEphemeral",
        "conversations.open",
    )
    faults = (
        SlackFault.RATE_LIMITED,
        SlackFault.SERVER_ERROR,
        SlackFault.UNREACHABLE,
        SlackFault.DROP_BEFORE,
        SlackFault.DROP_AFTER,
    )
    for method in methods:
        for _ in range(world.random.randrange(0, 3)):
            world.slack.fail(world.random.choice(faults), on=method, times=1, retry_after=7.0)


def _lever_trouble(world: World) -> None:
    """The lever loses answers before and after the effect, and is down for some calls."""
    _slack_trouble(world)
    for fault, on in ((FakeFault.LOST_AFTER, "apply"), (FakeFault.LOST_BEFORE, "apply"), (FakeFault.DOWN, "apply")):
        if world.random.random() < 0.6:
            world.levers.fail(fault, on=on, times=1)
    if world.random.random() < 0.5:
        world.levers.fail(FakeFault.DOWN, on="verify", times=3)
    if world.random.random() < 0.5:
        world.levers.fail(FakeFault.RATE_LIMITED, on="mark", times=1)


def _lie(world: World) -> None:
    world.levers.fail(FakeFault.LIE, on="apply")


def _told_as_a_lie(world: World) -> Iterator[str]:
    yield from _effects(world, [])
    if [a.state for a in (newest_action(world.bot, "fraud-scorer"),)] != [ActionState.CONTRADICTED]:
        yield f"a lie was taken for {newest_action(world.bot, 'fraud-scorer').state.value}"


TROUBLED_ALERTS = Scenario("alerts, Slack in trouble", ALERTS.steps, _alerts_right, before=_slack_trouble)
TROUBLED_ROLLBACK = Scenario("rollback, all in trouble", ROLLBACK_STEPS, _rolled_back, before=_lever_trouble)
TROUBLED_TIMEBOX = Scenario("time box, all in trouble", TIMEBOX.steps, _came_back, before=_lever_trouble)
TROUBLED_DRAFT = Scenario("draft, Slack in trouble", DRAFT.steps, _draft_there, before=_slack_trouble)
LIE = Scenario("rollback, the lever lies", ROLLBACK_STEPS, _told_as_a_lie, before=_lie)


def _lever_down(world: World) -> None:
    world.levers.fail(FakeFault.DOWN, on="apply")


def _lever_up(world: World, bot: Bot, order: Order) -> object:
    world.levers.clear()
    return None


def _ended_visibly(world: World) -> Iterator[str]:
    yield from _effects(world, [(DECLINE, "on", "off"), (DECLINE, "off", "on")])
    yield from _ledger(world, "closed", warned=1, overdue=0)


DOWN_AT_THE_END = Scenario(
    "time box, lever down at its end",
    [
        send("drift", firing("a")),
        does("dana asks", "dana", request(ActionKind.DISABLE, "auto-decline", hours=4)),
        does("dana confirms", "dana", confirm("auto-decline"), wait=MINUTE),
        does("dana says mitigated", "dana", mitigate(1)),
        Step("the lever goes down", lambda world, bot: _lever_down(world), wait=4 * HOUR + 40 * MINUTE),
        Step("the lever is up again", lambda world, bot: world.levers.clear(), wait=HOUR),
    ],
    _ended_visibly,
)

EVERY = (
    ALERTS,
    ROLLBACK,
    TIMEBOX,
    STAYS_OFF,
    DRAFT,
    TROUBLED_ALERTS,
    TROUBLED_ROLLBACK,
    TROUBLED_TIMEBOX,
    TROUBLED_DRAFT,
    LIE,
    DOWN_AT_THE_END,
)
