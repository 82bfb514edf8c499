"""The lever contract over the fake and over the local plant; the real servers run it in tests/real."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.plant import Fault, Plant, seed_story
from bot.providers.registry import LeverShelf
from playbooks.plugin import ConfigError, Lever, Mark, Outcome, OutcomeUnknown, Version
from tests.contracts.fake_lever import FakeFault, FakeLever, FakeWorld
from tests.contracts.lever_suite import AliasContract, LeverBench, LeverContract, SetClock, Trouble

NIGHT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
MODEL = {"model": "fraud-scorer", "alias": "champion"}
FLAG = {"project": "default", "flag": "auto-decline", "environment": "production"}
FAKE = {
    Trouble.DOWN: FakeFault.DOWN,
    Trouble.SLOW: FakeFault.LOST_AFTER,
    Trouble.DROP: FakeFault.LOST_AFTER,
    Trouble.FAILS: FakeFault.LOST_AFTER,
    Trouble.LIE: FakeFault.LIE,
    Trouble.REFUSED: FakeFault.DENIED,
}
PLANT = {
    Trouble.DOWN: Fault.REFUSE,
    Trouble.SLOW: Fault.SLOW,
    Trouble.DROP: Fault.DROP_AFTER_APPLY,
    Trouble.FAILS: Fault.DROP_AFTER_APPLY,
    Trouble.LIE: Fault.LIE,
}


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NIGHT)


@pytest.fixture
def world(clock: SetClock) -> FakeWorld:
    """v43 is champion; v42 and v40 are there."""
    world = FakeWorld(clock, reload=timedelta(seconds=5), flags={"default/auto-decline@production": "on"})
    good = Version("42", Mark.GOOD, "evaluation 0.941", NIGHT - timedelta(days=19))
    world.add_model("fraud-scorer", Version("43"), good, Version("40"), champion="43")
    return world


def _fake(world: FakeWorld, clock: SetClock) -> LeverBench:
    @contextmanager
    def trouble(kind: Trouble) -> Iterator[None]:
        world.fail(FAKE[kind])
        yield
        world.clear()

    def follow() -> None:
        clock.at += timedelta(seconds=5)

    return LeverBench(
        lever=FakeLever(world),
        binding=MODEL,
        before="43",
        after="42",
        target="fraud-scorer@champion",
        world=lambda: (dict(world.models["fraud-scorer"].alias), dict(world.flags)),
        trouble=trouble,
        follow=follow,
        versions=True,
        lags=True,
        other="40",
        elsewhere=lambda: world.set_alias("fraud-scorer", "40"),
        refuses=True,
    )


def _as_flag(bench: LeverBench) -> LeverBench:
    bench.binding, bench.target = FLAG, "default/auto-decline@production"
    bench.before, bench.after, bench.versions, bench.lags = "on", "off", False, False
    return bench


class TestFakeAlias(AliasContract):
    @pytest.fixture
    def bench(self, world: FakeWorld, clock: SetClock) -> LeverBench:
        return _fake(world, clock)


class TestFakeFlag(LeverContract):
    @pytest.fixture
    def bench(self, world: FakeWorld, clock: SetClock) -> LeverBench:
        return _as_flag(_fake(world, clock))


@pytest.fixture
def plant(tmp_path: Path, clock: SetClock) -> Iterator[Plant]:
    with Plant(tmp_path / "plant.db", clock) as plant:
        seed_story(plant.state, NIGHT)
        yield plant


@pytest.fixture
def local(plant: Plant, clock: SetClock, patience: float) -> Iterator[Lever]:
    shelf = LeverShelf({"local": {"path": str(plant.path), "timeout": patience}}, clock=clock)
    yield shelf.get("local")
    shelf.close()


def _local(lever: Lever, plant: Plant, clock: SetClock) -> LeverBench:
    @contextmanager
    def trouble(kind: Trouble) -> Iterator[None]:
        plant.set_fault(PLANT[kind])
        yield
        plant.clear_faults()

    def follow() -> None:
        clock.at += timedelta(seconds=4)

    def elsewhere() -> None:
        plant.state.move_alias("fraud-scorer", "champion", "40", at=clock.now(), by="somebody", note="")

    return LeverBench(
        lever=lever,
        binding=MODEL,
        before="43",
        after="42",
        target="fraud-scorer@champion",
        world=lambda: (
            plant.state.aliases("fraud-scorer"),
            plant.state.flag_history("default", "auto-decline", "production")[0].value,
        ),
        trouble=trouble,
        follow=follow,
        versions=True,
        lags=True,
        other="40",
        elsewhere=elsewhere,
    )


class TestLocalAlias(AliasContract):
    @pytest.fixture
    def bench(self, local: Lever, plant: Plant, clock: SetClock) -> LeverBench:
        return _local(local, plant, clock)

    def test_an_alias_that_was_not_set_is_taken_away_again(self, local: Lever, plant: Plant) -> None:
        binding = {**MODEL, "alias": "shadow"}
        plan = local.plan(binding, local.describe(binding), "42")
        local.apply(binding, plan, note="INC-42 action 17")
        undo = local.undo(plan)
        local.apply(binding, undo, note="INC-42 action 18")

        assert (plan.before, undo.after) == ("", "")
        assert "shadow" not in plant.state.aliases("fraud-scorer")
        assert local.verify(binding, undo).outcome is Outcome.CONFIRMED

    def test_servers_that_are_stuck_are_counted(self, local: Lever, plant: Plant, clock: SetClock) -> None:
        plan = local.plan(MODEL, local.describe(MODEL), "42")
        plant.set_fault(Fault.STUCK)
        local.apply(MODEL, plan, note="INC-42 action 17")
        clock.at += timedelta(minutes=5)
        stuck = local.verify(MODEL, plan)
        plant.clear_faults()
        free = local.verify(MODEL, plan)

        assert stuck.outcome is Outcome.NOT_YET
        assert stuck.evidence == "servers answering v42: 0 of 3; 0 of 5 answers carry v42, the others v43"
        assert free.outcome is Outcome.CONFIRMED
        assert free.evidence == "servers answering v42: 3 of 3 (20 answers in a row each)"


class TestLocalFlag(LeverContract):
    @pytest.fixture
    def bench(self, local: Lever, plant: Plant, clock: SetClock) -> LeverBench:
        return _as_flag(_local(local, plant, clock))

    def test_a_repeated_off_leaves_no_trace(self, local: Lever, plant: Plant) -> None:
        plan = local.plan(FLAG, local.describe(FLAG), "off")
        local.apply(FLAG, plan, note="INC-42 action 18")
        local.apply(FLAG, plan, note="INC-42 action 18")

        assert len(plant.state.flag_history("default", "auto-decline", "production")) == 2


def test_a_plant_that_does_not_run_is_a_passing_trouble_for_its_lever(tmp_path: Path) -> None:
    lever = LeverShelf({"local": {"path": str(tmp_path / "none.db")}}).get("local")

    with pytest.raises(Exception, match="local is not running") as failed:
        lever.describe(MODEL)
    assert not isinstance(failed.value, ConfigError)


def test_the_fake_can_lose_a_write_before_it_takes_effect(world: FakeWorld) -> None:
    lever = FakeLever(world)
    plan = lever.plan(MODEL, lever.describe(MODEL), "42")
    world.fail(FakeFault.LOST_BEFORE, times=1)
    with pytest.raises(OutcomeUnknown):
        lever.apply(MODEL, plan, note="")

    assert lever.verify(MODEL, plan).outcome is Outcome.CONTRADICTED
    lever.apply(MODEL, plan, note="")
    assert world.effects == [("fraud-scorer@champion", "43", "42")]


def test_the_fake_world_outlives_its_levers(world: FakeWorld) -> None:
    first = FakeLever(world)
    plan = first.plan(MODEL, first.describe(MODEL), "42")
    first.apply(MODEL, plan, note="")
    FakeLever(world).apply(MODEL, plan, note="")

    assert world.effects == [("fraud-scorer@champion", "43", "42")]
    assert [call[0] for call in world.calls] == ["describe", "plan", "apply", "apply"]
