"""Whether an applied action took effect, and what follows when it did, did not, or cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from playbooks import errors
from playbooks.domain.actions import (
    Action,
    ActionKind,
    ActionState,
    Mark,
    Outcome,
    Plan,
    Verification,
)
from playbooks.domain.facts import verification_facts
from playbooks.domain.timeline import EventKind
from playbooks.plays.approvals import refresh_asks
from playbooks.plays.house import House
from playbooks.plays.steps import DONE, Step, needed_plan, record, record_result, show_action
from playbooks.plays.switched_off import settle_override
from playbooks.ports import Lever, UnitOfWork


def verify_action(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    """Look for the effect until it is seen, contradicted, or the plan's time is over."""
    plan = needed_plan(action)
    seen = lever.verify(binding, plan)
    if seen.outcome is Outcome.NOT_YET:
        deadline = (action.applied_at or house.now()) + timedelta(seconds=plan.verify_within)
        if house.now() < deadline:
            _note_evidence(house, action, seen)
            return Step(house.now() + timedelta(seconds=house.rules.verify_every))
        return _settle(house, action, seen, ActionState.UNPROVEN)
    if seen.outcome is Outcome.CONTRADICTED:
        return _settle(house, action, seen, ActionState.CONTRADICTED)
    marked = _mark_bad(house, lever, binding, action)
    return _settle(house, action, seen, ActionState.CONFIRMED, marked=marked)


def _mark_bad(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> str:
    """Mark what was rolled away from, so that it is not chosen again; the mark on our side stands in any case."""
    plan = needed_plan(action)
    with house.store.read() as uow:
        if action.kind is not ActionKind.ROLLBACK or _takes_back(uow, action, plan):
            return ""
    try:
        lever.mark(binding, plan.before, Mark.BAD, note=f"INC-{action.incident_id}")
    except errors.MusterError as error:
        return f"The mark could not be set at the provider: {error.sentence}"
    return ""


def _takes_back(uow: UnitOfWork, action: Action, plan: Plan) -> bool:
    """Whether this returns to what an earlier rollback left: then nothing is known against the version left now."""
    marked = uow.version_marks(action.component).get(plan.after)
    return marked is not None and marked[0] is Mark.BAD


def _note_evidence(house: House, action: Action, seen: Verification) -> None:
    if seen.evidence == action.evidence:
        return
    with house.store.begin() as uow:
        fresh = uow.action(action.id, lock=True)
        if fresh is not None and fresh.state is ActionState.VERIFYING:
            show_action(uow, uow.save_action(replace(fresh, evidence=seen.evidence)), house.now())


def _settle(house: House, action: Action, seen: Verification, state: ActionState, *, marked: str = "") -> Step:
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.VERIFYING:
            return DONE
        fresh = uow.save_action(
            replace(
                fresh,
                state=state,
                verified_at=now,
                evidence=seen.evidence,
                error=marked if state is ActionState.CONFIRMED else "",
            )
        )
        facts = verification_facts(fresh, seen.outcome, seen.evidence)
        record(
            uow,
            fresh,
            EventKind.VERIFICATION,
            f"{seen.outcome.value.replace('_', ' ')}: {seen.evidence}",
            "verified",
            facts,
            now,
        )
        result = {ActionState.CONFIRMED: "worked", ActionState.UNPROVEN: "unknown"}.get(state, "failed")
        record_result(uow, fresh, result, now)
        if state is ActionState.CONFIRMED:
            after_effect(uow, fresh, now)
        settle_override(house, uow, fresh, state, now)
        show_action(uow, fresh, now)
        refresh_asks(uow, fresh, now)
    return DONE


def after_effect(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """Remember which version is set since now, and that the one left is not to be chosen again."""
    plan = needed_plan(action)
    if action.kind is not ActionKind.ROLLBACK:
        return
    history = uow.serving_history(action.component)
    if not history and plan.before:
        uow.record_serving(action.component, plan.before, now=action.created_at)
    uow.record_serving(action.component, plan.after, now=now)
    if _takes_back(uow, action, plan) or not plan.before:
        return
    note = f"INC-{action.incident_id}"
    uow.mark_version(action.component, plan.before, Mark.BAD, note=note, incident_id=action.incident_id, now=now)
