"""The message of an escalation: the owner's message once more, to who is asked now."""

from __future__ import annotations

from dataclasses import replace

from playbooks.messages import OwnerNote
from playbooks.plays.house import House
from playbooks.plays.views.owner import owner_note
from playbooks.ports import Surface, UnitOfWork


def page_note(house: House, uow: UnitOfWork, surface: Surface) -> OwnerNote | None:
    """For one person by direct message, or for a channel; edited as the incident goes on."""
    note = owner_note(house, uow, surface)
    if note is None:
        return None
    person = str(surface.payload.get("person", ""))
    role = str(surface.payload.get("role", ""))
    return replace(note, mentioned=house.who(person, role), why=str(surface.payload.get("why", "")))
