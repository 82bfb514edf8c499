"""Timeline events and their hash chain: append-only, corrections are events, the order is provable."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

from playbooks.domain.people import Actor, ActorKind


class EventKind(StrEnum):
    """What an event tells. `aware`: since when the organisation knows, which starts the clocks of the law."""

    ALERT = "alert"
    CHANGE = "change"
    DECLARED = "declared"
    DETECTED = "detected"
    AWARE = "aware"
    IMPACT_START = "impact_start"
    IMPACT_CHANGE = "impact_change"
    ACK = "ack"
    STATUS = "status"
    SEVERITY = "severity"
    ROLE = "role"
    HANDOFF = "handoff"
    COMMS = "comms"
    NOTE = "note"
    HYPOTHESIS = "hypothesis"
    OBSERVATION = "observation"
    REPORT = "report"
    DECISION = "decision"
    REFUSAL = "refusal"
    ACTION = "action"
    ACTION_RESULT = "action_result"
    VERIFICATION = "verification"
    OVERRIDE = "override"
    UNDO_DUE = "undo_due"
    UNDONE = "undone"
    PAGE = "page"
    STATE = "state"
    SIMILAR = "similar"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CORRECTION = "correction"
    RETRACTION = "retraction"
    SOURCE_DELETED = "source_deleted"
    REDACTION = "redaction"


class Precision(StrEnum):
    """How exact `occurred_at` is."""

    EXACT = "exact"
    MINUTE = "minute"
    APPROX = "approx"
    HOUR = "hour"
    DAY = "day"
    SPAN = "span"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class EventSource(StrEnum):
    """By which way the event came in."""

    SLASH = "slash"
    BUTTON = "button"
    MESSAGE = "message"
    REACTION = "reaction"
    PIN = "pin"
    WEBHOOK = "webhook"
    SCHEDULER = "scheduler"
    JOB = "job"
    API = "api"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append; sequence, salt and hashes are given by the store.

    Attributes:
        kind: see `EventKind`.
        text: one line for people; it may be redacted later, its digest stays.
        actor: who acted, with the role at that moment.
        occurred_at: when it happened, UTC. precision: how exact that is.
        source: by which way it came in. source_ref: link to the message or the sender's page, may be empty.
        dedup_key: unique within the incident; appending it again changes nothing.
        component: registry id, may be empty.
        payload: facts typed per kind: text, integers, booleans, null, lists and maps of these; no floats.
        supersedes, retracts: id of the event corrected or taken back.
        reason: why a correction or retraction was made.
        occurred_until: end of a span, UTC.
        entered_tz: zone in which a person typed the time.
    """

    kind: EventKind
    text: str
    actor: Actor
    occurred_at: datetime
    source: EventSource
    dedup_key: str
    precision: Precision = Precision.EXACT
    source_ref: str = ""
    component: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    supersedes: str = ""
    retracts: str = ""
    reason: str = ""
    occurred_until: datetime | None = None
    entered_tz: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the chain. `new` is what was said; the rest is the chain's."""

    id: str
    incident_id: int
    seq: int
    new: NewEvent
    recorded_at: datetime
    salt: str
    content_sha256: str
    prev_hash: str
    hash: str
    redacted: bool = False

    @property
    def kind(self) -> EventKind:
        """Shorthand for `new.kind`."""
        return self.new.kind

    @property
    def text(self) -> str:
        """The text as it stands; empty after redaction."""
        return self.new.text

    @property
    def occurred_at(self) -> datetime:
        """When it happened, UTC."""
        return self.new.occurred_at

    @property
    def payload(self) -> Mapping[str, Any]:
        """The typed facts."""
        return self.new.payload


def genesis(incident_id: int) -> str:
    """The `prev_hash` of an incident's first event: the incident's id itself."""
    return f"INC-{incident_id}"


def utc_text(at: datetime | None) -> str | None:
    """UTC with microseconds, the one way a time is written into the chain; None stays None."""
    return None if at is None else _moment_text(at)


@lru_cache(maxsize=128)  # an event says the same few moments again and again; the next batch has others
def _moment_text(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot enter the chain")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8. Raises ValueError on floats, so that no rounding enters a hash."""
    _no_floats(value)
    return _encode(value).encode()


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_PLAIN = frozenset((str, int, bool, type(None)))


def _no_floats(value: Any) -> None:
    if type(value) is dict:
        for inner in value.values():
            if type(inner) not in _PLAIN:
                _no_floats(inner)
        return
    if isinstance(value, float):
        raise ValueError("floats do not enter the chain; write the figure as text")
    if isinstance(value, Mapping):
        for inner in value.values():
            _no_floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _no_floats(inner)


def content_digest(salt: str, text: str) -> str:
    """Salted digest of the text: the text may be blanked for privacy and the chain still verifies."""
    return sha256(f"{salt}\x00{text}".encode()).hexdigest()


def event_hash(
    *, event_id: str, incident_id: int, seq: int, new: NewEvent, recorded_at: datetime, content_sha256: str, prev: str
) -> str:
    """Hash over everything of an event but its text (which enters through its digest) and over the hash before it."""
    return sha256(
        canonical(
            {
                "id": event_id,
                "incident": incident_id,
                "seq": seq,
                "kind": new.kind.value,
                "occurred_at": utc_text(new.occurred_at),
                "occurred_until": utc_text(new.occurred_until),
                "precision": new.precision.value,
                "entered_tz": new.entered_tz,
                "recorded_at": utc_text(recorded_at),
                "source": new.source.value,
                "source_ref": new.source_ref,
                "dedup_key": new.dedup_key,
                "actor": [new.actor.kind.value, new.actor.id, new.actor.slack, new.actor.role, new.actor.team],
                "component": new.component,
                "payload": new.payload,
                "supersedes": new.supersedes,
                "retracts": new.retracts,
                "reason": new.reason,
                "content": content_sha256,
                "prev": prev,
            }
        )
    ).hexdigest()


def link_event(
    *, event_id: str, incident_id: int, seq: int, new: NewEvent, recorded_at: datetime, salt: str, prev: str
) -> Event:
    """Give a new event its place in the chain."""
    digest = content_digest(salt, new.text)
    own = event_hash(
        event_id=event_id,
        incident_id=incident_id,
        seq=seq,
        new=new,
        recorded_at=recorded_at,
        content_sha256=digest,
        prev=prev,
    )
    return Event(event_id, incident_id, seq, new, recorded_at, salt, digest, prev, own)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """Outcome of verifying a chain.

    Attributes:
        ok: whether every event verifies and the sequence has no gap.
        count: events looked at. head: hash of the last event, or the genesis.
        broken_at: sequence number of the first event that does not verify, None when ok.
        why: what is wrong there, in words.
    """

    ok: bool
    count: int
    head: str
    broken_at: int | None = None
    why: str = ""


def verify_chain(incident_id: int, events: Sequence[Event], *, head: str | None = None) -> ChainReport:
    """Check sequence, links, digests and hashes of an incident's events, in order of `seq`.

    Args:
        incident_id: whose chain. events: all its events. head: the head recorded beside the incident, where known;
            a chain cut short at its end is found by it.
    """
    prev = genesis(incident_id)
    for expected, event in enumerate(events, start=1):
        if event.seq != expected:
            return ChainReport(False, len(events), prev, expected, f"event {expected} is missing")
        if event.prev_hash != prev:
            return ChainReport(False, len(events), prev, event.seq, "it does not follow the event before it")
        if not event.redacted and content_digest(event.salt, event.new.text) != event.content_sha256:
            return ChainReport(False, len(events), prev, event.seq, "its text was changed")
        again = event_hash(
            event_id=event.id,
            incident_id=incident_id,
            seq=event.seq,
            new=event.new,
            recorded_at=event.recorded_at,
            content_sha256=event.content_sha256,
            prev=prev,
        )
        if again != event.hash:
            return ChainReport(False, len(events), prev, event.seq, "its facts were changed")
        prev = event.hash
    if head is not None and events and head != prev:
        return ChainReport(False, len(events), prev, len(events) + 1, "events are missing at the end")
    if head is not None and not events and head != genesis(incident_id):
        return ChainReport(False, 0, prev, 1, "all events are missing")
    return ChainReport(True, len(events), prev)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline as read today: the newest text, with what it was before."""

    event: Event
    corrected_from: tuple[Event, ...] = ()


def timeline_view(events: Iterable[Event]) -> list[Line]:
    """The timeline people read: without superseded and retracted events, by (`occurred_at`, seq).

    A correction stands in the place and kind of the event it corrects; a retraction and a deleted source take it out.
    """
    every = sorted(events, key=lambda e: e.seq)
    replaced_by: dict[str, Event] = {}
    gone: set[str] = set()
    for event in every:
        if event.new.supersedes:
            replaced_by[event.new.supersedes] = event
        if event.new.retracts:
            gone.add(event.new.retracts)
    lines = []
    for event in every:
        if event.new.supersedes or event.new.retracts or event.kind in (EventKind.RETRACTION, EventKind.REDACTION):
            continue
        history: list[Event] = []
        current = event
        while current.id in replaced_by:
            history.append(current)
            current = replaced_by[current.id]
        if event.id in gone or current.id in gone:
            continue
        if history:
            current = replace(current, new=replace(current.new, kind=event.kind))
        lines.append(Line(current, tuple(history)))
    return sorted(lines, key=lambda line: (line.event.occurred_at, line.event.seq))


def is_machine(actor: Actor) -> bool:
    """Whether nobody's hand was in it."""
    return actor.kind is not ActorKind.HUMAN
