"""App Home: open incidents, what waits for the reader, what the reader holds, and what an operator must see."""

from __future__ import annotations

from playbooks.domain.actions import ActionState
from playbooks.domain.rights import may_decide
from playbooks.messages import Ask, Home, OverrideNote
from playbooks.plays.bound_levers import held_right
from playbooks.plays.house import House
from playbooks.plays.views.asked import ask_view
from playbooks.plays.views.lists import incident_list
from playbooks.plays.views.switched import override_note
from playbooks.ports import Surface

_MOST = 10


def home_of(house: House, person: str) -> Home:
    """The page of one person (actor id)."""
    with house.store.read() as uow:
        asks: list[Ask] = []
        for action in uow.actions_in({ActionState.AWAITING}):
            incident = uow.incident(action.incident_id) if action.incident_id is not None else None
            right = held_right(house, action.component, action.kind, incident)
            if may_decide(right, person) is not None and len(asks) < _MOST:
                asks.append(ask_view(house, uow, action))
        held: list[OverrideNote] = []
        for override in uow.overrides(open_only=True):
            if override.holder == person and len(held) < _MOST:
                surface = Surface(f"override:{override.id}", "override", "", incident_id=override.incident_id)
                view = override_note(house, uow, surface)
                if isinstance(view, OverrideNote):
                    held.append(view)
        notices = tuple(text for _, text, _, _, _ in uow.notices()[:5])
    return Home(incident_list(house).rows, tuple(asks), tuple(held), notices)
