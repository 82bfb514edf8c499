"""Silences and maintenance windows: what they cover, from when to when, why, and what happens at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from playbooks.domain.alerts import Alert
from playbooks.domain.routing import Routed


class Muting(StrEnum):
    """Why alerts are kept quiet."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"


class AtEnd(StrEnum):
    """What happens to muted alerts that still fire at the end: they are decided anew, or only listed."""

    OPEN = "open"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts of one component that are kept and listed, but open and tell nothing, from `starts_at` to `ends_at`.

    Attributes:
        failure: failure key or alert name it is limited to, empty for every alert of the component.
        by: actor id of who asked for it. team: that is told.
        ended_at: when it was over, None before; `ended_by` is empty where it ended by itself.
        muted: episodes it kept quiet so far.
    """

    id: int
    kind: Muting
    component: str
    failure: str
    reason: str
    by: str
    team: str
    starts_at: datetime
    ends_at: datetime
    at_end: AtEnd
    created_at: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    muted: int = 0
    version: int = 1

    @property
    def name(self) -> str:
        """`S-3`."""
        return f"S-{self.id}"

    @property
    def scope(self) -> str:
        """`fraud-scorer`, or `drift on fraud-scorer`."""
        return f"{self.failure} on {self.component}" if self.failure else self.component

    def in_force(self, now: datetime) -> bool:
        """Whether it mutes at this moment."""
        return self.ended_at is None and self.starts_at <= now < self.ends_at

    def covers(self, alert: Alert, routed: Routed) -> bool:
        """Whether it is about this alert; says nothing of the time."""
        return self.component == routed.component and self.failure in ("", routed.failure, alert.name)


def by_component(silences: Iterable[Silence]) -> dict[str, tuple[Silence, ...]]:
    """Silences for look-up, each component's longest first."""
    found: defaultdict[str, list[Silence]] = defaultdict(list)
    for silence in sorted(silences, key=lambda s: s.ends_at, reverse=True):
        found[silence.component].append(silence)
    return {component: tuple(many) for component, many in found.items()}
