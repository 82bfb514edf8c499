"""The incident's life: states, severities, roles, and what may follow what."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from playbooks import errors


class State(StrEnum):
    """Fixed kinds of state; labels are configurable."""

    TRIAGE = "triage"
    INVESTIGATING = "investigating"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset({State.TRIAGE, State.INVESTIGATING, State.MITIGATED})
OVER_STATES = frozenset({State.RESOLVED, State.CLOSED, State.CANCELLED})

_NEXT: dict[State, frozenset[State]] = {
    State.TRIAGE: frozenset({State.INVESTIGATING, State.MITIGATED, State.RESOLVED, State.CANCELLED}),
    State.INVESTIGATING: frozenset({State.MITIGATED, State.RESOLVED, State.CANCELLED}),
    State.MITIGATED: frozenset({State.INVESTIGATING, State.RESOLVED, State.CANCELLED}),
    State.RESOLVED: frozenset({State.INVESTIGATING, State.CLOSED}),
    State.CLOSED: frozenset({State.INVESTIGATING}),
    State.CANCELLED: frozenset({State.INVESTIGATING}),
}


class Role(StrEnum):
    """Roles a person may hold in an incident."""

    LEAD = "lead"
    COMMS = "comms"


@dataclass(frozen=True, slots=True)
class Severity:
    """A configured severity.

    Attributes:
        id: what people type (`sev2`). level: 1 is worst. label: what people read (`SEV2`). emoji: Slack emoji name.
        update_every: seconds between updates to people that are due while open; 0 means none are due.
        alert_words: severities of alert sources that mean this one (`critical`).
    """

    id: str
    level: int
    label: str
    emoji: str
    update_every: int = 0
    alert_words: tuple[str, ...] = ()


DEFAULT_SEVERITIES: tuple[Severity, ...] = (
    Severity("sev1", 1, "SEV1", "red_circle", 1800, ("page", "emergency", "p1")),
    Severity("sev2", 2, "SEV2", "red_circle", 3600, ("critical", "error", "high", "p2")),
    Severity("sev3", 3, "SEV3", "large_orange_circle", 7200, ("warning", "warn", "medium", "p3")),
    Severity("sev4", 4, "SEV4", "large_yellow_circle", 0, ("info", "notice", "low", "p4")),
)


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as stored.

    Attributes:
        id: the number in `INC-42`.
        component: registry id, empty when no component is known.
        failure: failure key, see `open_key`.
        severity: id of a configured severity, empty while unset.
        lead, comms: registry person ids (or `slack:U…` for a person outside the registry), empty while nobody.
        channel: Slack id of the incident channel, empty until created. home: channel of the owner's first message.
        team: registry id of the team told first.
        detected_at: first firing alert or the declaration. impact_at: impact start, when somebody said it.
        alerts_total, alerts_firing: episodes attached, and those still firing.
        version: grows with every change.
        signal: figures of the first alert for people.
    """

    id: int
    title: str
    component: str
    failure: str
    severity: str
    state: State
    opened_at: datetime
    detected_at: datetime
    opened_by: str
    team: str = ""
    home: str = ""
    channel: str = ""
    channel_name: str = ""
    lead: str = ""
    comms: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    impact_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    last_update_at: datetime | None = None
    alerts_total: int = 0
    alerts_firing: int = 0
    reopened: int = 0
    reopened_from: int | None = None
    version: int = 1
    chain_seq: int = 0
    chain_head: str = ""
    signal: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`INC-42`."""
        return f"INC-{self.id}"

    @property
    def open(self) -> bool:
        """Whether it still takes alerts."""
        return self.state in OPEN_STATES


def open_key(component: str, failure: str) -> str:
    """What at most one open incident may have: component and failure key; without a component the failure alone."""
    return f"{component or '~'}|{failure}"


def check_move(current: State, wanted: State, name: str) -> None:
    """Raise `errors.Conflict` when an incident cannot go from `current` to `wanted`."""
    if wanted is current:
        raise errors.Conflict(f"{name} is already {current.value}.", code="already_there")
    if wanted not in _NEXT[current]:
        hint = "Reopen it first: `/inc reopen`." if current in OVER_STATES else "Resolve it first: `/inc resolve`."
        raise errors.Conflict(f"{name} is {current.value}; it cannot become {wanted.value}.", hint, code="wrong_state")


_NOT_NAME = re.compile(r"[^a-z0-9_-]+")


def channel_name(number: int, component: str, failure: str, *, prefix: str = "inc", suffix: str = "") -> str:
    """Slack channel name: `inc-42-fraud-scorer-drift`, at most 80 of [a-z0-9_-] (Slack's rule), suffix kept whole."""
    words = [w for w in (component, failure) if w]
    slug = _NOT_NAME.sub("-", "-".join(words).lower()).strip("-_")
    tail = f"-{suffix}" if suffix else ""
    head = f"{prefix}-{number}" + (f"-{slug}" if slug else "")
    return head[: 80 - len(tail)].rstrip("-_") + tail


def severity_for_alert(word: str, severities: tuple[Severity, ...]) -> str:
    """Severity id for a source's word; empty when it says nothing we know, so that a person sets it."""
    low = word.strip().lower()
    for severity in severities:
        if low and (low == severity.id or low in severity.alert_words):
            return severity.id
    return ""
