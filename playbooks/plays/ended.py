"""All alerts of an incident have ended: one suggestion to resolve it, renewed when they fire and end again."""

from __future__ import annotations

from datetime import datetime

from playbooks.domain.incidents import Incident
from playbooks.plays.house import want
from playbooks.ports import Surface, UnitOfWork

SUGGEST = "suggest"


def tell_end(uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """Suggest its end. A series that fires and ends over and over renews the one message of this opening."""
    name = _name(incident)
    shown = uow.surface(name)
    times = int(shown.payload.get("times", 1)) + 1 if shown is not None else 1
    text = f"All {incident.alerts_total} alerts have ended" if incident.alerts_total != 1 else "The alert has ended"
    again = f" again: {times} times by now" if times > 1 else ""
    payload = {"text": f"{text}{again}.", "times": times}
    want(uow, Surface(name, SUGGEST, f"incident:{incident.id}", payload=payload, incident_id=incident.id), now=now)


def fires_again(uow: UnitOfWork, incident_id: int, now: datetime) -> None:
    """What was suggested holds no more: the message says so until they have ended again."""
    incident = uow.incident(incident_id)
    shown = uow.surface(_name(incident)) if incident is not None else None
    if shown is not None:
        want(uow, shown, now=now)


def _name(incident: Incident) -> str:
    return f"{SUGGEST}:{incident.id}:{incident.reopened}"
