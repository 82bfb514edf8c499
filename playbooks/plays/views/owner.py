"""The owner's first message."""

from __future__ import annotations

from playbooks.domain.incidents import Incident
from playbooks.messages import (
    OwnerNote,
)
from playbooks.plays.house import House, tag_of, who
from playbooks.plays.opening import since_of
from playbooks.plays.reach import line_of, team_of
from playbooks.plays.views.parts import alerts_line, changes_before, ended_line, incident_behind, signal_line, silent_of
from playbooks.ports import Surface, UnitOfWork


def owner_note(house: House, uow: UnitOfWork, surface: Surface) -> OwnerNote | None:
    """The first message, in the owner team's channel."""
    incident = incident_behind(uow, surface)
    if incident is None:
        return None
    registry = house.registry()
    team = team_of(house, incident)
    people = tuple(w for p in house.on_call.now(team)[:2] if (w := who(registry, p))) if team in registry.teams else ()
    told = house.on_call.explain(team) if team in registry.teams else ""
    passed = [str(e.payload.get("to", "")) for e in uow.events(incident.id, alerts=False) if e.payload.get("passed")]
    return OwnerNote(
        tag=tag_of(house, incident),
        summary=incident.signal.get("summary", ""),
        signal=signal_line(incident),
        since=since_of(incident),
        silent=silent_of(incident),
        on_call=people,
        fallback=told if people else _fallback(house, incident, told),
        lead=house.who(incident.lead),
        changes=changes_before(uow, incident),
        alerts=alerts_line(incident),
        unowned=not incident.component,
        acknowledged_by=house.who(incident.acknowledged_by),
        suggestion=ended_line(incident),
        over=not incident.open,
        mentioned=house.who(passed[-1]) if passed and passed[-1] else None,
    )


def _fallback(house: House, incident: Incident, told: str) -> str:
    line = line_of(house, incident)
    if not incident.component:
        return "No component's matcher fits this alert."
    return f"{told or 'Nobody on call could be resolved.'}{f' {line[0]} is next in line.' if line else ''}"
