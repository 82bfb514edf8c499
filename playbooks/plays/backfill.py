"""Told afterwards: a pasted block is read, shown, and written once it is confirmed; twice it is one set of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from playbooks import errors
from playbooks.domain.backfill import Block, Entered, Frame, read_block
from playbooks.domain.drafts.entries import entries_of
from playbooks.domain.incidents import Incident
from playbooks.domain.milestones import MILESTONES
from playbooks.domain.timeline import EventKind, EventSource, NewEvent, utc_text
from playbooks.messages import Say
from playbooks.plays import milestones
from playbooks.plays.house import House, must_find, refresh
from playbooks.plays.milestones import Statement
from playbooks.plays.moves import announce, save
from playbooks.plays.orders import Order, execution, role_in
from playbooks.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it: how many events were new, and how many of the lines were there already."""

    new: int
    known: int


def read(house: House, incident_id: int | None, text: str, zone: tzinfo) -> Block:
    """Read a block for an incident, or for one still to be opened (None). Writes nothing.

    Raises:
        errors.InputError: when there is no line, or there are too many. errors.UnknownName: no such incident.
    """
    now = house.now()
    components = house.registry().components.keys()
    if incident_id is None:
        return read_block(text, Frame(now, zone, components=components))
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
    day = incident.opened_at.astimezone(zone).date()
    return read_block(text, Frame(now, zone, day, incident.opened_at, components))


def write(house: House, order: Order, incident_id: int, lines: Sequence[Entered]) -> Say:
    """Write confirmed lines, all or none. Raises InputError for a time to come, Denied as milestones do."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        incident, came = put_lines(house, uow, order, incident, lines, now)
        if came.new:
            incident = save(uow, incident)
            refresh(uow, incident, now=now)
            text = f"{_count(came.new, 'line')} told afterwards {'is' if came.new == 1 else 'are'} in the timeline of"
            announce(house, uow, order, incident, f"{text} {incident.name}.", now, milestone=True)
    if not came.new:
        return Say(f"All of that is in the timeline of {incident.name} already.")
    again = f" {_count(came.known, 'line')} stood there already." if came.known else ""
    return Say(f"{_count(came.new, 'line')} added to the timeline of {incident.name}.{again}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def put_lines(
    house: House, uow: UnitOfWork, order: Order, incident: Incident, lines: Sequence[Entered], now: datetime
) -> tuple[Incident, Written]:
    """Append the lines in the order given; milestones as statements, the declaration as a correction of its time."""
    for line in lines:
        if line.at > now or (line.until is not None and line.until > now):
            raise errors.InputError(f"Line {line.number} lies in the future.", "Check its date and zone.")
    known = {event.new.dedup_key for event in uow.events(incident.id, alerts=False)}
    new = 0
    for line in lines:
        if line.key in known:
            continue
        known.add(line.key)
        if line.kind in MILESTONES:
            said = Statement(
                line.kind, line.at, line.precision, line.zone, str(line.payload.get("phase", "")), line.text, sure=True
            )
            incident, event = milestones.put(
                house, uow, order, incident, said, now, source=EventSource.BACKFILL, dedup=line.key
            )
        elif line.kind is EventKind.DECLARED:
            event = uow.append(incident.id, _declared(uow, order, incident, line), now=now)
        else:
            event = uow.append(incident.id, event_of_line(order, incident, line), now=now)
        new += event is not None
    return incident, Written(new, len(lines) - new)


def event_of_line(order: Order, incident: Incident, line: Entered) -> NewEvent:
    """The event a line stands for."""
    return NewEvent(
        kind=line.kind,
        text=line.text,
        actor=role_in(incident, order.actor),
        occurred_at=line.at,
        source=EventSource.BACKFILL,
        dedup_key=line.key,
        precision=line.precision,
        source_ref=order.link,
        component=line.component or incident.component,
        payload=dict(line.payload),
        occurred_until=line.until,
        entered_tz=line.zone,
    )


def _declared(uow: UnitOfWork, order: Order, incident: Incident, line: Entered) -> NewEvent:
    """There is one declaration: a line that tells of it sets its time right and keeps what was known then."""
    entries = entries_of(uow.events(incident.id, alerts=False))
    held = next((entry for entry in entries if entry.kind is EventKind.DECLARED), None)
    new = event_of_line(order, incident, line)
    if held is None:
        return new
    return replace(
        new,
        kind=EventKind.CORRECTION,
        source=order.source,  # the declaration itself was none told afterwards
        payload={"was": utc_text(held.event.occurred_at)},
        supersedes=held.event.id,
        reason="told afterwards",
    )
