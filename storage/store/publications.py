"""Documents at the places outside to which they are published."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from playbooks.domain.publishing import Publication
from storage.rows import PUBLICATION, publication_row, to_publication
from storage.statements import Statement
from storage.store.part import Part

_ITS = PUBLICATION.c.incident_id == bindparam("incident")
_ONE = Statement(select(PUBLICATION).where(_ITS, PUBLICATION.c["name"] == bindparam("b_name")))
_ALL = Statement(select(PUBLICATION).where(_ITS).order_by(PUBLICATION.c["name"]))


class Publications(Part):
    """Documents at the places outside to which they are published."""

    def publication(self, incident_id: int, name: str) -> Publication | None:
        """A document at one destination."""
        row = _ONE.row(self._db, {"incident": incident_id, "b_name": name})
        return None if row is None else to_publication(row)

    def publications(self, incident_id: int) -> list[Publication]:
        """Of an incident, by name."""
        return [to_publication(row) for row in _ALL.rows(self._db, {"incident": incident_id})]

    def save_publication(self, publication: Publication) -> None:
        """Insert or overwrite."""
        self.put(PUBLICATION, publication_row(publication), "incident_id", "name")

    def failed_publications(self) -> list[Publication]:
        """Those whose last try failed, the newest incident first."""
        query = select(PUBLICATION).where(PUBLICATION.c.error != "")
        found = self._db.execute(query.order_by(PUBLICATION.c.incident_id.desc(), PUBLICATION.c["name"]))
        return [to_publication(row) for row in found]
