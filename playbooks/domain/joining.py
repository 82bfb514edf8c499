"""Imported facts joined into one set of entries: refs become ids, both sides count, conflicts are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from playbooks.domain.imported import (
    ComponentFact,
    Layer,
    PersonFact,
    Ref,
    Source,
    TeamFact,
    Telling,
)

Entries = dict[str, dict[str, Any]]
Space = Literal["people", "teams", "components"]
SPACES: tuple[Space, ...] = ("people", "teams", "components")


@dataclass(slots=True)
class Own:
    """Our own entries as written, before they are checked; what they say is not contradicted by an import."""

    people: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    teams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    components: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def says(self, space: Space, key: str, name: str) -> bool:
        """Whether an entry of ours settles this value."""
        return bool(self.entries(space).get(key, {}).get(name))

    def entries(self, space: Space) -> Mapping[str, Mapping[str, Any]]:
        """Our entries of one space by id."""
        return {"people": self.people, "teams": self.teams, "components": self.components}[space]


@dataclass(slots=True)
class Joined:
    """Entries in the shape of `ownership.yaml`, and where each was first told."""

    people: Entries = field(default_factory=dict)
    teams: Entries = field(default_factory=dict)
    components: Entries = field(default_factory=dict)
    sources: dict[tuple[Space, str], Source] = field(default_factory=dict)

    def entries(self, space: Space) -> Entries:
        """The entries of one space by id."""
        return {"people": self.people, "teams": self.teams, "components": self.components}[space]


@dataclass(slots=True)
class _Value:
    """One value of an entry with who said it, for a conflict that names both."""

    value: Any
    source: Source


class _Ids:
    """Which id each ref of one space has. Two refs of one format that map to one id collide; the later has none."""

    def __init__(self, space: Space, telling: Telling) -> None:
        self._space = space
        self._telling = telling
        self._id: dict[tuple[str, str], str] = {}
        self._taken: dict[tuple[str, str], tuple[str, Source]] = {}
        self._also: dict[str, str] = {}

    def claim(self, layer: Layer, ref: Ref, source: Source) -> str:
        """The id of a ref, empty where another ref of the same format has it already."""
        known = self._id.get((layer.kind, ref.text))
        if known is not None:
            return known
        wanted = dict(layer.ids).get(ref.text) or self._also.get(ref.text) or ref.id
        other, place = self._taken.setdefault((layer.kind, wanted), (ref.text, source))
        if other != ref.text and ref.text not in self._also:
            self._telling.add(
                "error",
                f"{self._space}.{wanted}",
                f"{other} ({_at(place)}) and {ref.text} ({_at(source)}) both map to {wanted}; the second is left out. "
                "Give one another id under `ids` of its import.",
            )
            wanted = ""
        self._id[layer.kind, ref.text] = wanted
        return wanted

    def find(self, layer: Layer, ref: Ref) -> tuple[str, str]:
        """The id a mere mention leads to, or none and the ref of another entity that has it."""
        made = self._also.get(ref.text) or self._id.get((layer.kind, ref.text))
        if made is not None:
            return made, ""
        wanted = dict(layer.ids).get(ref.text) or ref.id
        other, _ = self._taken.get((layer.kind, wanted), ("", None))
        return ("", other) if other else (wanted, "")

    def also(self, names: Sequence[str], made: str) -> None:
        """Other names for an id, across formats; the first to use a name keeps it."""
        for name in names:
            self._also.setdefault(name, made)

    def known_as(self, name: str) -> str:
        """The id another name was told for, or empty."""
        return self._also.get(name, "")


def _at(source: Source) -> str:
    return f"{source.file}:{source.line}" if source.line else source.file


class Joiner:
    """Joins layers, first ones first: where two differ, the first counts until our own file says otherwise."""

    def __init__(self, layers: Sequence[Layer], own: Own, telling: Telling) -> None:
        self._layers = layers
        self._own = own
        self._telling = telling
        self._ids: dict[Space, _Ids] = {space: _Ids(space, telling) for space in SPACES}
        self._said: dict[tuple[Space, str, str], _Value] = {}
        self._members: dict[str, dict[str, None]] = {}
        self._reads: dict[str, dict[str, Source]] = {}
        self._joined = Joined()

    def join(self) -> Joined:
        """All entries the layers give."""
        for layer in self._layers:
            self._define(layer)
        for layer in self._layers:
            self._relate(layer)
        self._accountable()
        self._finish()
        self._identities()
        return self._joined

    # -------------------------------------------------------------- entities

    def _define(self, layer: Layer) -> None:
        facts: Iterable[PersonFact | TeamFact | ComponentFact]
        facts = chain(layer.imported.people, layer.imported.teams, layer.imported.components)
        for fact in facts:
            space = _space_of(fact)
            made = self._ids[space].claim(layer, fact.ref, fact.source)
            if not made:
                continue
            self._enter(space, made, fact.source)
            self._ids[space].also(fact.also, made)
            if isinstance(fact, PersonFact):
                self._say("people", made, "name", fact.name, fact.source, quiet=True)
                self._say("people", made, "email", fact.email, fact.source)
                self._say("people", made, "slack", fact.slack, fact.source)
                self._ids["people"].also([f"email:{fact.email.lower()}"] if fact.email else [], made)
            elif isinstance(fact, TeamFact):
                self._say("teams", made, "channel", fact.channel, fact.source)
            else:
                self._say("components", made, "kind", fact.kind, fact.source)
                self._say("components", made, "title", fact.title, fact.source, quiet=True)
                self._say("components", made, "tier", fact.tier, fact.source)

    def _enter(self, space: Space, made: str, source: Source) -> None:
        self._joined.entries(space).setdefault(made, {})
        self._joined.sources.setdefault((space, made), source)

    def _say(self, space: Space, made: str, key: str, value: Any, source: Source, *, quiet: bool = False) -> None:
        """Note a value; the first counts, and a later one that differs is told with both places."""
        if not value:
            return
        first = self._said.setdefault((space, made, key), _Value(value, source))
        if first.value == value or quiet or str(first.value).lower() == str(value).lower():
            return
        settled = self._own.says(space, made, key)
        end = "ownership.yaml settles it" if settled else "the first counts until ownership.yaml says otherwise"
        self._telling.add(
            "gap" if settled or key in ("kind", "tier") else "error",
            f"{space}.{made}",
            f"The {_WORDS.get(key, key)} of {made} is {first.value} by {first.source} and {value} by {source}; {end}.",
        )

    # -------------------------------------------------------------- relations

    def _relate(self, layer: Layer) -> None:
        for person in layer.imported.people:
            made = self._ids["people"].claim(layer, person.ref, person.source)
            for ref in person.teams:
                self._member(self._team(layer, ref, person.source), made)
        for team in layer.imported.teams:
            made = self._ids["teams"].claim(layer, team.ref, team.source)
            for ref in team.members:
                self._member(made, self._person(layer, ref, team.source))
        for fact in layer.imported.components:
            self._component(layer, fact)

    def _component(self, layer: Layer, fact: ComponentFact) -> None:
        made = self._ids["components"].claim(layer, fact.ref, fact.source)
        if not made:
            return
        if fact.owner is not None:
            owner = self._owner(layer, fact.owner, fact.source)
            if not owner:
                said = f"{fact.source} says that {made} belongs to {fact.owner.text}, whose id another has; not taken."
                self._telling.add("error", f"components.{made}", said)
            self._say("components", made, "accountable", owner, fact.source)
        for stage, ref in fact.stages:
            owner = self._owner(layer, ref, fact.source)
            self._say("components", made, f"stages.{stage}", owner, fact.source, quiet=True)
        for ref in fact.reads:
            self._edge(made, self._target(layer, ref, fact.source), fact.source)
        for ref in fact.read_by:
            self._edge(self._target(layer, ref, fact.source), made, fact.source)

    def _edge(self, reader: str, read: str, source: Source) -> None:
        if reader and read and reader == read:
            self._telling.add("gap", f"components.{read}", f"{source} says that {read} depends on itself; not taken.")
        elif reader and read:
            self._reads.setdefault(reader, {}).setdefault(read, source)

    def _target(self, layer: Layer, ref: Ref, source: Source) -> str:
        made, other = self._ids["components"].find(layer, ref)
        if other or (made and made not in self._joined.components and made not in self._own.components):
            but = f" ({other} is described)" if other else ""
            said = f"{source} is tied to {ref.text}, which no import describes{but}; not taken."
            self._telling.add("gap", f"components.{ref.id}", said)
            return ""
        return made

    def _member(self, team: str, person: str) -> None:
        if team and person:
            self._members.setdefault(team, {})[person] = None

    def _person(self, layer: Layer, ref: Ref, source: Source) -> str:
        ids = self._ids["people"]
        made = ids.known_as(ref.text) or ids.claim(layer, ref, source)
        if made:
            if made not in self._own.people:
                self._enter("people", made, source)
            self._say("people", made, "email", ref.email, source)
        return made

    def _team(self, layer: Layer, ref: Ref, source: Source) -> str:
        ids = self._ids["teams"]
        made = ids.known_as(ref.text) or ids.claim(layer, ref, source)
        if made and made not in self._joined.teams and made not in self._own.teams:
            self._telling.add("gap", f"teams.{made}", f"{source} names the team {ref.text}, which nothing describes.")
            self._enter("teams", made, source)
        return made

    def _owner(self, layer: Layer, ref: Ref, source: Source) -> str:
        """Team id of an owner; a person who owns something gets a team of one."""
        if not ref.person:
            return self._team(layer, ref, source)
        described = self._ids["people"].known_as(ref.text)
        if not described and ref.id in self._joined.teams and ref.id not in self._joined.people:
            return ref.id  # GitLab names groups like people
        person = self._person(layer, ref, source)
        if not person:
            return ""
        made = f"user-{person}"[:63].rstrip("-")
        if made not in self._own.teams and made not in self._joined.teams:
            self._enter("teams", made, source)
            said = (
                f"{source} is owned by a person, {person}; the team {made} stands for them until ownership.yaml says."
            )
            self._telling.add("gap", f"teams.{made}", said)
        self._member(made, person)
        return made

    # -------------------------------------------------------------- the result

    def _accountable(self) -> None:
        """A component without an accountable team is in force only where our own file names one."""
        for made in list(self._joined.components):
            if ("components", made, "accountable") in self._said or made in self._own.components:
                continue
            source = self._joined.sources["components", made]
            said = f"{source} names no owner, so {made} is left out until ownership.yaml names one."
            self._telling.add("gap", f"components.{made}", said)
            del self._joined.components[made]

    def _finish(self) -> None:
        for (space, made, key), said in self._said.items():
            entry = self._joined.entries(space).get(made)
            if entry is None:
                continue
            name, _, inner = key.partition(".")
            if inner:
                entry.setdefault(name, {})[inner] = said.value
            else:
                entry[name] = said.value
        for team, people in self._members.items():
            if team in self._joined.teams:
                self._joined.teams[team]["members"] = list(people)
        known = self._joined.components.keys() | self._own.components.keys()
        for reader, reads in self._reads.items():
            if reader in known and (kept := [each for each in reads if each in known]):
                self._joined.components.setdefault(reader, {})["depends_on"] = kept
        for made, entry in self._joined.components.items():
            if "kind" not in entry and made not in self._own.components:
                entry["kind"] = "service"
                said_ = "No import says what kind it is, so it counts as a service until ownership.yaml says."
                self._telling.add("gap", f"components.{made}", said_)

    def _identities(self) -> None:
        """One Slack id and one e-mail address belong to one person: ours first, then the first import's."""
        for key in ("slack", "email"):
            taken: dict[str, tuple[str, str]] = {}
            for made, entry in self._own.people.items():
                if isinstance(entry.get(key), str) and entry[key]:
                    taken.setdefault(entry[key].lower(), (made, "ownership.yaml"))
            for made, entry in self._joined.people.items():
                value = "" if self._own.says("people", made, key) else entry.get(key, "")
                if not value:
                    continue
                source = self._said["people", made, key].source
                other, place = taken.setdefault(value.lower(), (made, str(source)))
                if other != made:
                    said = f"{other} ({place}) and {made} ({source}) have the same {_WORDS[key]} {value}"
                    self._telling.add("error", f"people.{made}", f"{said}; {other} keeps it.")
                    del entry[key]


_WORDS = {
    "slack": "Slack id",
    "email": "e-mail address",
    "accountable": "accountable team",
}


def _space_of(fact: PersonFact | TeamFact | ComponentFact) -> Space:
    if isinstance(fact, PersonFact):
        return "people"
    return "teams" if isinstance(fact, TeamFact) else "components"
