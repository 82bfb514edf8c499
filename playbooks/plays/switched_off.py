"""The ledger entry behind a disable: its timers, its end, the message that shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks.domain.actions import (
    Action,
    ActionKind,
    ActionState,
    Override,
)
from playbooks.domain.debt import switched_kind
from playbooks.domain.facts import override_facts
from playbooks.domain.timeline import EventKind
from playbooks.plays.house import House, want
from playbooks.plays.steps import record
from playbooks.ports import Surface, Timer, UnitOfWork

_ABOUT_OVERRIDE = frozenset({"override_warn", "override_ask"})


def with_override(house: House, uow: UnitOfWork, action: Action, now: datetime) -> Action:
    """A disable's end is on disk before the call that needs it."""
    if action.kind is not ActionKind.DISABLE or action.override is not None or not action.ends_after:
        return action
    component = house.registry().components.get(action.component)
    bound = component.levers.get("disable", {}) if component is not None else {}
    declared = bound.get("debt") or (action.plan.detail.get("debt") if action.plan is not None else None)
    override = uow.add_override(
        Override(
            id=0,
            kind=switched_kind(declared),
            component=action.component,
            incident_id=action.incident_id,
            action_id=action.id,
            holder=action.requester,
            reason=action.because,
            since=now,
            due_at=now + timedelta(seconds=action.ends_after),
            team=component.accountable if component is not None else "",
        )
    )
    set_override_timers(house, uow, override, now)
    return replace(action, override=override.id)


def set_override_timers(house: House, uow: UnitOfWork, override: Override, now: datetime) -> None:
    """Warning and end of a time box; moved when it is extended."""
    warn = override.due_at - timedelta(seconds=house.rules.warn_before)
    if warn <= override.since:
        warn = override.since + (override.due_at - override.since) / 2
    if warn > now:
        uow.set_timer(Timer(f"override_warn:{override.id}", "override_warn", str(override.id), warn))
    uow.set_timer(Timer(f"override_end:{override.id}", "override_end", str(override.id), override.due_at))


def settle_override(house: House, uow: UnitOfWork, action: Action, state: ActionState, now: datetime) -> None:
    """What the end of an action means for the entry it made or was to close."""
    override = uow.override(action.override, lock=True) if action.override is not None else None
    if override is None:
        return
    if action.kind is ActionKind.DISABLE:
        _after_disable(uow, override, action, state, now)
    elif action.kind is ActionKind.ENABLE:
        _after_enable(house, uow, override, action, state, now)


def _after_disable(uow: UnitOfWork, override: Override, action: Action, state: ActionState, now: datetime) -> None:
    if state in (ActionState.CONFIRMED, ActionState.CLAIMED, ActionState.UNPROVEN):
        confirmed = now if state is ActionState.CONFIRMED else None
        override = uow.save_override(replace(override, state="on", confirmed_at=confirmed))
        facts = override_facts(override, "on")
        record(uow, action, EventKind.OVERRIDE, f"{override.component} is off until its end", "override", facts, now)
        if override.due_at <= now:  # its end came while it was being applied: it is looked at once more
            uow.set_timer(Timer(f"override_end:{override.id}", "override_end", str(override.id), override.due_at))
    else:
        override = uow.save_override(replace(override, state="void", closed_at=now))
        uow.cancel_timer(f"override_warn:{override.id}")
        uow.cancel_timer(f"override_end:{override.id}")
    show_override(uow, override, now)


def _after_enable(
    house: House, uow: UnitOfWork, override: Override, action: Action, state: ActionState, now: datetime
) -> None:
    if state in (ActionState.CONFIRMED, ActionState.CLAIMED):
        said = " by hand, as was said" if state is ActionState.CLAIMED else ""
        close_override(uow, override, action, f"{override.component} is on again{said}", now)
    elif override.state not in ("closed", "void") and override.due_at <= now:
        override = uow.save_override(replace(override, state="overdue"))
        due = now + timedelta(seconds=house.rules.escalate_every)
        uow.set_timer(Timer(f"override_escalate:{override.id}", "override_escalate", str(override.id), due))
    show_override(uow, override, now)


def close_override(uow: UnitOfWork, override: Override, action: Action, text: str, now: datetime) -> None:
    """Nothing is off any more: the entry is closed and nothing about it falls due."""
    override = uow.save_override(replace(override, state="closed", closed_at=now, closed_by=action.requester))
    record(uow, action, EventKind.UNDONE, text, "undone", override_facts(override, "closed"), now)
    for kind in ("override_warn", "override_end", "override_escalate"):
        uow.cancel_timer(f"{kind}:{override.id}")


def show_what_is_off(uow: UnitOfWork, incident_id: int, now: datetime) -> None:
    """The incident moved on: what is off may come back by itself now, or not any more, and its messages say so."""
    for surface in uow.surfaces_of(incident_id):
        if surface.kind == "override" or surface.kind in _ABOUT_OVERRIDE:
            want(uow, surface, now=now)


def show_override(uow: UnitOfWork, override: Override, now: datetime) -> None:
    """Renew the message and the card of a switched-off component."""
    if override.incident_id is None:
        return
    target = f"incident:{override.incident_id}"
    want(uow, Surface(f"override:{override.id}", "override", target, incident_id=override.incident_id), now=now)
    for surface in uow.surfaces_of(override.incident_id):
        if surface.kind in _ABOUT_OVERRIDE and surface.payload.get("override") == override.id:
            want(uow, surface, now=now)  # a warning or question that is answered has no live button
    want(
        uow,
        Surface(f"card:{override.incident_id}", "card", target, pin=True, incident_id=override.incident_id),
        now=now,
    )
