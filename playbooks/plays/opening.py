"""How an incident begins: what a person opens it with, what changed before, what was known when it was declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from playbooks.domain.actions import version_name
from playbooks.domain.alerts import Change
from playbooks.domain.facts import DeclaredFacts, change_facts
from playbooks.domain.incidents import Incident, open_key
from playbooks.domain.ownership import Registry
from playbooks.domain.people import MUSTER, Actor, source_actor
from playbooks.domain.timeline import EventKind, EventSource, NewEvent, Precision
from playbooks.plays.house import House
from playbooks.plays.orders import Order
from playbooks.ports import NewIncident, OnCall


def opened_by_hand(
    house: House, order: Order, *, title: str, component: str, failure: str, at: datetime, severity: str = ""
) -> NewIncident:
    """What an incident is opened with by a person, at home with the component's team or else where it was asked for.

    `component` and `severity` may be empty. Raises UnknownName for a component that does not exist.
    """
    registry = house.registry()
    team_id = registry.component(component).accountable if component else house.rules.triage_team
    team = registry.teams.get(team_id)
    return NewIncident(
        title=title,
        component=component,
        failure=failure,
        open_key=open_key(component, failure),
        severity=severity,
        opened_at=at,
        detected_at=at,
        opened_by=order.actor.id,
        team=team_id,
        home=(team.channel if team else "") or house.rules.triage_channel or order.channel,
    )


def prior_changes(changes: Sequence[Change]) -> list[NewEvent]:
    """Changes recorded before the incident, copied in as events with their own time."""
    return [change_event(change) for change in sorted(changes, key=lambda c: c.occurred_at)]


def declared_event(
    registry: Registry,
    on_call: OnCall,
    incident: Incident,
    *,
    by: str,
    source: EventSource,
    now: datetime,
    actor: Actor = MUSTER,
) -> NewEvent:
    """The `declared` event with a snapshot of who owned what, so that a reader later knows it as it was."""
    component = registry.components.get(incident.component)
    team = component.accountable if component else incident.team
    resolved = on_call.now(team) if team else ()
    missing = [] if component else ["component"]
    if team and not resolved:
        missing.append("on call")
    facts = DeclaredFacts(
        title=incident.title,
        component=incident.component,
        failure=incident.failure,
        severity=incident.severity,
        by=by,
        team=team,
        registry=registry.sha256,
        stages=dict(registry.stage_owners(incident.component)) if component else {},
        on_call=len(resolved),
        tier=(component.tier or 0) if component else 0,
        fallback=component.fallback or "" if component else "",
        missing=missing,
    )
    return NewEvent(
        kind=EventKind.DECLARED,
        text=f"{incident.name} opened: {incident.title}",
        actor=actor,
        occurred_at=now,
        source=source,
        dedup_key="declared",
        component=incident.component,
        payload=dict(facts),
    )


def change_event(change: Change) -> NewEvent:
    """A change as a timeline event, at its own time."""
    after = version_name(change.after)
    moved = f"{version_name(change.before)} → {after}" if change.before else after
    facts: Mapping[str, Any] = change_facts(change)
    return NewEvent(
        kind=EventKind.CHANGE,
        text=f"{change.subject}: {moved}" + (f" by {change.by}" if change.by else ""),
        actor=source_actor(change.source),
        occurred_at=change.occurred_at,
        source=EventSource.WEBHOOK,
        dedup_key=f"change:{change.source}:{change.key}",
        source_ref=change.link,
        payload=facts,
    )


def since_of(incident: Incident) -> datetime | None:
    """When the signal first broke its limit, as the source says."""
    text = incident.signal.get("silent_since") or incident.signal.get("since") or ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and at <= incident.detected_at else None


def impact_event(incident: Incident) -> NewEvent:
    """The first breached window, as the alert's source says it: where the silence began, as far as machines know."""
    since = since_of(incident)
    return NewEvent(
        kind=EventKind.IMPACT_START,
        text="first breached window, as the alert says",
        actor=source_actor(incident.opened_by.removeprefix("source:")),
        occurred_at=since or incident.detected_at,
        source=EventSource.WEBHOOK,
        dedup_key="impact:signal",
        precision=Precision.INFERRED,
        component=incident.component,
        payload={"from": "signal"},
    )
