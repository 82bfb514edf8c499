"""Alerts, changes and what could not be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, tuple_, update

from playbooks.domain.alerts import AlertStatus, Change, Decision, Reason
from playbooks.ports import AlertTouch, Episode, KnownAlert, StoredAlert
from storage.bulk import insert_many, keys_of
from storage.rows import ALERT, CHANGE, QUARANTINE, alert_row, change_row, to_alert, to_change
from storage.store.part import Part, chunks

_EPISODE = (ALERT.c.source, ALERT.c.fingerprint, ALERT.c.starts_at)
_KNOWN = (
    ALERT.c.id,
    ALERT.c.status,
    ALERT.c.incident_id,
    ALERT.c.component,
    ALERT.c.failure,
    ALERT.c.decision,
    ALERT.c.seen,
)
_TOUCH = (
    update(ALERT)
    .where(ALERT.c.id == bindparam("which"))
    .values(
        status=bindparam("new_status"),
        # A repeated body that tells no end does not take away the one that is known.
        ends_at=func.coalesce(bindparam("new_ends_at", type_=ALERT.c.ends_at.type), ALERT.c.ends_at),
        updated_at=bindparam("now", type_=ALERT.c.updated_at.type),
        seen=ALERT.c.seen + bindparam("times"),
    )
)


class Alerts(Part):
    """Alerts, changes and what could not be used."""

    def alert(self, source: str, fingerprint: str, starts_at: datetime) -> StoredAlert | None:
        """One episode."""
        where = (ALERT.c.source == source, ALERT.c.fingerprint == fingerprint, ALERT.c.starts_at == starts_at)
        row = self._db.execute(select(ALERT).where(*where)).one_or_none()
        return None if row is None else to_alert(row)

    def alert_by_id(self, alert_id: str) -> StoredAlert | None:
        """One episode by its id."""
        row = self._db.execute(select(ALERT).where(ALERT.c.id == alert_id)).one_or_none()
        return None if row is None else to_alert(row)

    def alerts_of(self, incident_id: int, *, limit: int = 100) -> list[StoredAlert]:
        """An incident's episodes, first received first."""
        query = select(ALERT).where(ALERT.c.incident_id == incident_id)
        rows = self._db.execute(query.order_by(ALERT.c.received_at, ALERT.c.id).limit(limit))
        return [to_alert(row) for row in rows]

    def alerts_known(self, episodes: Sequence[Episode]) -> Mapping[Episode, KnownAlert]:
        """Which of these episodes are stored, in the columns needed to decide."""
        rows = [row for some in chunks(list(dict.fromkeys(episodes))) for row in self._episodes(some)]
        found = {(row.source, row.fingerprint, row.starts_at): _known(row) for row in rows}
        return {episode: found[episode] for episode in episodes if episode in found}

    def _episodes(self, some: Sequence[Episode]) -> Iterator[Any]:
        """Rows of these episodes, and perhaps of a few more."""
        query = select(*_EPISODE, *_KNOWN)
        if self._db.dialect.name != "sqlite":
            yield from self._db.execute(query.where(tuple_(*_EPISODE).in_(some)))
            return
        # SQLite would read the whole index for a row-value IN; this form it answers by searching.
        by_source: dict[str, list[Episode]] = {}
        for episode in some:
            by_source.setdefault(episode[0], []).append(episode)
        for source, theirs in by_source.items():
            starts = [starts_at for _, _, starts_at in theirs]
            prints = select(keys_of(self._db, [fingerprint for _, fingerprint, _ in theirs]).c.value)
            one = (ALERT.c.source == source) & ALERT.c.fingerprint.in_(prints)
            yield from self._db.execute(query.where(one, ALERT.c.starts_at.between(min(starts), max(starts))))

    def add_alert(self, stored: StoredAlert) -> None:
        """Insert. Raises errors.Conflict (at the latest at the commit) when the episode is stored already."""
        self.add_alerts([stored])

    def add_alerts(self, stored: Sequence[StoredAlert]) -> None:
        """Insert many."""
        insert_many(self._db, ALERT, [alert_row(each) for each in stored])

    def touch_alert(
        self, alert_id: str, *, status: AlertStatus, ends_at: datetime | None, now: datetime, seen: int
    ) -> None:
        """Note that an episode came again: newest status, and `seen` more times."""
        self.touch_alerts([AlertTouch(alert_id, status, ends_at, seen, now)])

    def touch_alerts(self, touches: Sequence[AlertTouch]) -> None:
        """Note that episodes came again."""
        if touches:
            self._db.execute(_TOUCH, [_touch_values(each) for each in sorted(touches, key=lambda t: t.alert_id)])

    def add_change(
        self, change: Change, *, decision: Decision, reason: Reason, incident_id: int | None, now: datetime
    ) -> bool:
        """False when (source, key) is already there."""
        values = change_row(
            change, change_id=self._ids.new(), decision=decision, reason=reason, incident_id=incident_id, now=now
        )
        return self._insert_new(CHANGE, values)

    def changes_before(self, subjects: Sequence[str], *, since: datetime, until: datetime) -> list[Change]:
        """Changes of these subjects from `since` to `until`, both included, in order of time."""
        if not subjects:
            return []
        where = (CHANGE.c.subject.in_(subjects), CHANGE.c.occurred_at >= since, CHANGE.c.occurred_at <= until)
        rows = self._db.execute(select(CHANGE).where(*where).order_by(CHANGE.c.occurred_at, CHANGE.c.id))
        return [to_change(row) for row in rows]

    def quarantine(self, *, source: str, body: str, reason: str, now: datetime) -> str:
        """Keep what could not be used; returns its id. What no database takes is replaced, so that this never fails."""
        number = self._ids.new()
        clean = body.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
        values = {"id": number, "source": source, "body": clean, "reason": reason, "received_at": now}
        self._db.execute(insert(QUARANTINE), values)
        return number


def _known(row: Row[Any]) -> KnownAlert:
    status, decision = AlertStatus(row.status), Decision(row.decision)
    return KnownAlert(row.id, status, row.incident_id, row.component, row.failure, decision, row.seen)


def _touch_values(touch: AlertTouch) -> dict[str, object]:
    return {
        "which": touch.alert_id,
        "new_status": touch.status.value,
        "new_ends_at": touch.ends_at,
        "now": touch.now,
        "times": touch.seen,
    }
