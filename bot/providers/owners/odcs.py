"""Open Data Contract Standard, v3: a data set, the team that answers for it, and who is in it today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from bot.providers.owners.reading import Notes, documents, email_ref, line_of, maps_at, team_ref, text_at
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


def read(text: str, *, name: str, today: date) -> Imported:
    """Facts of one file; `today` decides who is still in the team. Raises DocumentError where it is no YAML."""
    notes = Notes(name)
    people: dict[str, PersonFact] = {}
    teams: list[TeamFact] = []
    components: list[ComponentFact] = []
    for part in documents(text, name):
        contract = part.mapping
        if text_at(contract, "kind") != "DataContract":
            continue
        word = next((w for key in ("name", "dataProduct", "id") if (w := text_at(contract, key))), "")
        source = Source(name, part.line, f"contract:{line_of(word, 100)}")
        if not text_at(contract, "apiVersion").startswith("v3"):
            notes.add(source, "only apiVersion v3 of the standard is read")
            continue
        if not to_id(word):
            notes.add(source, "it has no name, dataProduct or id that can become an id")
            continue
        ref = Ref(f"contract:{text_at(contract, 'id') or word}".lower(), to_id(word))
        members = list(_members(contract, today, source, notes))
        people |= {fact.ref.text: fact for fact in members if fact.ref.text not in people}
        owner = _team(contract, ref, members, source, notes)
        if owner is not None:
            refs = tuple(dict.fromkeys(fact.ref for fact in members))
            teams.append(TeamFact(owner, source, _channel(contract), refs))
        stages = (("data", owner),) if owner is not None else ()
        title = line_of(text_at(contract, "dataProduct")) if text_at(contract, "name") else ""
        components.append(ComponentFact(ref, source, "dataset", owner, title, None, stages))
    return notes.result(people=people.values(), teams=teams, components=components)


def _team(contract: dict[str, Any], ref: Ref, members: list[PersonFact], source: Source, notes: Notes) -> Ref | None:
    """The team by its name (v3.1); the older list of members has none and gets one from the contract's name."""
    named = text_at(contract, "team", "name")
    owner = team_ref(named) if named else None
    if owner is None and members:
        owner = team_ref(f"{ref.id[:57]}-team")
    if owner is None:
        notes.add(source, "it names no team and nobody who is in it today")
    return owner


def _members(contract: dict[str, Any], today: date, source: Source, notes: Notes) -> Iterator[PersonFact]:
    team = contract.get("team")
    for entry in maps_at(team, "members") if isinstance(team, dict) else maps_at(team):
        name = text_at(entry, "username")
        if not name:
            notes.add(source, "a member has no username")
            continue
        if not _there(entry, today, name, source, notes):
            continue
        email = an_email(name)
        made = to_id(name)
        ref = email_ref(email) if email else Ref(f"login:{name.lower()}", made, person=True) if made else None
        if ref is None:
            notes.add(source, f"the member {line_of(name, 60)!r} cannot become an id")
            continue
        yield PersonFact(ref, source, line_of(text_at(entry, "name"), 80), email)


def _there(entry: dict[str, Any], today: date, name: str, source: Source, notes: Notes) -> bool:
    """Whether a member is in the team today: from the day in, until the day before the day out."""
    for key in ("dateIn", "dateOut"):
        word = text_at(entry, key)
        try:
            day = date.fromisoformat(word[:10]) if word else None
        except ValueError:
            notes.add(source, f"{key} of {line_of(name, 60)} is no date: {line_of(word, 40)}")
            day = None
        if day is not None and (day > today if key == "dateIn" else day <= today):
            return False
    return True


def _channel(contract: dict[str, Any]) -> str:
    entries = [entry for entry in maps_at(contract, "support") if text_at(entry, "tool").lower() == "slack"]
    words = [text_at(entry, key) for entry in entries for key in ("channel", "url")]
    return next((channel for word in words if (channel := a_channel(word))), "")
