"""Backstage catalog files (`catalog-info.yaml`, or the catalog API's JSON): groups, users, systems, AI kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.providers.owners.reading import Notes, documents, kind_of, line_of, mapping_at, maps_at, text_at, texts_at
from playbooks.domain.imported import (
    ComponentFact,
    Imported,
    PersonFact,
    Ref,
    Source,
    TeamFact,
    a_channel,
    a_user,
    an_email,
    to_id,
)

_COMPONENTS = ("component", "api", "resource", "system", "airesource")
_REF = re.compile(r"(?:(?P<kind>[^:/\s]+):)?(?:(?P<space>[^:/\s]+)/)?(?P<name>[^:/\s]+)")
_SLACK = "slack.com/bot-notify"
_LOGINS = ("github.com/user-login", "gitlab.com/user-login")

_READS = {
    "dependsOn": "component",
    "consumesApis": "api",
    "consumesapi": "api",
    "apiprovidedby": "component",
    "dependson": "component",
    "haspart": "component",
}
_READ_BY = {
    "dependencyOf": "component",
    "system": "system",
    "subcomponentOf": "component",
    "dependencyof": "component",
    "apiconsumedby": "component",
    "partof": "system",
}


def read(text: str, *, name: str) -> Imported:
    """Facts of one file; documents of other kinds are passed over. Raises DocumentError where it is no YAML."""
    notes = Notes(name)
    people: list[PersonFact] = []
    teams: list[TeamFact] = []
    components: list[ComponentFact] = []
    for part in documents(text, name):
        entity = part.mapping
        kind = text_at(entity, "kind").lower()
        if not text_at(entity, "apiVersion").startswith("backstage.io/"):
            continue
        if kind == "location":
            said = "a Location is not followed; name the files it points to under imports"
            notes.add(Source(name, part.line, f"location:{text_at(entity, 'metadata', 'name')}"), said)
            continue
        if kind not in (*_COMPONENTS, "group", "user"):
            continue
        ref = _own_ref(entity, kind)
        source = Source(name, part.line, ref.text if ref else kind)
        if ref is None:
            notes.add(source, "metadata.name is missing or cannot become an id")
        elif kind == "user":
            people.append(_person(entity, ref, source, notes))
        elif kind == "group":
            teams.append(_team(entity, ref, source, notes))
        else:
            components.append(_component(entity, kind, ref, source, notes))
    return notes.result(people=people, teams=teams, components=components)


def parse_ref(text: str, kind: str, space: str = "default") -> Ref | None:
    """`[kind:][namespace/]name` with what is left out filled in; None where it is no ref."""
    found = _REF.fullmatch(text.strip().lower())
    made = to_id(found["name"]) if found else ""
    if not found or not made:
        return None
    kind = found["kind"] or kind
    return Ref(f"{kind}:{found['space'] or space}/{found['name']}", made, person=kind == "user")


def _own_ref(entity: dict[str, Any], kind: str) -> Ref | None:
    name = text_at(entity, "metadata", "name")
    space = text_at(entity, "metadata", "namespace") or "default"
    return parse_ref(f"{kind}:{space}/{name}", kind) if name else None


def _refs(words: list[str], kind: str, at: tuple[Ref, Source, Notes], key: str) -> Iterator[Ref]:
    own, source, notes = at
    space = own.text.partition(":")[2].partition("/")[0]
    for word in words:
        ref = parse_ref(word, kind, space)
        if ref is None:
            notes.add(source, f"{key} has {line_of(word, 80)!r}, which is no entity ref")
        else:
            yield ref


def _relations(entity: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The catalog's own conclusions, as its API gives them: type in small letters, and the other side's ref."""
    for relation in maps_at(entity, "relations"):
        target = relation.get("target")
        if isinstance(target, dict):
            space = text_at(target, "namespace") or "default"
            target = f"{text_at(target, 'kind')}:{space}/{text_at(target, 'name')}"
        ref = text_at(relation, "targetRef") or (target if isinstance(target, str) else "")
        if ref:
            yield text_at(relation, "type").lower(), ref


def _related(entity: dict[str, Any], word: str) -> list[str]:
    return [ref for kind, ref in _relations(entity) if kind == word]


def _person(entity: dict[str, Any], ref: Ref, source: Source, notes: Notes) -> PersonFact:
    profile, marks = mapping_at(entity, "spec", "profile"), mapping_at(entity, "metadata", "annotations")
    words = texts_at(entity, "spec", "memberOf") + _related(entity, "memberof")
    email = text_at(profile, "email")
    if email and not an_email(email):
        notes.add(source, f"profile.email is no e-mail address: {line_of(email, 80)}")
    return PersonFact(
        ref,
        source,
        line_of(text_at(profile, "displayName"), 80),
        an_email(email),
        a_user(text_at(marks, _SLACK)),
        tuple(dict.fromkeys(_refs(words, "group", (ref, source, notes), "memberOf"))),
        tuple(f"login:{text_at(marks, key).lower()}" for key in _LOGINS if text_at(marks, key)),
    )


def _team(entity: dict[str, Any], ref: Ref, source: Source, notes: Notes) -> TeamFact:
    words = texts_at(entity, "spec", "members") + _related(entity, "hasmember")
    channel = a_channel(text_at(entity, "metadata", "annotations", _SLACK))
    slug = text_at(entity, "metadata", "annotations", "github.com/team-slug").lower()
    members = tuple(dict.fromkeys(_refs(words, "user", (ref, source, notes), "members")))
    return TeamFact(ref, source, channel, members, (f"team:{slug}",) if slug else ())


def _component(entity: dict[str, Any], kind: str, ref: Ref, source: Source, notes: Notes) -> ComponentFact:
    at = (ref, source, notes)
    words = [text_at(entity, "spec", "owner") or next(iter(_related(entity, "ownedby")), "")]
    owner = next(_refs([word for word in words if word], "group", at, "owner"), None)
    if owner is None:
        notes.add(source, "it names no owner")
    reads, read_by = _edges(entity, at)
    word = "system" if kind == "system" else text_at(entity, "spec", "type")
    title = line_of(text_at(entity, "metadata", "title"))
    ours = kind_of(word) or ("service" if kind in ("api", "component") else "")
    return ComponentFact(ref, source, ours, owner, title, None, (), reads, read_by)


def _edges(entity: dict[str, Any], at: tuple[Ref, Source, Notes]) -> tuple[tuple[Ref, ...], tuple[Ref, ...]]:
    reads: dict[Ref, None] = {}
    read_by: dict[Ref, None] = {}
    for edges, keys in ((reads, _READS), (read_by, _READ_BY)):
        for key, kind in keys.items():
            words = texts_at(entity, "spec", key) + _related(entity, key)
            edges |= dict.fromkeys(_refs(words, kind, at, key))
    # Who provides an API is what it rests on, unless it is told to be the other way round.
    words = texts_at(entity, "spec", "providesApis") + _related(entity, "providesapi")
    provided = dict.fromkeys(_refs(words, "api", at, "providesApis"))
    read_by |= {ref: None for ref in provided if ref not in reads}
    return _of_use(reads), _of_use(read_by)


def _of_use(edges: dict[Ref, None]) -> tuple[Ref, ...]:
    """Domains are areas of a business: nothing of them runs or fails."""
    return tuple(ref for ref in edges if ref.text.partition(":")[0] in _COMPONENTS)
