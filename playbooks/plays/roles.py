"""Who does what in an incident: taking and passing roles, and the owner that is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from playbooks.domain.facts import move_facts
from playbooks.domain.incidents import Incident, Role, State
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays.house import House, must_find, refresh
from playbooks.plays.moves import announce, move_to, must_be_open, person_in_message, save
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.reach import next_in_line
from playbooks.ports import UnitOfWork


def take_role(house: House, order: Order, incident_id: int, role: Role, person: str) -> Say:
    """Give a role to a person (actor id); tells the channel."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        must_be_open(incident)
        if incident.state is State.TRIAGE and role is Role.LEAD:
            incident = move_to(uow, order, incident, State.INVESTIGATING, now)
        incident = save(uow, change_role(house, uow, order, incident, role, person, now))
        refresh(uow, incident, now=now)
        uow.want_job("invite", str(incident_id), now=now, lane=f"incident:{incident_id}")
    return Say(f"{{0}} is {role.value} of {incident.name}.", mentions=person_in_message(house, person))


def change_role(
    house: House, uow: UnitOfWork, order: Order, incident: Incident, role: Role, person: str, now: datetime
) -> Incident:
    """The incident with a role given to a person, recorded and told; to be saved by the caller."""
    before = incident.lead if role is Role.LEAD else incident.comms
    if before == person:
        return incident
    key = f"role:{role.value}:{incident.version}:{order.once or house.ids.new()}"
    facts = dict(move_facts(before, person, role=role.value))
    how = "taken" if person == order.actor.id else "given to another person"
    uow.append(
        incident.id,
        event_of(order, incident, EventKind.ROLE, f"{role.value} {how}", now=now, dedup=key, payload=facts),
        now=now,
    )
    text = f"{{0}} is {role.value} now."
    announce(house, uow, order, incident, text, now, mentions=[person])
    return replace(incident, lead=person) if role is Role.LEAD else replace(incident, comms=person)


def not_me(house: House, order: Order, incident_id: int) -> Say:
    """The person on call cannot take it: the next one, then a deputy, is named in the owner's message."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        must_be_open(incident)
        passed = [str(e.payload.get("from", "")) for e in uow.events(incident_id) if e.payload.get("passed")]
        person = next_in_line(house, incident, refused=[*passed, order.actor.id])
        facts = dict(move_facts(order.actor.id, person, passed=True))
        text = "passed on: cannot take it" + ("" if person else "; nobody else is named")
        key = f"pass:{order.actor.id}"
        if (
            uow.append(
                incident_id, event_of(order, incident, EventKind.PAGE, text, now=now, dedup=key, payload=facts), now=now
            )
            is None
        ):
            return Say("You already said so; the others know.")
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        if person:
            announce(house, uow, order, incident, "{0}, can you take it?", now, mentions=[person])
    if not person:
        return Say("Nobody else is named for this component; the team's channel is asked.")
    return Say("Thanks. {0} is asked.", mentions=person_in_message(house, person))
