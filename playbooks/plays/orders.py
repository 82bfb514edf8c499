"""An order: who wants something, where, by which way; executed at most once per delivery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.incidents import Incident
from playbooks.domain.people import MUSTER, Actor
from playbooks.domain.timeline import EventKind, EventSource, NewEvent, Precision
from playbooks.plays.house import House
from playbooks.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Order:
    """What the edge knows of a command, click or event.

    Attributes:
        actor: who. channel: Slack channel it was given in, empty for none. source: slash, button, message …
        once: identity of the delivery (event id, trigger id); the same one is executed once.
        link: permalink of the message it comes from, may be empty.
    """

    actor: Actor
    channel: str = ""
    source: EventSource = EventSource.SLASH
    once: str = ""
    link: str = ""


@contextmanager
def execution(house: House, order: Order) -> Iterator[tuple[UnitOfWork, datetime]]:
    """The one transaction of an order. Raises `errors.Conflict(code="already_done")` for a redelivery."""
    with house.store.begin(lane="people") as uow:
        now = house.now()
        if order.once and not uow.first_time(order.once, now=now):
            raise errors.Conflict("I already have that.", code="already_done")
        yield uow, now


def role_in(incident: Incident, actor: Actor) -> Actor:
    """The actor with the role held in this incident at this moment, where one is held."""
    for role, holder in (("incident lead", incident.lead), ("comms lead", incident.comms)):
        if holder and holder == actor.id:
            return Actor(actor.kind, actor.id, actor.slack, role, actor.team)
    return actor


def own_event(
    kind: EventKind, text: str, dedup: str, component: str, payload: Mapping[str, object], *, now: datetime
) -> NewEvent:
    """An event that time makes: Muster's own, in nobody's name."""
    return NewEvent(kind, text, MUSTER, now, EventSource.SCHEDULER, dedup, component=component, payload=dict(payload))


def event_of(
    order: Order,
    incident: Incident,
    kind: EventKind,
    text: str,
    *,
    now: datetime,
    dedup: str,
    payload: dict[str, Any] | None = None,
    at: datetime | None = None,
    precision: Precision = Precision.EXACT,
    entered_tz: str = "",
    component: str = "",
) -> NewEvent:
    """An event of this order, by its actor in the role held now."""
    return NewEvent(
        kind=kind,
        text=text,
        actor=role_in(incident, order.actor),
        occurred_at=at or now,
        source=order.source,
        dedup_key=dedup,
        precision=precision,
        source_ref=order.link,
        component=component or incident.component,
        payload=payload or {},
        entered_tz=entered_tz,
    )
