"""What is switched off: until when, and what happens at its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from playbooks.domain.actions import ActionKind, ActionState, Override
from playbooks.messages import (
    Announcement,
    Message,
    OverrideNote,
    Who,
)
from playbooks.plays.errand_record import claim_of
from playbooks.plays.house import House, who
from playbooks.plays.timebox import holders_to_restore, may_restore_itself
from playbooks.plays.views.parts import GOING_WELL
from playbooks.ports import Surface, UnitOfWork

_COMES_BACK = frozenset({"restoring", "on", "was"})  # what may keep it off is told no more


def override_note(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """A switched-off component: until when, and what can be done."""
    number = surface.payload.get("override") or int(surface.id.split(":")[1])
    override = uow.override(int(str(number)))
    if override is None or (override.state in ("closed", "void") and surface.kind != "override"):
        return _over_note(override)
    if override.state == "void":
        text = f"{override.component} was not switched off; D-{override.id} is void."
        return Announcement(text) if surface.ts else None
    phase = _phase(uow, override)
    if surface.kind == "override_warn" and phase == "off":
        phase = "warning"
    return override_view(house, uow, override, phase, why=str(surface.payload.get("why") or ""))


def _phase(uow: UnitOfWork, override: Override) -> str:
    """What the message of an override says now."""
    enables = [
        a
        for a in (uow.actions_of(override.incident_id) if override.incident_id is not None else [])
        if a.kind is ActionKind.ENABLE and a.override == override.id and a.state in GOING_WELL
    ]
    if override.state == "closed":
        return "was" if any(a.state is ActionState.CONFIRMED for a in enables) else "on"
    if _by_hand(uow, override, ActionKind.ENABLE):
        return "on_by_hand"
    if override.state == "pending" and _by_hand(uow, override, ActionKind.DISABLE):
        return "off_by_hand"
    if any(not a.over for a in enables):
        return "restoring"
    if override.state == "pending":
        return "switching"
    return "overdue" if override.state == "overdue" else "off"


def _by_hand(uow: UnitOfWork, override: Override, kind: ActionKind) -> bool:
    actions = uow.actions_of(override.incident_id) if override.incident_id is not None else []
    waiting = [a for a in actions if a.override == override.id and a.state is ActionState.BY_HAND]
    return any(a.kind is kind for a in waiting)


def override_view(house: House, uow: UnitOfWork, override: Override, phase: str, why: str = "") -> OverrideNote:
    """What is off, why, until when, and what its message offers now."""
    action = uow.action(override.action_id)
    claim = _claim(house, uow, override, phase)
    incident = uow.incident(override.incident_id) if override.incident_id is not None else None
    stays = phase not in _COMES_BACK
    why_not = may_restore_itself(house, uow, override) if stays else ""
    waits = incident is not None and why_not == f"{incident.name} is still {incident.state.value}"
    registry = house.registry()
    ask_people = holders_to_restore(house, override.component, incident) if phase in ("overdue", "warning") else ()
    return OverrideNote(
        override=override.id,
        component=override.component,
        phase=phase,
        due_at=override.due_at,
        since=override.since,
        warn_at=_warn_at(house, override),
        holder=house.who(override.holder) or Who("nobody"),
        evidence=action.evidence if action else "",
        confirmed_at=override.confirmed_at if phase not in ("on", "was") else override.closed_at,
        restores_itself=not why_not or (waits and phase in ("off", "switching")),
        only_if=f"{incident.name} is mitigated" if incident is not None and waits else "",
        why_not=why or why_not,
        incident=f"{incident.name} is {incident.state.value}" if incident and stays else "",
        ask=tuple(w for p in ask_people if (w := who(registry, p)) is not None),
        closed_at=override.closed_at,
        action=override.action_id,
        claimed_by=claim[0] if claim else None,
        claim=claim[1] if claim else "",
    )


def _claim(house: House, uow: UnitOfWork, override: Override, phase: str) -> tuple[Who, str] | None:
    """Who says that it is off, or on again, where nothing read that back."""
    kind = ActionKind.ENABLE if phase in ("on", "was") else ActionKind.DISABLE
    actions = uow.actions_of(override.incident_id) if override.incident_id is not None else []
    for action in reversed(actions):
        if action.override == override.id and action.kind is kind and action.state is ActionState.CLAIMED:
            claim = claim_of(house, uow, action)
            return claim[:2] if claim is not None else None
    return None


def _over_note(override: Override | None) -> Message | None:
    if override is None:
        return None
    return Announcement(f"{override.component} is on again; nothing is asked any more.")


def _warn_at(house: House, override: Override) -> datetime:
    warn = override.due_at - timedelta(seconds=house.rules.warn_before)
    return warn if warn > override.since else override.since + (override.due_at - override.since) / 2
