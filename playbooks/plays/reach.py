"""Who is to be reached for an incident: on call, then deputies, then the accountable team's members."""

from __future__ import annotations

from collections.abc import Sequence

from playbooks.domain.authority import Holder, Right
from playbooks.domain.incidents import Incident
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House


def team_of(house: House, incident: Incident) -> str:
    """The team that answers for an incident: the one it was opened for or handed to, else the component's."""
    registry = house.registry()
    component = registry.components.get(incident.component)
    return component.accountable if component and incident.team not in registry.teams else incident.team


def line_of(house: House, incident: Incident) -> tuple[str, ...]:
    """Registry person ids in the order they are asked, each once."""
    return tuple(holder.person for holder in roles_in_line(house, incident))


def roles_in_line(house: House, incident: Incident) -> tuple[Holder, ...]:
    """The persons of the line with what each is first: on call, holder of the right, deputy, member."""
    registry = house.registry()
    component = registry.components.get(incident.component)
    team = team_of(house, incident)
    people: list[Holder] = []
    if team in registry.teams:
        people += [Holder(person, f"on call {team}") for person in house.on_call.now(team)]
    if component:
        held = held_in(house, incident.component, Right.ROLL_BACK, incident)
        people += [*held.holders, *held.deputies]
    if team in registry.teams:
        people += [Holder(person, f"member of {team}") for person in registry.members(team)]
    first: dict[str, Holder] = {}
    for holder in people:
        first.setdefault(holder.person, holder)
    return tuple(first.values())


def next_in_line(house: House, incident: Incident, *, refused: Sequence[str]) -> str:
    """The next person to ask after those who cannot; empty when nobody is left."""
    return next((p for p in line_of(house, incident) if p not in refused), "")


def invitees(house: House, incident: Incident) -> tuple[str, ...]:
    """Slack ids to invite to the incident channel: lead, comms, on call of the accountable team and of each stage."""
    registry = house.registry()
    people: list[str] = [incident.lead, incident.comms, incident.acknowledged_by]
    component = registry.components.get(incident.component)
    teams = [incident.team]
    if component:
        teams = [incident.team, component.accountable, *registry.stage_owners(incident.component).values()]
    for team in dict.fromkeys(t for t in teams if t in registry.teams):
        people += house.on_call.now(team)[:1]
    if incident.opened_by and not incident.opened_by.startswith("source:"):
        people.append(incident.opened_by)
    slack = [p.removeprefix("slack:") if p.startswith("slack:") else _slack(house, p) for p in people if p]
    return tuple(dict.fromkeys(s for s in slack if s))


def _slack(house: House, person: str) -> str:
    found = house.registry().people.get(person)
    return found.slack if found else ""
