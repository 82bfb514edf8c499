"""Cortex (`cortex.yaml`): entity descriptors in the shape of an OpenAPI file; teams with their members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.providers.owners.reading import (
    Notes,
    documents,
    email_ref,
    kind_of,
    line_of,
    maps_at,
    team_ref,
    text_at,
    texts_at,
    tier_of,
)
from playbooks.domain.imported import (
    ComponentFact,
    Imported,
    PersonFact,
    Ref,
    Source,
    TeamFact,
    a_channel,
    an_email,
    to_id,
)


def read(text: str, *, name: str) -> Imported:
    """Facts of one file; documents without `x-cortex-tag` are passed over. Raises DocumentError where it is no YAML."""
    notes = Notes(name)
    people: dict[str, PersonFact] = {}
    teams: list[TeamFact] = []
    components: list[ComponentFact] = []
    for part in documents(text, name):
        # The command line tool also takes the tag beside `info`.
        info = {**part.mapping, **(part.mapping["info"] if isinstance(part.mapping.get("info"), dict) else {})}
        tag = text_at(info, "x-cortex-tag")
        kind = text_at(info, "x-cortex-type").lower() or "service"
        source = Source(name, part.line, f"{kind}:{line_of(tag, 100)}")
        if not any(key.startswith("x-cortex-") for key in info) or kind == "domain":
            continue
        if not to_id(tag):
            notes.add(source, "x-cortex-tag is missing or cannot become an id")
        elif kind == "team":
            members = list(_members(info, source, notes))
            people |= {fact.ref.text: fact for fact in members if fact.ref.text not in people}
            teams.append(_team(info, tag, members, source))
        else:
            components.append(_component(info, tag, kind, source, notes))
            teams += _channels(info, components[-1].owner, source)
    return notes.result(people=people.values(), teams=teams, components=components)


def _members(info: dict[str, Any], source: Source, notes: Notes) -> Iterator[PersonFact]:
    for entry in maps_at(info, "x-cortex-team", "members"):
        email = an_email(text_at(entry, "email"))
        ref = email_ref(email) if email else None
        if ref is None:
            notes.add(source, f"the member {line_of(text_at(entry, 'name') or '?', 60)} has no e-mail address")
        else:
            yield PersonFact(ref, source, line_of(text_at(entry, "name"), 80), email)


def _team(info: dict[str, Any], tag: str, members: list[PersonFact], source: Source) -> TeamFact:
    made = to_id(tag)
    names = [to_id(text_at(entry, "name")) for entry in maps_at(info, "x-cortex-team", "groups")]
    also = tuple(f"team:{each}" for each in [to_id(text_at(info, "title")), *names] if each and each != made)
    channels = [a_channel(text_at(entry, "name")) for entry in maps_at(info, "x-cortex-slack", "channels")]
    refs = tuple(dict.fromkeys(fact.ref for fact in members))
    return TeamFact(Ref(f"team:{made}", made), source, next(filter(None, channels), ""), refs, also)


def _component(info: dict[str, Any], tag: str, kind: str, source: Source, notes: Notes) -> ComponentFact:
    owners = list(maps_at(info, "x-cortex-owners"))
    groups = [text_at(entry, "name") for entry in owners if text_at(entry, "type").lower() == "group"]
    emails = [an_email(text_at(entry, "email")) for entry in owners if text_at(entry, "type").lower() == "email"]
    refs = [team_ref(word.rsplit("/", 1)[-1]) for word in groups if word]
    refs += [email_ref(email) for email in emails if email]
    found = [ref for ref in refs if ref is not None]
    if not found:
        notes.add(source, "it names no owner")
    if len([ref for ref in found if not ref.person]) > 1:
        also = ", ".join(ref.id for ref in found[1:] if not ref.person)
        notes.add(source, f"it has several owning teams; {found[0].id} is taken as accountable, not {also}")
    marks = [*texts_at(info, "x-cortex-groups"), *texts_at(info, "x-cortex-service-groups")]
    marks.append(text_at(info, "x-cortex-custom-metadata", "tier"))
    tiers = [tier for mark in marks if (tier := tier_of(mark.replace("tier:", "tier-"))) is not None]
    return ComponentFact(
        Ref(f"tag:{tag.lower()}", to_id(tag)),
        source,
        kind_of(kind),
        next(iter(found), None),
        line_of(text_at(info, "title")),
        next(iter(tiers), None),
        reads=_tags(info, "x-cortex-dependency") + _tags(info, "x-cortex-children"),
        read_by=_tags(info, "x-cortex-parents"),
    )


def _tags(info: dict[str, Any], key: str) -> tuple[Ref, ...]:
    tags = [text_at(entry, "tag") for entry in maps_at(info, key)] + texts_at(info, key)
    return tuple(dict.fromkeys(Ref(f"tag:{tag.lower()}", to_id(tag)) for tag in tags if to_id(tag)))


def _channels(info: dict[str, Any], owner: Ref | None, source: Source) -> list[TeamFact]:
    entries = [entry for entry in maps_at(info, "x-cortex-owners") if text_at(entry, "type").lower() == "slack"]
    found = next((channel for entry in entries if (channel := a_channel(text_at(entry, "channel")))), "")
    return [TeamFact(owner, source, found)] if owner is not None and found and not owner.person else []
