"""The brief of a hand-off: what whoever takes over has to know, from rows alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playbooks.domain.actions import Action, ActionState
from playbooks.domain.clocks import say_span
from playbooks.domain.incidents import Incident
from playbooks.domain.timeline import Event, EventKind, timeline_view
from playbooks.plays.house import House
from playbooks.ports import UnitOfWork

_NOT_FLYING = (ActionState.PREVIEWED, ActionState.PLANNING, ActionState.AWAITING)


def brief(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> tuple[tuple[str, str], ...]:
    """State, in flight with its end, decisions open, hypotheses, last and next update, people; label and text."""
    actions = uow.actions_of(incident.id)
    events = [line.event for line in timeline_view(uow.events(incident.id, alerts=False))]
    waiting = [f"{a.kind.value} of {a.component} (action {a.id})" for a in actions if a.state is ActionState.AWAITING]
    thought = [event for event in events if event.kind is EventKind.HYPOTHESIS]
    refuted = [e.text for e in thought if e.payload.get("state") == "refuted"]
    held = [e.text for e in thought if e.payload.get("state") not in ("refuted", "confirmed")]
    found = (
        ("State", f"{incident.state.value}, open for {say_span(now - incident.opened_at)}"),
        ("In flight", "; ".join(_flying(uow, incident, actions)) or "nothing"),
        ("Open decisions", "; ".join(waiting) or "none"),
        ("Open hypotheses", "; ".join(held)[:300]),
        ("Refuted", "; ".join(refuted)[:300]),
        ("Last update", _last_update(events)),
        ("Next update due", _next_update(house, incident)),
        ("People", _people(incident)),
        ("Who acted", _acted(events)),
    )
    return tuple((label, text) for label, text in found if text)


def _flying(uow: UnitOfWork, incident: Incident, actions: list[Action]) -> list[str]:
    off = uow.overrides(open_only=True, incident_id=incident.id)
    flying = [f"{o.component} off until {_time(o.due_at)}" for o in off]
    moving = (a for a in actions if not a.over and a.state not in _NOT_FLYING)
    return flying + [f"{a.kind.value} of {a.component}: {a.state.value}" for a in moving]


def _last_update(events: list[Event]) -> str:
    last = next((e for e in reversed(events) if e.kind is EventKind.COMMS), None)
    return f"{_time(last.occurred_at)}: {last.text}"[:300] if last is not None else "none yet"


def _next_update(house: House, incident: Incident) -> str:
    severity = house.rules.severity(incident.severity)
    if severity is None or not severity.update_every:
        return "none due"
    due = (incident.last_update_at or incident.opened_at) + timedelta(seconds=severity.update_every)
    return _time(due)


def _time(at: datetime) -> str:
    """As it is stored; who shows a brief writes it in the reader's zone."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _people(incident: Incident) -> str:
    named = (("leads", incident.lead), ("speaks to people", incident.comms), ("took it", incident.acknowledged_by))
    return "; ".join(f"{person.removeprefix('slack:')} {does}" for does, person in named if person)


def _acted(events: list[Event]) -> str:
    actors = (event.new.actor for event in events)
    return ", ".join(sorted({a.role for a in actors if a.kind.value == "human" and a.role}))[:300]
