"""Hand-offs of roles."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from playbooks.domain.handoffs import Handoff
from storage.rows import HANDOFF, handoff_row, to_handoff
from storage.store.part import Part


class Handoffs(Part):
    """Offers and their answers."""

    def add_handoff(self, handoff: Handoff) -> Handoff:
        """Insert; gives the id (the one passed is ignored)."""
        return replace(handoff, id=self._add(HANDOFF, handoff_row(handoff)))

    def handoff(self, handoff_id: int, *, lock: bool = False) -> Handoff | None:
        """One hand-off."""
        row = self._one(HANDOFF, handoff_id, lock=lock)
        return None if row is None else to_handoff(row)

    def handoffs(self, incident_id: int, *, open_only: bool = False) -> list[Handoff]:
        """Hand-offs of an incident, oldest first."""
        query = select(HANDOFF).where(HANDOFF.c.incident_id == incident_id).order_by(HANDOFF.c.id)
        if open_only:
            query = query.where(HANDOFF.c.state == "offered")
        return [to_handoff(row) for row in self._db.execute(query)]

    def open_handoffs(self) -> list[Handoff]:
        """Every hand-off that waits for an answer, oldest first."""
        query = select(HANDOFF).where(HANDOFF.c.state == "offered").order_by(HANDOFF.c.id)
        return [to_handoff(row) for row in self._db.execute(query)]

    def handoff_seconds(self) -> list[float]:
        """Seconds from offer to acceptance of every accepted hand-off."""
        query = select(HANDOFF.c.offered_at, HANDOFF.c.answered_at).where(HANDOFF.c.state == "accepted")
        return [(row.answered_at - row.offered_at).total_seconds() for row in self._db.execute(query)]

    def save_handoff(self, handoff: Handoff) -> Handoff:
        """Write all fields, `version + 1`. Raises errors.Conflict when another wrote since it was read."""
        self._save(HANDOFF, handoff_row(handoff), f"hand-off {handoff.id}")
        return replace(handoff, version=handoff.version + 1)
