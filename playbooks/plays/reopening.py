"""After the end: an alert opens the incident again that was resolved just before, else a new one that refers to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks.domain.alerts import Alert
from playbooks.domain.clocks import say_span
from playbooks.domain.facts import move_facts
from playbooks.domain.incidents import Incident, State
from playbooks.domain.people import MUSTER, source_actor
from playbooks.domain.routing import Routed
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.domain.wording import plain
from playbooks.plays import document_life
from playbooks.plays.house import House, must_find, refresh, say_in_channel, spoken
from playbooks.plays.moves import save
from playbooks.ports import UnitOfWork


def earlier(house: House, uow: UnitOfWork, routed: Routed, now: datetime) -> Incident | None:
    """The last incident for this failure that is over, as far back as new ones refer to; None without a component."""
    back = max(house.rules.pipeline.link_within, house.rules.pipeline.reopen_within)
    if not routed.component or not back:
        return None
    return uow.last_incident(routed.component, routed.failure, now - timedelta(seconds=back))


def just_resolved(house: House, incident: Incident, now: datetime) -> bool:
    """Whether an alert opens it again: resolved, not closed, and inside the window."""
    within = timedelta(seconds=house.rules.pipeline.reopen_within)
    return (
        incident.state is State.RESOLVED and incident.resolved_at is not None and now - incident.resolved_at <= within
    )


def reopen(
    house: House, uow: UnitOfWork, incident: Incident, alert: Alert, now: datetime, *, text: str = ""
) -> Incident:
    """Back to investigating, in the same channel; nobody is paged again. One that is open already stays as it is.

    Args:
        text: why, where it is not that the alert fired again.
    """
    incident = must_find(uow, incident.id)
    if incident.open:
        return incident
    ago = say_span(now - incident.resolved_at) if incident.resolved_at is not None else "just"
    text = text or f"{alert.name} fired again, {ago} after it was resolved"
    event = NewEvent(
        kind=EventKind.STATUS,
        text=f"{incident.state.value} → {State.INVESTIGATING.value}: {text}",
        actor=source_actor(alert.source),
        occurred_at=now,
        source=EventSource.WEBHOOK,
        dedup_key=f"status:{incident.version}:{State.INVESTIGATING.value}",
        component=incident.component,
        payload=dict(move_facts(incident.state.value, State.INVESTIGATING.value)),
    )
    uow.append(incident.id, event, now=now)
    again = replace(
        incident,
        state=State.INVESTIGATING,
        resolved_at=None,
        closed_at=None,
        mitigated_at=None,
        reopened=incident.reopened + 1,
    )
    again = save(uow, again)
    document_life.reopened(uow, again, by=MUSTER.id, now=now)
    refresh(uow, again, now=now)
    said = f"{'{0}, ' if again.lead else ''}{again.name} is open again: {plain(text, 200)}. Nobody is paged again."
    payload = spoken(said, [again.lead] if again.lead else ())
    say_in_channel(uow, again, "say", f"reopened:{again.id}:{again.reopened}", payload, now=now)
    return again


def link(uow: UnitOfWork, incident: Incident, last: Incident, now: datetime) -> None:
    """Say in a new incident's timeline which one for the same failure came before."""
    ended = last.closed_at or last.resolved_at
    when = f", over since {ended:%d %b %H:%M} UTC" if ended is not None else ""
    event = NewEvent(
        kind=EventKind.NOTE,
        text=f"the last incident for this failure was {last.name}{when}: {last.title}",
        actor=MUSTER,
        occurred_at=now,
        source=EventSource.WEBHOOK,
        dedup_key=f"link:{last.id}",
        component=incident.component,
        payload={"incident": last.id},
    )
    uow.append(incident.id, event, now=now)
