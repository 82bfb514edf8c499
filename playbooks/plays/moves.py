"""What every change of an incident goes through: its state, its row, what is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.facts import move_facts
from playbooks.domain.incidents import OVER_STATES, Incident, State, check_move, open_key
from playbooks.domain.timeline import EventKind
from playbooks.plays.anchors import anchor_now
from playbooks.plays.house import House, say_in_channel, spoken
from playbooks.plays.orders import Order, event_of
from playbooks.plays.releases import plan_release
from playbooks.plays.switched_off import show_what_is_off
from playbooks.ports import UnitOfWork

TEXT_MAX = 3000


def move_to(
    uow: UnitOfWork, order: Order, incident: Incident, wanted: State, now: datetime, text: str = ""
) -> Incident:
    """Another state, told in the timeline. Raises Conflict where the life cycle has no such step."""
    check_move(incident.state, wanted, incident.name)
    facts = dict(move_facts(incident.state.value, wanted.value))
    words = f"{incident.state.value} → {wanted.value}" + (f": {text.strip()}" if text.strip() else "")
    uow.append(
        incident.id,
        event_of(
            order,
            incident,
            EventKind.STATUS,
            words,
            now=now,
            dedup=f"status:{incident.version}:{wanted.value}",
            payload=facts,
        ),
        now=now,
    )
    show_what_is_off(uow, incident.id, now)
    if wanted in OVER_STATES:
        plan_release(uow, incident, now)
    if wanted is State.CLOSED:
        uow.want_job("learned", str(incident.id), now=now, lane=f"incident:{incident.id}")
    return replace(incident, state=wanted)


def must_be_open(incident: Incident) -> None:
    """Raises Conflict for an incident that is over."""
    if not incident.open:
        raise errors.Conflict(
            f"{incident.name} is {incident.state.value}.", "Reopen it first: `/inc reopen`.", code="wrong_state"
        )


def save(uow: UnitOfWork, incident: Incident) -> Incident:
    """Write what a play changed. The chain's own columns were moved on by `append`, so they are taken from the row."""
    fresh = uow.incident(incident.id)
    if fresh is not None:
        incident = replace(incident, chain_seq=fresh.chain_seq, chain_head=fresh.chain_head, version=fresh.version)
    key = open_key(incident.component, incident.failure) if incident.open else None
    return uow.save_incident(incident, open_key=key)


def announce(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    text: str,
    now: datetime,
    *,
    hint: str = "",
    mentions: list[str] | None = None,
    milestone: bool = False,
) -> None:
    """A sentence in the incident's channel, said for the person of the order; of a milestone with the chain's head."""
    payload = spoken(text, mentions or (), hint=hint, by=order.actor.id)
    if milestone:
        payload |= anchor_now(uow, incident.id)
    say_in_channel(uow, incident, "say", house.ids.new(), payload, now=now)


def person_in_message(house: House, person: str) -> tuple[Any, ...]:
    """The person as a message's mention; nobody where the name is unknown."""
    found = house.who(person)
    return (found,) if found else ()
