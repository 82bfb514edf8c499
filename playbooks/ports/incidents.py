"""What the store keeps of incidents and their timelines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from playbooks.domain.incidents import Incident
from playbooks.domain.timeline import ChainReport, Event, EventKind, NewEvent


@dataclass(frozen=True, slots=True)
class NewIncident:
    """What is needed to open an incident; `open_key` is unique among open ones."""

    title: str
    component: str
    failure: str
    open_key: str
    severity: str
    opened_at: datetime
    detected_at: datetime
    opened_by: str
    team: str
    home: str
    signal: Mapping[str, str] = field(default_factory=dict)
    lead: str = ""
    state: str = "triage"
    reopened_from: int | None = None


class Incidents(Protocol):
    """Incidents and their timelines."""

    def open_incident(self, new: NewIncident) -> tuple[Incident, bool]:
        """Insert, or return the open one with the same key; the flag tells whether it is new."""
        ...

    def incident(self, incident_id: int, *, lock: bool = False) -> Incident | None: ...
    def incident_by_channel(self, channel: str) -> Incident | None: ...
    def incidents(self, *, open_only: bool, limit: int = 50) -> list[Incident]: ...
    def open_incident_for(self, open_key: str) -> Incident | None: ...
    def past_incidents(
        self, components: Sequence[str], failure: str, *, since: datetime, before: int, limit: int = 200
    ) -> list[Incident]:
        """Resolved or closed incidents of these components, or with this failure on a known one, newest first.

        Args:
            since: opened then or later. before: only with a smaller number.
        """
        ...

    def open_incidents_of(self, component: str) -> list[Incident]:
        """Newest first."""
        ...

    def open_incidents_in(self, components: Collection[str]) -> list[Incident]:
        """Open incidents of these components, oldest first."""
        ...

    def unowned_incidents(self, *, since: datetime) -> list[tuple[int, str, datetime]]:
        """(id, failure, when) of incidents that alerts without an owner opened since then, oldest first."""
        ...

    def save_incident(self, incident: Incident, *, open_key: str | None) -> Incident:
        """Write all fields but the chain's, `version + 1`. `open_key` None: no longer unique. Raises Conflict."""
        ...

    def append(self, incident_id: int, new: NewEvent, *, now: datetime) -> Event | None:
        """Append to the chain; None when the dedup key is already there."""
        ...

    def events(self, incident_id: int, *, alerts: bool = True) -> list[Event]:
        """All events in order of `seq`; without `alerts` those that tell of alerts are left out: a storm has many."""
        ...

    def event(self, event_id: str) -> Event | None: ...
    def has_event(self, incident_id: int, kind: EventKind) -> bool:
        """Whether an event of this kind was ever recorded, in the words of the chain."""
        ...

    def verify(self, incident_id: int) -> ChainReport: ...

    def redact(self, event_id: str) -> bool:
        """Blank an event's text for privacy; its digest stays, so that the chain still verifies."""
        ...
