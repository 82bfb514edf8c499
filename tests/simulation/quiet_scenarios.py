"""The story of alerts that are kept quiet: muted, joined to an incident upstream, and taken up again when that ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from playbooks.domain.alerts import KEPT_BACK, AlertStatus, Decision
from playbooks.domain.pipeline.silences import AtEnd, Muting
from playbooks.plays import silences
from playbooks.plays.orders import Order
from playbooks.ports import StoredAlert
from tests.simulation import ledger_scenarios
from tests.simulation.bot import Bot
from tests.simulation.running import Scenario, does, firing, send
from tests.simulation.scenarios import MINUTE, resolve, take
from tests.simulation.world import World


def mute(span: timedelta):
    def do(world: World, bot: Bot, order: Order) -> object:
        now = world.clock.at
        wish = silences.Wish(Muting.SILENCE, "fraud-scorer", "", now, now + span, "the index is rebuilt", AtEnd.OPEN)
        return silences.begin(bot.house, order, wish)

    return do


def _nothing_dropped(world: World) -> Iterator[str]:
    """Every accepted alert belongs to an incident or is kept and listed; what fires is nowhere kept quiet."""
    with world.bot.store.read() as uow:
        incidents = uow.incidents(open_only=False)
        held = {i.id: uow.alerts_of(i.id) for i in incidents}
        kept = uow.kept_back("fraud-scorer", KEPT_BACK, firing=False)
        silence = uow.silence(1)
    yield from _counts(world, {i.component: held[i.id] for i in incidents})
    for each in incidents:
        firing_now = sum(1 for a in held[each.id] if a.alert.status is AlertStatus.FIRING)
        if (each.alerts_total, each.alerts_firing) != (len(held[each.id]), firing_now):
            yield f"{each.name} counts {each.alerts_total}/{each.alerts_firing}, held {len(held[each.id])}/{firing_now}"
    if [(a.alert.fingerprint[-1], a.decision, a.alert.status) for a in kept] != [
        ("b", Decision.MUTED, AlertStatus.RESOLVED)
    ]:
        yield f"kept back are {[(a.alert.fingerprint, a.decision.value, a.alert.status.value) for a in kept]}"
    if silence is None or silence.ended_at is None or silence.muted != 2:
        yield f"the silence reads {silence}"


def _counts(world: World, held: dict[str, list[StoredAlert]]) -> Iterator[str]:
    found = {component: sorted(a.alert.fingerprint[3:] for a in alerts) for component, alerts in held.items()}
    wanted = {
        "transactions-features": ["transactions-features-a"],
        "fraud-scorer": ["auto-decline-c", "fraud-scorer-a"],
    }
    if found != wanted:
        yield f"alerts stand in {found} instead of {wanted}"
    over = [d for d in world.slack.channels["C01FRAUDML"].messages if d.delivery == "say:silence_over:1"]
    if len(over) != 1:
        yield f"the end of the silence was told {len(over)} times"


QUIET = Scenario(
    "kept quiet",
    [
        does("dana mutes", "dana", mute(30 * MINUTE)),
        send("muted", firing("a"), firing("b")),
        send("upstream fails", firing("a", "transactions-features")),
        does("ravi takes it", "ravi", take(1)),
        send("downstream", firing("c", "auto-decline")),
        send("one ends", firing("b", status="resolved"), firing("a")),
        does("time passes", "ravi", lambda world, bot, order: None, wait=35 * MINUTE),
        send("upstream ends", firing("a", "transactions-features", status="resolved")),
        does("ravi resolves", "ravi", resolve(1), wait=10 * MINUTE),
    ],
    _nothing_dropped,
    settle=MINUTE,
)

EVERY = (*ledger_scenarios.EVERY, QUIET)
