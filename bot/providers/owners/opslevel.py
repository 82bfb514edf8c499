"""OpsLevel (`opslevel.yml`): services or components, their owner, tier, aliases and dependencies."""

from __future__ import annotations

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

_KEYS = ("service", "component", "system", "services", "components")


def read(text: str, *, name: str) -> Imported:
    """Facts of one file; documents without a service are passed over. Raises DocumentError where it is no YAML."""
    notes = Notes(name)
    teams: list[TeamFact] = []
    components: list[ComponentFact] = []
    for part in documents(text, name):
        for key in _KEYS:
            for entry in maps_at(part.mapping, key):
                source = Source(name, part.line, f"{key.removesuffix('s')}:{line_of(text_at(entry, 'name'), 100)}")
                fact = _component(entry, key, source, notes)
                if fact is None:
                    continue
                components.append(fact)
                channel = _channel(entry)
                if fact.owner is not None and channel:
                    teams.append(TeamFact(fact.owner, source, channel))
    return notes.result(components=components, teams=teams)


def _component(entry: dict[str, Any], key: str, source: Source, notes: Notes) -> ComponentFact | None:
    made = to_id(text_at(entry, "name"))
    if not made:
        notes.add(source, "name is missing or cannot become an id")
        return None
    named = text_at(entry, "owner")
    owner = team_ref(named) if named else None
    if owner is None:
        notes.add(source, "it names no owner")
    word = text_at(entry, "tier")
    tier = tier_of(word)
    if word and tier is None:
        notes.add(source, f"its tier {line_of(word, 60)!r} is none of 1 to 4; ownership.yaml can set it")
    reads = [text_at(other, "alias") or text_at(other, "name") for other in maps_at(entry, "dependencies")]
    kind = kind_of(text_at(entry, "type")) or ("service" if key.startswith(("service", "system")) else "")
    return ComponentFact(
        Ref(f"service:{made}", made),
        source,
        kind,
        owner,
        line_of(text_at(entry, "name")) if text_at(entry, "name") != made else "",
        tier,
        reads=_refs([*reads, *texts_at(entry, "dependencies")]),
        also=tuple(f"service:{to_id(alias)}" for alias in texts_at(entry, "aliases") if to_id(alias)),
    )


def _refs(words: list[str]) -> tuple[Ref, ...]:
    return tuple(dict.fromkeys(Ref(f"service:{to_id(word)}", to_id(word)) for word in words if to_id(word)))


def _channel(entry: dict[str, Any]) -> str:
    tools = [text_at(tool, "url") for tool in maps_at(entry, "tools") if "slack.com/" in text_at(tool, "url")]
    return next((channel for link in tools if (channel := a_channel(link))), "")
