"""What was already delivered, documents, notices to operators, and versions of the registry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from playbooks.ports import Document
from storage.rows import DELIVERY, DOCUMENT, NOTICE, REGISTRY_VERSION, document_row, to_document
from storage.statements import Statement
from storage.store.part import Part

_DOCUMENT = Statement(select(DOCUMENT).where(DOCUMENT.c.incident_id == bindparam("incident")))
_LATEST = Statement(select(REGISTRY_VERSION).order_by(REGISTRY_VERSION.c.id.desc()).limit(1))


class Memory(Part):
    """What was already delivered, documents, notices to operators, and versions of the registry."""

    def first_time(self, key: str, *, now: datetime) -> bool:
        """Whether this delivery (event id, trigger id, …) is new; remembers it."""
        return self._insert_new(DELIVERY, {"key": key, "at": now})

    def forget_deliveries(self, *, before: datetime) -> int:
        """Drop what is too old to be delivered again; returns how many."""
        return self._db.execute(delete(DELIVERY).where(DELIVERY.c.at < before)).rowcount

    def document(self, incident_id: int) -> Document | None:
        """An incident's draft."""
        row = _DOCUMENT.row(self._db, {"incident": incident_id})
        return None if row is None else to_document(row)

    def save_document(self, document: Document) -> None:
        """Insert or overwrite."""
        self.put(DOCUMENT, document_row(document), "incident_id")

    def notice(self, key: str, text: str, *, now: datetime) -> int:
        """Count something an operator must see; returns how often so far."""
        values = {"key": key, "text": text, "count": 1, "first_at": now, "last_at": now}
        again = {"text": text, "count": NOTICE.c.count + 1, "last_at": now}
        noted = self._insert(NOTICE).on_conflict_do_update(index_elements=["key"], set_=again)
        return int(self._db.execute(noted.returning(NOTICE.c["count"]), values).scalar_one())

    def notices(self) -> list[tuple[str, str, int, datetime, datetime]]:
        """(key, text, how often, first, last), the newest first."""
        rows = self._db.execute(select(NOTICE).order_by(NOTICE.c.last_at.desc(), NOTICE.c.key))
        return [(key, text, count, first, last) for key, text, count, first, last in rows]

    def keep_registry(self, content_sha256: str, text: str, *, now: datetime) -> None:
        """Keep a version of the registry when it is not the newest already."""
        newest = self.latest_registry()
        if newest is None or newest[0] != content_sha256:
            values = {"content_sha256": content_sha256, "text": text, "at": now}
            self._db.execute(insert(REGISTRY_VERSION).values(values))

    def latest_registry(self) -> tuple[str, str, datetime] | None:
        """(digest, text, when) of the newest version."""
        row = _LATEST.row(self._db)
        return None if row is None else (row.content_sha256, row.text, row.at)

    def registry_version(self, content_sha256: str) -> tuple[str, datetime] | None:
        """Text and time of the version with this hash, None where it was not kept."""
        query = select(REGISTRY_VERSION).where(REGISTRY_VERSION.c.content_sha256 == content_sha256)
        row = self._db.execute(query.order_by(REGISTRY_VERSION.c.id).limit(1)).one_or_none()
        return None if row is None else (row.text, row.at)
