"""Earlier incidents that are like one: by which traits, how close, and what is recorded of them for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from playbooks.domain.drafts.entries import parsed_time
from playbooks.domain.incidents import Incident
from playbooks.domain.timeline import utc_text

MOST = 3
REACH = timedelta(days=365)
"""How far back earlier incidents are looked for."""


class Trait(StrEnum):
    """What an earlier incident may share with one."""

    COMPONENT = "component"
    UPSTREAM = "upstream"
    FAILURE = "failure"
    SIGNAL = "signal"


_WEIGHT = {Trait.COMPONENT: 4, Trait.FAILURE: 3, Trait.UPSTREAM: 2, Trait.SIGNAL: 1}
_ENOUGH = 2  # the same metric alone says nothing


@dataclass(frozen=True, slots=True)
class Alike:
    """An earlier incident with the traits it shares, in the order of `Trait`."""

    incident: Incident
    traits: tuple[Trait, ...]

    @property
    def closeness(self) -> int:
        """The weights of its traits together; more is closer."""
        return sum(_WEIGHT[trait] for trait in self.traits)


def closest(incident: Incident, earlier: Iterable[Incident], upstream: Collection[str]) -> tuple[Alike, ...]:
    """The closest earlier incidents, of equally close ones the newest first; three at most.

    Args:
        earlier: incidents that are over. upstream: components that the incident's own component reads.
    """
    found = [Alike(other, traits_of(incident, other, upstream)) for other in earlier if other.id != incident.id]
    close = [one for one in found if one.closeness >= _ENOUGH]
    close.sort(key=lambda one: (-one.closeness, -one.incident.opened_at.timestamp(), -one.incident.id))
    return tuple(close[:MOST])


def traits_of(incident: Incident, other: Incident, upstream: Collection[str]) -> tuple[Trait, ...]:
    """What two incidents share."""
    metric = _metric(incident)
    shared = {
        Trait.COMPONENT: bool(incident.component) and other.component == incident.component,
        Trait.UPSTREAM: other.component in upstream,
        Trait.FAILURE: bool(incident.failure) and other.failure == incident.failure,
        Trait.SIGNAL: bool(metric) and _metric(other) == metric,
    }
    return tuple(trait for trait in Trait if shared[trait])


def _metric(incident: Incident) -> str:
    return " ".join(incident.signal.get("metric", "").lower().split())


def why_alike(traits: Sequence[Trait]) -> str:
    """`same component and failure`, `upstream component, same failure`: the traits as a clause."""
    same = [trait.value for trait in traits if trait is not Trait.UPSTREAM]
    said = f"same {', '.join(same[:-1])} and {same[-1]}" if len(same) > 1 else f"same {same[0]}" if same else ""
    return ", ".join(part for part in ("upstream component" if Trait.UPSTREAM in traits else "", said) if part)


def ago(at: datetime, now: datetime) -> str:
    """`5 hours ago`, `3 weeks ago`: how long before, roughly, as people say it."""
    seconds = max(0.0, (now - at).total_seconds())
    for unit, length, most in (("hour", 3600, 48), ("day", 86400, 14), ("week", 604800, 9), ("month", 2629800, 24)):
        count = int(seconds // length)
        if count < most:
            return f"{count} {unit}{'s' if count != 1 else ''} ago" if count else "within the hour"
    return f"{int(seconds // 31557600)} years ago"


# ------------------------------------------------------------------ what is recorded


@dataclass(frozen=True, slots=True)
class Done:
    """An action of an earlier incident whose effect was read back."""

    action: int
    kind: str
    component: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Left:
    """A follow-up of an earlier incident that was not done when the later one began. `type` may be empty."""

    number: int
    type: str
    due: datetime
    overdue: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stands in the chain about one similar incident. `ended`: when it was resolved."""

    incident: int
    component: str
    failure: str
    traits: tuple[Trait, ...]
    ended: datetime | None
    done: tuple[Done, ...] = ()
    left: tuple[Left, ...] = ()

    @property
    def name(self) -> str:
        """`INC-17`."""
        return f"INC-{self.incident}"

    @property
    def why(self) -> str:
        """By what it is alike, as a clause."""
        return why_alike(self.traits)


def facts_of_earlier(moment: str, earlier: Sequence[Earlier]) -> dict[str, Any]:
    """Payload of a `similar` event: what was known at a moment (`opened`, `resolved`), by numbers and times alone."""
    return {"moment": moment, "similar": [_row(one) for one in earlier]}


def _row(one: Earlier) -> dict[str, Any]:
    return {
        "incident": one.incident,
        "component": one.component,
        "failure": one.failure,
        "traits": [trait.value for trait in one.traits],
        "ended": utc_text(one.ended),
        "done": [
            {"action": d.action, "kind": d.kind, "component": d.component, "before": d.before, "after": d.after}
            for d in one.done
        ],
        "left": [{"number": f.number, "type": f.type, "due": utc_text(f.due), "overdue": f.overdue} for f in one.left],
    }


def earlier_of(payload: Mapping[str, Any]) -> tuple[Earlier, ...]:
    """Read the payload of a `similar` event; what has another form is left out."""
    return tuple(one for one in (_read(row) for row in _rows(payload, "similar")) if one is not None)


def _read(row: Mapping[str, Any]) -> Earlier | None:
    number, traits = _number(row, "incident"), row.get("traits")
    known = {trait.value for trait in Trait}
    shared = tuple(Trait(t) for t in traits if isinstance(t, str) and t in known) if isinstance(traits, list) else ()
    if number is None or not shared:
        return None
    return Earlier(
        number,
        _text(row, "component"),
        _text(row, "failure"),
        shared,
        parsed_time(row.get("ended")),
        tuple(
            Done(n, _text(d, "kind"), _text(d, "component"), _text(d, "before"), _text(d, "after"))
            for d in _rows(row, "done")
            if (n := _number(d, "action")) is not None
        ),
        tuple(
            Left(n, _text(f, "type"), due, f.get("overdue") is True)
            for f in _rows(row, "left")
            if (n := _number(f, "number")) is not None and (due := parsed_time(f.get("due"))) is not None
        ),
    )


def _rows(payload: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = payload.get(key)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []


def _number(row: Mapping[str, Any], key: str) -> int | None:
    value = row.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""
