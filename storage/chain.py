"""The timeline's hash chain: append, verify, redact. Its head is kept on the incident's row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from playbooks import errors
from playbooks.domain.timeline import ChainReport, Event, NewEvent, genesis, link_event, verify_chain
from playbooks.ports import Ids
from storage.bulk import insert_many, keys_of
from storage.rows import BODY, EVENT, INCIDENT, body_row, event_row, to_event

_JOINED = select(EVENT, BODY.c.salt, BODY.c.text, BODY.c.redacted).join(BODY, BODY.c.event_id == EVENT.c.id)
_HEAD = select(INCIDENT.c.chain_seq, INCIDENT.c.chain_head)


def append(
    connection: Connection, ids: Ids, incident_id: int, new: Sequence[NewEvent], *, now: datetime
) -> list[Event]:
    """Append in one pass, leaving out dedup keys that are there already; returns what was appended.

    Holds the incident's row until the transaction ends, so that the sequence has no gap.

    Raises:
        errors.UnknownName: when there is no such incident.
        ValueError: for a float or a time without a zone in an event.
    """
    if not new:
        return []
    seq, prev = _lock_head(connection, incident_id)
    known = _known_keys(connection, incident_id, [event.dedup_key for event in new])
    events: list[Event] = []
    for each in new:
        if each.dedup_key in known:
            continue
        known.add(each.dedup_key)
        seq += 1
        event = link_event(
            event_id=ids.new(),
            incident_id=incident_id,
            seq=seq,
            new=each,
            recorded_at=now,
            salt=ids.salt(),
            prev=prev,
        )
        prev = event.hash
        events.append(event)
    if events:
        _write(connection, events)
    return events


def _lock_head(connection: Connection, incident_id: int) -> tuple[int, str]:
    head = connection.execute(_HEAD.where(INCIDENT.c.id == incident_id).with_for_update()).one_or_none()
    if head is None:
        raise errors.UnknownName(f"There is no incident INC-{incident_id}.")
    return head.chain_seq, head.chain_head or genesis(incident_id)


def _known_keys(connection: Connection, incident_id: int, keys: Sequence[str]) -> set[str]:
    asked = keys_of(connection, list(dict.fromkeys(keys)))
    there = exists().where(EVENT.c.incident_id == incident_id, EVENT.c.dedup_key == asked.c.value)
    return set(connection.scalars(select(asked.c.value).where(there)))


def _write(connection: Connection, events: Sequence[Event]) -> None:
    last = events[-1]
    insert_many(connection, EVENT, [event_row(event) for event in events])
    insert_many(connection, BODY, [body_row(event) for event in events])
    head = {"chain_seq": last.seq, "chain_head": last.hash}
    connection.execute(update(INCIDENT).where(INCIDENT.c.id == last.incident_id).values(head))


def events(connection: Connection, incident_id: int) -> list[Event]:
    """All events of an incident in order of `seq`."""
    rows = connection.execute(_JOINED.where(EVENT.c.incident_id == incident_id).order_by(EVENT.c.seq))
    return [to_event(row) for row in rows]


def event(connection: Connection, event_id: str) -> Event | None:
    """One event."""
    row = connection.execute(_JOINED.where(EVENT.c.id == event_id)).one_or_none()
    return None if row is None else to_event(row)


def verify(connection: Connection, incident_id: int) -> ChainReport:
    """Whether the chain is whole, by its own links and by the head on the incident's row.

    An event whose facts can no longer be read at all (a kind that does not exist) counts as changed.

    Raises:
        errors.UnknownName: when there is no such incident.
    """
    head = connection.execute(_HEAD.where(INCIDENT.c.id == incident_id)).one_or_none()
    if head is None:
        raise errors.UnknownName(f"There is no incident INC-{incident_id}.")
    rows = connection.execute(_JOINED.where(EVENT.c.incident_id == incident_id).order_by(EVENT.c.seq)).all()
    readable: list[Event] = []
    for row in rows:
        try:
            readable.append(to_event(row))
        except ValueError:
            before = verify_chain(incident_id, readable)
            return before if not before.ok else _unreadable(before, row.seq)
    return verify_chain(incident_id, readable, head=head.chain_head or genesis(incident_id))


def _unreadable(before: ChainReport, seq: int) -> ChainReport:
    return ChainReport(False, before.count + 1, before.head, seq, "its facts were changed")


def redact(connection: Connection, event_id: str) -> bool:
    """Blank an event's text; its digest stays, so the chain still verifies.

    The salt goes too, else a short text could be guessed from its digest. False when there is no such event or
    it is blank already.
    """
    blank = {"text": "", "salt": "", "redacted": True}
    blanked = connection.execute(update(BODY).where(BODY.c.event_id == event_id, ~BODY.c.redacted).values(blank))
    return blanked.rowcount == 1
