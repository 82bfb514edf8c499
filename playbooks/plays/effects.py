"""Carrying an action out: re-read, apply, read back. Intent is committed before a call, its outcome read back after.

`advance` is run by a durable job, again and again until the action is over; each step looks at the state on disk, so a
process killed anywhere goes on where it stopped and no effect happens twice that can be read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.actions import (
    Action,
    ActionState,
    Described,
    Plan,
    plan_hash,
    version_name,
)
from playbooks.domain.errands import errand_of
from playbooks.domain.facts import action_facts
from playbooks.domain.ownership_file import for_provider
from playbooks.domain.timeline import EventKind
from playbooks.plays import ai_state
from playbooks.plays.bound_levers import VERB_OF, binding_of
from playbooks.plays.endings import end_action, fail, unanswered
from playbooks.plays.errands import ask_by_hand
from playbooks.plays.freezes import blocking, frozen_clause, tell_start
from playbooks.plays.house import House
from playbooks.plays.planning import plan_action, recalled
from playbooks.plays.steps import DONE, Step, needed_plan, record, show_action
from playbooks.plays.switched_off import with_override
from playbooks.plays.verifying import verify_action
from playbooks.ports import Lever, Levers, UnitOfWork

WAITS_FOR_PEOPLE = frozenset({ActionState.PREVIEWED, ActionState.AWAITING, ActionState.BY_HAND})
_GIVE_UP_AFTER = 6  # applies started without an outcome, before a person is asked


def advance(house: House, levers: Levers, action_id: int) -> Step:
    """One step of an action. Raises what the lever raises where the job is to try again."""
    with house.store.read() as uow:
        action = uow.action(action_id)
    if action is None or action.over or action.state in WAITS_FOR_PEOPLE:
        return DONE
    try:
        binding = binding_of(house, action.component, action.kind)
        lever = levers.get(str(binding.get("provider", "")))
    except errors.MusterError as error:
        return fail(house, action, error)
    binding = for_provider(binding)
    if action.state is ActionState.PLANNING:
        return plan_action(house, lever, binding, action)
    try:
        if action.state is ActionState.APPROVED:
            return _begin(house, lever, binding, action)
        if action.state is ActionState.APPLYING:
            return _read_back(house, lever, binding, action)
        return verify_action(house, lever, binding, action)
    except (errors.StoreBusy, errors.Conflict):
        raise
    except errors.MusterError as error:
        return unanswered(house, action.id, error)


def _begin(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    """Re-read, then commit the intent, then call."""
    waits = ai_state.held_until(house, action)
    if waits is not None:
        return Step(waits)
    plan = needed_plan(action)
    described = recalled(house, action, lever.describe(binding))
    moved = _moved(lever, binding, described, action, plan)
    if moved:
        return end_action(house, action, ActionState.STALE, moved, result="stale")
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.APPROVED:
            return DONE
        frozen = blocking(house, uow, fresh, now)
        if frozen is None:
            fresh = with_override(house, uow, fresh, now)
            tell_start(house, uow, fresh, now)
            errand = errand_of(plan)
            if errand is not None:
                ask_by_hand(house, uow, fresh, errand, now)
                ai_state.want_after(uow, fresh, now)
                return DONE
            fresh = _started(uow, fresh, plan, now)
    if frozen is not None:
        void = f"{frozen_clause(frozen)}: the plan is void."
        return end_action(house, action, ActionState.STALE, void, result="stale")
    return _apply(house, lever, binding, fresh)


def _started(uow: UnitOfWork, action: Action, plan: Plan, now: datetime) -> Action:
    """The intent on disk, before the call."""
    fresh = uow.save_action(replace(action, state=ActionState.APPLYING, applying_at=now, attempts=1))
    moved = f"{version_name(plan.before)} → {version_name(plan.after)}"
    text = f"started to {VERB_OF[action.kind]} {action.component} {moved}"
    record(uow, fresh, EventKind.ACTION, text, "started", action_facts(fresh, phase="started"), now)
    show_action(uow, fresh, now)
    return fresh


def _moved(lever: Lever, binding: Mapping[str, Any], described: Described, action: Action, plan: Plan) -> str:
    """Why the approved plan no longer fits what is there now; empty when it does."""
    if described.state != plan.before:
        return (
            f"{action.component} is {described.state or 'unset'} now, not {plan.before}: the plan is void. Ask again."
        )
    if action.undo_of is not None:
        return ""
    try:
        again = lever.plan(binding, described, plan.after)
    except errors.MusterError as error:
        return error.told
    if plan_hash(action.kind, action.component, again, action.ends_after) != action.plan_hash:
        return f"The settings of {plan.target} changed since the preview: the plan is void. Ask again."
    return ""


def _apply(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    plan = needed_plan(action)
    try:
        lever.apply(binding, plan, note=f"INC-{action.incident_id} action {action.id}")
    except errors.MusterError as error:
        if error.kind in (errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME):
            raise  # the job comes back in `applying` and reads back before it tries again
        return fail(house, action, error)
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.APPLYING:
            return DONE
        fresh = uow.save_action(replace(fresh, state=ActionState.VERIFYING, applied_at=now))
        ai_state.want_after(uow, fresh, now)
        show_action(uow, fresh, now)
    return Step(house.now())


def _read_back(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    """The process died or the answer never came: what is there decides what to do."""
    plan = needed_plan(action)
    described = lever.describe(binding)
    if described.state == plan.after:
        with house.store.begin() as uow:
            fresh = uow.action(action.id, lock=True)
            if fresh is None or fresh.state is not ActionState.APPLYING:
                return DONE
            # an apply of several calls may have stopped half-way (strategies of a flag): setting it again is harmless
            fresh = uow.save_action(replace(fresh, attempts=fresh.attempts + 1))
        return _apply(house, lever, binding, fresh)
    if described.state != plan.before:
        sentence = f"{action.component} is {described.state or 'unset'} now, neither {plan.before} nor {plan.after}."
        return end_action(house, action, ActionState.CONTRADICTED, sentence, result="failed")
    if action.attempts >= _GIVE_UP_AFTER:
        sentence = f"{plan.target} did not take the change after {action.attempts} tries; it still is {plan.before}."
        return end_action(house, action, ActionState.FAILED, sentence, result="failed")
    with house.store.begin() as uow:
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.APPLYING:
            return DONE
        fresh = uow.save_action(replace(fresh, attempts=fresh.attempts + 1))
    return _apply(house, lever, binding, fresh)
