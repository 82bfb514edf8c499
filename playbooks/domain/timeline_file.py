"""Timeline files (`incident-timeline/v1`): an incident as somebody wrote it down, read leniently into what to replay.

    {"schema": "incident-timeline/v1", "id": "night-17", "title": "Answers out of date", "tz_in_source": "PDT",
     "events": [{"at": "2026-11-20T14:05:00-08:00", "kind": "alert", "actor": "monitoring", "what": "index is stale",
                 "component": "doc-index", "precision": "minute", "ended_at": null, "result": "worked"}]}

Only `events` with an `at` each must be there. A kind that is not known becomes a note that names it, a time without a
zone takes the offset of the event before it and is marked as inferred, and every other key is kept as a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

from playbooks import errors
from playbooks.domain.people import Actor, ActorKind, source_actor
from playbooks.domain.timeline import EventKind, Precision
from playbooks.domain.wording import one_line

SCHEMA: Final = "incident-timeline/v1"
MOST: Final = 20_000
LONGEST: Final = 3000
_MACHINES = re.compile(
    r"\b(?:systems?|monitor(?:ing)?|market|automat\w*|bot|scheduler|pipeline|internal system|webhook|cron)\b",
    re.IGNORECASE,
)
_PRECISIONS: Final = {
    "approximate": Precision.APPROX,
    "about": Precision.APPROX,
    "second": Precision.EXACT,
    "before": Precision.UNKNOWN,
    "after": Precision.UNKNOWN,
    "relative": Precision.INFERRED,
    "date": Precision.DAY,
    "week": Precision.UNKNOWN,
    "month": Precision.UNKNOWN,
}
# Kinds whose meaning hangs on other events of a running incident: as lines of the past they say nothing alone.
_AMENDING = {EventKind.CORRECTION, EventKind.RETRACTION, EventKind.SOURCE_DELETED, EventKind.REDACTION}
_OWN_KEYS = {"at", "kind", "actor", "what", "precision", "component", "ended_at", "until", "tz", "zone"}
# Facts that Muster itself gives a meaning to: a file may not say them of an action that never went through a lever.
_RESERVED = {"action", "override", "handoff", "phase", "of", "redacts", "event", "due_at", "registry", "stages", "rows"}
_UNSAID = {"", "none", "unknown", "not stated", "not recorded", "not given", "n/a", "?"}


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the file.

    Attributes:
        number: its place in the file, from 1. at, until: UTC. zone: in which it was written.
        facts: what else the file says of it, as an event's payload holds it.
    """

    number: int
    kind: EventKind
    at: datetime
    until: datetime | None
    precision: Precision
    zone: str
    actor: Actor
    text: str
    component: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def due(self) -> datetime:
        """When it can be told: a span when it is over."""
        once = self.kind in _ONCE or self.kind in (EventKind.ALERT, EventKind.CHANGE)
        return self.at if once or self.until is None else self.until

    @property
    def exact(self) -> bool:
        """Whether the time is known well enough to be the time of something that happens."""
        return self.precision in (Precision.EXACT, Precision.MINUTE)


@dataclass(frozen=True, slots=True)
class TimelineFile:
    """A timeline. `told`: by time, those of one instant in the order of the file. `golden`: times people stated."""

    id: str
    title: str
    source: str
    told: tuple[Told, ...]
    components: tuple[str, ...]
    golden: Mapping[str, datetime]


def is_timeline(data: object) -> bool:
    """Whether it is a file of this schema."""
    return isinstance(data, Mapping) and data.get("schema") == SCHEMA


def read_timeline(data: Mapping[str, Any], name: str) -> TimelineFile:
    """Read a file's content; `name` is for messages.

    Raises:
        errors.InputError: no events, too many, or one without a time that can be read; the event is named.
    """
    rows = data.get("events")
    if not isinstance(rows, list) or not rows:
        raise errors.InputError(f"{name} has no events.", "Its `events` is a list of at least one, each with an `at`.")
    if len(rows) > MOST:
        raise errors.InputError(f"{name} has {len(rows)} events; {MOST} at most.", "Replay it in parts.")
    zone = _zone(str(data.get("tz_in_source") or ""))
    coarse = _precision(data.get("precision")) is Precision.DAY
    told = list(_read(rows, name, zone, str(data.get("tz_in_source") or ""), coarse))
    source = str(data.get("source") or "")
    ids = {component_id(text) for text in _texts(data.get("components"))} | {one.component for one in told}
    return TimelineFile(
        id=one_line(str(data.get("id") or name), 120),
        title=one_line(str(data.get("title") or data.get("id") or "an incident of the past"), 200),
        source=source if re.fullmatch(r"https?://[^\s<>\"]{1,2000}", source) else "",
        told=tuple(sorted(told, key=lambda one: (one.at, one.number))),
        components=tuple(sorted(ids - {""})),
        golden=_golden(data.get("facts")),
    )


def component_id(text: str) -> str:
    """A component's name as a registry id: `[a-z0-9][a-z0-9-]*`, at most 63 signs."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")


def _read(rows: Sequence[Any], name: str, zone: tzinfo | None, written: str, coarse: bool) -> Iterator[Told]:
    last = zone
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise errors.InputError(f"{name}: event {number} is no mapping.", 'An event is {"at": …, "kind": …}.')
        at, precision = _time(row.get("at"), last, f"{name}: event {number}")
        last = at.tzinfo or last
        yield _told(row, number, at, precision or (Precision.DAY if coarse else Precision.MINUTE), written, last, name)


def _told(
    row: Mapping[str, Any], number: int, at: datetime, implied: Precision, zone: str, offset: tzinfo | None, name: str
) -> Told:
    kind, unknown = _kind(row.get("kind"))
    end = next((row[key] for key in ("ended_at", "until") if row.get(key)), None)
    until = _time(end, offset, f"{name}: the end of event {number}")[0] if end else None
    until = until if until is not None and until >= at else None
    stated = _precision(row.get("precision"))
    precision = stated if stated is not None and implied is not Precision.INFERRED else implied
    if until is not None and precision in (Precision.EXACT, Precision.MINUTE):
        precision = Precision.SPAN
    text = one_line(str(row.get("what") or row.get("text") or ""), LONGEST) or kind.value.replace("_", " ")
    component = component_id(str(row.get("component") or ""))
    actor = _actor(row, kind)
    return Told(
        number=number,
        kind=kind,
        at=at.astimezone(UTC),
        until=until.astimezone(UTC) if until else None,
        precision=precision,
        zone=zone[:60],
        actor=actor,
        text=f"{unknown}: {text}" if unknown else text,
        component=component,
        facts=_facts(row, kind, component, actor),
    )


def _kind(value: object) -> tuple[EventKind, str]:
    """The kind, and the word of the file where it is none of ours."""
    word = str(value or "note").strip().lower().replace("-", "_").replace(" ", "_")
    also = {"impact_began": "impact_start", "deploy": "change", "acknowledged": "ack", "hand_off": "handoff",
            "communication": "comms", "mitigation": "mitigated", "resolution": "resolved"}  # fmt: skip
    try:
        kind = EventKind(also.get(word, word))
    except ValueError:
        return EventKind.NOTE, one_line(word.replace("_", " "), 60)
    return (EventKind.NOTE, kind.value.replace("_", " ")) if kind in _AMENDING else (kind, "")


def _precision(value: object) -> Precision | None:
    word = str(value or "").strip().lower().split(" ")[0]
    if not word:
        return None
    if word in _PRECISIONS:
        return _PRECISIONS[word]
    try:
        return Precision(word)
    except ValueError:
        return Precision.UNKNOWN


def _time(value: object, zone: tzinfo | None, where: str) -> tuple[datetime, Precision | None]:
    """A time with what its writing tells of its precision: a date alone is a day, a time without a zone is inferred."""
    text = str(value or "").strip().replace("Z", "+00:00").replace("z", "+00:00")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise errors.InputError(
            f"{where} has no time that can be read: “{one_line(text, 40)}”.", "Write `2026-11-20T14:05:00-08:00`."
        ) from None
    day = Precision.DAY if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    if at.tzinfo is not None:
        return at, day
    return at.replace(tzinfo=zone or UTC), day or Precision.INFERRED


def _zone(text: str) -> tzinfo | None:
    """`UTC`, `UTC+1`, `GMT-08:00`; letters of other zones are not guessed, the offsets of the events tell."""
    found = re.match(r"(?:UTC|GMT)(?:\s*([+-])(\d{1,2})(?::?(\d\d))?)?(?!\w)", text.strip(), re.IGNORECASE)
    if found is None:
        return None
    sign = -1 if found[1] == "-" else 1
    hours = min(int(found[2] or 0), 14)
    return timezone(sign * timedelta(hours=hours, minutes=min(int(found[3] or 0), 59)))


def _actor(row: Mapping[str, Any], kind: EventKind) -> Actor:
    name = one_line(str(row.get("actor") or ""), 60)
    stated = str(row.get("actor_type") or "").lower()
    machine = stated in ("system", "bot", "vendor") or (not stated and bool(_MACHINES.search(name)))
    if machine or (not name and kind in (EventKind.ALERT, EventKind.CHANGE, EventKind.IMPACT_START)):
        return source_actor(name or "system")
    team = component_id(name) or "responders"
    return Actor(ActorKind.HUMAN, f"team:{team}", role=name or "responders", team=team)


def _facts(row: Mapping[str, Any], kind: EventKind, component: str, actor: Actor) -> dict[str, Any]:
    kept = {one_line(str(key), 60): _plain(value) for key, value in row.items() if key not in _OWN_KEYS}
    facts = {(f"told_{key}" if key in _RESERVED else key): value for key, value in kept.items()}
    result = str(facts.get("result") or "")
    right = str(facts.get("authority") or facts.get("right") or "")
    if right.lower() in _UNSAID:
        facts.pop("right", None)
    elif kind in (EventKind.DECISION, EventKind.ACTION):
        facts["right"] = one_line(right, 200)
    if kind is EventKind.HYPOTHESIS:
        facts["state"] = str(facts.get("state") or result or "open")
    elif kind is EventKind.VERIFICATION:
        facts["outcome"] = str(facts.get("outcome") or result)
    elif kind is EventKind.HANDOFF:
        facts = {"from_team": actor.team, **facts, "to_team": component_id(str(facts.get("to_team") or ""))}
    elif kind is EventKind.CHANGE:
        facts = {"kind": "change", "subject": component, "before": "", "after": "", "source": actor.role, **facts}
    elif kind is EventKind.DETECTED and "eval" in str(facts.get("signal") or "").lower():
        facts["by"] = "evaluation"
    return facts


def _plain(value: object) -> Any:
    """As an event's payload may hold it: no floats, text of bounded length."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {one_line(str(key), 60): _plain(inner) for key, inner in list(value.items())[:50]}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value[:50]]
    return one_line(str(value), 300)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _golden(value: object) -> dict[str, datetime]:
    """The instants among the facts that people stated; figures in words stay out."""
    found: dict[str, datetime] = {}
    for key, text in value.items() if isinstance(value, Mapping) else ():
        try:
            at = datetime.fromisoformat(str(text))
        except ValueError:
            continue
        if str(key).endswith("_at") and at.tzinfo is not None:
            found[str(key)] = at.astimezone(UTC)
    return found


def without_doubles(told: Sequence[Told]) -> tuple[Told, ...]:
    """Milestones that are said of several components: the first or last is the incident's, the others are phases.

    An incident begins with the earliest and is over with the latest; what is said of a component besides is its own.
    """
    kept = list(told)
    for kind, (otherwise, last) in _ONCE.items():
        several = [index for index, one in enumerate(kept) if one.kind is kind]
        for index in several[:-1] if last else several[1:]:
            one = kept[index]
            if one.component and kind is not EventKind.DECLARED:
                kept[index] = replace(one, facts={**one.facts, "phase": one.component})
            else:
                kept[index] = replace(one, kind=otherwise)
    return tuple(kept)


# What a further one without a component is told as, and whether the last one counts.
_ONCE: Final = {
    EventKind.IMPACT_START: (EventKind.IMPACT_CHANGE, False),
    EventKind.DETECTED: (EventKind.OBSERVATION, False),
    EventKind.AWARE: (EventKind.NOTE, False),
    EventKind.DECLARED: (EventKind.NOTE, False),
    EventKind.ACK: (EventKind.NOTE, False),
    EventKind.MITIGATED: (EventKind.NOTE, True),
    EventKind.RESOLVED: (EventKind.NOTE, True),
}
