"""Messages into the timeline and out again: pins, emoji, the shortcut; their edits and deletions are followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.incidents import Incident
from playbooks.domain.people import Actor
from playbooks.domain.timeline import Event, EventKind, EventSource, NewEvent, Precision, is_machine
from playbooks.messages import Say
from playbooks.plays import attachments
from playbooks.plays.house import House, redraw, want_card
from playbooks.plays.moves import save
from playbooks.plays.orders import Order, event_of, execution, role_in
from playbooks.ports import Captured, UnitOfWork

# Who asked, who decided, who led and when: the record of authority, also where a person is its author.
_RECORD = frozenset(
    {
        EventKind.DECLARED,
        EventKind.ACK,
        EventKind.STATUS,
        EventKind.SEVERITY,
        EventKind.ROLE,
        EventKind.HANDOFF,
        EventKind.PAGE,
        EventKind.REFUSAL,
        EventKind.ACTION,
        EventKind.OVERRIDE,
        EventKind.RETRACTION,
        EventKind.SOURCE_DELETED,
        EventKind.REDACTION,
    }
)
_SOURCE_OF = {"pin": EventSource.PIN, "reaction": EventSource.REACTION, "shortcut": EventSource.MESSAGE}


@dataclass(frozen=True, slots=True)
class Message:
    """A Slack message as captured: its place, its own time, its words and its author; whether files hang on it."""

    channel: str
    ts: str
    text: str
    author: Actor
    at: datetime
    link: str = ""
    files: bool = False


def add_message(
    house: House,
    order: Order,
    message: Message,
    way: str,
    *,
    kind: EventKind = EventKind.NOTE,
    at: datetime | None = None,
    text: str = "",
    incident_id: int | None = None,
    precision: Precision | None = None,
    component: str = "",
    facts: Mapping[str, Any] | None = None,
) -> Say | None:
    """Put a message into the timeline at its own time; None when its channel belongs to no incident.

    The same message added by two ways stands once; added, removed and added again it leaves three events. `at`,
    `precision`, `component`, `facts`: what a person said of it beside the message.
    """
    with execution(house, order) as (uow, now):
        incident = _incident_of(uow, message.channel, incident_id)
        if incident is None:
            return None
        if at is not None and at > now:
            raise errors.InputError("That time is in the future.", "Give a time that has passed.")
        held = uow.captured(message.channel, message.ts, way)
        others = [c for c in uow.captured_all(message.channel, message.ts) if c.event_id and c.way != way]
        if held is not None and held.event_id:
            return Say(f"That message is already in the timeline of {incident.name}.")
        version = (held.version if held else 0) + 1
        if others:  # it stands there by another way: this way holds on to the same event
            uow.save_captured(Captured(message.channel, message.ts, way, incident.id, others[0].event_id, version))
            return Say(f"That message is already in the timeline of {incident.name}.")
        event = NewEvent(
            kind=kind,
            text=(text or message.text).strip() or "(a message without text)",
            actor=role_in(incident, message.author),
            occurred_at=at or message.at,
            source=_SOURCE_OF[way],
            dedup_key=f"message:{message.channel}:{message.ts}:{way}:{version}",
            precision=precision or (Precision.EXACT if at is None else Precision.MINUTE),
            source_ref=message.link,
            component=component or incident.component,
            payload={
                **(facts or {}),
                "channel": message.channel,
                "ts": message.ts,
                "way": way,
                "added_by": order.actor.id,
            },
        )
        added = uow.append(incident.id, event, now=now)
        if added is None:
            return Say(f"That message is already in the timeline of {incident.name}.")
        uow.save_captured(Captured(message.channel, message.ts, way, incident.id, added.id, version))
        if kind is EventKind.IMPACT_START:
            incident = save(uow, replace(incident, impact_at=event.occurred_at))
            want_card(uow, incident.id, now=now)
        if message.files:
            uow.want_job(attachments.KIND, added.id, now=now, lane=f"incident:{incident.id}")
        redraw(uow, incident, now=now)
    return Say(f"Added to the timeline of {incident.name}.")


def _facts_of(message: Message, way: str, order: Order) -> dict[str, Any]:
    return {"channel": message.channel, "ts": message.ts, "way": way, "added_by": order.actor.id}


def remove_message(house: House, order: Order, channel: str, ts: str, way: str) -> Say | None:
    """The pin or emoji was taken off: a retraction, unless the message stands there by another way too."""
    with execution(house, order) as (uow, now):
        held = uow.captured(channel, ts, way)
        if held is None or not held.event_id:
            return None
        uow.save_captured(replace(held, event_id="", version=held.version))
        if any(c.event_id == held.event_id for c in uow.captured_all(channel, ts) if c.way != way):
            return None
        incident = uow.incident(held.incident_id)
        if incident is None:
            return None
        _retract(uow, order, incident, held.event_id, f"the {way} was removed", EventKind.RETRACTION, now)
        redraw(uow, incident, now=now)
    return Say(f"Taken out of the timeline of {incident.name}.")


def message_edited(house: House, order: Order, channel: str, ts: str, text: str, edited_at: str) -> bool:
    """The author edited a captured message: a correction that keeps the first words. False when it was not captured."""
    with execution(house, order) as (uow, now):
        event = _standing(uow, channel, ts)
        if event is None or not text.strip() or text.strip() == event.text:
            return False
        incident = uow.incident(event.incident_id)
        if incident is None:
            return False
        correction = replace(
            event.new,
            kind=EventKind.CORRECTION,
            text=text.strip(),
            source=EventSource.MESSAGE,
            dedup_key=f"edit:{channel}:{ts}:{edited_at}",
            supersedes=event.id,
            reason="the message was edited in Slack",
        )
        if uow.append(incident.id, correction, now=now) is None:
            return False
        redraw(uow, incident, now=now)
    return True


def message_deleted(house: House, order: Order, channel: str, ts: str) -> bool:
    """A captured message was deleted in Slack: what was recorded stays, the deletion is recorded beside it."""
    with execution(house, order) as (uow, now):
        event = _standing(uow, channel, ts)
        incident = uow.incident(event.incident_id) if event is not None else None
        if event is None or incident is None:
            return False
        gone = event_of(
            order,
            incident,
            EventKind.SOURCE_DELETED,
            f"the message behind event {event.seq} was deleted in Slack",
            now=now,
            dedup=f"deleted:{channel}:{ts}",
            payload={"event": event.seq, "channel": channel, "ts": ts},
        )
        return uow.append(incident.id, gone, now=now) is not None


def correct(house: House, order: Order, incident_id: int, seq: int, text: str, reason: str) -> Say:
    """Correct an event's words; the first ones stay in the chain. Raises Denied for others than author and lead."""
    with execution(house, order) as (uow, now):
        incident, event = _find(uow, incident_id, seq)
        _may_change(order, incident, event)
        correction = replace(
            event.new,
            kind=EventKind.CORRECTION,
            text=text.strip() or event.text,
            actor=role_in(incident, order.actor),
            source=order.source,
            dedup_key=f"correct:{event.id}:{order.once or house.ids.new()}",
            supersedes=event.id,
            reason=reason.strip(),
        )
        uow.append(incident_id, correction, now=now)
        redraw(uow, incident, now=now)
    return Say(f"Event {seq} of {incident.name} is corrected; the first words stay in the record.")


def retract(house: House, order: Order, incident_id: int, seq: int, reason: str) -> Say:
    """Take an event out of what people read; it stays in the chain. Raises Denied for others than author and lead."""
    with execution(house, order) as (uow, now):
        incident, event = _find(uow, incident_id, seq)
        _may_change(order, incident, event)
        _retract(uow, order, incident, event.id, reason, EventKind.RETRACTION, now)
        redraw(uow, incident, now=now)
    return Say(f"Event {seq} of {incident.name} is retracted; it stays in the record.")


def _find(uow: UnitOfWork, incident_id: int, seq: int) -> tuple[Incident, Event]:
    incident = uow.incident(incident_id, lock=True)
    event = next((e for e in uow.events(incident_id) if e.seq == seq), None)
    if incident is None or event is None:
        raise errors.UnknownName(f"There is no event {seq} in INC-{incident_id}.", "See `/inc timeline`.")
    return incident, event


_AUTHORITY = {"action", "decision"}  # facts of what was decided under a right


def _may_change(order: Order, incident: Incident, event: Event) -> None:
    mine = order.actor.id in (event.new.actor.id, incident.lead)
    if mine and not is_machine(event.new.actor) and event.kind not in _RECORD and not _AUTHORITY & event.payload.keys():
        return
    raise errors.Denied(
        "Only its author or the incident lead may change that event, and nobody may change what Muster recorded.",
        "Add a note instead: `/inc note …`.",
    )


def _retract(
    uow: UnitOfWork, order: Order, incident: Incident, event_id: str, reason: str, kind: EventKind, now: datetime
) -> None:
    event = uow.event(event_id)
    if event is None:
        return
    text = f"event {event.seq} taken out" + (f": {reason}" if reason else "")
    new = event_of(order, incident, kind, text, now=now, dedup=f"retract:{event_id}", payload={"event": event.seq})
    uow.append(incident.id, replace(new, retracts=event_id, reason=reason), now=now)


def _standing(uow: UnitOfWork, channel: str, ts: str) -> Event | None:
    """The newest event a captured message stands in, following corrections."""
    held = next((c for c in uow.captured_all(channel, ts) if c.event_id), None)
    if held is None:
        return None
    event = uow.event(held.event_id)
    if event is None:
        return None
    later = {e.new.supersedes: e for e in uow.events(event.incident_id) if e.new.supersedes}
    while event.id in later:
        event = later[event.id]
    return event


def _incident_of(uow: UnitOfWork, channel: str, incident_id: int | None) -> Incident | None:
    if incident_id is not None:
        return uow.incident(incident_id, lock=True)
    found = uow.incident_by_channel(channel)
    return uow.incident(found.id, lock=True) if found else None
