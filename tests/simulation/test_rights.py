"""No action without a valid right, no two executions of one approval, nothing off without an end, in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from playbooks.domain.actions import Action
from playbooks.domain.authority import Holder, Right
from playbooks.domain.incidents import Incident
from playbooks.plays import approvals, effects, switched_off, timebox
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House
from playbooks.plays.timebox import sweep
from storage.store import SqlUnitOfWork
from tests.simulation.machine import Rights
from tests.simulation.world import Database

QUICK = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=600, stateful_step_count=40)
BITING = settings(QUICK, max_examples=60, phases=[Phase.generate])  # what is found need not be made small


def _search(database: Database, how: settings, **variant: Any) -> None:
    machine = type("Rights", (Rights,), {"database": database, "variant": variant})
    run_state_machine_as_test(machine, settings=how)


def test_no_action_without_a_right(database: Database) -> None:
    _search(database, QUICK)


@pytest.mark.real
def test_no_action_without_a_right_in_thousands_of_steps(database: Database) -> None:
    _search(database, LONG)


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
    patch.setattr(SqlUnitOfWork, "consume_approvals", lambda self, action_id, *, now: 9)
    patch.setattr(effects, "_moved", lambda *_: "")


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


Patch = Callable[[pytest.MonkeyPatch], None]
BROKEN: list[tuple[str, Patch, dict[str, Any], str]] = [
    ("everybody decides", _everybody_decides, {}, "valid approvals"),
    ("late answers count", _late_answers_count, {}, "valid approvals"),
    ("answers count again", _answers_count_again, {}, "carried out 2 times"),
    ("nothing ends", _nothing_ends, {}, "without an end"),
    ("everything comes back", _everything_comes_back, {}, "started by nobody"),
    ("forgets what was due", lambda patch: None, {"sweeps": _forgets_what_was_due}, "nobody saw to it"),
]


@pytest.mark.parametrize(("leave_out", "variant", "words"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_left_out_rule_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch, leave_out: Patch, variant: dict[str, Any], words: str
) -> None:
    leave_out(monkeypatch)
    with pytest.raises(AssertionError, match=words):
        _search(database, BITING, **variant)
