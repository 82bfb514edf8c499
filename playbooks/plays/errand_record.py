"""What people have said about what is done by hand, read from the timeline: a claim, or that they cannot."""

from __future__ import annotations

from datetime import datetime

from playbooks.domain.actions import Action
from playbooks.domain.errands import errand_of
from playbooks.messages import Who
from playbooks.plays.house import House
from playbooks.ports import Surface, UnitOfWork

REMOVED = "(text removed)"


def claim_of(house: House, uow: UnitOfWork, action: Action) -> tuple[Who, str, datetime] | None:
    """Who says that it is done by hand, the evidence, and when; None while nobody does."""
    if action.incident_id is None or errand_of(action.plan) is None:
        return None
    for event in reversed(uow.events(action.incident_id, alerts=False)):
        if event.payload.get("action") == action.id and event.payload.get("phase") == "claimed":
            who = house.who(event.new.actor.id) or Who("somebody")
            return who, str(event.payload.get("evidence") or REMOVED), event.occurred_at
    return None


def requests_of(uow: UnitOfWork, action: Action) -> list[Surface]:
    """The messages that ask for it."""
    if action.incident_id is None:
        return []
    begins = f"errand:{action.id}:"
    return [s for s in uow.surfaces_of(action.incident_id) if s.kind == "errand" and s.id.startswith(begins)]


def declined_by(uow: UnitOfWork, action: Action) -> dict[str, str]:
    """Who was asked and said that they cannot (registry ids), each with the reason, oldest first."""
    if action.incident_id is None:
        return {}
    return {
        event.new.actor.id: str(event.payload.get("error") or REMOVED)
        for event in uow.events(action.incident_id, alerts=False)
        if event.payload.get("action") == action.id and event.payload.get("phase") == "could_not"
    }
