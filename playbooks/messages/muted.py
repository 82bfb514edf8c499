"""What is kept quiet: a silence, the list of all that is muted or held, and the decision path of an alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Who


@dataclass(frozen=True, slots=True)
class SilenceNote:
    """A silence or a maintenance, edited until it is over.

    Attributes:
        number: of `S-3`. kind: `silence` or `maintenance`. scope: `fraud-scorer`, or `drift on fraud-scorer`.
        phase: `planned`, `on`, `over`. opens: whether what still fires at the end is decided again.
        ended_by: None where it ended by itself or is not over.
    """

    number: int
    kind: str
    scope: str
    phase: str
    reason: str
    by: Who
    starts_at: datetime
    ends_at: datetime
    opens: bool
    muted: int
    ended_at: datetime | None = None
    ended_by: Who | None = None


@dataclass(frozen=True, slots=True)
class KeptRow:
    """Alerts of one failure that were kept back: how many, how many still fire, the last one and why.

    `how`: `muted`, `held` or `monitored`.
    """

    how: str
    component: str
    failure: str
    count: int
    firing: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SilenceList:
    """`/inc silences`: what is muted now or planned, what ended lately, and all alerts kept back in the last day."""

    now: tuple[SilenceNote, ...]
    ended: tuple[SilenceNote, ...]
    kept: tuple[KeptRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class AlertPath:
    """`/inc why <alert>`: the stages an alert went through, each with its reason.

    Attributes:
        alert: id. status: `firing` or `resolved`. decision: in words. steps: (stage, what it did, why).
        signal: the typed reading in one line; since: when it first broke its limit; silent: seconds from then until it
            was received.
        incident: `INC-7`, empty for none. seen: how often the episode came. others: ids of more that fit.
    """

    alert: str
    name: str
    source: str
    component: str
    status: str
    decision: str
    reason: str
    received_at: datetime
    updated_at: datetime
    seen: int
    steps: tuple[tuple[str, str, str], ...]
    incident: str = ""
    channel: str = ""
    link: str = ""
    others: tuple[tuple[str, str, datetime], ...] = ()
    signal: str = ""
    since: datetime | None = None
    silent: int | None = None
