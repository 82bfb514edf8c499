"""Who may do what with a postmortem: write it, review it, be asked about it."""

from __future__ import annotations

from collections.abc import Iterable

from playbooks import errors
from playbooks.domain.documents import DocumentLife
from playbooks.domain.incidents import Incident
from playbooks.domain.people import Actor
from playbooks.plays.document_life import accountable
from playbooks.plays.house import House


def editors(house: House, incident: Incident, life: DocumentLife | None) -> tuple[str, ...]:
    """Who moves it on and gives it an owner and a date: its owner, the lead, the accountable team."""
    owner = life.owner if life is not None else ""
    team = _members(house, accountable(house, incident))
    return tuple(dict.fromkeys(p for p in (owner, incident.lead, incident.comms, *team) if p))


def writers(house: House, incident: Incident, life: DocumentLife | None, acted: Iterable[str]) -> tuple[str, ...]:
    """Who answers its questions: the editors, and everyone who acted in the incident."""
    return tuple(dict.fromkeys((*editors(house, incident, life), *acted)))


def reviewers(house: House, incident: Incident, life: DocumentLife, acted: Iterable[str]) -> tuple[str, ...]:
    """Who may mark it reviewed: people of the registry who acted, the accountable team, the triage team if nobody else.

    Never its owner.
    """
    registry = house.registry()
    found = [p for p in (*acted, *_members(house, accountable(house, incident))) if p in registry.people]
    found = [p for p in dict.fromkeys(found) if p != life.owner]
    if not found:
        found = [p for p in _members(house, house.rules.triage_team) if p != life.owner]
    return tuple(found)


def must_edit(house: House, incident: Incident, life: DocumentLife | None, actor: Actor) -> None:
    """Raises Denied for who does not edit it, with who does."""
    people = editors(house, incident, life)
    if actor.id not in people:
        team = accountable(house, incident)
        whose = f"its owner, the lead and the team {team}" if team else "its owner and the lead"
        raise _denied(incident, f"The postmortem of {incident.name} is for {whose}.", people)


def must_write(house: House, incident: Incident, life: DocumentLife | None, actor: Actor, acted: Iterable[str]) -> None:
    """Raises Denied for who neither edits it nor acted in the incident."""
    people = writers(house, incident, life, acted)
    if actor.id not in people:
        said = f"The questions about {incident.name} are for those who acted in it, and the team that answers for it."
        raise _denied(incident, said, people)


def must_review(house: House, incident: Incident, life: DocumentLife, actor: Actor, acted: Iterable[str]) -> None:
    """Raises Denied for its owner, and for who neither acted nor is of the accountable team."""
    people = reviewers(house, incident, life, acted)
    if actor.id == life.owner:
        raise _denied(incident, "Its owner does not review it.", people)
    if actor.id not in people:
        said = f"The postmortem of {incident.name} is reviewed by those who acted in it, or by the accountable team."
        raise _denied(incident, said, people)


def _members(house: House, team: str) -> tuple[str, ...]:
    """Of a team that the registry may no longer have."""
    found = house.registry().teams.get(team)
    return found.members if found is not None else ()


def _denied(incident: Incident, sentence: str, people: tuple[str, ...]) -> errors.Denied:
    named = " or ".join(f"@{person.removeprefix('slack:')}" for person in people[:3])
    return errors.Denied(
        sentence,
        f"Ask {named}." if named else "",
        code="may_not_decide",
        ask=people[:3],
        facts={"decision": "postmortem", "component": incident.component, "reason": "not_held", "rule": ""},
    ).about(incident.id)
