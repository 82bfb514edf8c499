"""The timeline's hash chain: append, verify, redact. Its head is kept on the incident's row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from playbooks import errors
from playbooks.domain.timeline import ChainReport, Event, EventKind, NewEvent, genesis, link_event, verify_chain
from playbooks.ports import Growth, Ids
from storage.bulk import fetch, insert_many, run_many, texts
from storage.rows import BODY, EVENT, INCIDENT, body_row, event_row, to_event
from storage.statements import Statement

_JOINED = select(EVENT, BODY.c.salt, BODY.c.text, BODY.c.redacted).join(BODY, BODY.c.event_id == EVENT.c.id)
_ITS = EVENT.c.incident_id == bindparam("incident")
_EVENTS = Statement(_JOINED.where(_ITS).order_by(EVENT.c.seq))
_OTHER_EVENTS = Statement(_JOINED.where(_ITS, EVENT.c.kind != EventKind.ALERT.value).order_by(EVENT.c.seq))
_EVENT = Statement(_JOINED.where(EVENT.c.id == bindparam("b_id")))
_OF_KIND = Statement(select(EVENT.c.seq).where(_ITS, EVENT.c.kind == bindparam("b_kind")).limit(1))
_HEAD_OF = select(INCIDENT.c.chain_seq, INCIDENT.c.chain_head).where(INCIDENT.c.id == bindparam("b_id"))
_HEAD, _HELD_HEAD = Statement(_HEAD_OF), Statement(_HEAD_OF.with_for_update())
_SET_HEAD = Statement(update(INCIDENT).where(INCIDENT.c.id == bindparam("b_id")))
_HEADS = "SELECT id, chain_seq, chain_head FROM incident WHERE id IN (SELECT CAST(value AS INTEGER) FROM {keys})"
_KNOWN = "SELECT value FROM {keys} WHERE EXISTS (SELECT 1 FROM event WHERE incident_id = ? AND dedup_key = value)"
# Each asked for is an incident's number in twelve digits and a dedup key.
_KNOWN_PAIRS = (
    "SELECT value FROM {keys} WHERE EXISTS (SELECT 1 FROM event "
    "WHERE incident_id = CAST(substr(value, 1, 12) AS INTEGER) AND dedup_key = substr(value, 13))"
)
_COUNT = "UPDATE incident SET alerts_total = alerts_total + ?, alerts_firing = alerts_firing + ?, version = version + 1"
_COUNT_ONE = f"{_COUNT} WHERE id = ?"
# Rows are locked in one order, so that two replicas cannot lock each other out.
_COUNT_TOGETHER = (
    "WITH asked AS (SELECT * FROM {rows}), held AS MATERIALIZED "
    "(SELECT id FROM incident WHERE id IN (SELECT number FROM asked) ORDER BY id FOR NO KEY UPDATE) "
    "UPDATE incident SET alerts_total = alerts_total + asked.total, alerts_firing = alerts_firing + asked.firing, "
    "version = version + 1 FROM asked JOIN held ON held.id = asked.number WHERE incident.id = held.id"
)
_COUNTS = {"total": "int", "firing": "int", "number": "int"}
_GROW = f"{_COUNT}, chain_seq = ?, chain_head = ? WHERE id = ?"
_GROW_TOGETHER = (
    "UPDATE incident SET chain_seq = asked.seq, chain_head = asked.head, alerts_total = alerts_total + asked.total, "
    "alerts_firing = alerts_firing + asked.firing, version = version + 1 "
    "FROM {rows} WHERE id = asked.number"
)
_GROWN = {"total": "int", "firing": "int", "seq": "int", "head": "text", "number": "int"}


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
    events = _linked(ids, incident_id, new, known, seq, prev, now)
    if events:
        _write(connection, events)
    return events


def grow(connection: Connection, ids: Ids, growths: Sequence[Growth], *, now: datetime) -> None:
    """Append to many chains and add to their incidents' counts, in one pass; each incident once.

    Raises:
        errors.UnknownName: when there is no such incident and one of them has events.
        ValueError: as `append`.
    """
    if not any(each.events for each in growths):
        counts = [(each.total, each.firing, each.incident_id) for each in growths]
        run_many(connection, _COUNT_ONE, _COUNT_TOGETHER, _COUNTS, sorted(counts, key=lambda count: count[-1]))
        return
    heads = _lock_heads(connection, [each.incident_id for each in growths])
    known = _known_pairs(connection, growths)
    events: list[Event] = []
    changes: list[tuple[int, int, int, str, int]] = []
    for each in growths:
        if each.incident_id not in heads:
            raise errors.UnknownName(f"There is no incident INC-{each.incident_id}.")
        seq, head = heads[each.incident_id]
        prev = head or genesis(each.incident_id)
        added = _linked(ids, each.incident_id, each.events, known.get(each.incident_id, set()), seq, prev, now)
        events += added
        last, head = (added[-1].seq, added[-1].hash) if added else (seq, head)
        changes.append((each.total, each.firing, last, head, each.incident_id))
    insert_many(connection, EVENT, [event_row(event) for event in events])
    insert_many(connection, BODY, [body_row(event) for event in events])
    run_many(connection, _GROW, _GROW_TOGETHER, _GROWN, changes)


def _linked(
    ids: Ids, incident_id: int, new: Sequence[NewEvent], known: set[str], seq: int, prev: str, now: datetime
) -> list[Event]:
    """The events that are not known yet, each in its place; their keys are known from then on."""
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
    return events


def _lock_heads(connection: Connection, incidents: Sequence[int]) -> dict[int, tuple[int, str]]:
    # In one order, so that two writers cannot lock each other out.
    query = _HEADS if connection.dialect.name == "sqlite" else f"{_HEADS} ORDER BY id FOR UPDATE"
    rows = fetch(connection, query, (texts([str(number) for number in incidents]),))
    return {number: (seq, head) for number, seq, head in rows}


def _known_pairs(connection: Connection, growths: Sequence[Growth]) -> dict[int, set[str]]:
    asked = [f"{each.incident_id:012d}{event.dedup_key}" for each in growths for event in each.events]
    known: dict[int, set[str]] = {}
    if asked:
        for (pair,) in fetch(connection, _KNOWN_PAIRS, (texts(asked),)):
            known.setdefault(int(pair[:12]), set()).add(pair[12:])
    return known


def _lock_head(connection: Connection, incident_id: int) -> tuple[int, str]:
    head = _HELD_HEAD.row(connection, {"b_id": incident_id})
    if head is None:
        raise errors.UnknownName(f"There is no incident INC-{incident_id}.")
    return head.chain_seq, head.chain_head or genesis(incident_id)


def _known_keys(connection: Connection, incident_id: int, keys: Sequence[str]) -> set[str]:
    return {key for (key,) in fetch(connection, _KNOWN, (texts(list(dict.fromkeys(keys))), incident_id))}


def _write(connection: Connection, events: Sequence[Event]) -> None:
    last = events[-1]
    insert_many(connection, EVENT, [event_row(event) for event in events])
    insert_many(connection, BODY, [body_row(event) for event in events])
    _SET_HEAD.run(connection, {"b_id": last.incident_id, "chain_seq": last.seq, "chain_head": last.hash})


def events(connection: Connection, incident_id: int, *, alerts: bool = True) -> list[Event]:
    """All events of an incident in order of `seq`; without `alerts` those of that kind are left out."""
    asked = _EVENTS if alerts else _OTHER_EVENTS
    return [to_event(row) for row in asked.rows(connection, {"incident": incident_id})]


def event(connection: Connection, event_id: str) -> Event | None:
    """One event."""
    row = _EVENT.row(connection, {"b_id": event_id})
    return None if row is None else to_event(row)


def has_event(connection: Connection, incident_id: int, kind: EventKind) -> bool:
    """Whether an event of this kind was ever recorded."""
    return _OF_KIND.row(connection, {"incident": incident_id, "b_kind": kind.value}) is not None


def verify(connection: Connection, incident_id: int) -> ChainReport:
    """Whether the chain is whole, by its own links and by the head on the incident's row.

    An event whose facts can no longer be read at all (a kind that does not exist) counts as changed.

    Raises:
        errors.UnknownName: when there is no such incident.
    """
    head = _HEAD.row(connection, {"b_id": incident_id})
    if head is None:
        raise errors.UnknownName(f"There is no incident INC-{incident_id}.")
    rows = _EVENTS.rows(connection, {"incident": incident_id})
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
