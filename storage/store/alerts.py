"""Alerts, changes and what could not be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select

from playbooks.domain.alerts import AlertStatus, Change, Decision, Reason
from playbooks.domain.spells import Spell
from playbooks.ports import AlertTouch, Counted, Episode, KnownAlert, Quarantined, Series, StoredAlert
from storage.bulk import Question, fetch, insert_many, moment, moment_of, question, question_together, run_many, texts
from storage.rows import (
    ALERT,
    CHANGE,
    COUNTED,
    QUARANTINE,
    alert_row,
    change_row,
    counted_row,
    to_alert,
    to_change,
    to_counted,
)
from storage.store.part import Part

_TOUCH = "UPDATE alert SET status = ?, ends_at = coalesce(?, ends_at), updated_at = ?, seen = seen + ? WHERE id = ?"
# Rows are locked in one order, so that two replicas cannot lock each other out.
_TOUCH_TOGETHER = (
    "WITH asked AS (SELECT * FROM {rows}), "
    "held AS MATERIALIZED (SELECT id FROM alert WHERE id IN (SELECT number FROM asked) ORDER BY id FOR UPDATE) "
    "UPDATE alert SET status = asked.status, ends_at = coalesce(asked.ends, alert.ends_at), "
    "updated_at = asked.updated, seen = alert.seen + asked.more "
    "FROM asked JOIN held ON held.id = asked.number WHERE alert.id = held.id"
)
_TOUCHED = {"status": "text", "ends": "timestamptz", "updated": "timestamptz", "more": "int", "number": "text"}
_FOUND = "SELECT source, fingerprint, starts_at, id, status, incident_id, component, failure, decision, seen FROM alert"
# SQLite would read the whole index for a row-value IN; this form it answers by searching.
_BY_SOURCE = _FOUND + " WHERE source = ? AND fingerprint IN (SELECT value FROM {keys}) AND starts_at BETWEEN ? AND ?"  # noqa: S608  our own words
# LATERAL with a limit: a plan made while the table was small would else go on reading all of it as it grows.
_BY_EPISODE = (
    f"SELECT found.* FROM {{rows}} CROSS JOIN LATERAL ({_FOUND} "  # noqa: S608  our own words
    "WHERE source = asked.s AND fingerprint = asked.f AND starts_at = asked.t LIMIT 1) AS found"
)
_Key = tuple[str, str, Any]
_ASKED = {"s": "text", "f": "text", "t": "timestamptz"}
_NEWEST = (
    "SELECT alert.starts_at, alert.ends_at, alert.incident_id, incident.open_key FROM alert "
    "LEFT JOIN incident ON incident.id = alert.incident_id "
    "WHERE alert.source = ? AND alert.fingerprint = ? ORDER BY alert.starts_at DESC LIMIT 50"
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

    def _asking_episodes(self, keys: Sequence[_Key]) -> list[Question]:
        """Questions for the rows of these episodes, and perhaps of a few more."""
        if self._db.dialect.name != "sqlite":
            return [question_together(_BY_EPISODE, _ASKED, keys)] if keys else []
        by_source: dict[str, list[_Key]] = {}
        for key in keys:
            by_source.setdefault(key[0], []).append(key)
        questions = []
        for source, theirs in by_source.items():
            prints, starts = [name for _, name, _ in theirs], [starts for _, _, starts in theirs]
            questions.append(question(self._db, _BY_SOURCE, source, texts(prints), min(starts), max(starts)))
        return questions

    def _keys(self, episodes: Sequence[Episode]) -> dict[_Key, Episode]:
        """Each episode by its key as the driver gives it."""
        return {(source, name, moment(self._db, starts)): (source, name, starts) for source, name, starts in episodes}

    def spells_of(self, series: Sequence[Series]) -> Mapping[Series, list[Spell]]:
        """The newest episodes of each of these series, the oldest of them first; at most 50 of one."""
        found = {}
        for each in set(series):
            rows = fetch(self._db, _NEWEST, each)
            found[each] = [
                Spell(moment_of(begun), None if ended is None else moment_of(ended), number is None or key is not None)
                for begun, ended, number, key in reversed(rows)
            ]
        return found

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
        ordered = sorted(touches, key=lambda touch: touch.alert_id)
        run_many(self._db, _TOUCH, _TOUCH_TOGETHER, _TOUCHED, [self._touched(each) for each in ordered])

    def _touched(self, touch: AlertTouch) -> tuple[object, ...]:
        ends_at = None if touch.ends_at is None else moment(self._db, touch.ends_at)
        return (touch.status.value, ends_at, moment(self._db, touch.now), touch.seen, touch.alert_id)

    def count_alerts(self, counted: Sequence[Counted]) -> None:
        """Keep what a storm's next line will tell. Call it while the incidents' rows are held."""
        insert_many(self._db, COUNTED, [counted_row(self._ids.new(), each) for each in counted])

    def take_counted(self, incident_id: int) -> list[Counted]:
        """Take away what was counted of an incident, in the order it came."""
        taken = delete(COUNTED).where(COUNTED.c.incident_id == incident_id).returning(*COUNTED.c)
        return [to_counted(row) for row in sorted(self._db.execute(taken), key=lambda row: str(row.id))]

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

    def quarantined(self, *, source: str = "", limit: int = 100) -> list[Quarantined]:
        """What could not be used, the newest first; of every source where none is named."""
        query = select(QUARANTINE).order_by(QUARANTINE.c.received_at.desc(), QUARANTINE.c.id.desc()).limit(limit)
        query = query.where(QUARANTINE.c.source == source) if source else query
        return [Quarantined(r.id, r.source, r.body, r.reason, r.received_at) for r in self._db.execute(query)]

    def last_heard(self) -> Mapping[str, datetime]:
        """When each source that ever sent an alert or a change was last heard. Reads everything: not for the intake."""
        found: dict[str, datetime] = {}
        for table, column in ((ALERT, ALERT.c.updated_at), (CHANGE, CHANGE.c.received_at)):
            for source, at in self._db.execute(select(table.c.source, func.max(column)).group_by(table.c.source)):
                found[source] = max(at, found.get(source, at))
        return found


def known_alert(
    alert_id: str, status: str, incident_id: int | None, component: str, failure: str, decision: str, seen: int
) -> KnownAlert:
    return KnownAlert(alert_id, AlertStatus(status), incident_id, component, failure, Decision(decision), seen)
