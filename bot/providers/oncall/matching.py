"""Whom a source outside means: its people as the registry knows them, by e-mail first, then by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playbooks.domain.ownership import Registry
from playbooks.domain.wording import plain


@dataclass(frozen=True, slots=True)
class Said:
    """One person as a source names them; either may be empty."""

    email: str = ""
    name: str = ""

    @property
    def words(self) -> str:
        """How this person is called in a sentence."""
        return plain(self.email or self.name or "somebody without a name")


@dataclass(frozen=True, slots=True)
class Found:
    """What a source answered.

    Attributes:
        people: registry ids, first responder first; empty when it says that nobody is on call.
        remarks: clauses without a full stop: strangers it named, or why nobody is on call.
    """

    people: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def match(registry: Registry, source: str, said: Sequence[Said]) -> Found:
    """The named persons in the registry, in the order given, each once; strangers become remarks."""
    by_email, by_name = _emails(registry), _names(registry)
    people: dict[str, None] = {}
    strangers: dict[str, None] = {}
    for one in said:
        # Somebody with an address we don't know is not somebody else of the same name.
        person = by_email.get(one.email.lower()) if one.email else by_name.get(_folded(one.name))
        if person is not None:
            people[person] = None
        else:
            strangers[one.words] = None
    remarks = tuple(f"{source} says {who}, who is not in the registry" for who in strangers)
    return Found(tuple(people), remarks)


def named_in(registry: Registry, text: str) -> Said | None:
    """The one person whose name or id stands in a text as a whole; None for nobody and for more than one."""
    folded = f" {_folded(text)} "
    found = {person for name, person in _names(registry).items() if f" {name} " in folded}
    longest = {p for p in found if not any(_within(registry, p, other) for other in found if other != p)}
    return Said(name=registry.people[longest.pop()].id) if len(longest) == 1 else None


def _within(registry: Registry, person: str, other: str) -> bool:
    """Whether one person's name is only a part of the other's: `ann` in `ann lee`."""
    return _folded(registry.people[person].id) in _folded(registry.people[other].name).split()


def _emails(registry: Registry) -> dict[str, str]:
    return {person.email.lower(): key for key, person in registry.people.items() if person.email}


def _names(registry: Registry) -> dict[str, str]:
    """Names and ids as people write them -> person; a name that two share means neither."""
    found: dict[str, str | None] = {}
    for key, person in registry.people.items():
        for name in _unique((_folded(key), _folded(person.name))):
            found[name] = key if found.get(name, key) == key else None
    return {name: person for name, person in found.items() if person is not None}


def _unique(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name]


def _folded(text: str) -> str:
    """Small letters and single spaces, signs away: `@Dana  Reyes (primary)` -> `dana reyes primary`."""
    return " ".join("".join(c if c.isalnum() or c == "-" else " " for c in text.casefold()).split())
