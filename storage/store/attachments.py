"""Files of captured messages, as bytes beside the chain."""

from __future__ import annotations

from sqlalchemy import select, update

from playbooks.ports import Attachment
from storage.rows import ATTACHMENT, attachment_row, to_attachment
from storage.store.part import Part

_FACTS = [column for column in ATTACHMENT.c if column.name != "content"]


class Attachments(Part):
    """Implements `ports.Attachments`."""

    def save_attachment(self, attachment: Attachment, content: bytes | None) -> bool:
        """Keep it once; False where this file of this event is known already."""
        return self._insert_new(ATTACHMENT, attachment_row(attachment) | {"content": content})

    def attachments(self, incident_id: int) -> list[Attachment]:
        """All of an incident, oldest first, without their bytes."""
        query = select(*_FACTS).where(ATTACHMENT.c.incident_id == incident_id)
        rows = self._db.execute(query.order_by(ATTACHMENT.c.at, ATTACHMENT.c.file_id))
        return [to_attachment(row) for row in rows]

    def attachment_content(self, event_id: str, file_id: str) -> bytes | None:
        """The bytes; None where none are kept."""
        where = (ATTACHMENT.c.event_id == event_id) & (ATTACHMENT.c.file_id == file_id)
        content = self._db.execute(select(ATTACHMENT.c.content).where(where)).scalar_one_or_none()
        return None if content is None else bytes(content)

    def blank_attachments(self, event_id: str) -> int:
        """Drop the bytes and names of an event's files; returns how many."""
        blank = {"content": None, "name": "", "why": "", "state": "redacted"}
        return self._db.execute(update(ATTACHMENT).where(ATTACHMENT.c.event_id == event_id).values(blank)).rowcount
