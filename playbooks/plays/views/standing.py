"""An accepted risk or a freeze: until when, who holds it, and what is asked of the holder."""

from __future__ import annotations

from playbooks.domain.actions import Override
from playbooks.domain.authority import Right
from playbooks.domain.debt import DebtKind
from playbooks.domain.people import MUSTER
from playbooks.messages import Announcement, EntryNote, Message, Who
from playbooks.plays.bound_levers import people_of
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House
from playbooks.ports import Surface, UnitOfWork


def entry_note(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """The message of an entry; a question that was answered meanwhile says so and asks nothing."""
    entry = uow.override(int(surface.id.split(":")[1]))
    if entry is None:
        return None
    asked = str(surface.payload.get("phase") or "")
    if asked and entry.due_at.isoformat() != surface.payload.get("due"):
        return Announcement(f"The accepted risk of {entry.component} goes on (D-{entry.id}).", house.who(entry.holder))
    return entry_view(house, uow, entry, asked)


def entry_view(house: House, uow: UnitOfWork, entry: Override, asked: str = "") -> EntryNote:
    """How an entry stands; `asked` is the phase its message was made for."""
    phase = {"closed": "closed", "void": "closed", "overdue": "ended"}.get(entry.state, asked or "on")
    incident = uow.incident(entry.incident_id) if entry.incident_id is not None else None
    right = Right.FREEZE if entry.kind == DebtKind.FREEZE.value else Right.ACCEPT_RISK
    known = entry.component in house.registry().components
    held = held_in(house, entry.component, right, None) if known else None
    people = people_of(house, (*held.holders, *held.deputies)) if held is not None else ()
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
        may_end=tuple(w for w in people if w.name != entry.holder),
        incident=incident.name if incident is not None else "",
        closed_at=entry.closed_at,
        closed_by=house.who(by),
        why=str(entry.facts.get("closed_because") or ""),
        changes=int(entry.facts.get("changed") or 0),
    )
