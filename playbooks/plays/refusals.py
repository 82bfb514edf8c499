"""A refusal leaves a trace: in the incident's timeline, else in a notice that an operator can list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks import errors
from playbooks.domain.facts import RefusalFacts
from playbooks.domain.incidents import Incident
from playbooks.domain.refusals import reason_words, wish_words
from playbooks.domain.timeline import EventKind
from playbooks.plays.house import House, redraw
from playbooks.plays.orders import Order, event_of
from playbooks.ports import UnitOfWork

PREFIX = "refused:"
"""Notices with this key are refusals outside any incident."""


@dataclass(frozen=True, slots=True)
class About:
    """What a refused command was about, as far as the edge knows; its name is `command`."""

    command: str = ""
    incident: int | None = None
    action: int | None = None
    override: int | None = None
    component: str = ""


def record(house: House, order: Order, error: errors.Denied, about: About) -> int | None:
    """Write a refusal down, once per delivery. Returns the incident it stands in, None where there is none.

    The refused command's own transaction is gone, so this is one of its own. Raises StoreBusy.
    """
    with house.store.begin(lane="people") as uow:
        now = house.now()
        incident = _incident_of(house, uow, order, error, about)
        facts = _facts(error, about)
        if incident is None:
            _notice(uow, order, facts, now)
            return None
        text = f"refused: {wish_words(facts['decision'], facts['component'], about.command)}: "
        event = event_of(
            order,
            incident,
            EventKind.REFUSAL,
            text + reason_words(facts["reason"]),
            now=now,
            dedup=f"{PREFIX}{order.once or house.ids.new()}",
            payload=dict(facts),
            component=facts["component"],
        )
        uow.append(incident.id, event, now=now)
        redraw(uow, incident, now=now)
        return incident.id


def _facts(error: errors.Denied, about: About) -> RefusalFacts:
    told = error.facts
    return RefusalFacts(
        decision=told.get("decision", ""),
        component=told.get("component", "") or about.component,
        reason=told.get("reason", "") or error.code,
        rule=told.get("rule", ""),
        may=told.get("may", ""),
        sentence=error.told[:600],
    )


def _incident_of(house: House, uow: UnitOfWork, order: Order, error: errors.Denied, about: About) -> Incident | None:
    """The one the play named, that of the action or entry, the channel's, or the component's newest open one."""
    action = uow.action(about.action) if about.action is not None else None
    entry = uow.override(about.override) if about.override is not None else None
    named = (
        error.incident,
        about.incident,
        action.incident_id if action is not None else None,
        entry.incident_id if entry is not None else None,
    )
    for number in (n for n in named if n is not None):
        found = uow.incident(number, lock=True)
        if found is not None:
            return found
    here = uow.incident_by_channel(order.channel) if order.channel else None
    if here is not None:
        return uow.incident(here.id, lock=True)
    registry, component = house.registry(), error.facts.get("component", "") or about.component
    if component not in registry.components:
        return None
    for name in (component, *registry.upstream(component)):
        held = uow.open_incidents_of(name)
        if held:
            return uow.incident(held[0].id, lock=True)
    return None


def _notice(uow: UnitOfWork, order: Order, facts: RefusalFacts, now: datetime) -> None:
    if order.once and not uow.first_time(f"{PREFIX}{order.once}", now=now):
        return
    key = f"{PREFIX}{order.actor.id}:{facts['decision'] or facts['reason']}:{facts['component']}"
    uow.notice(key[:190], f"{order.actor.id} ({order.actor.role}) was refused: {facts['sentence']}", now=now)
