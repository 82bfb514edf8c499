"""The message that shows where a document stands outside."""

from __future__ import annotations

from playbooks.domain.publishing import Publication
from playbooks.messages import Published, PublishedRow
from playbooks.plays.house import House, tag_of
from playbooks.plays.views.parts import incident_behind
from playbooks.ports import Surface, UnitOfWork


def published_note(house: House, uow: UnitOfWork, surface: Surface) -> Published | None:
    """All destinations that were tried; None while there is none."""
    incident = incident_behind(uow, surface)
    if incident is None:
        return None
    rows = tuple(_row(each) for each in uow.publications(incident.id) if each.published_at or each.error)
    return Published(tag_of(house, incident), rows) if rows else None


def _row(each: Publication) -> PublishedRow:
    return PublishedRow(
        each.name, each.state, each.link, each.published_at, each.form, each.error, each.next_step if each.error else ""
    )
