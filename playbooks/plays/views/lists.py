"""Lists and summaries a person asks for."""

from __future__ import annotations

from datetime import timedelta

from playbooks.domain.actions import ActionState
from playbooks.domain.clocks import say_span
from playbooks.domain.links import Room
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import Event, Line, timeline_view
from playbooks.messages import (
    Fact,
    IncidentList,
    IncidentRow,
    Summary,
    TimelineList,
    TimelineRow,
    Who,
)
from playbooks.plays.house import House, must_find, tag_of
from playbooks.plays.views.parts import VERB, alerts_line, containment_of, signal_line, silent_of


def incident_list(
    house: House, *, limit: int = 10, heading: str = "Open incidents", over: bool = False
) -> IncidentList:
    """`/inc list`; with `over` also the newest of those that are over, after the open ones."""
    with house.store.read() as uow:
        found = uow.incidents(open_only=True, limit=200)
        if over:
            found += [i for i in uow.incidents(open_only=False, limit=limit) if not i.open]
    rows = tuple(IncidentRow(tag_of(house, i), i.opened_at, house.who(i.lead), i.component) for i in found[:limit])
    return IncidentList(rows, max(0, len(found) - limit), heading)


def timeline(house: House, incident_id: int, *, limit: int = 20) -> TimelineList:
    """`/inc timeline`: the newest lines, oldest first. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        lines = timeline_view(uow.events(incident_id))
    rows = tuple(timeline_row(house, line) for line in lines[-limit:])
    page = house.links.to(Room.INCIDENT, incident_id, now=house.now())
    return TimelineList(tag_of(house, incident), rows, max(0, len(lines) - limit), page)


def timeline_row(house: House, line: Line) -> TimelineRow:
    """One line of the timeline for people."""
    event: Event = line.event
    return TimelineRow(
        event.seq,
        event.occurred_at,
        event.new.precision.value,
        event.text or "(redacted)",
        _actor(house, event),
        bool(line.corrected_from),
        event.new.source_ref,
    )


def _actor(house: House, event: Event) -> Who | None:
    """A person, or the sender of what came from outside; Muster itself needs no name."""
    actor = event.new.actor
    if actor.kind.value == "human":
        return house.who(actor.id)
    return None if actor.id == MUSTER.id else Who(actor.role)


def summary(house: House, incident_id: int) -> Summary:
    """`/inc summary`: what somebody who joins now must know, from rows alone. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        lines = timeline_view(uow.events(incident_id))
        actions = uow.actions_of(incident_id)
        overrides = uow.overrides(open_only=True, incident_id=incident_id)
    now = house.now()
    facts = [
        Fact("Signal", signal_line(incident) or "none recorded"),
        Fact("Alerts", alerts_line(incident)),
        Fact("Open for", say_span((incident.resolved_at or now) - incident.opened_at)),
        Fact("Containment", containment_of(actions)),
    ]
    silent = silent_of(incident)
    facts += [Fact("Silent for", say_span(timedelta(seconds=silent)))] if silent is not None else []
    facts += [Fact(o.component, f"off (D-{o.id}) until", warn=True, at=o.due_at) for o in overrides]
    waiting = tuple(
        f"{VERB[a.kind].lower()} {a.component}: action {a.id}" for a in actions if a.state is ActionState.AWAITING
    )
    recent = tuple(timeline_row(house, line) for line in lines[-5:])
    return Summary(tag_of(house, incident), tuple(facts), recent, waiting)
