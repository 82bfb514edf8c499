"""The plan of an action: what there is, where it goes, and the preview or start that follows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from playbooks import errors
from playbooks.domain.actions import (
    Action,
    ActionKind,
    ActionState,
    Described,
    Mark,
    Plan,
    Version,
    choose_rollback_target,
    plan_hash,
)
from playbooks.domain.facts import action_facts
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind
from playbooks.plays.approvals import start
from playbooks.plays.bound_levers import VERB_OF
from playbooks.plays.endings import AGAIN, PATIENCE, fail
from playbooks.plays.house import House, want
from playbooks.plays.steps import DONE, Step, event_of_step, record_result, show_action
from playbooks.plays.switched_off import close_override, show_override
from playbooks.ports import Lever, Surface, UnitOfWork


def plan_action(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    """Plan what was asked and show it, or start at once what needs nobody's approval.

    Raises the lever's error where nobody looks at a preview and it is worth trying again.
    """
    try:
        described = with_own_marks(house, action.component, recalled(house, action, lever.describe(binding)))
        plan = _plan_for(house, lever, binding, described, action)
    except errors.MusterError as error:
        if error.code == "already_there" and action.override is not None:
            return _was_on(house, action, error)
        waits = action.requester == MUSTER.id and house.now() < action.created_at + PATIENCE
        if waits and error.kind in AGAIN:
            raise  # nobody looks at a preview: the end of a time box does not fail at one hiccup
        return fail(house, action, error)
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.PLANNING:
            return DONE
        hashed = plan_hash(action.kind, action.component, plan, action.ends_after)
        expires = now + timedelta(seconds=house.rules.approval_ttl)
        direct = fresh.approvals_needed == 0
        state = ActionState.APPROVED if direct else ActionState.PREVIEWED
        authority = "no approval needed by the registry" if direct else ""
        fresh = uow.save_action(
            replace(
                fresh,
                state=state,
                plan=plan,
                plan_hash=hashed,
                expires_at=expires,
                authority=authority,
                approved_at=now if direct else None,
            )
        )
        if direct:
            _record_direct(uow, fresh, now)
            start(uow, fresh, now)
        else:
            want(
                uow,
                Surface(f"preview:{action.id}", "preview", f"eph:{action.channel}:{action.requester_slack}"),
                now=now,
            )
    return DONE


def _was_on(house: House, action: Action, error: errors.MusterError) -> Step:
    """Somebody turned it on past Muster: the ledger's entry is closed, nothing is done."""
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        override = uow.override(action.override or 0, lock=True)
        if fresh is None or fresh.over or override is None:
            return DONE
        fresh = uow.save_action(replace(fresh, state=ActionState.STALE, error=error.told))
        record_result(uow, fresh, "stale", now, error=error.told)
        if override.state not in ("closed", "void"):
            close_override(
                uow, override, fresh, f"{override.component} was on already; somebody else turned it on", now
            )
        show_action(uow, fresh, now)
        show_override(uow, override, now)
    return DONE


def _record_direct(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """An action that needs nobody's approval still leaves who asked and by which rule."""
    if action.incident_id is None:
        return
    facts = action_facts(
        action,
        decision=action.kind.value,
        verdict="not needed",
        right=action.authority,
        approvals=0,
        needed=0,
        used="not_needed",
        rule="",
    )
    uow.append(
        action.incident_id,
        event_of_step(
            action,
            EventKind.DECISION,
            f"no approval needed to {VERB_OF[action.kind]} {action.component}",
            "direct",
            facts,
            now,
        ),
        now=now,
    )


def _plan_for(house: House, lever: Lever, binding: Mapping[str, Any], described: Described, action: Action) -> Plan:
    if action.kind is ActionKind.ROLLBACK:
        return lever.plan(binding, described, _target(action, described))
    if action.kind is ActionKind.DISABLE:
        return lever.plan(binding, described, "off")
    if action.undo_of is not None:
        with house.store.read() as uow:
            original = uow.action(action.undo_of)
        if original is not None and original.plan is not None:
            plan = lever.undo(original.plan)
            if described.state == plan.after:
                raise errors.Conflict(f"{action.component} is already {plan.after}.", code="already_there")
            return plan
    return lever.plan(binding, described, "on")


def _target(action: Action, described: Described) -> str:
    if action.target:
        wanted = (
            action.target.removeprefix("v") if _known(described, action.target.removeprefix("v")) else action.target
        )
        if not _known(described, wanted) and described.open_ended:
            return re.sub(r"^v(?=\d+$)", "", wanted)
        if not _known(described, wanted):
            names = tuple(v.id for v in described.versions[:5])
            raise errors.UnknownName(
                f"{action.component} has no version {action.target}.",
                f"It has: {', '.join(names) or 'none'}.",
                nearest=names,
            )
        return wanted
    chosen = choose_rollback_target(described)
    if chosen is None:
        raise errors.InputError(
            f"No other version of {action.component} is marked good, so I don't choose one.",
            f"Name it: `/rollback {action.component} to <version>`.",
            code="no_target",
        )
    return chosen.id


def _known(described: Described, version: str) -> bool:
    return any(v.id == version for v in described.versions)


def recalled(house: House, action: Action, described: Described) -> Described:
    """What nothing can read, as Muster recorded it: what is off by the ledger, or which version was set last."""
    if not described.unread:
        return described
    with house.store.read() as uow:
        if action.kind is not ActionKind.ROLLBACK:
            off = any(o.state in ("on", "overdue") for o in uow.overrides(open_only=True, component=action.component))
            return replace(described, state="off" if off else "on")
        history = [version for version, _ in uow.serving_history(action.component)]
        marked = uow.version_marks(action.component)
    listed = {version.id for version in described.versions}
    known = dict.fromkeys(name for name in (*reversed(history), *marked) if name and name not in listed)
    versions = (*described.versions, *(Version(name) for name in known))
    return replace(described, state=history[-1] if history else "", versions=versions)


def with_own_marks(house: House, component: str, described: Described) -> Described:
    """The provider's description with the marks on our side laid over: ours are never lost with the provider's."""
    with house.store.read() as uow:
        marks = uow.version_marks(component)
    if not marks:
        return described
    versions = tuple(_marked(v, marks.get(v.id)) for v in described.versions)
    return replace(described, versions=versions)


def _marked(version: Version, ours: tuple[Mark, str, datetime] | None) -> Version:
    if ours is None or (version.marked_at is not None and version.marked_at > ours[2]):
        return version
    return replace(version, mark=ours[0], mark_note=ours[1], marked_at=ours[2])
