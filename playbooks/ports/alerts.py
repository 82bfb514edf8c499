"""What the store keeps of alerts and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from playbooks.domain.alerts import Alert, AlertStatus, Change, Decision, Reason
from playbooks.domain.pipeline.silences import Silence
from playbooks.domain.spells import Spell
from playbooks.domain.timeline import NewEvent


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert episode as stored, with what was decided.

    `path`: the stages that had something to say, as (stage, what it did, why).
    """

    id: str
    alert: Alert
    component: str
    failure: str
    decision: Decision
    reason: Reason
    incident_id: int | None
    received_at: datetime
    updated_at: datetime
    seen: int = 1
    path: tuple[tuple[str, str, str], ...] = ()


Episode = tuple[str, str, datetime]  # source, fingerprint, starts_at
Series = tuple[str, str]  # source, fingerprint


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """The columns of a stored episode that the intake needs to decide."""

    id: str
    status: AlertStatus
    incident_id: int | None
    component: str
    failure: str
    decision: Decision
    seen: int


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """The columns of an open incident that the intake needs."""

    id: int
    team: str
    home: str
    alerts_total: int
    alerts_firing: int
    component: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is stored that a batch of arriving alerts is decided by."""

    known: Mapping[Episode, KnownAlert]
    open: Mapping[str, OpenIncident]
    silences: Sequence[Silence]


@dataclass(frozen=True, slots=True)
class AlertTouch:
    """An episode seen again: its newest status, and how often in this batch."""

    alert_id: str
    status: AlertStatus
    ends_at: datetime | None
    seen: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Growth:
    """What a batch of alerts adds to one incident: events for its chain, and its counts."""

    incident_id: int
    events: Sequence[NewEvent]
    total: int
    firing: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Alerts of an incident that are still to be told in one line: of one source and status, `first` the earliest."""

    incident_id: int
    source: str
    status: str
    count: int
    names: Sequence[str]
    first: datetime


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A body, or a part of one, that could not be used, as it came."""

    id: str
    source: str
    body: str
    reason: str
    received_at: datetime


class Alerts(Protocol):
    """Alerts and changes; the plural calls are the intake's hot path, many alerts in one transaction."""

    def alert(self, source: str, fingerprint: str, starts_at: datetime) -> StoredAlert | None: ...
    def alert_by_id(self, alert_id: str) -> StoredAlert | None: ...
    def add_alert(self, stored: StoredAlert) -> None: ...
    def touch_alert(
        self, alert_id: str, *, status: AlertStatus, ends_at: datetime | None, now: datetime, seen: int
    ) -> None: ...
    def alerts_of(self, incident_id: int, *, limit: int = 100) -> list[StoredAlert]: ...
    def add_change(
        self, change: Change, *, decision: Decision, reason: Reason, incident_id: int | None, now: datetime
    ) -> bool:
        """False when (source, key) is already there."""
        ...

    def changes_before(self, subjects: Sequence[str], *, since: datetime, until: datetime) -> list[Change]: ...
    def quarantine(self, *, source: str, body: str, reason: str, now: datetime) -> str:
        """Keep what could not be used; returns its id."""
        ...

    def quarantined(self, *, source: str = "", limit: int = 100) -> list[Quarantined]:
        """What could not be used, the newest first; of every source where none is named."""
        ...

    def last_heard(self) -> Mapping[str, datetime]:
        """When each source that ever sent an alert or a change was last heard. Reads everything: not for the intake."""
        ...

    def spells_of(self, series: Sequence[Series]) -> Mapping[Series, list[Spell]]:
        """The newest episodes of each of these series, the oldest of them first; at most 50 of one."""
        ...

    def arrival(self, episodes: Sequence[Episode], keys: Sequence[str]) -> Arrival:
        """Which of these episodes are stored, the open incidents of these keys, and the silences that are not over."""
        ...

    def count_alerts(self, counted: Sequence[Counted]) -> None:
        """Keep until `take_counted`. Call it while the incidents' rows are held."""
        ...

    def take_counted(self, incident_id: int) -> list[Counted]:
        """Take away what was counted of an incident, in the order it came."""
        ...

    def add_alerts(self, stored: Sequence[StoredAlert]) -> None: ...
    def touch_alerts(self, touches: Sequence[AlertTouch]) -> None: ...
    def append_many(self, incident_id: int, new: Sequence[NewEvent], *, now: datetime) -> int:
        """Append in one pass of the chain, leaving out known dedup keys; returns how many were appended."""
        ...

    def bump_incident(self, incident_id: int, *, total: int, firing: int) -> None:
        """Add to `alerts_total` and `alerts_firing`; `version + 1`."""
        ...

    def grow(self, growths: Sequence[Growth], *, now: datetime) -> None:
        """`append_many` and `bump_incident` for many incidents in one pass; each incident once."""
        ...
