"""The timeline as the draft reads it: corrected lines with the payload, actor and place of what they correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from playbooks.domain.people import Actor, ActorKind
from playbooks.domain.timeline import Event, EventKind, Line, Precision, timeline_view

COARSE = frozenset(
    {Precision.APPROX, Precision.HOUR, Precision.DAY, Precision.SPAN, Precision.INFERRED, Precision.UNKNOWN}
)


@dataclass(frozen=True, slots=True)
class Point:
    """An instant and the event that gives it."""

    at: datetime
    seq: int
    precision: Precision = Precision.EXACT

    @property
    def coarse(self) -> bool:
        """Whether the time is not exact to the minute."""
        return self.precision in COARSE


@dataclass(frozen=True, slots=True)
class Span:
    """The time between two cited instants; never negative where it is printed."""

    name: str
    start: Point
    end: Point

    @property
    def seconds(self) -> int:
        """Whole seconds, so that a reader gets the same from the printed times."""
        return int((self.end.at - self.start.at).total_seconds())

    @property
    def coarse(self) -> bool:
        """Whether one of its ends is."""
        return self.start.coarse or self.end.coarse


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline.

    Attributes:
        event: the newest version. kind, actor: those of the first version, since a correction is about the same doing.
        payload: the first version's facts with those of its corrections laid over.
        history: the versions before, oldest first.
    """

    event: Event
    kind: EventKind
    actor: Actor
    payload: Mapping[str, Any]
    component: str
    history: tuple[Event, ...] = ()

    @property
    def seq(self) -> int:
        """Number by which the line is cited."""
        return self.event.seq

    @property
    def at(self) -> datetime:
        """When it happened, whole seconds UTC."""
        return whole_second(self.event.occurred_at)

    @property
    def point(self) -> Point:
        """The instant with its citation."""
        return Point(self.at, self.seq, self.event.new.precision)

    @property
    def human(self) -> bool:
        """Whether a person did it."""
        return self.actor.kind is ActorKind.HUMAN

    def text(self, key: str) -> str:
        """A payload text; empty where absent or of another type."""
        value = self.payload.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """A payload integer; None where absent or of another type."""
        value = self.payload.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def time(self, key: str) -> Point | None:
        """A payload time as an instant cited to this line."""
        at = parsed_time(self.payload.get(key))
        return None if at is None else Point(at, self.seq)


def whole_second(at: datetime) -> datetime:
    """UTC without the fraction: what is printed, and what durations are counted from."""
    return at.astimezone(UTC).replace(microsecond=0)


def parsed_time(value: object) -> datetime | None:
    """A time written by `timeline.utc_text`; None for anything else."""
    if not isinstance(value, str) or len(value) < 19 or value[10:11] != "T":
        return None
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return whole_second(at) if at.tzinfo is not None else None


def entries_of(events: Sequence[Event]) -> tuple[Entry, ...]:
    """The lines of the timeline in order of occurrence."""
    return tuple(_entry(line) for line in timeline_view(events))


def _entry(line: Line) -> Entry:
    first = line.corrected_from[0] if line.corrected_from else line.event
    payload: dict[str, Any] = {}
    for version in (*line.corrected_from, line.event):
        payload.update(version.payload)
    return Entry(
        event=line.event,
        kind=line.event.kind,
        actor=first.new.actor,
        payload=payload,
        component=line.event.new.component or first.new.component,
        history=line.corrected_from,
    )


def role_of(actor: Actor) -> str:
    """Who acted, as a role: a document names no person."""
    if actor.kind is ActorKind.HUMAN:
        return actor.role or (f"member of {actor.team}" if actor.team else "responder")
    if actor.kind is ActorKind.BOT:
        return "Muster"
    return actor.role or actor.id.removeprefix("source:") or actor.kind.value


def first(entries: Sequence[Entry], *kinds: EventKind) -> Entry | None:
    """The first line of one of these kinds."""
    return next((entry for entry in entries if entry.kind in kinds), None)


def last(entries: Sequence[Entry], *kinds: EventKind) -> Entry | None:
    """The last line of one of these kinds."""
    return next((entry for entry in reversed(entries) if entry.kind in kinds), None)


def only(entries: Sequence[Entry], *kinds: EventKind) -> tuple[Entry, ...]:
    """The lines of these kinds."""
    return tuple(entry for entry in entries if entry.kind in kinds)
