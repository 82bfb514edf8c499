"""Who receives a hand-off: a person, the role on call of a team, or a team, for which whoever is on call accepts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from playbooks.domain.handoffs import Handoff
from playbooks.domain.incidents import Incident, Role
from playbooks.domain.timeline import EventKind
from playbooks.plays.house import House
from playbooks.plays.orders import Order, event_of
from playbooks.plays.roles import change_role
from playbooks.ports import UnitOfWork

TEAM = "team"
ON_CALL = "on_call"
_ASKED = 3


def team_receiver(team: str) -> str:
    """How a team stands as the receiver of a hand-off."""
    return f"{TEAM}:{team}"


def on_call_receiver(team: str) -> str:
    """How the role on call of a team stands as the receiver, as the registry writes it."""
    return f"{ON_CALL}:{team}"


def team_behind(handoff: Handoff) -> str:
    """The team whose people may accept; empty where one person is named."""
    kind, _, team = handoff.receiver.partition(":")
    return team if kind in (TEAM, ON_CALL) else ""


def receivers(house: House, handoff: Handoff) -> tuple[str, ...]:
    """Persons (actor ids) who may accept: the receiver, or who is on call for the team, else its members."""
    registry, team = house.registry(), team_behind(handoff)
    if not team:
        return (handoff.receiver,)
    if team not in registry.teams:
        return ()
    on_call = tuple(p for p in house.on_call.now(team) if p in registry.people)
    return on_call or registry.members(team)


def asked(house: House, handoff: Handoff) -> tuple[str, ...]:
    """Those of them who are asked by name."""
    return receivers(house, handoff)[:_ASKED]


def take_over(
    house: House, uow: UnitOfWork, order: Order, incident: Incident, handoff: Handoff, now: datetime
) -> Incident:
    """The incident in the hands of the receiver; to be saved by the caller."""
    if handoff.role != TEAM:
        receiver = order.actor.id if team_behind(handoff) else handoff.receiver
        return change_role(house, uow, order, incident, Role(handoff.role), receiver, now)
    team = handoff.receiver.removeprefix(f"{TEAM}:")
    facts = {"team": team, "team_before": incident.team}
    text = f"{team} answers for the incident now"
    key = f"team:{team}:{handoff.id}"
    uow.append(incident.id, event_of(order, incident, EventKind.ROLE, text, now=now, dedup=key, payload=facts), now=now)
    incident = change_role(house, uow, order, incident, Role.LEAD, order.actor.id, now)
    return replace(incident, team=team, home=house.registry().team(team).channel or incident.home)
