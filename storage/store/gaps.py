"""Gaps with their age, what was looked up outside the files, and confirmations of entries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, delete, func, insert, or_, select

from playbooks.domain.alerts import Change
from playbooks.domain.gaps import Confirmation, GapKind, Outside, Sighting
from playbooks.ports import StoredAlert
from storage.rows import ALERT, BOOKMARK, CHANGE, CONFIRMATION, GAP, SIGHTING, to_alert, to_change
from storage.statements import Statement, escaped
from storage.store.part import Part, chunks

_SIGHTINGS = Statement(select(SIGHTING).where(SIGHTING.c.kind == bindparam("b_kind")))
_ILL = select(SIGHTING).where(SIGHTING.c.well.is_(False))
_LATEST = select(func.max(CONFIRMATION.c.id)).group_by(CONFIRMATION.c.component)
_ITS = SIGHTING.c.subject.startswith(bindparam("subject", type_=String()), escape="/")
_ITS_CONFIRMATION = _LATEST.where(CONFIRMATION.c.component == bindparam("component"))
_ITS_GAPS = GAP.c.key.startswith(bindparam("entry", type_=String()), escape="/")
# Of everything, and of one component; each with the parameters it takes.
_OUTSIDE: tuple[tuple[Statement, tuple[str, ...]], ...] = (
    (Statement(_ILL), ()),
    (Statement(select(CONFIRMATION).where(CONFIRMATION.c.id.in_(_LATEST))), ()),
    (Statement(select(GAP)), ()),
)
_OUTSIDE_OF: tuple[tuple[Statement, tuple[str, ...]], ...] = (
    (Statement(_ILL.where(or_(_ITS, SIGHTING.c.kind == GapKind.HOLDER_LEFT.value))), ("subject",)),
    (Statement(select(CONFIRMATION).where(CONFIRMATION.c.id.in_(_ITS_CONFIRMATION))), ("component",)),
    (Statement(select(GAP).where(_ITS_GAPS)), ("entry",)),
)


class GapMemory(Part):
    """Sightings, ages of gaps, and confirmations."""

    def outside(self, *, component: str = "") -> Outside:
        """What is not well, and the last confirmations; of one component alone where one is named."""
        within = {"entry": escaped(f"{component}|"), "subject": escaped(f"{component}/"), "component": component}
        found = [
            asked.rows(self._db, {name: within[name] for name in names})
            for asked, names in (_OUTSIDE_OF if component else _OUTSIDE)
        ]
        return Outside(
            {(seen.kind, seen.subject): seen for seen in map(_sighting, found[0])},
            {row.component: _confirmation(row) for row in found[1]},
            {row.key: row.since for row in found[2]},
        )

    def sightings(self, kind: GapKind) -> Mapping[str, Sighting]:
        """All of a kind by subject, well or not."""
        rows = _SIGHTINGS.rows(self._db, {"b_kind": kind.value})
        return {row.subject: _sighting(row) for row in rows}

    def put_sightings(self, seen: Sequence[Sighting]) -> None:
        """Insert or overwrite."""
        for one in seen:
            values = {
                "kind": one.kind.value,
                "subject": one.subject,
                "well": one.well,
                "sentence": one.sentence,
                "since": one.since,
                "looked_at": one.looked_at,
            }
            self.put(SIGHTING, values, "kind", "subject")

    def drop_sightings(self, kind: GapKind, subjects: Collection[str]) -> None:
        """Forget what is not asked about any more."""
        for some in chunks(sorted(subjects)):
            where = (SIGHTING.c.kind == kind.value, SIGHTING.c.subject.in_(some))
            self._db.execute(delete(SIGHTING).where(*where))

    def open_gaps(self) -> Mapping[str, datetime]:
        """Since when each gap is open, by its key."""
        return {row.key: row.since for row in self._db.execute(select(GAP))}

    def note_gaps(self, new: Collection[str], gone: Collection[str], *, now: datetime) -> None:
        """Keep since when gaps are open, and forget those that are not."""
        for some in chunks(sorted(gone)):
            self._db.execute(delete(GAP).where(GAP.c.key.in_(some)))
        for some in chunks(sorted(new), 200):
            rows = [{"key": key, "since": now} for key in some]
            self._db.execute(self._insert(GAP).values(rows).on_conflict_do_nothing())

    def add_confirmation(self, confirmation: Confirmation) -> None:
        """Keep one for good."""
        values = {name: getattr(confirmation, name) for name in _CONFIRMATION}
        self._db.execute(insert(CONFIRMATION).values(values))

    def confirmation(self, component: str) -> Confirmation | None:
        """The last one of a component."""
        query = select(CONFIRMATION).where(CONFIRMATION.c.component == component)
        row = self._db.execute(query.order_by(CONFIRMATION.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _confirmation(row)

    def bookmark(self, name: str) -> str:
        """How far something was read; empty at the beginning."""
        return self._db.execute(select(BOOKMARK.c.place).where(BOOKMARK.c.name == name)).scalar_one_or_none() or ""

    def set_bookmark(self, name: str, place: str) -> None:
        """Remember how far something was read."""
        self.put(BOOKMARK, {"name": name, "place": place}, "name")

    def alerts_after(self, alert_id: str, *, before: datetime, limit: int) -> list[StoredAlert]:
        """Alerts with a later id, in the order of ids, received before a time."""
        query = select(ALERT).where(ALERT.c.id > alert_id, ALERT.c.received_at < before)
        return [to_alert(row) for row in self._db.execute(query.order_by(ALERT.c.id).limit(limit))]

    def changes_after(self, change_id: str, *, before: datetime, limit: int) -> list[tuple[str, Change]]:
        """Changes with a later id, with their ids, received before a time."""
        query = select(CHANGE).where(CHANGE.c.id > change_id, CHANGE.c.received_at < before)
        return [(row.id, to_change(row)) for row in self._db.execute(query.order_by(CHANGE.c.id).limit(limit))]


_CONFIRMATION = ("component", "person", "at", "entry", "registry_sha256")


def _sighting(row: Any) -> Sighting:
    return Sighting(GapKind(row.kind), row.subject, row.well, row.sentence, row.since, row.looked_at)


def _confirmation(row: Any) -> Confirmation:
    return Confirmation(*(getattr(row, name) for name in _CONFIRMATION))
