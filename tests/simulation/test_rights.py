"""No action without a valid right, no two executions of one approval, nothing off without an end, in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from playbooks import errors
from playbooks.domain.actions import Action
from playbooks.domain.authority import Authority, Holder, Right
from playbooks.domain.incidents import Incident
from playbooks.plays import approvals, breakglass, effects, levers, notes, standing, switched_off, timebox
from playbooks.plays.bound_levers import RIGHT_OF
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House
from playbooks.plays.orders import Order
from playbooks.plays.timebox import sweep
from storage.store import SqlUnitOfWork
from tests.simulation.judge import DISABLE, ROLLBACK
from tests.simulation.machine import Rights
from tests.simulation.world import Database

# Making an example small takes minutes; the long search, which runs by itself, does it.
QUICK = settings(
    max_examples=30,
    stateful_step_count=15,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LONG = settings(QUICK, max_examples=60, stateful_step_count=40, phases=[Phase.generate, Phase.shrink])


def _machine(database: Database, *, messages: bool = False, **variant: Any) -> type[Rights]:
    return type("Rights", (Rights,), {"database": database, "variant": variant, "messages": messages})


def test_no_action_without_a_right(database: Database) -> None:
    run_state_machine_as_test(_machine(database), settings=QUICK)


@pytest.mark.real
def test_no_action_without_a_right_in_thousands_of_steps(kept: Database) -> None:
    """With every message drawn, on either database."""
    run_state_machine_as_test(_machine(kept, messages=True), settings=LONG)


# ---------------------------------------------------------------- bots that leave out a single rule


def _everybody_decides(patch: pytest.MonkeyPatch) -> None:
    def decider(house: House, component: str, right: Right, incident: Incident | None, person: str) -> object:
        return held_in(house, component, right, incident), Holder(person, "anybody")

    patch.setattr(approvals, "decider_of", decider)


def _late_answers_count(patch: pytest.MonkeyPatch) -> None:
    def live(uow: Any, action_id: int, *_: object, **__: object) -> Action:
        return uow.action(action_id, lock=True)  # type: ignore[no-any-return]

    patch.setattr(approvals, "live_action", live)


def _answers_count_again(patch: pytest.MonkeyPatch) -> None:
    _late_answers_count(patch)
    consume = SqlUnitOfWork.consume_approvals

    def enough(uow: SqlUnitOfWork, action_id: int, *, now: datetime) -> int:
        return consume(uow, action_id, now=now) + 9

    patch.setattr(SqlUnitOfWork, "consume_approvals", enough)
    patch.setattr(effects, "_moved", lambda *_: "")


def _freezes_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(notes, "set_timers", lambda *_: None)


def _nothing_ends(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(switched_off, "set_override_timers", lambda *_: None)


def _everything_comes_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timebox, "may_restore_itself", lambda *_: "")


def _forgets_what_was_due(house: House) -> int:
    with house.store.begin() as uow:
        for timer in uow.due_timers(now=house.now()):
            if (house.now() - timer.due_at).total_seconds() > 600:
                uow.set_timer(timer)
                return 0
    return sweep(house)


def _frozen_or_not(patch: pytest.MonkeyPatch) -> None:
    for module in (levers, approvals):
        patch.setattr(module, "check_thawed", lambda *_: None)
    patch.setattr(levers, "freeze_on", lambda *_: None)
    patch.setattr(effects, "blocking", lambda *_: None)


def _own_requests_count(patch: pytest.MonkeyPatch) -> None:
    _everybody_decides(patch)
    patch.setattr(approvals, "counts", lambda approval, _action: approval.verdict == "approved")
    patch.setattr(approvals, "own_request", lambda *_: errors.Conflict("never raised"))

    def decider(house: House, _order: Order, incident: Incident | None, action: Action) -> object:
        return held_in(house, action.component, RIGHT_OF[action.kind], incident), "anybody"

    patch.setattr(approvals, "decider", decider)


def _glass_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(breakglass, "_may_break", lambda *_: None)


def _standing_at_once(patch: pytest.MonkeyPatch) -> None:
    def alone(right: Authority, person: str) -> Holder:
        return Holder(person, "anybody")

    patch.setattr(standing, "may_decide", alone)


def _any_length(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(levers, "_check_length", lambda *_: None)


def _approved(m: Rights) -> None:
    m.opens((ROLLBACK, "fraud-scorer"), "dana", 2)
    m.approve(["zoe"], 0, False, True)


def _late(m: Rights) -> None:
    m.opens((ROLLBACK, "fraud-scorer"), "dana", 2)
    m.answers_before_the_first_sweep("omar")


def _again(m: Rights) -> None:
    m.opens((ROLLBACK, "fraud-scorer"), "dana", 2)
    m.approve(["lin"], 0, False, True)
    m.passes(1, running=True)
    action = m._actions()[0]
    m._ordered("omar", lambda bot, order: approvals.approve(bot.house, order, action.id, action.plan_hash))
    m._works()


def _own(m: Rights) -> None:
    m.opens((ROLLBACK, "ranker"), "dana", 2)
    m.approve(["dana", "omar"], 0, False, True)


def _off(m: Rights) -> None:
    m.opens((DISABLE, "auto-decline"), "dana", 4)


def _off_for_ever(m: Rights) -> None:
    m.opens((ROLLBACK, "spam-filter"), "dana", 1)
    m.asks("dana", (DISABLE, "auto-decline"), 25 * 60, True, False)


def _back(m: Rights) -> None:
    m.opens((DISABLE, "auto-refund"), "dana", 4)
    m.time_box_ends(mitigated=True, running=True, past=5)


def _slept(m: Rights) -> None:
    m.opens((ROLLBACK, "fraud-scorer"), "dana", 2)
    m.passes(31, running=False)


def _in_spite_of_a_freeze(m: Rights) -> None:
    m.opens((DISABLE, "auto-decline"), "dana", 2)
    m.freezes("omar", "fraud-scorer", 30)
    m.passes(1, running=True)
    m.goes_well((ROLLBACK, "fraud-scorer"), "omar", 4)


def _broken_too_early(m: Rights) -> None:
    m.opens((ROLLBACK, "fraud-scorer"), "dana", 2)
    m.breaks_the_glass("dana", 0, patient=False)
    m._works()


def _accepted(m: Rights) -> None:
    m.opens((ROLLBACK, "fraud-scorer"), "dana", 2)
    m.accepts_a_risk("dana", "fraud-scorer", 30)


def _forever_frozen(m: Rights) -> None:
    m.opens((DISABLE, "auto-decline"), "dana", 2)
    m.freezes("omar", "fraud-scorer", 30)


Patch = Callable[[pytest.MonkeyPatch], None]
Story = Callable[[Rights], None]
BROKEN: list[tuple[str, Patch, dict[str, Any], Story, str]] = [
    ("everybody decides", _everybody_decides, {}, _approved, "0 of 1 valid approvals"),
    ("late answers count", _late_answers_count, {}, _late, "0 of 1 valid approvals"),
    ("answers count again", _answers_count_again, {}, _again, "carried out 2 times"),
    ("own requests count", _own_requests_count, {}, _own, "1 of 2 valid approvals"),
    ("glass at once", _glass_at_once, {}, _broken_too_early, "before the holders had their time"),
    ("freezes stop nothing", _frozen_or_not, {}, _in_spite_of_a_freeze, "changed what was frozen"),
    ("risks by anybody", _standing_at_once, {}, _accepted, "0 of 1 valid approvals"),
    ("freezes never end", _freezes_never_end, {}, _forever_frozen, "stands without an end"),
    ("nothing ends", _nothing_ends, {}, _off, "without an end"),
    ("any length", _any_length, {}, _off_for_ever, "without an end"),
    ("everything comes back", _everything_comes_back, {}, _back, "started by nobody"),
    ("forgets what was due", lambda patch: None, {"sweeps": _forgets_what_was_due}, _slept, "nobody saw to it"),
]


def _told(machine: Rights, story: Story) -> None:
    """A story, with what must hold looked at after it."""
    story(machine)
    machine.every_change_had_its_right()
    machine.what_is_off_has_an_end()
    machine.every_change_had_its_right()


@pytest.mark.parametrize(
    ("leave_out", "variant", "story", "words"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_a_left_out_rule_is_seen(
    database: Database, leave_out: Patch, variant: dict[str, Any], story: Story, words: str
) -> None:
    """The shortest story that needs the rule: nothing is seen with it, and what is wrong without it."""
    _told(_machine(database)(), story)
    with pytest.MonkeyPatch.context() as patch:
        leave_out(patch)
        with pytest.raises(AssertionError, match=words):
            _told(_machine(database, **variant)(), story)


SEARCHED = [b for b in BROKEN if b[0] in ("everybody decides", "late answers count", "freezes stop nothing")]


@pytest.mark.real
@pytest.mark.parametrize(("leave_out", "words"), [(b[1], b[4]) for b in SEARCHED], ids=[b[0] for b in SEARCHED])
def test_a_left_out_rule_is_found(database: Database, leave_out: Patch, words: str) -> None:
    """The search comes upon such a story by itself."""
    how = settings(LONG, max_examples=300, phases=[Phase.generate])
    with pytest.MonkeyPatch.context() as patch:
        leave_out(patch)
        with pytest.raises(AssertionError, match=words.removeprefix("0 of 1 ")):
            run_state_machine_as_test(_machine(database), settings=how)
