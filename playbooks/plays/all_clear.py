"""The all-clear: where the registry names who gives it, only they say that the harm has stopped, or that it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from playbooks.domain.authority import Authority, Right
from playbooks.domain.incidents import Incident, State
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say, Who
from playbooks.plays.bound_levers import people_of
from playbooks.plays.deciding import decider_of, held_in, right_used, used_facts
from playbooks.plays.house import House
from playbooks.plays.moves import announce
from playbooks.plays.orders import Order, event_of
from playbooks.ports import UnitOfWork

_WORDS = {State.MITIGATED: "mitigated", State.RESOLVED: "resolved", State.CANCELLED: "no incident"}


def required(house: House, incident: Incident) -> bool:
    """Whether the registry names who gives the all-clear for the incident's component."""
    component = house.registry().components.get(incident.component)
    return component is not None and Right.ALL_CLEAR.value in component.rights.named()


def holders_of(house: House, incident: Incident) -> Authority | None:
    """Who may give it now; None where the registry names nobody, so that anybody may."""
    return held_in(house, incident.component, Right.ALL_CLEAR, incident) if required(house, incident) else None


def give(house: House, uow: UnitOfWork, order: Order, incident: Incident, wanted: State, now: datetime) -> Say | None:
    """Let a person through who may say so, and write down by which right. Before any other event of the move.

    Returns None where the move may go on, else what to say: where two have to agree, the first one's word is kept.
    Raises Denied that names who may.
    """
    held = holders_of(house, incident)
    if held is None or held.approvals == 0:
        return None
    held, holder = decider_of(house, incident.component, Right.ALL_CLEAR, incident, order.actor.id)
    said = _said_before(uow, incident, wanted)
    if order.actor.id in said:
        return Say("You already said so; somebody else has to agree.")
    given = len(said) + 1
    used = right_used(held, holder)
    facts = {
        "decision": Right.ALL_CLEAR.value,
        "component": incident.component,
        "verdict": "approved",
        "right": used,
        **used_facts(held, order.actor.id),
        "approvals": given,
        "needed": held.approvals,
        "to": wanted.value,
    }
    text = f"all-clear: {incident.component} is {_WORDS[wanted]}"
    key = f"all_clear:{wanted.value}:{_round(uow, incident)}:{order.actor.id}"
    event = event_of(order, incident, EventKind.DECISION, text, now=now, dedup=key, payload=facts)
    uow.append(incident.id, replace(event, actor=replace(event.actor, role=used)), now=now)
    if given >= held.approvals:
        return None
    left = held.approvals - given
    others = _others(house, held, (*said, order.actor.id))
    named = " or ".join(f"{{{place}}}" for place in range(1, len(others) + 1)) or "another holder"
    announce(
        house,
        uow,
        order,
        incident,
        f"{{0}} says that {incident.name} is {_WORDS[wanted]}; {left} more has to agree: {named}.",
        now,
        mentions=[order.actor.id, *(who.name for who in others)],
    )
    return Say(f"Your word is kept; {left} more has to agree before {incident.name} is {_WORDS[wanted]}.")


def _others(house: House, held: Authority, said: tuple[str, ...]) -> tuple[Who, ...]:
    left = tuple(h for h in (*held.holders, *held.deputies) if h.person not in said)
    return people_of(house, left[:3])


def _round(uow: UnitOfWork, incident: Incident) -> int:
    """Number of the newest change of state: words from before it do not count for the next one."""
    moves = [e.seq for e in uow.events(incident.id, alerts=False) if e.kind is EventKind.STATUS]
    return moves[-1] if moves else 0


def _said_before(uow: UnitOfWork, incident: Incident, wanted: State) -> tuple[str, ...]:
    since = _round(uow, incident)
    return tuple(
        e.new.actor.id
        for e in uow.events(incident.id, alerts=False)
        if e.seq > since
        and e.kind is EventKind.DECISION
        and e.payload.get("decision") == Right.ALL_CLEAR.value
        and e.payload.get("to") == wanted.value
    )
