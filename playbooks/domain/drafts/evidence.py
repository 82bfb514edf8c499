"""What the events a line cites hold: the quotations, times, numbers and roles that line may state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playbooks.domain.drafts import words
from playbooks.domain.drafts.entries import Entry, entries_of, parsed_time, role_of, whole_second
from playbooks.domain.drafts.phrases import roles_by_person, without_persons
from playbooks.domain.timeline import Event

# Facts that are written as roles: words of their own, without quotation marks.
_ROLES = frozenset({"requester_role", "from_team", "to_team", "may", "role", "severity", "from", "to", "team"})
_NUMBER = re.compile(r"(?<![^\W_])[0-9]+(?![^\W_])")  # not the digits of a digest or a name


@dataclass(frozen=True, slots=True)
class Held:
    """What some events hold, in the forms in which a document prints it.

    Attributes:
        said: quotations and code spans. clocks: `2026-11-21 02:31:04`. numbers: as written in any of their texts.
        roles: words for who acted, or for a severity.
    """

    said: frozenset[str]
    clocks: frozenset[str]
    numbers: frozenset[int]
    roles: frozenset[str]


NOTHING = Held(frozenset(), frozenset(), frozenset(), frozenset())


def joined(parts: Iterable[Held]) -> Held:
    """Several as one."""
    every = list(parts)
    if len(every) == 1:
        return every[0]
    return Held(
        frozenset().union(*(p.said for p in every)),
        frozenset().union(*(p.clocks for p in every)),
        frozenset().union(*(p.numbers for p in every)),
        frozenset().union(*(p.roles for p in every)),
    )


class Evidence:
    """The events of a chain with what belongs to each: its earlier versions, and the other steps of one action.

    A citation stands for all of these: a row about an action cites the event it was asked in.
    """

    def __init__(self, events: Sequence[Event], labels: Mapping[str, str]) -> None:
        self._by_seq = {event.seq: event for event in events}
        self._persons = roles_by_person(events)
        self._labels = labels
        self._groups: dict[tuple[str, str], list[int]] = {}
        self._keys: dict[int, list[tuple[str, str]]] = {}
        self._one: dict[int, Held] = {}
        self._of_group: dict[tuple[str, str], Held] = {}
        self._all: Held | None = None
        entries = entries_of(events)
        first = {version.id: e.history[0].id for e in entries for version in (*e.history, e.event) if e.history}
        for entry in entries:
            for key in _keys(entry, first):
                for event in (*entry.history, entry.event):
                    self._groups.setdefault(key, []).append(event.seq)
                    self._keys.setdefault(event.seq, []).append(key)

    def of(self, seqs: Iterable[int]) -> Held:
        """What the cited events hold, with what belongs to them."""
        parts: dict[object, Held] = {}
        for seq in seqs:
            if seq in self._by_seq:
                parts[seq] = self._single(seq)
                parts.update((key, self._group(key)) for key in self._keys.get(seq, ()))
        return joined(parts.values()) if parts else NOTHING

    @property
    def all(self) -> Held:
        """What the whole chain holds."""
        if self._all is None:
            self._all = joined(self._single(seq) for seq in self._by_seq) if self._by_seq else NOTHING
        return self._all

    def _group(self, key: tuple[str, str]) -> Held:
        if key not in self._of_group:
            self._of_group[key] = joined(self._single(seq) for seq in self._groups[key])
        return self._of_group[key]

    def _single(self, seq: int) -> Held:
        if seq not in self._one:
            self._one[seq] = self._held(self._by_seq[seq])
        return self._one[seq]

    def _held(self, event: Event) -> Held:
        texts = set(texts_of(event))
        said = {form for text in {*texts, without_persons(event.text, self._persons)} for form in _forms(text)}
        roles = {role_of(event.new.actor), *_named(event.payload, self._labels)}
        return Held(
            said=frozenset(said),
            clocks=frozenset(clocks_of(event)),
            numbers=frozenset(int(d) for text in texts for d in _NUMBER.findall(text) if len(d) < 40),
            roles=frozenset(str(words.role(role)) for role in roles if role),
        )


def _keys(entry: Entry, first: Mapping[str, str]) -> Iterator[tuple[str, str]]:
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
    short = words.clip(text)
    yield from (words.quote(text), words.quote(short), words.code(text), words.role(text))
    if len(text) > 12:
        yield words.code(text[:12])  # the registry's digest


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
