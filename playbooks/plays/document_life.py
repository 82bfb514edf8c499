"""What every step of a postmortem goes through: its row, who is invited, what is renewed, and when it is begun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.action_items import Item, is_item, item_of
from playbooks.domain.debt import DebtKind
from playbooks.domain.documents import (
    DocumentLife,
    DocumentState,
    DocumentStep,
    ReviewRule,
    StepKind,
    default_rules,
    due_of,
)
from playbooks.domain.drafts.status import Status
from playbooks.domain.incidents import Incident
from playbooks.domain.people import ActorKind
from playbooks.domain.reporting import REPORTABLE, record_of
from playbooks.domain.timeline import Event, EventKind
from playbooks.plays.house import House, want
from playbooks.plays.publishing import publish
from playbooks.ports import Surface, Timer, UnitOfWork

WARN, DUE, AGAIN = "postmortem_warn", "postmortem_due", "postmortem_again"
SURFACE = "postmortem"
_LEAD_TIME = 86400  # seconds before it is due in which its owner is reminded


def rule_of(house: House, incident: Incident) -> ReviewRule:
    """What the incident's severity asks of its postmortem; while unset, what the mildest one asks."""
    rules = house.rules.reviews or default_rules(house.rules.severities)
    return rules.get(incident.severity) or ReviewRule()


def zone_of(house: House, team: str) -> str:
    """The zone by which a team's days are counted: its own, else the configured one."""
    found = house.registry().teams.get(team)
    return (found.time_zone if found is not None else None) or house.rules.zone


def accountable(house: House, incident: Incident) -> str:
    """The team that answers for the incident's component, else the one that was told first."""
    component = house.registry().components.get(incident.component)
    return component.accountable if component is not None else incident.team


# ------------------------------------------------------------------ beginning


def begin(house: House, uow: UnitOfWork, incident: Incident, *, by: str, now: datetime) -> DocumentLife:
    """The incident is resolved: its lead owns the document, and the review has a date. Again after a reopening."""
    fresh = _fresh(house, incident, now)
    if uow.add_document_life(fresh):
        life = fresh
    else:
        held = uow.document_life(incident.id, lock=True) or fresh
        moved = held.state is not DocumentState.DRAFT
        life = replace(fresh, owner=held.owner or fresh.owner, version=held.version, told_seq=0)
        life = uow.save_document_life(life)
        if moved:
            keep_move(uow, held, life, by, now, "the incident is resolved anew")
    set_timers(uow, life, now)
    return life


def _fresh(house: House, incident: Incident, now: datetime) -> DocumentLife:
    rule = rule_of(house, incident)
    due = due_of(now, rule, zone_of(house, accountable(house, incident))) if rule.required else None
    owner = incident.lead or incident.acknowledged_by
    return DocumentLife(incident.id, DocumentState.DRAFT, now, owner, due, rule.required)


def reopened(uow: UnitOfWork, incident: Incident, *, by: str, now: datetime) -> None:
    """The incident goes on: nobody is reminded of its document, which is a draft again."""
    life = uow.document_life(incident.id, lock=True)
    if life is None:
        return
    cancel_timers(uow, incident.id)
    draft = replace(life, state=DocumentState.DRAFT, since=now, due_at=None, no_action="", no_action_by="", points=None)
    draft = uow.save_document_life(replace(draft, waived="", nags=0, told_seq=0))
    if life.state is not DocumentState.DRAFT:
        keep_move(uow, life, draft, by, now, "the incident was reopened")
    renew(uow, incident, now)


def must_live(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> DocumentLife:
    """The document's life, locked; begun here for an incident that was resolved before lives were kept.

    Raises Conflict for an incident that is not resolved.
    """
    life = uow.document_life(incident.id, lock=True)
    if incident.resolved_at is None:
        raise errors.Conflict(
            f"{incident.name} is {incident.state.value}: its postmortem is reviewed once it is resolved.",
            f"Questions can be answered now: `/postmortem {incident.name}`.",
            code="wrong_state",
        )
    return life if life is not None else begin(house, uow, incident, by="", now=now)


# ------------------------------------------------------------------ what is read


def items_of(uow: UnitOfWork, incident_id: int) -> tuple[Item, ...]:
    """Action items of an incident, by their number."""
    entries = uow.overrides(open_only=False, incident_id=incident_id, kinds=(DebtKind.FOLLOW_UP.value,))
    return tuple(item_of(entry) for entry in sorted(entries, key=lambda e: e.id) if is_item(entry))


def invited(events: Iterable[Event]) -> tuple[str, ...]:
    """Actor ids of everyone who acted, in order of the first event; who was only refused did not act."""
    people = (
        event.new.actor.id
        for event in events
        if event.new.actor.kind is ActorKind.HUMAN and event.kind is not EventKind.REFUSAL
    )
    return tuple(dict.fromkeys(people))


def status_of(uow: UnitOfWork, incident: Incident, events: Sequence[Event]) -> Status:
    """What the document prints of its own life."""
    return Status(
        uow.document_life(incident.id),
        uow.document_steps(incident.id),
        items_of(uow, incident.id),
        uow.document_votes(incident.id),
        len(invited(events)),
        _reportable(events),
    )


def _reportable(events: Sequence[Event]) -> tuple[str, str] | None:
    if not any(event.payload.get("decision") == REPORTABLE for event in events):
        return None
    decided = record_of(events).decided
    return (decided.verdict, decided.because) if decided is not None else None


# ------------------------------------------------------------------ writing


def keep_step(
    uow: UnitOfWork, incident_id: int, kind: StepKind, key: str, by: str, now: datetime, facts: Mapping[str, Any]
) -> None:
    """Write a step down; the same key again writes over it."""
    uow.put_document_step(DocumentStep(incident_id, key, kind, by, now, facts))


def keep_move(
    uow: UnitOfWork, before: DocumentLife, after: DocumentLife, by: str, now: datetime, because: str = "", **more: Any
) -> None:
    """Write a change of state down."""
    facts = {"from": before.state.value, "to": after.state.value, "because": because, **more}
    keep_step(uow, after.incident_id, StepKind.MOVED, f"moved:{after.version}", by, now, facts)


def save(house: House, uow: UnitOfWork, incident: Incident, life: DocumentLife, now: datetime) -> DocumentLife:
    """Write the life, and renew whatever shows it."""
    life = uow.save_document_life(life)
    if life.waits:
        set_timers(uow, life, now)
    else:
        cancel_timers(uow, incident.id)
    renew(uow, incident, now)
    publish(house, uow, incident, life.state.value, now=now)
    return life


def renew(uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """The document itself, the message at the end of the incident, and every message about the document."""
    uow.want_job("document", str(incident.id), now=now, lane=f"incident:{incident.id}")
    shown = [uow.surface(f"resolved:{incident.id}:{incident.reopened}")]
    shown += uow.surfaces_named(f"{SURFACE}:{incident.id}:")
    for surface in shown:
        if surface is not None:
            want(uow, surface, now=now)


def note_of(incident: Incident, phase: str, target: str, stamp: str) -> Surface:
    """A message of its own about the document; `phase` says what it was made for, `stamp` for which time."""
    name = f"{SURFACE}:{incident.id}:{phase}:{stamp}"
    return Surface(name, SURFACE, target, payload={"phase": phase, "stamp": stamp}, incident_id=incident.id)


# ------------------------------------------------------------------ timers


def set_timers(uow: UnitOfWork, life: DocumentLife, now: datetime) -> None:
    """The reminder before it is due, and the one when it is; moved when the date moves."""
    cancel_timers(uow, life.incident_id)
    if not life.waits or life.due_at is None:
        return
    subject = str(life.incident_id)
    warn = datetime.fromtimestamp(life.due_at.timestamp() - _LEAD_TIME, life.due_at.tzinfo)
    if life.due_at > now:
        uow.set_timer(Timer(f"{DUE}:{subject}", DUE, subject, life.due_at))
        uow.set_timer(Timer(f"{WARN}:{subject}", WARN, subject, max(warn, now + (life.due_at - now) / 2)))
    else:
        uow.set_timer(Timer(f"{DUE}:{subject}", DUE, subject, now))


def cancel_timers(uow: UnitOfWork, incident_id: int) -> None:
    """Nobody is reminded of it any more."""
    for kind in (WARN, DUE, AGAIN):
        uow.cancel_timer(f"{kind}:{incident_id}")
