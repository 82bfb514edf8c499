"""A timeline file told again: each of its events by the way it comes in when it really happens, at its own time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

import yaml

from playbooks.domain.backfill import Entered
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventKind
from playbooks.domain.timeline_file import TimelineFile, Told, without_doubles
from playbooks.plays.incident import failure_of

# Somebody took it up: the incident is opened at the first of these, if no alert has opened it before.
_NOTICED = (EventKind.DECLARED, EventKind.REPORT, EventKind.DETECTED, EventKind.AWARE, EventKind.ACK)
_BEFORE = (EventKind.CHANGE, EventKind.IMPACT_START, EventKind.IMPACT_CHANGE, EventKind.ALERT)


class Hands(Protocol):
    """What senders and people can do; the clock stands at the time of the event."""

    def at(self, when: datetime) -> None:
        """It is this time now, unless it is later already."""

    def alert(self, body: bytes) -> int | None:
        """An alert comes in; the incident it belongs to."""

    def change(self, body: bytes) -> None:
        """A change comes in."""

    def declare(self, told: Told, title: str, component: str) -> int:
        """Somebody opens an incident; its number."""

    def acknowledge(self, told: Told, incident: int) -> None:
        """Somebody takes it."""

    def update(self, told: Told, incident: int) -> None:
        """Somebody speaks to people."""

    def mitigate(self, told: Told, incident: int) -> None:
        """Somebody says that the harm has stopped."""

    def resolve(self, told: Told, incident: int) -> None:
        """Somebody says that it is over."""

    def write(self, told: Told, incident: int, line: Entered) -> None:
        """Somebody tells a line of the timeline, at its own time."""

    def changes_in(self, incident: int) -> set[str]:
        """Keys of the changes that are in the timeline of the incident."""


@dataclass(slots=True)
class Teller:
    """Tells a file. `incident`: where it is told, None until it is opened; `past`: what was before that."""

    file: TimelineFile
    hands: Hands
    incident: int | None = None
    past: list[Told] = field(default_factory=list)
    over: bool = False

    def tell(self) -> int:
        """All of it, in order of time; the incident's number."""
        told = without_doubles(self.file.told)
        opener = opener_of(told)
        for one in sorted(told, key=lambda one: (one.due, one.at, one.number)):
            self.hands.at(one.due)
            if self.incident is not None:
                self._act(one, self.incident)
            elif one is opener:
                self._open(one)
            else:
                self._wait(one)
        if self.incident is None:
            self._open(told[-1])
        assert self.incident is not None
        return self.incident

    def _wait(self, one: Told) -> None:
        """Before anybody knows of an incident: senders speak all the same."""
        if one.kind is EventKind.ALERT and one.exact:
            self.incident = self.hands.alert(self._alert(one))
            self._catch_up()
            return
        if one.kind is EventKind.CHANGE and one.exact:
            self.hands.change(self._change(one))
        self.past.append(one)

    def _open(self, one: Told) -> None:
        known = list(self.past)
        self.incident = self.hands.declare(one, self.file.title, main_component(self.file))
        self._catch_up()
        if one in known:
            return  # told with what was before
        if one.kind is not EventKind.DECLARED:
            self._act(one, self.incident)
        else:
            # A declaration takes no words: they are a note beside it, or correct it where its time is coarse.
            self._write(replace(one, kind=EventKind.NOTE) if one.exact else one, self.incident)

    def _catch_up(self) -> None:
        """What lies before the opening is told afterwards; changes of the last days came in with it."""
        if self.incident is None:
            return
        there = self.hands.changes_in(self.incident)
        past, self.past = self.past, []
        for one in past:
            if one.kind is not EventKind.CHANGE or self._key(one) not in there:
                self._write(one, self.incident)

    def _act(self, one: Told, incident: int) -> None:
        live = one.exact and not one.facts.get("phase")
        if one.kind is EventKind.ALERT and live:
            self.hands.alert(self._alert(one))
        elif one.kind is EventKind.CHANGE and live:
            self.hands.change(self._change(one))
            if self._key(one) not in self.hands.changes_in(incident):
                self._write(one, incident)
        elif one.kind is EventKind.RESOLVED and not one.facts.get("phase"):
            self.hands.resolve(one, incident)
            if not one.exact:
                self._write(one, incident)  # the same moment, as exact as it is known
        elif one.kind is EventKind.ACK and live and not self.over:
            self.hands.acknowledge(one, incident)
            self._write(replace(one, kind=EventKind.NOTE), incident)  # what was said with it
        elif one.kind is EventKind.MITIGATED and live and not self.over:
            self.hands.mitigate(one, incident)
        elif live and one.kind is EventKind.COMMS and not one.facts.get("audience"):
            self.hands.update(one, incident)
        else:
            self._write(one, incident)
        self.over = self.over or one.kind is EventKind.RESOLVED

    def _write(self, one: Told, incident: int) -> None:
        self.hands.write(one, incident, line_of(one))

    def _key(self, one: Told) -> str:
        return f"{self.file.id}:{one.number}"

    def _alert(self, one: Told) -> bytes:
        body: dict[str, Any] = {
            "name": one.text[:120],
            "labels": {"timeline": self.file.id[:200], "event": str(one.number), "component": one.component or "none"},
            "starts_at": one.at.isoformat(),
            "summary": one.text,
        }
        if self.file.source:
            body["link"] = self.file.source
        severity = one.facts.get("severity")
        return _json(body | ({"severity": severity} if isinstance(severity, str) else {}))

    def _change(self, one: Told) -> bytes:
        facts = one.facts
        body = {
            "id": self._key(one)[:200],
            "kind": str(facts.get("kind") or "change")[:60],
            "subject": (one.component or str(facts.get("subject") or "") or main_component(self.file))[:300],
            "before": str(facts.get("before") or "")[:300],
            "after": str(facts.get("after") or one.text)[:300],
            "at": one.at.isoformat(),
            "by": (one.actor.role or one.actor.id)[:200],
        }
        return _json(body | ({"link": self.file.source} if self.file.source else {}))


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def opener_of(told: Sequence[Told]) -> Told | None:
    """With which event a person opens the incident, where no alert does it before."""
    began = next((one.at for one in told if one.kind is EventKind.IMPACT_START), None)
    people = [one for one in told if one.kind not in _BEFORE and (began is None or one.at >= began)]
    declared = next((one for one in told if one.kind is EventKind.DECLARED), None)
    noticed = next((one for one in people if one.kind in _NOTICED), None)
    return declared or noticed or next(iter(people), None)


def line_of(one: Told) -> Entered:
    """The event as a line told afterwards."""
    return Entered(
        number=one.number,
        kind=one.kind,
        text=one.text,
        at=one.at,
        until=one.until if one.due != one.at else None,
        precision=one.precision,
        zone=one.zone or "UTC",
        component=one.component,
        payload=dict(one.facts),
    )


# ------------------------------------------------------------------ who owns what there


def main_component(file: TimelineFile) -> str:
    """The component the incident is opened for: of the first alert, else of the impact, else the first named."""
    for kind in (EventKind.ALERT, EventKind.IMPACT_START, EventKind.RESOLVED):
        found = next((one.component for one in file.told if one.kind is kind and one.component), "")
        if found:
            return found
    return next((one.component for one in file.told if one.component), "") or next(iter(file.components), "incident")


def registry_text(file: TimelineFile) -> str:
    """An `ownership.yaml` of the file's own components and teams; nobody in it is asked, paged or has a channel."""
    main = main_component(file)
    teams = sorted({one.actor.team for one in file.told if one.actor.team}) or ["responders"]
    others = [name for name in file.components if name != main]
    known: dict[str, Any] = {name: {"kind": "service", "accountable": teams[0]} for name in others}
    match = {"match": {"labels.timeline": file.id[:200]}, "failure": failure_of(file.title)}
    known[main] = {"kind": "service", "accountable": teams[0], "depends_on": others, "alerts": [match]}
    people = {f"of-{name}"[:63]: {"slack": slack_id(name)} for name in teams}
    document = {
        "api": "ownership/v1",
        "people": people,
        "teams": {name: {"members": [f"of-{name}"[:63]]} for name in teams},
        "components": known,
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def slack_id(team: str) -> str:
    """A Slack user id for the people of a team in a replay."""
    return f"U{sha256(team.encode()).hexdigest()[:9].upper()}"


def with_file(registry: Registry, file: TimelineFile) -> Registry:
    """The registry in force with what it does not know of the file's components and teams."""
    own = Registry.load(registry_text(file), name=f"{file.id}.yaml")
    return replace(
        own,
        people={**own.people, **registry.people},
        teams={**own.teams, **registry.teams},
        components={**own.components, **registry.components, main_component(file): own.component(main_component(file))},
    )
