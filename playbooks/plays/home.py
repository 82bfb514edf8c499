"""App Home: open incidents, what waits for the reader, what the reader holds, and what an operator must see."""

from __future__ import annotations

from playbooks.domain.actions import ActionState, Override
from playbooks.domain.debt import REVIEWED, SWITCHED
from playbooks.domain.incidents import Incident
from playbooks.domain.rights import may_decide
from playbooks.messages import Ask, EntryNote, HandoffOffer, Home, OverrideNote
from playbooks.plays.answerers import answerers
from playbooks.plays.bound_levers import held_right
from playbooks.plays.handoff import offer_view
from playbooks.plays.house import House
from playbooks.plays.receivers import receivers
from playbooks.plays.recertify import to_confirm
from playbooks.plays.refusals import PREFIX as REFUSED
from playbooks.plays.views.asked import ask_view
from playbooks.plays.views.lists import incident_list
from playbooks.plays.views.standing import entry_view
from playbooks.plays.views.switched import override_note
from playbooks.ports import Surface, UnitOfWork

_MOST, _ENTRIES, _MANY = 10, 5, 200


def home_of(house: House, person: str) -> Home:
    """The page of one person (actor id)."""
    with house.store.read() as uow:
        asks: list[Ask] = []
        for action in uow.actions_in({ActionState.AWAITING}):
            incident = uow.incident(action.incident_id) if action.incident_id is not None else None
            right = held_right(house, action.component, action.kind, incident)
            if may_decide(right, person) is not None and len(asks) < _MOST:
                asks.append(ask_view(house, uow, action))
        held, owed = _held(house, uow, person)
        notices = tuple(text for key, text, _, _, _ in uow.notices() if not key.startswith(REFUSED))[:5]
        offers = _offers(house, uow, person)
        entries = to_confirm(house, uow, person, _ENTRIES)
        found = uow.incidents(open_only=True, limit=_MANY)
    mine = {incident.id for incident in found if _is_mine(house, incident, person)}
    rows = incident_list(house, limit=_MANY).rows
    own = tuple(row for row in rows if row.tag.number in mine)
    return Home(own, tuple(asks), held, notices, offers, entries, len(rows) - len(own), owed)


def _held(house: House, uow: UnitOfWork, person: str) -> tuple[tuple[OverrideNote, ...], tuple[EntryNote, ...]]:
    """What the person switched off, and the other entries of the ledger that are theirs to answer, first due first."""
    held: list[OverrideNote] = []
    owed: list[EntryNote] = []
    for entry in uow.overrides(kinds=()):
        if entry.kind in SWITCHED:
            surface = Surface(f"override:{entry.id}", "override", "", incident_id=entry.incident_id)
            view = override_note(house, uow, surface) if entry.holder == person and len(held) < _MOST else None
            held += [view] if isinstance(view, OverrideNote) else []
        elif len(owed) < _MOST and _answers(house, uow, entry, person):
            owed.append(entry_view(house, uow, entry, "ended" if entry.state == "overdue" else ""))
    return tuple(held), tuple(owed)


def _answers(house: House, uow: UnitOfWork, entry: Override, person: str) -> bool:
    """A review is owed by whoever holds the right, not by the one whose doing is reviewed."""
    return person in answerers(house, uow, entry) if entry.kind in REVIEWED else entry.holder == person


def _offers(house: House, uow: UnitOfWork, person: str) -> tuple[HandoffOffer, ...]:
    """Hand-offs the person may accept."""
    waiting = [h for h in uow.open_handoffs() if person in receivers(house, h)][:_MOST]
    views = (offer_view(house, uow, Surface(f"handoff:{h.id}:home", "handoff", "")) for h in waiting)
    return tuple(view for view in views if view is not None)


def _is_mine(house: House, incident: Incident, person: str) -> bool:
    if person in (incident.lead, incident.comms, incident.acknowledged_by):
        return True
    return incident.team in house.registry().teams_of(person)
