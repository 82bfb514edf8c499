"""An alert as Muster understands it, whatever its source, and the decision taken on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256


class AlertStatus(StrEnum):
    """Whether the condition holds."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Decision(StrEnum):
    """What was done with an incoming alert or change; closed, shown to senders and people."""

    OPENED = "opened"
    ATTACHED = "attached"
    DUPLICATE = "duplicate"
    RESOLVED = "resolved"
    UNOWNED = "unowned"
    RAW = "raw"
    REJECTED = "rejected"
    ECHO = "echo"
    CHANGE = "change"
    MUTED = "muted"
    HELD = "held"
    MONITORED = "monitored"
    REOPENED = "reopened"
    EXPECTED = "expected"


KEPT_BACK = frozenset({Decision.MUTED, Decision.HELD, Decision.MONITORED})
"""Decisions on alerts that are kept and listed, but belong to no incident."""


class Reason(StrEnum):
    """Why that decision; every value reads as the end of "because …"."""

    NEW_FAILURE = "no open incident for this component and failure"
    OPEN_INCIDENT = "an incident for this component and failure is open"
    SAME_EPISODE = "this episode of the alert is already known"
    STALE_FIRING = "this episode was already reported resolved"
    FIRING_ENDED = "the source reports the end of this episode"
    ENDED_UNSEEN = "the source reports the end of an episode never seen firing"
    NO_COMPONENT = "no component's matcher fits; the triage team is told"
    NOT_MAPPABLE = "the body cannot be read as this source's format; kept for triage"
    BAD_ALERT = "this alert of the body cannot be used; kept in quarantine"
    OWN_ACTION = "it is the echo of an action Muster took"
    RECORDED_CHANGE = "changes are recorded and open no incident"
    SILENCED = "a silence covers it; it is kept and listed"
    MAINTENANCE = "its component is in maintenance; it is kept and listed"
    FLAPPING = "it fires and ends over and over; held until it stands still"
    NOT_SUSTAINED = "the breach is not sustained yet, as its matcher asks; held"
    MONITOR_MODE = "its matcher is in monitor mode; it is recorded and opens nothing"
    UPSTREAM_OPEN = "an incident of what its component reads is open"
    SAME_COMPONENT = "an incident of its component opened just before"
    JUST_RESOLVED = "its incident was resolved just before and is open again"
    EARLIER_OVER = "the last incident for this failure is over; the new one refers to it"
    SIGNAL_CAME = "it is a signal that was expected; it is due again later"
    NO_ALERT = "it says nothing of whether something fires; kept as it came"


class Known(StrEnum):
    """How the episode is known that a source's word belongs to; closed."""

    BY_ID = "by_id"
    """The fingerprint names one episode: an incident's number over there."""
    BY_TURN = "by_turn"
    """Each firing word is a turn to the worse at its own time, each end ends what began before it."""
    WHILE_OPEN = "while_open"
    """A firing word while the series fires repeats it; after an end, or once people closed it, it begins a new one."""


@dataclass(frozen=True, slots=True)
class Said:
    """What comes with an alert whose source does not state (fingerprint, start) with every word.

    Attributes:
        known: how its episode is found, None where its start is stated. delivery: the source's id of the delivery,
            the same when it is sent again; empty where it gives none.
    """

    known: Known | None = None
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one source, normalised. Identity of an episode: (source, fingerprint, starts_at).

    Attributes:
        source: name of the configured source instance.
        fingerprint: the source's own stable identity of the series, or `label_fingerprint`.
        name: alert name (`alertname`), used as the failure key where no matcher declares one.
        status: firing or resolved.
        starts_at: start of the episode, UTC.
        ends_at: end of the episode, UTC, None while firing.
        severity: as the source says it (`critical`, `warning`), empty when unsaid.
        summary: one line for people, from the source.
        labels, annotations: as received, text to text.
        link: where the source shows it, may be empty.
        signal: measured figures for people in the order given (`value`, `limit`, `samples`, `windows`, `silent_since`).
        said: None where every word of the source states the start of its episode.
    """

    source: str
    fingerprint: str
    name: str
    status: AlertStatus
    starts_at: datetime
    ends_at: datetime | None = None
    severity: str = ""
    summary: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    signal: Mapping[str, str] = field(default_factory=dict)
    said: Said | None = None

    def fact(self, path: str) -> str | None:
        """Value at a closed path: `source`, `name`, `severity`, `labels.X` or `annotations.X`; None when absent."""
        head, _, rest = path.partition(".")
        if head == "labels":
            return self.labels.get(rest)
        if head == "annotations":
            return self.annotations.get(rest)
        if path in ("source", "name", "severity", "fingerprint"):
            return str(getattr(self, path))
        return None


def label_fingerprint(labels: Mapping[str, str]) -> str:
    """Identity for a source that gives none: 16 hex digits over the sorted labels."""
    text = "\x00".join(f"{k}\x01{v}" for k, v in sorted(labels.items()))
    return sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Change:
    """A deploy, promotion, flag or configuration change, as its source reports it.

    Attributes:
        source: name of the configured source instance.
        key: identity of the delivery, for deduplication.
        kind: `model_alias`, `flag`, `deploy`, `config`, … free word of the source.
        subject: what changed (`fraud-scorer@champion`, a flag's name).
        before, after: versions or states as text, empty where the source does not say.
        environment: where, empty where unsaid.
        occurred_at: UTC.
        by: who did it according to the source, may be empty.
    """

    source: str
    key: str
    kind: str
    subject: str
    after: str
    occurred_at: datetime
    before: str = ""
    environment: str = ""
    by: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one alert of a body: what was decided, why, and for which incident.

    `path`: the stages that had something to say, as (stage, what it did, why).
    """

    alert_id: str
    fingerprint: str
    status: str
    decision: Decision
    reason: Reason
    incident: int | None = None
    path: tuple[tuple[str, str, str], ...] = ()
