"""Documents at the places outside to which they are published."""

from __future__ import annotations

from sqlalchemy import select

from playbooks.domain.publishing import Publication
from storage.rows import PUBLICATION, publication_row, to_publication
from storage.store.part import Part


class Publications(Part):
    """Documents at the places outside to which they are published."""

    def publication(self, incident_id: int, name: str) -> Publication | None:
        """A document at one destination."""
        mine = (PUBLICATION.c.incident_id == incident_id) & (PUBLICATION.c["name"] == name)
        row = self._db.execute(select(PUBLICATION).where(mine)).one_or_none()
        return None if row is None else to_publication(row)

    def publications(self, incident_id: int) -> list[Publication]:
        """Of an incident, by name."""
        query = select(PUBLICATION).where(PUBLICATION.c.incident_id == incident_id)
        return [to_publication(row) for row in self._db.execute(query.order_by(PUBLICATION.c["name"]))]

    def save_publication(self, publication: Publication) -> None:
        """Insert or overwrite."""
        self.put(PUBLICATION, publication_row(publication), "incident_id", "name")

    def failed_publications(self) -> list[Publication]:
        """Those whose last try failed, the newest incident first."""
        query = select(PUBLICATION).where(PUBLICATION.c.error != "")
        found = self._db.execute(query.order_by(PUBLICATION.c.incident_id.desc(), PUBLICATION.c["name"]))
        return [to_publication(row) for row in found]
