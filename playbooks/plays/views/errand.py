"""The request to do something by hand, as one person or the channel sees it."""

from __future__ import annotations

from playbooks.domain.actions import ActionState
from playbooks.domain.errands import errand_of
from playbooks.messages import ErrandNote, Message, Who
from playbooks.plays.bound_levers import VERB_OF
from playbooks.plays.errand_record import claim_of, declined_by
from playbooks.plays.errands import asked_of
from playbooks.plays.house import House
from playbooks.ports import Surface, UnitOfWork


def errand_view(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """See the module; without buttons once somebody has said how it went, or for who has said that they cannot."""
    action = uow.action(int(surface.id.split(":")[1]))
    errand = errand_of(action.plan) if action is not None else None
    if action is None or action.plan is None or errand is None:
        return None
    incident = uow.incident(action.incident_id) if action.incident_id is not None else None
    claim = claim_of(house, uow, action)
    declined = declined_by(uow, action)
    asked = asked_of(house, uow, action, errand)
    waiting = action.state is ActionState.BY_HAND
    mine = declined.get(_reader(house, surface), "") if waiting else ""
    error = action.error if action.state is ActionState.FAILED else ""
    return ErrandNote(
        action=action.id,
        verb=VERB_OF[action.kind],
        component=action.component,
        before=action.plan.before,
        after=action.plan.after,
        incident=incident.name if incident is not None else "",
        because=action.because,
        instructions=errand.told(action.plan),
        asked=tuple(w for h in asked if h.person not in declined and (w := house.who(h.person, h.role)) is not None),
        reader=errand.reader,
        open=waiting and not mine,
        claimed_by=claim[0] if claim is not None else None,
        evidence=claim[1] if claim is not None else "",
        claimed_at=claim[2] if claim is not None else None,
        ended=action.state.value if action.over and claim is None else "",
        error=f"You said that you cannot: {mine}" if mine else error,
        in_channel=surface.id.endswith(":channel"),
        seen=action.evidence if claim is not None and errand.reader and action.over else "",
        contradicted=action.state is ActionState.CONTRADICTED,
        declined=tuple((house.who(person) or Who(person), why) for person, why in declined.items()),
    )


def _reader(house: House, surface: Surface) -> str:
    """Registry id of whose direct message it is; empty for a channel."""
    if not surface.target.startswith("dm:"):
        return ""
    return house.registry().person_by_slack(surface.target.removeprefix("dm:")) or ""
