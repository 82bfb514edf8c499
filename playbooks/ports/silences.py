"""What the store keeps of silences, and how the stages of the pipeline look at what is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from playbooks.domain.alerts import Decision, Reason
from playbooks.domain.incidents import Incident
from playbooks.domain.pipeline.silences import Silence
from playbooks.ports.alerts import StoredAlert


@dataclass(frozen=True, slots=True)
class Redecided:
    """What was decided anew on a stored episode."""

    alert_id: str
    decision: Decision
    reason: Reason
    incident_id: int | None
    path: tuple[tuple[str, str, str], ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class KeptBack:
    """Episodes kept back of one component and failure: how many, how many still fire, and the last one."""

    decision: Decision
    component: str
    failure: str
    count: int
    firing: int
    last_at: datetime


class Silences(Protocol):
    """Silences, and the pipeline's view of stored episodes and incidents; the first three are its hot path."""

    def silences_open(self) -> list[Silence]:
        """Those that are not over, planned ones included."""
        ...

    def episodes_since(self, series: Sequence[tuple[str, str]], since: datetime) -> Mapping[tuple[str, str], int]:
        """Stored episodes of each series (source, fingerprint) that started after `since`."""
        ...

    def points(self, components: Collection[str], since: datetime) -> Mapping[tuple[str, str], int]:
        """Held episodes by (component, failure), received after `since`."""
        ...

    def last_incident(self, component: str, failure: str, since: datetime) -> Incident | None:
        """The newest incident for this failure that is over, opened after `since`."""
        ...

    def silence(self, number: int, *, lock: bool = False) -> Silence | None: ...
    def add_silence(self, silence: Silence) -> Silence: ...
    def save_silence(self, silence: Silence) -> Silence:
        """All fields but `muted`, `version + 1`. Raises Conflict."""
        ...

    def count_muted(self, counts: Mapping[int, int]) -> None:
        """Add to `muted` of silences."""
        ...

    def silences_ended(self, *, since: datetime) -> list[Silence]:
        """Those that are over since then, the newest first."""
        ...

    def kept_back(
        self, component: str, decisions: Collection[Decision], *, firing: bool = True, limit: int = 500
    ) -> list[StoredAlert]:
        """Episodes of a component kept back so, longest untouched first."""
        ...

    def kept_back_counts(self, *, since: datetime) -> list[KeptBack]:
        """What was received since then and kept back, by component and failure, the newest first."""
        ...

    def joined(self, incident_id: int, component: str, *, limit: int = 500) -> list[StoredAlert]:
        """Episodes of other components that joined an incident and still fire, first received first."""
        ...

    def own_firing(self, incident_id: int, component: str, *, limit: int = 500) -> list[StoredAlert]:
        """Episodes of an incident's own component that still fire, the one heard last first."""
        ...

    def own_firing_count(self, incident_id: int, component: str) -> int:
        """How many there are."""
        ...

    def hold_alerts(self, ids: Sequence[str]) -> None:
        """Lock these episodes until the end of the transaction."""
        ...

    def redecide(self, anew: Sequence[Redecided]) -> None:
        """Write what was decided anew."""
        ...

    def alerts_named(self, word: str, *, limit: int = 5) -> list[StoredAlert]:
        """Episodes whose id, fingerprint, name or component is this word, the newest first."""
        ...
