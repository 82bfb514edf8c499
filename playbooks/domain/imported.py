"""What other registries say: partial facts about people, teams and components, each with its source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from playbooks.domain.wording import one_line
from playbooks.schemas.marked import Problem

MAX_TOLD = 500
_NO_ID = re.compile(r"[^a-z0-9]+")
_EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,20}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact stands: the file, the line (0: unknown) and the entity as that file calls it."""

    file: str
    line: int = 0
    ref: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{self.ref} in {place}" if self.ref else place


@dataclass(frozen=True, slots=True)
class Ref:
    """Another entity as named by a source: `text` tells it apart in full, `id` is what it maps to by name."""

    text: str
    id: str
    person: bool = False
    email: str = ""


@dataclass(frozen=True, slots=True)
class PersonFact:
    """A person; `teams` are memberships told on this side, `also` other names others use (`login:x`)."""

    ref: Ref
    source: Source
    name: str = ""
    email: str = ""
    slack: str = ""
    teams: tuple[Ref, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamFact:
    """A team; `members` are those told on this side."""

    ref: Ref
    source: Source
    channel: str = ""
    members: tuple[Ref, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComponentFact:
    """A component; empty means not said. `reads` and `read_by` are the two sides a dependency may be told on."""

    ref: Ref
    source: Source
    kind: str = ""
    owner: Ref | None = None
    title: str = ""
    tier: int | None = None
    stages: tuple[tuple[str, Ref], ...] = ()
    reads: tuple[Ref, ...] = ()
    read_by: tuple[Ref, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """All one reader found in one file."""

    people: tuple[PersonFact, ...] = ()
    teams: tuple[TeamFact, ...] = ()
    components: tuple[ComponentFact, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.people or self.teams or self.components)

    def __add__(self, other: Imported) -> Imported:
        return joined((self, other))


def joined(parts: Iterable[Imported]) -> Imported:
    """What several files of one import say, in their order."""
    found = list(parts)
    return Imported(
        tuple(fact for part in found for fact in part.people),
        tuple(fact for part in found for fact in part.teams),
        tuple(fact for part in found for fact in part.components),
        tuple(problem for part in found for problem in part.problems),
    )


@dataclass(frozen=True, slots=True)
class Layer:
    """One import: its format, its name in messages, what it says, and the hash of the text it was read from.

    `ids` gives refs another id than the one by name.
    """

    kind: str
    name: str
    imported: Imported
    sha256: str = ""
    ids: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Something a person must know about the layers: plain text. An `error` was settled by order alone."""

    level: Literal["error", "gap"]
    where: str
    sentence: str


@dataclass(slots=True)
class Telling:
    """Findings, each once, and no more than people can read."""

    _found: dict[Told, None] = field(default_factory=dict)
    _more: int = 0

    def add(self, level: Literal["error", "gap"], where: str, sentence: str) -> None:
        """Tell one thing."""
        told = Told(level, where, one_line(sentence, 600))
        if told in self._found:
            return
        if len(self._found) < MAX_TOLD:
            self._found[told] = None
        else:
            self._more += 1

    def __iter__(self) -> Iterator[Told]:
        yield from self._found
        if self._more:
            yield Told("gap", "imports", f"There are {self._more:,} more findings about the imports.")


def to_id(name: str) -> str:
    """The id that a name maps to: small letters, digits and dashes; empty where nothing is left of it."""
    return _NO_ID.sub("-", name[:400].lower()).strip("-")[:63].strip("-")


def an_email(text: str) -> str:
    """The text where it is an e-mail address, else empty."""
    text = text.strip().removeprefix("mailto:")
    return text if len(text) <= 254 and _EMAIL.fullmatch(text) else ""


def a_user(text: str) -> str:
    """The text where it is a Slack user id, else empty."""
    return text if _USER.fullmatch(text) else ""


def a_channel(text: str) -> str:
    """The text, or the end of a link, where it is a Slack channel id, else empty."""
    last = text.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]
    return last if _CHANNEL.fullmatch(last) else ""
