"""The state alerts leave behind does not depend on their order, their batches or how many came at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playbooks import errors
from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.plays.receive import receive
from storage.engine import make_engine
from tests.contracts.fake_lever import FakeLever
from tests.contracts.fake_slack import FakeSlack
from tests.contracts.lever_suite import SetClock
from tests.simulation.bot import ROUTER, Bot, OneLever
from tests.simulation.running import firing
from tests.simulation.world import NIGHT, Database, World, lever_world
from tests.storage.making import CountedIds

ANCHOR = firing("anchor")
POOL = [
    *(firing(name, status=status) for name in ("a", "b") for status in ("firing", "resolved")),
    firing("a", minute=5),
    firing("a", minute=5, status="resolved"),
    firing("c", "transactions-features"),
]


def _state(world: World) -> object:
    """What must be the same: episodes, and per incident what it counts and which alert events its chain has."""
    with world.bot.store.read() as uow:
        found = []
        for incident in sorted(uow.incidents(open_only=False), key=lambda i: i.component):
            alerts = sorted(
                (s.alert.fingerprint, s.alert.starts_at, s.alert.status.value, s.alert.ends_at or NIGHT, s.seen)
                for s in uow.alerts_of(incident.id)
            )
            found.append((incident.component, incident.failure, incident.alerts_total, incident.alerts_firing, alerts))
            assert uow.verify(incident.id).ok
        return found


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[list[Alert]], list[list[Alert]]]:
    """The same alerts twice, shuffled and cut into bodies differently."""
    chosen = draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=12))
    return _cut(draw, chosen), _cut(draw, draw(st.permutations(chosen)))


def _cut(draw: st.DrawFn, alerts: list[Alert]) -> list[list[Alert]]:
    bodies, rest = [], list(alerts)
    while rest:
        size = draw(st.integers(1, len(rest)))
        bodies.append(rest[:size])
        rest = rest[size:]
    return bodies


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(both=deliveries(), together=st.booleans())
def test_order_and_batches_change_nothing(
    database: Database, both: tuple[list[list[Alert]], list[list[Alert]]], together: bool
) -> None:
    states = []
    for bodies in both:
        world = World(database)
        other = firing("anchor", "transactions-features")
        receive(world.bot.house, ROUTER, [[ANCHOR, other]])
        if together:
            receive(world.bot.house, ROUTER, bodies)
        else:
            for body in bodies:
                receive(world.bot.house, ROUTER, [body])
        states.append(_state(world))
    assert states[0] == states[1]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([firing("a"), firing("a"), firing("a", status="resolved")]))
def test_an_episode_that_ended_has_ended_in_any_order(database: Database, order: list[Alert]) -> None:
    world = World(database)
    for alert in order:
        receive(world.bot.house, ROUTER, [[alert]])
    with world.bot.store.read() as uow:
        held = uow.alert(order[0].source, order[0].fingerprint, order[0].starts_at)
    assert held is not None
    assert (held.alert.status, held.alert.ends_at, held.seen) == (
        AlertStatus.RESOLVED,
        firing("a", status="resolved").ends_at,
        3,
    )


@pytest.fixture
def bot(migrated_url: str) -> Iterator[Bot]:
    engine = make_engine(migrated_url)
    clock = SetClock(NIGHT)
    slack = FakeSlack(clock, users=set())
    yield Bot(engine, clock, CountedIds(), slack, OneLever(FakeLever(lever_world(clock))))
    engine.dispose()


def test_fifty_at_once_open_one_incident(bot: Bot) -> None:
    start = Barrier(10)

    def post(number: int) -> object:
        if number < 10:
            start.wait()
        while True:
            try:
                return receive(bot.house, ROUTER, [[firing(f"n{number % 40}")]])
            except (errors.StoreBusy, errors.Conflict):
                continue  # the sender got no 2xx and repeats

    with ThreadPoolExecutor(10) as pool:
        verdicts = list(pool.map(post, range(50)))
    assert len(verdicts) == 50
    with bot.store.read() as uow:
        incidents = uow.incidents(open_only=False)
        assert len(incidents) == 1
        assert (incidents[0].alerts_total, incidents[0].alerts_firing) == (40, 40)
        number = incidents[0].id  # not always 1: the first to ask may be rolled back
        assert len(uow.alerts_of(number)) == 40
        assert uow.verify(number).ok
    jobs = bot.board.pending(now=NIGHT)
    once = {f"channel:{number}", f"deliver:incident:{number}", f"similar:{number}", f"state:{number}:declared"}
    assert sorted(job.id for job in jobs) == sorted({"deliver:C01FRAUDML", *once})
