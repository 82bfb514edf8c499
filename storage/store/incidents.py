"""Incidents and their timelines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import and_, bindparam, or_, select, update

from playbooks import errors
from playbooks.domain.incidents import OPEN_STATES, Incident, State
from playbooks.domain.timeline import ChainReport, Event, EventKind, NewEvent, genesis
from playbooks.ports import Growth, NewIncident
from storage import chain
from storage.bulk import Question, question, texts
from storage.rows import INCIDENT, incident_row, new_incident_row, to_incident
from storage.statements import Statement, among
from storage.store.part import Part, inserting

_OPEN_STATES = tuple(sorted(state.value for state in OPEN_STATES))
_ENDED = (State.CLOSED.value, State.RESOLVED.value)
_OPEN_BY_KEY = (
    "SELECT open_key, id, team, home, alerts_total, alerts_firing FROM incident "
    "WHERE open_key IN (SELECT value FROM {keys})"
)
_OPEN_ONE = Statement(select(INCIDENT).where(INCIDENT.c.open_key == bindparam("key")))
_HEAD = Statement(update(INCIDENT).where(INCIDENT.c.id == bindparam("b_id")))
_BUMP = Statement(
    update(INCIDENT)
    .where(INCIDENT.c.id == bindparam("b_id"))
    .values(
        alerts_total=INCIDENT.c.alerts_total + bindparam("total"),
        alerts_firing=INCIDENT.c.alerts_firing + bindparam("firing"),
        version=INCIDENT.c.version + 1,
    )
)
_OPEN = Statement(
    lambda dialect: (
        inserting(dialect, INCIDENT).on_conflict_do_nothing(index_elements=["open_key"]).returning(INCIDENT.c.id)
    )
)
# The chain's head belongs to `append`: an incident read before an event was added must not turn it back.
_CHAIN_OWNS = ("chain_seq", "chain_head")


@lru_cache(maxsize=64)
def _open_in(names: tuple[str, ...]) -> Statement:
    """Open incidents of so many components."""
    named = INCIDENT.c.component.in_([bindparam(name) for name in names])
    return Statement(select(INCIDENT).where(named, among(INCIDENT.c.state, _OPEN_STATES)).order_by(INCIDENT.c.id))


class Incidents(Part):
    """Incidents and their timelines."""

    def open_incident(self, new: NewIncident) -> tuple[Incident, bool]:
        """Insert, or return the open one with the same key; the flag tells whether it is new."""
        already = self.open_incident_for(new.open_key)
        if already is not None:
            return already, False
        opened = _OPEN.row(self._db, new_incident_row(new))
        if opened is None:
            return self._opened_meanwhile(new.open_key), False
        _HEAD.run(self._db, {"b_id": opened.id, "chain_head": genesis(opened.id)})
        return self._incident(opened.id), True

    def _opened_meanwhile(self, open_key: str) -> Incident:
        winner = self.open_incident_for(open_key)
        if winner is None:
            raise errors.Conflict("Another incident of this kind was opened and closed meanwhile.", "Try again.")
        return winner

    def _incident(self, incident_id: int) -> Incident:
        incident = self.incident(incident_id)
        if incident is None:
            raise RuntimeError(f"incident {incident_id} was written and cannot be read")
        return incident

    def incident(self, incident_id: int, *, lock: bool = False) -> Incident | None:
        """One incident; with `lock` nobody else changes it until this transaction ends."""
        row = self._one(INCIDENT, incident_id, lock=lock)
        return None if row is None else to_incident(row)

    def unowned_incidents(self, *, since: datetime) -> list[tuple[int, str, datetime]]:
        """(id, failure, when) of incidents that alerts without an owner opened since then, oldest first."""
        query = select(INCIDENT.c.id, INCIDENT.c.failure, INCIDENT.c.opened_at).where(
            INCIDENT.c.component == "", INCIDENT.c.opened_by.startswith("source:"), INCIDENT.c.opened_at >= since
        )
        return [(row.id, row.failure, row.opened_at) for row in self._db.execute(query.order_by(INCIDENT.c.opened_at))]

    def past_incidents(
        self, components: Sequence[str], failure: str, *, since: datetime, before: int, limit: int = 200
    ) -> list[Incident]:
        """Resolved or closed incidents of these components, or with this failure on a known one, newest first."""
        same = and_(INCIDENT.c.failure == failure, INCIDENT.c.component != "", INCIDENT.c.failure != "")
        alike = or_(INCIDENT.c.component.in_(components), same)
        where = (INCIDENT.c.state.in_(_ENDED), INCIDENT.c.opened_at >= since, INCIDENT.c.id < before, alike)
        query = select(INCIDENT).where(*where).order_by(INCIDENT.c.id.desc()).limit(limit)
        return [to_incident(row) for row in self._db.execute(query)]

    def incident_by_channel(self, channel: str) -> Incident | None:
        """The newest incident whose channel this is."""
        if not channel:
            return None
        query = select(INCIDENT).where(INCIDENT.c.channel == channel).order_by(INCIDENT.c.id.desc()).limit(1)
        row = self._db.execute(query).one_or_none()
        return None if row is None else to_incident(row)

    def incidents(self, *, open_only: bool, limit: int = 50) -> list[Incident]:
        """Newest first."""
        query = select(INCIDENT).order_by(INCIDENT.c.id.desc()).limit(limit)
        if open_only:
            query = query.where(INCIDENT.c.state.in_(_OPEN_STATES))
        return [to_incident(row) for row in self._db.execute(query)]

    def open_incident_for(self, open_key: str) -> Incident | None:
        """The open incident with this key."""
        row = _OPEN_ONE.row(self._db, {"key": open_key})
        return None if row is None else to_incident(row)

    def open_incidents_of(self, component: str) -> list[Incident]:
        """Open incidents of a component, newest first."""
        return self.open_incidents_in([component])[::-1]

    def open_incidents_in(self, components: Collection[str]) -> list[Incident]:
        """Open incidents of these components, oldest first."""
        if not components:
            return []
        named = {f"component{place}": name for place, name in enumerate(sorted(components))}
        return [to_incident(row) for row in _open_in(tuple(named)).rows(self._db, named)]

    def _asking_open(self, keys: Sequence[str]) -> Question:
        """Question for the open incidents of these keys."""
        return question(self._db, _OPEN_BY_KEY, texts(list(dict.fromkeys(keys))))

    def bump_incident(self, incident_id: int, *, total: int, firing: int) -> None:
        """Add to `alerts_total` and `alerts_firing`; `version + 1`."""
        _BUMP.run(self._db, {"b_id": incident_id, "total": total, "firing": firing})

    def save_incident(self, incident: Incident, *, open_key: str | None) -> Incident:
        """Write all fields but the chain's head, `version + 1`; returns the incident as it now is.

        Raises:
            errors.Conflict: another wrote since it was read, or an open incident has that key.
        """
        if open_key is not None:
            holder = self.open_incident_for(open_key)
            if holder is not None and holder.id != incident.id:
                raise errors.Conflict(
                    f"{holder.name} is open for the same failure.", "Use that one.", code="open_already"
                )
        values = {k: v for k, v in incident_row(incident).items() if k not in _CHAIN_OWNS}
        self._save(INCIDENT, values | {"open_key": open_key}, incident.name)
        return self._incident(incident.id)

    def grow(self, growths: Sequence[Growth], *, now: datetime) -> None:
        """`append_many` and `bump_incident` for many incidents in one pass; each incident once.

        Raises:
            errors.UnknownName: when there is no such incident.
        """
        chain.grow(self._db, self._ids, growths, now=now)

    # ------------------------------------------------------------ timeline

    def append(self, incident_id: int, new: NewEvent, *, now: datetime) -> Event | None:
        """Append to the chain; None when the dedup key is already there."""
        events = chain.append(self._db, self._ids, incident_id, [new], now=now)
        return events[0] if events else None

    def append_many(self, incident_id: int, new: Sequence[NewEvent], *, now: datetime) -> int:
        """Append in one pass of the chain, leaving out known dedup keys; returns how many were appended."""
        return len(chain.append(self._db, self._ids, incident_id, new, now=now))

    def events(self, incident_id: int, *, alerts: bool = True) -> list[Event]:
        """All events in order of `seq`; without `alerts` those that tell of alerts are left out: a storm has many."""
        return chain.events(self._db, incident_id, alerts=alerts)

    def event(self, event_id: str) -> Event | None:
        """One event."""
        return chain.event(self._db, event_id)

    def has_event(self, incident_id: int, kind: EventKind) -> bool:
        """Whether an event of this kind was ever recorded."""
        return chain.has_event(self._db, incident_id, kind)

    def verify(self, incident_id: int) -> ChainReport:
        """Whether the chain is whole. Raises errors.UnknownName when there is no such incident."""
        return chain.verify(self._db, incident_id)

    def redact(self, event_id: str) -> bool:
        """Blank an event's text, leaving its digest; False when there is nothing to blank."""
        return chain.redact(self._db, event_id)
