"""An accepted risk or a freeze: until when, who holds it, and what is asked of the holder."""

from __future__ import annotations

from playbooks.domain.actions import ActionKind, Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.people import MUSTER
from playbooks.messages import Announcement, EntryNote, Message, Who
from playbooks.plays.answerers import answerers
from playbooks.plays.freezes import works_while_frozen
from playbooks.plays.house import House
from playbooks.ports import Surface, UnitOfWork


def entry_note(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """The message of an entry; a question that was answered meanwhile says so and asks nothing."""
    entry = uow.override(int(surface.id.split(":")[1]))
    if entry is None:
        return None
    asked = str(surface.payload.get("phase") or "")
    what = f"The {DebtKind(entry.kind).words} of {entry.component} (D-{entry.id})"
    if asked and entry.due_at.isoformat() != surface.payload.get("due"):
        return Announcement(f"{what} goes on, held by {{0}}.", mentions=(house.who(entry.holder) or Who("nobody"),))
    if asked and entry.state == "overdue" and int(surface.payload.get("turn") or 0) < entry.escalations:
        return Announcement(f"{what}: asked again since, see below.")
    return entry_view(house, uow, entry, asked)


def entry_view(house: House, uow: UnitOfWork, entry: Override, asked: str = "") -> EntryNote:
    """How an entry stands; `asked` is the phase its message was made for."""
    overdue = "ended" if asked else "over"
    phase = {"closed": "closed", "void": "closed", "overdue": overdue}.get(entry.state, asked or "on")
    incident = uow.incident(entry.incident_id) if entry.incident_id is not None else None
    people = (house.who(person) for person in answerers(house, uow, entry) if person != entry.holder)
    by = entry.closed_by if entry.closed_by != MUSTER.id else ""
    return EntryNote(
        entry=entry.id,
        kind=entry.kind,
        component=entry.component,
        phase=phase,
        reason=entry.reason,
        holder=house.who(entry.holder) or Who("nobody"),
        since=entry.since,
        due_at=entry.due_at,
        may_end=tuple(who for who in people if who is not None),
        incident=incident.name if incident is not None else "",
        closed_at=entry.closed_at,
        closed_by=house.who(by),
        why=str(entry.facts.get("closed_because") or ""),
        what=DebtKind(entry.kind).words,
        stops=works_while_frozen(house, entry.component, ActionKind.DISABLE),
        changes=int(entry.facts.get("changed") or 0),
    )
