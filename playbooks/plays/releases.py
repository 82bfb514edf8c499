"""What joined an incident of another component is released some time after that incident is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from playbooks.domain.incidents import Incident
from playbooks.ports import Timer, UnitOfWork

RELEASE = "release"
# Time for what reads the mended component to recover by itself, before it opens incidents of its own.
AFTER = timedelta(minutes=5)


def plan_release(uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """See to it that alerts of other components are decided again, if they still fire then. Nothing where none is."""
    if uow.joined(incident.id, incident.component, limit=1):
        uow.set_timer(Timer(f"{RELEASE}:{incident.id}", RELEASE, str(incident.id), now + AFTER))
