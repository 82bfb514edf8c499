"""The ownership registry: who answers for which component, stage by stage, and who depends on whom."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeVar

from playbooks.domain.imported import Told
from playbooks.domain.ownership_file import (
    PATTERN_WORDS,
    SILENT_DEFAULT,
    AlertMatch,
    Component,
    HolderRef,
    OwnershipFile,
    Person,
    RightEntry,
    Team,
    parse_holder,
)
from playbooks.domain.wording import plain
from playbooks.errors import UnknownName
from playbooks.schemas.marked import DocumentError, Marked, Problem, dotted, read, validate

__all__ = [
    "SILENT_DEFAULT",
    "AlertMatch",
    "Component",
    "DocumentError",
    "HolderRef",
    "Person",
    "Problem",
    "Registry",
    "RightEntry",
    "Team",
    "mention",
    "parse_holder",
    "plain",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry in force; every look-up is a dict access.

    Attributes:
        people, teams, components: by id, in the order of the files.
        sha256: hash of the files' content, 64 hex digits; of nothing for an empty registry.
        name: of its file or files, for messages.
        findings: what the imported layers leave to be told; empty without imports.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    components: Mapping[str, Component] = field(default_factory=dict)
    sha256: str = sha256(b"").hexdigest()
    name: str = "ownership.yaml"
    findings: tuple[Told, ...] = ()
    _by_slack: Mapping[str, str] = field(default_factory=dict, repr=False)
    _teams_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _read_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, text: str, *, name: str = "ownership.yaml") -> Registry:
        """Registry from the text of one file. Raises DocumentError (a ConfigError) with every problem and its line."""
        return cls.load_files([(name, text)])

    @classmethod
    def load_files(cls, files: Sequence[tuple[str, str]]) -> Registry:
        """Registry from (name, text) of several files that may refer to each other. Raises DocumentError."""
        marked, problems = _read_files(files)
        what = " and ".join(name for name, _ in files) or "the registry"
        if problems:
            raise DocumentError(what, [*problems, *_validated(marked)[1]])
        return cls.build(marked, what, content_hash(files))

    @classmethod
    def build(cls, marked: Sequence[Marked], what: str, sha: str, *, findings: Sequence[Told] = ()) -> Registry:
        """Registry from files as read; `findings` is what their layers leave to be told. Raises DocumentError."""
        sources, problems = _validated(marked)
        if problems:
            raise DocumentError(what, problems)
        people: dict[str, Person] = {}
        teams: dict[str, Team] = {}
        components: dict[str, Component] = {}
        for _, file in sources:
            people |= {key: person.model_copy(update={"id": key}) for key, person in file.people.items()}
            teams |= {key: team.model_copy(update={"id": key}) for key, team in file.teams.items()}
            components |= {key: comp.model_copy(update={"id": key}) for key, comp in file.components.items()}
        wrong = list(_Checker(people, teams, components).check(sources))
        if wrong:
            raise DocumentError(what, wrong)
        return cls(
            people,
            teams,
            components,
            sha,
            what,
            tuple(findings),
            {person.slack: key for key, person in people.items() if person.slack},
            _index_members(people, teams),
            _index_readers(components),
        )

    def component(self, component_id: str) -> Component:
        """Raises UnknownName with the nearest ids and a sentence that offers the nearest one."""
        found = self.components.get(component_id)
        if found is not None:
            return found
        near = self._nearest(component_id, self.components)
        if not near:
            hint = f"I know: {_some(self.components)}." if self.components else "The registry is empty."
            raise UnknownName(f"I don't know *{plain(component_id)}*.", hint)
        best = self.components[near[0]]
        question = f"Did you mean *{best.id}* ({best.kind}, {best.accountable})?"
        raise UnknownName(f"I don't know *{plain(component_id)}*.", question, nearest=near)

    def person(self, person_id: str) -> Person:
        """Raises UnknownName."""
        return self._one(person_id, self.people, "nobody called")

    def team(self, team_id: str) -> Team:
        """Raises UnknownName."""
        return self._one(team_id, self.teams, "no team called")

    def person_by_slack(self, slack_id: str) -> str | None:
        """Registry id of the person with this Slack user id, None for a stranger."""
        return self._by_slack.get(slack_id)

    def teams_of(self, person_id: str) -> tuple[str, ...]:
        """Ids of the teams a person is a member of, in the order of the registry; empty for a stranger."""
        return self._teams_of.get(person_id, ())

    def members(self, team_id: str) -> tuple[str, ...]:
        """Person ids of a team's members. Raises UnknownName."""
        return self.team(team_id).members

    def stage_owners(self, component_id: str) -> Mapping[str, str]:
        """Stage -> team id, only stages that have an owner. Raises UnknownName."""
        return self.component(component_id).stages.owners()

    def upstream(self, component_id: str) -> tuple[str, ...]:
        """Ids of what it reads, also through others, nearest first, each once, never itself. Raises UnknownName."""
        self.component(component_id)
        return _walk(component_id, {key: comp.depends_on for key, comp in self.components.items()})

    def downstream(self, component_id: str) -> tuple[str, ...]:
        """Ids of what reads it, also through others, nearest first, each once, never itself. Raises UnknownName."""
        self.component(component_id)
        return _walk(component_id, self._read_by)

    def readers(self, component_id: str) -> tuple[str, ...]:
        """Ids of what reads it directly."""
        return self._read_by.get(component_id, ())

    @staticmethod
    def _nearest(typed: str, known: Mapping[str, object]) -> tuple[str, ...]:
        word = typed.strip().lower()[:63]
        if not word:
            return ()
        close = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
        parts = [key for key in known if word in key.split("-")] if not close else []
        return tuple(close or sorted(parts)[:3])

    def _one(self, wanted: str, known: Mapping[str, _T], what: str) -> _T:
        found = known.get(wanted)
        if found is None:
            near = self._nearest(wanted, known)
            hint = f"Did you mean *{near[0]}*?" if near else ""
            raise UnknownName(f"The registry knows {what} *{plain(wanted)}*.", hint, nearest=near)
        return found


def _some(known: Mapping[str, object], most: int = 10) -> str:
    names = sorted(known)
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")


def mention(person: Person) -> str:
    """How a person is addressed in Slack text: `<@U01DANA>`, or the escaped id where no Slack id is known."""
    return f"<@{person.slack}>" if person.slack else plain(person.id)


def content_hash(files: Sequence[tuple[str, str]]) -> str:
    """Hash of (name, text) of files, 64 hex digits; of one file it is that of its text."""
    if len(files) == 1:
        return sha256(files[0][1].encode()).hexdigest()
    return sha256("\x00".join(f"{name}\x01{text}" for name, text in files).encode()).hexdigest()


def _index_members(people: Mapping[str, Person], teams: Mapping[str, Team]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {person: [] for person in people}
    for key, team in teams.items():
        for person in dict.fromkeys(team.members):
            found[person].append(key)
    return {person: tuple(keys) for person, keys in found.items() if keys}


def _index_readers(components: Mapping[str, Component]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, component in components.items():
        for read_one in dict.fromkeys(component.depends_on):
            found.setdefault(read_one, []).append(key)
    return {key: tuple(readers) for key, readers in found.items()}


def _walk(start: str, edges: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    seen, queue = {start: None}, [start]
    for at in queue:
        for following in edges.get(at, ()):
            if following not in seen:
                seen[following] = None
                queue.append(following)
    return tuple(seen)[1:]


def _read_files(files: Sequence[tuple[str, str]]) -> tuple[list[Marked], list[Problem]]:
    found: list[Marked] = []
    problems: list[Problem] = []
    for name, text in files:
        try:
            found.append(read(text, name=name))
        except DocumentError as error:
            problems += error.problems
    return found, problems


def _validated(marked: Sequence[Marked]) -> tuple[list[tuple[Marked, OwnershipFile]], list[Problem]]:
    sources: list[tuple[Marked, OwnershipFile]] = []
    problems: list[Problem] = []
    for document in marked:
        file, found = validate(document, OwnershipFile, PATTERN_WORDS)
        problems += found
        if file is not None:
            sources.append((document, file))
    return sources, problems


def _turns(team: Team) -> Iterator[tuple[tuple[str | int, ...], str]]:
    entry = team.on_call
    if entry is None:
        return
    yield from ((("static", place), person) for place, person in enumerate(entry.static or ()))
    if entry.rota is not None:
        yield from ((("rota", "people", place), person) for place, person in enumerate(entry.rota.people))
        for place, override in enumerate(entry.rota.overrides):
            yield ("rota", "overrides", place, "person"), override.person


class _Checker:
    """References and collisions over all files together."""

    def __init__(
        self, people: Mapping[str, Person], teams: Mapping[str, Team], components: Mapping[str, Component]
    ) -> None:
        self._people = people
        self._teams = teams
        self._components = components
        self._slack: dict[str, str] = {}
        self._email: dict[str, str] = {}
        self._home: dict[tuple[str, str], Marked] = {}

    def check(self, sources: Sequence[tuple[Marked, OwnershipFile]]) -> Iterator[Problem]:
        """Every reference that leads nowhere and every identity that two share."""
        for marked, file in sources:
            found: list[Problem] = []
            for kind, ids in (("people", file.people), ("teams", file.teams), ("components", file.components)):
                found += self._collisions(marked, kind, ids)
            for key, person in file.people.items():
                found += self._person(marked, key, person)
            for key, team in file.teams.items():
                found += self._team(marked, key, team)
            for key, component in file.components.items():
                found += self._component(marked, key, component)
            yield from sorted(found, key=lambda p: p.line)

    def _collisions(self, marked: Marked, kind: str, ids: Mapping[str, object]) -> Iterator[Problem]:
        for key in ids:
            other = self._home.setdefault((kind, key), marked)
            if other is not marked:
                place = f"{other.file}:{other.line((kind, key))}"
                yield marked.problem((kind, key), f"{key} is already in {place}; one of them must go")

    def _person(self, marked: Marked, key: str, person: Person) -> Iterator[Problem]:
        for name, value, seen in (("slack", person.slack, self._slack), ("email", person.email.lower(), self._email)):
            other = seen.setdefault(value, key) if value else key
            if other != key:
                yield marked.problem(("people", key, name), f"{key} and {other} have the same {name} {value}")

    def _team(self, marked: Marked, key: str, team: Team) -> Iterator[Problem]:
        at = ("teams", key)
        for place, person in enumerate(team.members):
            yield from self._known(marked, (*at, "members", place), person, self._people, "person")
        for inside, person in _turns(team):
            yield from self._known(marked, (*at, "on_call", *inside), person, self._people, "person")

    def _component(self, marked: Marked, key: str, component: Component) -> Iterator[Problem]:
        at = ("components", key)
        yield from self._known(marked, (*at, "accountable"), component.accountable, self._teams, "team")
        for stage, team in component.stages.owners().items():
            yield from self._known(marked, (*at, "stages", stage), team, self._teams, "team")
        for place, other in enumerate(component.depends_on):
            if other == key:
                yield marked.problem((*at, "depends_on", place), f"{key} depends on itself")
            yield from self._known(marked, (*at, "depends_on", place), other, self._components, "component")
        for right, entries in component.rights.named().items():
            for place, entry in enumerate(entries):
                yield from self._holders(marked, (*at, "rights", right, *([place] if len(entries) > 1 else [])), entry)

    def _holders(self, marked: Marked, at: tuple[str | int, ...], entry: RightEntry) -> Iterator[Problem]:
        for part, words in (("decide", entry.decide), ("deputy", entry.deputy)):
            for place, word in enumerate(words):
                kind, name = parse_holder(word)
                known: Mapping[str, object] = self._people if kind == "person" else self._teams
                noun = "person" if kind == "person" else "team"
                yield from self._known(marked, (*at, part, place), name, known, noun)

    def _known(
        self, marked: Marked, at: tuple[str | int, ...], name: str, known: Mapping[str, object], noun: str
    ) -> Iterator[Problem]:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield Problem(marked.file, marked.line(at), dotted(at), f"there is no {noun} {name}{hint}")
