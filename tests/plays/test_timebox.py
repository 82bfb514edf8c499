"""The time box: it ends by itself or asks, it survives restarts, and it is never silently lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from playbooks import errors
from playbooks.domain.actions import ActionKind, ActionState
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventKind
from playbooks.plays import incident, timebox
from playbooks.plays.levers import Wanted, request
from playbooks.plays.timebox import fire, sweep
from tests.contracts.fake_lever import FakeFault
from tests.plays.stage import DECLINE, HOUR, MINUTE, REFUND, STRANGER, Stage, on_sqlite

OFF_ON = [(DECLINE, "on", "off"), (DECLINE, "off", "on")]


def _phases(stage: Stage, number: int) -> list[object]:
    return [e.payload["phase"] for e in stage.events(number, EventKind.UNDO_DUE)]


def _mitigated(stage: Stage, component: str = "fraud-scorer") -> int:
    number = stage.opened(component)
    incident.mitigate(stage.house, stage.by("dana"), number)
    return number


def test_it_warns_ends_and_comes_back_by_itself(stage: Stage) -> None:
    number = _mitigated(stage)
    override = stage.disabled()
    assert (override.state, override.due_at - override.since) == ("on", 4 * HOUR)
    assert stage.world.flags[DECLINE] == "off"
    stage.wait(3 * HOUR + 44 * MINUTE)
    assert _phases(stage, number) == []
    stage.wait(2 * MINUTE)
    assert _phases(stage, number) == ["warned"]
    assert "phase='warning'" in stage.posted("override_warn:1")[0]
    stage.wait(15 * MINUTE)
    closed = stage.override(1)
    assert (closed.state, closed.closed_by) == ("closed", "muster")
    assert stage.world.effects == OFF_ON
    assert [e.payload["phase"] for e in stage.events(number, EventKind.UNDONE)] == ["closed"]
    assert "is on again" in stage.posted("override_warn:1")[0]  # no live button stays behind
    stage.wait(24 * HOUR)
    assert stage.world.effects == OFF_ON
    assert _phases(stage, number) == ["warned"]


def test_it_survives_the_process(stage: Stage) -> None:
    """D1: what falls due are rows, not memory."""
    _mitigated(stage)
    stage.disabled()
    stage.restart()
    stage.clock.at += 5 * HOUR  # nobody was there at the warning, nor at the end
    stage.restart()
    stage.wait(MINUTE)
    assert stage.override(1).state == "closed"
    assert stage.world.effects == OFF_ON


def test_a_clock_that_jumps_repeats_nothing(stage: Stage) -> None:
    number = _mitigated(stage)
    stage.disabled()
    stage.wait(4 * HOUR - 10 * MINUTE)
    stage.clock.at -= HOUR
    sweep(stage.house)
    stage.clock.at += HOUR
    sweep(stage.house)
    stage.wait(HOUR)
    assert _phases(stage, number) == ["warned"]
    assert stage.world.effects == OFF_ON


def test_it_stays_off_while_the_incident_is_not_mitigated(stage: Stage) -> None:
    number = stage.opened()
    stage.disabled()
    stage.wait(4 * HOUR + MINUTE)
    assert stage.override(1).state == "overdue"
    assert f"INC-{number} is still triage" in stage.posted("override_ask:1")[0]
    assert stage.world.flags[DECLINE] == "off"
    stage.wait(HOUR)
    assert _phases(stage, number) == ["warned", "overdue", "escalated", "escalated"]
    assert len([m for m in stage.slack.channels["C01FRAUDML"].messages if "override_ask" in m.delivery]) == 3
    incident.mitigate(stage.house, stage.by("dana"), number)
    stage.wait(31 * MINUTE)
    assert stage.override(1).state == "closed"
    assert stage.world.effects == OFF_ON


def test_it_stays_off_where_enabling_needs_approval(stage: Stage) -> None:
    number = _mitigated(stage, "auto-refund")
    stage.disabled("auto-refund", 2 * HOUR)
    stage.wait(2 * HOUR + MINUTE)
    assert stage.override(1).state == "overdue"
    assert "turning auto-refund on needs 1 approval" in stage.posted("override_ask:1")[0]
    assert "name='omar'" in stage.posted("override_ask:1")[0]
    stage.wait(HOUR)
    assert _phases(stage, number)[-1] == "escalated"
    action = stage.request("dana", ActionKind.ENABLE, "auto-refund")
    assert (action.undo_of, action.override) == (1, 1)
    stage.confirm("dana", action)
    assert stage.world.flags[REFUND] == "off"
    stage.approve("omar", stage.action(action.id))
    assert stage.override(1).state == "closed"
    assert stage.world.effects == [(REFUND, "on", "off"), (REFUND, "off", "on")]
    stage.wait(24 * HOUR)
    assert _phases(stage, number)[-2:] == ["escalated", "escalated"]
    with stage.bot.store.read() as uow:
        assert uow.next_timer() is None


# ---------------------------------------------------------------- extension


@pytest.mark.parametrize("who", ["dana", "lin"])
def test_a_holder_extends_and_the_warning_moves(stage: Stage, who: str) -> None:
    number = _mitigated(stage)
    override = stage.disabled()
    stage.wait(3 * HOUR + 50 * MINUTE)
    timebox.extend(stage.house, stage.by(who), 1, 2 * HOUR, "the queue is not drained")
    assert stage.override(1).due_at == override.due_at + 2 * HOUR
    stage.wait(HOUR)
    assert (stage.override(1).state, stage.world.flags[DECLINE]) == ("on", "off")
    stage.wait(2 * HOUR)
    assert stage.override(1).state == "closed"
    assert _phases(stage, number) == ["warned", "warned"]
    (event,) = [e for e in stage.events(number, EventKind.OVERRIDE) if e.payload["phase"] == "extended"]
    assert "the queue is not drained" in event.text


@pytest.mark.parametrize("who", ["mei", "zoe", STRANGER])
@on_sqlite
def test_others_do_not_extend(stage: Stage, who: str) -> None:
    _mitigated(stage)
    override = stage.disabled()
    with pytest.raises(errors.Denied, match="You can't decide on"):
        timebox.extend(stage.house, stage.by(who), 1, HOUR, "please")
    assert stage.override(1) == override


@pytest.mark.parametrize(
    ("span", "because", "words"),
    [
        (HOUR, "  ", "needs a reason"),
        (timedelta(0), "x", "needs a length"),
        (-HOUR, "x", "needs a length"),
        (21 * HOUR, "x", "at most"),
    ],
)
@on_sqlite
def test_an_extension_has_a_reason_and_a_limit(stage: Stage, span: timedelta, because: str, words: str) -> None:
    _mitigated(stage)
    override = stage.disabled()
    with pytest.raises(errors.InputError, match=words):
        timebox.extend(stage.house, stage.by("dana"), 1, span, because)
    assert stage.override(1) == override
    timebox.extend(stage.house, stage.by("dana"), 1, 20 * HOUR, "all of it")


def test_an_extension_after_the_end_counts_from_now(stage: Stage) -> None:
    number = stage.opened()
    stage.disabled()
    stage.wait(5 * HOUR)
    before = _phases(stage, number)
    timebox.extend(stage.house, stage.by("dana"), 1, HOUR, "still bad")
    assert stage.override(1).state == "on"
    stage.wait(45 * MINUTE)
    assert _phases(stage, number) == [*before, "warned"]
    stage.wait(16 * MINUTE)
    assert (stage.override(1).state, _phases(stage, number)[-1]) == ("overdue", "overdue")
    stage.wait(61 * MINUTE)
    assert _phases(stage, number)[-2:] == ["escalated", "escalated"]  # told again, as in the first round


def test_an_extension_given_twice_counts_once(stage: Stage) -> None:
    _mitigated(stage)
    override = stage.disabled()
    order = stage.by("dana", once="view-1")
    timebox.extend(stage.house, order, 1, HOUR, "x")
    with pytest.raises(errors.Conflict):
        timebox.extend(stage.house, order, 1, HOUR, "x")
    assert stage.override(1).due_at == override.due_at + HOUR


# ---------------------------------------------------------------- restored early


@pytest.mark.parametrize("who", ["dana", "mei"])
def test_restored_early_by_who_may_ask(stage: Stage, who: str) -> None:
    _mitigated(stage)
    stage.disabled()
    timebox.restore(stage.house, stage.by(who), 1)
    stage.settle()
    assert (stage.override(1).state, stage.override(1).closed_by) == ("closed", who)
    assert stage.world.effects == OFF_ON
    stage.wait(5 * HOUR)
    assert stage.world.effects == OFF_ON
    orders: list[Callable[[], object]] = [
        lambda: timebox.restore(stage.house, stage.by(who), 1),
        lambda: timebox.extend(stage.house, stage.by("dana"), 1, HOUR, "x"),
    ]
    for again in orders:
        with pytest.raises(errors.Conflict, match="D-1 is closed"):
            again()


@pytest.mark.parametrize("who", ["zoe", STRANGER])
def test_outsiders_do_not_restore(stage: Stage, who: str) -> None:
    _mitigated(stage)
    stage.disabled()
    with pytest.raises(errors.Denied):
        timebox.restore(stage.house, stage.by(who), 1)
    stage.settle()
    assert stage.world.flags[DECLINE] == "off"


def test_a_debt_that_does_not_exist(stage: Stage) -> None:
    orders: list[Callable[[], object]] = [
        lambda: timebox.restore(stage.house, stage.by("dana"), 7),
        lambda: timebox.extend(stage.house, stage.by("dana"), 7, HOUR, "x"),
    ]
    for do in orders:
        with pytest.raises(errors.UnknownName, match="no debt D-7"):
            do()


def test_an_early_restore_that_fails_leaves_the_end_as_it_was(stage: Stage) -> None:
    _mitigated(stage)
    before = stage.disabled()
    stage.world.fail(FakeFault.LOST_BEFORE, on="apply")
    timebox.restore(stage.house, stage.by("dana"), 1)
    stage.settle()
    assert (stage.override(1).state, stage.override(1).due_at) == ("on", before.due_at)
    stage.world.clear()
    stage.wait(5 * HOUR)
    assert stage.override(1).state == "closed"


# ---------------------------------------------------------------- when the world does not play along


def test_a_lever_down_at_the_end_is_tried_again_until_it_is_on(stage: Stage) -> None:
    _mitigated(stage)
    stage.disabled()
    stage.world.fail(FakeFault.DOWN)
    stage.wait(4 * HOUR + 10 * MINUTE)
    assert (stage.override(1).state, stage.world.flags[DECLINE]) == ("overdue", "off")
    stage.wait(2 * HOUR)
    assert stage.override(1).state == "overdue"
    assert stage.bot.parked == []
    stage.world.clear()
    stage.wait(45 * MINUTE)
    assert stage.override(1).state == "closed"
    assert stage.world.effects == OFF_ON


def test_one_hiccup_at_the_end_does_not_cost_half_an_hour(stage: Stage) -> None:
    _mitigated(stage)
    stage.disabled()
    stage.wait(4 * HOUR - MINUTE)
    stage.world.fail(FakeFault.DOWN, on="describe", times=2)
    stage.wait(2 * MINUTE)
    assert stage.override(1).state == "closed"


def test_turned_on_by_somebody_else_closes_the_debt(stage: Stage) -> None:
    number = _mitigated(stage)
    stage.disabled()
    stage.world.set_flag(DECLINE, "on")
    stage.wait(4 * HOUR + MINUTE)
    assert stage.override(1).state == "closed"
    assert "somebody else turned it on" in stage.events(number, EventKind.UNDONE)[0].text
    assert len(stage.world.effects) == 2  # ours and theirs
    stage.wait(5 * HOUR)
    assert _phases(stage, number) == ["warned"]


def test_a_disable_that_did_not_happen_leaves_no_debt(stage: Stage) -> None:
    _mitigated(stage)
    stage.world.fail(FakeFault.LIE, on="apply")
    override = stage.disabled()
    assert override.state == "void"
    stage.world.clear()
    stage.wait(5 * HOUR)
    assert stage.world.effects == []
    with stage.bot.store.read() as uow:
        assert uow.next_timer() is None


def test_an_end_that_comes_while_it_is_being_applied(stage: Stage) -> None:
    _mitigated(stage)
    action = stage.request("dana", ActionKind.DISABLE, "auto-decline", ends_after=MINUTE)
    stage.world.fail(FakeFault.DOWN, on="verify", times=7)
    stage.confirm("dana", action)
    stage.wait(5 * MINUTE)
    assert stage.override(1).state == "closed"
    assert stage.world.effects == OFF_ON


def _only(*names: str) -> Registry:
    data = yaml.safe_load((Path(__file__).parent / "ownership.yaml").read_text("utf-8"))
    data["components"] = {name: data["components"][name] for name in names}
    return Registry.load(yaml.safe_dump(data))


def test_a_component_that_left_the_registry_is_still_seen(stage: Stage) -> None:
    number = _mitigated(stage)
    stage.disabled()
    other = _mitigated(stage, "auto-refund")
    stage.disabled("auto-refund", 4 * HOUR)
    stage.registry = _only("fraud-scorer", "transactions-features", "auto-refund")
    stage.restart()
    stage.wait(4 * HOUR + 5 * MINUTE)
    assert (stage.override(1).state, stage.override(2).state) == ("overdue", "overdue")
    assert "the registry no longer knows auto-decline" in stage.posted("override_ask:1")[0]
    assert (_phases(stage, number)[-1], _phases(stage, other)[-1]) == ("overdue", "overdue")
    assert stage.bot.parked == []


def test_a_timer_that_cannot_be_carried_out_stops_no_other(stage: Stage) -> None:
    stage.opened()
    action = stage.asked()
    stage.opened("auto-refund")
    stage.disabled("auto-refund", HOUR)
    stage.registry = _only("auto-refund")
    stage.restart()
    stage.wait(61 * MINUTE)
    assert stage.override(1).state == "overdue"
    assert stage.action(action.id).state is ActionState.EXPIRED
    with stage.bot.store.read() as uow:
        assert any(key == "timer:approval_silence:1" for key, *_ in uow.notices())


def test_a_timer_seen_by_two_is_fired_by_one(stage: Stage) -> None:
    number = stage.opened()
    stage.disabled()
    stage.wait(4 * HOUR + MINUTE)
    with stage.bot.store.read() as uow:
        timer = uow.next_timer()
    assert timer is not None
    stage.clock.at = timer.due_at
    assert [fire(stage.house, timer), fire(stage.house, timer)] == [True, False]
    assert _phases(stage, number).count("escalated") == 1
    assert stage.override(1).escalations == 2


def test_a_timer_moved_since_it_was_seen_stays(stage: Stage) -> None:
    number = _mitigated(stage)
    stage.disabled()
    with stage.bot.store.read() as uow:
        seen = uow.timers(["override_warn:1"])["override_warn:1"]
    stage.clock.at = seen.due_at
    timebox.extend(stage.house, stage.by("dana"), 1, HOUR, "x")
    assert fire(stage.house, seen) is False
    stage.wait(HOUR + MINUTE)
    assert _phases(stage, number) == ["warned"]


def test_nothing_is_disabled_twice(stage: Stage) -> None:
    _mitigated(stage)
    stage.disabled()
    again = stage.request("dana", ActionKind.DISABLE, "auto-decline", ends_after=HOUR)
    assert again.state is ActionState.FAILED
    with stage.bot.store.read() as uow:
        assert len(uow.overrides(open_only=False)) == 1


def test_an_enable_by_command_closes_the_debt(stage: Stage) -> None:
    _mitigated(stage)
    stage.disabled()
    wanted = Wanted(ActionKind.ENABLE, "auto-decline", because="done")
    number, _ = request(stage.house, stage.by("dana"), wanted)
    stage.settle()
    assert stage.action(number).override == 1
    assert stage.override(1).state == "closed"
