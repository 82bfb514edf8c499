"""Datadog service definitions (v2, v2.1, v2.2) and entity files (v3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.providers.owners.reading import (
    Notes,
    documents,
    kind_of,
    line_of,
    maps_at,
    team_ref,
    text_at,
    texts_at,
    tier_of,
)
from playbooks.domain.imported import ComponentFact, Imported, Ref, Source, TeamFact, a_channel, to_id


def read(text: str, *, name: str) -> Imported:
    """Facts of one file; documents that are not Datadog's are passed over. Raises DocumentError."""
    notes = Notes(name)
    teams: list[TeamFact] = []
    components: list[ComponentFact] = []
    for part in documents(text, name):
        entity = part.mapping
        if text_at(entity, "schema-version").startswith("v2"):
            fact = _old(entity, Source(name, part.line, f"service:{text_at(entity, 'dd-service')}"), notes)
        elif text_at(entity, "apiVersion").startswith("v3") and text_at(entity, "kind"):
            word = f"{text_at(entity, 'kind').lower()}:{text_at(entity, 'metadata', 'name')}"
            fact = _new(entity, Source(name, part.line, word), notes)
        else:
            continue
        if fact is None:
            continue
        components.append(fact)
        contacts = [*maps_at(entity, "contacts"), *maps_at(entity, "metadata", "contacts")]
        if fact.owner is not None:
            teams.append(TeamFact(fact.owner, fact.source, _channel(contacts)))
    return notes.result(components=components, teams=teams)


def entity_ref(text: str, kind: str = "service") -> Ref | None:
    """`[kind:][namespace/]name` of Datadog; None where it is no ref."""
    before, colon, after = text.strip().rpartition(":")
    space, _, name = after.rpartition("/")
    made = to_id(name)
    word = before.lower() if colon else kind
    return Ref(f"{word}:{space.lower() or 'default'}/{name.lower()}", made) if made else None


def _channel(contacts: Iterable[dict[str, Any]]) -> str:
    links = [text_at(entry, "contact") for entry in contacts if text_at(entry, "type").lower() == "slack"]
    return next((channel for link in links if (channel := a_channel(link))), "")


def _tier(text: str, source: Source, notes: Notes) -> int | None:
    tier = tier_of(text)
    if text and tier is None:
        notes.add(source, f"its tier {line_of(text, 60)!r} is none of 1 to 4; ownership.yaml can set it")
    return tier


def _owner(text: str, source: Source, notes: Notes) -> Ref | None:
    owner = team_ref(text) if text else None
    if owner is None:
        notes.add(source, "it names no owner")
    return owner


def _old(entity: dict[str, Any], source: Source, notes: Notes) -> ComponentFact | None:
    ref = entity_ref(f"service:{text_at(entity, 'dd-service')}")
    if ref is None:
        notes.add(source, "dd-service is missing or cannot become an id")
        return None
    owner = _owner(text_at(entity, "team") or text_at(entity, "dd-team"), source, notes)
    kind = kind_of(text_at(entity, "type"))
    return ComponentFact(ref, source, kind, owner, tier=_tier(text_at(entity, "tier"), source, notes))


def _new(entity: dict[str, Any], source: Source, notes: Notes) -> ComponentFact | None:
    kind = text_at(entity, "kind").lower()
    space = text_at(entity, "metadata", "namespace") or "default"
    ref = entity_ref(f"{kind}:{space}/{text_at(entity, 'metadata', 'name')}")
    if ref is None:
        notes.add(source, "metadata.name is missing or cannot become an id")
        return None
    more = [text_at(entry, "name") for entry in maps_at(entity, "metadata", "additionalOwners")]
    if more:
        notes.add(source, f"its further owners are not accountable: {line_of(', '.join(more), 200)}")
    reads = texts_at(entity, "spec", "dependsOn") + texts_at(entity, "spec", "components")
    return ComponentFact(
        ref,
        source,
        kind_of(text_at(entity, "spec", "type")) or kind_of(kind),
        _owner(text_at(entity, "metadata", "owner"), source, notes),
        line_of(text_at(entity, "metadata", "displayName")),
        _tier(text_at(entity, "spec", "tier"), source, notes),
        (),
        _refs(reads, source, notes),
        _refs(texts_at(entity, "spec", "componentOf"), source, notes),
    )


def _refs(words: list[str], source: Source, notes: Notes) -> tuple[Ref, ...]:
    found: dict[Ref, None] = {}
    for word in words:
        ref = entity_ref(word)
        if ref is None:
            notes.add(source, f"{line_of(word, 80)!r} is no entity")
        else:
            found[ref] = None
    return tuple(found)
