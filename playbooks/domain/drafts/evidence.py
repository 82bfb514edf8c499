"""What the events a line cites hold: the quotations, times, numbers and roles that line may state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from playbooks.domain.drafts import words
from playbooks.domain.drafts.entries import Entry, entries_of, parsed_time, role_of, whole_second
from playbooks.domain.drafts.phrases import roles_by_person, without_persons
from playbooks.domain.timeline import Event

# Facts that are written as roles: words of their own, without quotation marks.
_ROLES = frozenset({"requester_role", "from_team", "to_team", "may", "role", "severity", "from", "to", "team"})
_NUMBER = re.compile(r"(?<![^\W_])[0-9]+(?![^\W_])")  # not the digits of a digest or a name

# An event by its number, or what several events belong to: an action, an override, a hand-off, the first version.
Part = int | tuple[str, str]


@dataclass(frozen=True)
class Held:
    """What some events hold, in the forms in which a document prints it; each part is worked out when asked for."""

    evidence: Evidence
    parts: tuple[Part, ...]

    @cached_property
    def said(self) -> frozenset[str]:
        """Quotations and code spans."""
        return frozenset().union(*(self.evidence.said(part) for part in self.parts))

    @cached_property
    def clocks(self) -> frozenset[str]:
        """Times as printed, without the zone: `2026-11-21 02:31:04`."""
        return frozenset().union(*(self.evidence.clocks(part) for part in self.parts))

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Numbers in any of their texts."""
        return frozenset().union(*(self.evidence.numbers(part) for part in self.parts))

    @cached_property
    def roles(self) -> frozenset[str]:
        """Words for who acted, or for a severity."""
        return frozenset().union(*(self.evidence.roles(part) for part in self.parts))


class Evidence:
    """The events of a chain with what belongs to each: its earlier versions, and the other steps of one action.

    A citation stands for all of these: a row about an action cites the event it was asked in.
    """

    def __init__(self, events: Sequence[Event], labels: Mapping[str, str]) -> None:
        self._by_seq = {event.seq: event for event in events}
        self._persons = roles_by_person(events)
        self._labels = labels
        self._groups: dict[Part, list[int]] = {}
        self._keys: dict[int, list[Part]] = {}
        entries = entries_of(events)
        first = {version.id: e.history[0].id for e in entries for version in (*e.history, e.event) if e.history}
        for entry in entries:
            for key in _keys(entry, first):
                for event in (*entry.history, entry.event):
                    self._groups.setdefault(key, []).append(event.seq)
                    self._keys.setdefault(event.seq, []).append(key)
        # Of each part once: a row of the timeline and a row about an action ask for the same.
        self.said = cache(self._said)
        self.clocks = cache(self._clocks)
        self.numbers = cache(self._numbers)
        self.roles = cache(self._roles)

    def of(self, seqs: Iterable[int]) -> Held:
        """What the cited events hold, with what belongs to them."""
        parts: dict[Part, None] = {}
        for seq in seqs:
            if seq in self._by_seq:
                parts[seq] = None
                parts.update(dict.fromkeys(self._keys.get(seq, ())))
        return Held(self, tuple(parts))

    def _events(self, part: Part) -> Iterator[Event]:
        if isinstance(part, int):
            yield self._by_seq[part]
        else:
            yield from (self._by_seq[seq] for seq in self._groups[part])

    def _said(self, part: Part) -> frozenset[str]:
        found: set[str] = set()
        for event in self._events(part):
            for text in {*texts_of(event), without_persons(event.text, self._persons)}:
                found.update(_forms(text))
        return frozenset(found)

    def _clocks(self, part: Part) -> frozenset[str]:
        return frozenset(clock for event in self._events(part) for clock in clocks_of(event))

    def _numbers(self, part: Part) -> frozenset[int]:
        texts = (text for event in self._events(part) for text in texts_of(event))
        return frozenset(int(digits) for text in texts for digits in _NUMBER.findall(text) if len(digits) < 40)

    def _roles(self, part: Part) -> frozenset[str]:
        found: set[str] = set()
        for event in self._events(part):
            found.update((role_of(event.new.actor), *_named(event.payload, self._labels)))
        return frozenset(str(words.role(role)) for role in found if role)


def _keys(entry: Entry, first: Mapping[str, str]) -> Iterator[Part]:
    own = (entry.history[0] if entry.history else entry.event).id
    if entry.history or entry.text("of"):
        yield "event", own
    if entry.text("of"):
        yield "event", first.get(entry.text("of"), entry.text("of"))
    for name in ("action", "override", "handoff"):
        number = entry.number(name)
        if number is not None:
            yield name, str(number)


def _forms(text: str) -> Iterator[str]:
    one, short, role = words.one_line(text), words.clip(text), words.clip(text, 60)
    yield words.quote(one)
    yield words.code(short)
    if short is not one:
        yield words.quote(short)
    if role != short:
        yield words.quote(role)
    if len(one) > 12:
        yield words.code(one[:12])  # the registry's digest


def _named(payload: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[str]:
    for key, value in payload.items():
        if key in _ROLES and isinstance(value, str):
            yield value
            yield labels.get(value, value)
        elif key == "stages" and isinstance(value, Mapping):
            yield from (str(stage) for stage in value)


def clocks_of(event: Event) -> Iterator[str]:
    """Every time in an event as printed: its own, when it was recorded, and those among its facts."""
    stated = (event.occurred_at, event.new.occurred_until, event.recorded_at)
    facts = (parsed_time(text) for text in strings_of(event.payload))
    for at in (*stated, *facts):
        if at is not None:
            yield words.clock(whole_second(at)).removesuffix(" UTC")


def strings_of(value: Any) -> Iterator[str]:
    """Every text in a payload, keys included, and its numbers as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool):
        return
    elif isinstance(value, int):
        yield str(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from strings_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings_of(inner)


def texts_of(event: Event) -> Iterator[str]:
    """Every text an event holds."""
    yield event.text
    yield event.new.component
    yield event.new.source_ref
    yield role_of(event.new.actor)
    yield event.new.actor.team
    yield from strings_of(event.payload)
