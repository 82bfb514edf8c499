"""Breaking the glass: going on without the holder's approval, allowed, loud, reasoned, and owed a review."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.actions import STANDING, Action, ActionState, Approval, Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.facts import override_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.rights import Authority
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays.approvals import decision_event, live_action, refresh_asks, start
from playbooks.plays.asking import cancel_timers
from playbooks.plays.bound_levers import VERB_OF, held_right
from playbooks.plays.house import House, must_find, spoken, want
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.owed import owe_review
from playbooks.ports import Surface, UnitOfWork

ROLE = "break-glass, no right held"
_REASON_MIN = 10


def break_glass(house: House, order: Order, action_id: int, because: str) -> Say:
    """Carry an asked-for action out without its approval, by who asked for it, once the time to answer has passed.

    Stopping does not wait: a disable may be broken through at once. Raises InputError without a reason, Conflict before
    the holders had their time, Denied for anybody but the requester.
    """
    reason = " ".join(because.split())
    if len(reason) < _REASON_MIN:
        raise errors.InputError(
            "Breaking the glass needs a reason that others can judge.",
            f"Write it: `{house.rules.root} break-glass {action_id} because nobody answers and money is lost`.",
            code="no_reason",
        )
    with execution(house, order) as (uow, now):
        action = live_action(uow, action_id, "", now, wanted=ActionState.AWAITING)
        if not isinstance(action, Action):
            raise errors.Conflict(action.sentence, action.next_step, code="not_waiting")
        if action.kind in STANDING:
            raise errors.InputError("No glass is broken for a risk or a freeze.", "Ask whoever decides.")
        incident = must_find(uow, action.incident_id or 0)
        right = held_right(house, action.component, action.kind, incident)
        _may_break(order, action, right, now)
        debt = _owe(house, uow, order, incident, action, reason, now)
        _go(uow, order, incident, action, reason, now)
        _tell(house, uow, order, incident, action, debt, right, reason, now)
    return Say(f"On it, without approval. It is written down as D-{debt.id} and owed a review.")


def _may_break(order: Order, action: Action, right: Authority, now: datetime) -> None:
    if order.actor.id != action.requester:
        raise errors.Denied("Only who asked for it may break the glass.", "Ask for it yourself first.")
    waited_until = (action.asked_at or now) + right.answer_within
    if action.kind.value != "disable" and now < waited_until:
        raise errors.Conflict(
            f"The holders have until {waited_until:%H:%M} UTC to answer.", "Wait, or call them.", code="too_early"
        )


def _owe(
    house: House, uow: UnitOfWork, order: Order, incident: Incident, action: Action, reason: str, now: datetime
) -> Override:
    debt = owe_review(house, uow, action, DebtKind.BREAK_GLASS, order.actor.id, reason, now)
    facts = override_facts(debt, "on", why=reason)
    text = f"the glass was broken for {VERB_OF[action.kind]} {action.component}: {reason}"
    key = f"break_glass:{action.id}"
    event = event_of(
        order, incident, EventKind.OVERRIDE, text, now=now, dedup=key, payload=facts, component=action.component
    )
    uow.append(incident.id, event, now=now)
    return debt


def _go(uow: UnitOfWork, order: Order, incident: Incident, action: Action, reason: str, now: datetime) -> None:
    uow.add_approval(Approval(action.id, order.actor.id, ROLE, "approved", action.plan_hash, now, reason))
    used = {"used": "break_glass", "rule": ""}
    event = decision_event(order, incident, action, ROLE, "approved", 0, now, reason, used=used)
    uow.append(incident.id, event, now=now)
    uow.consume_approvals(action.id, now=now)
    action = uow.save_action(replace(action, state=ActionState.APPROVED, approved_at=now, authority=ROLE, error=""))
    start(uow, action, now)
    refresh_asks(uow, action, now)
    cancel_timers(uow, action)


def _tell(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    action: Action,
    debt: Override,
    right: Authority,
    reason: str,
    now: datetime,
) -> None:
    """Loud: the incident's channel, the accountable team's own, and each holder who was passed over."""
    text = (
        f"{{0}} broke the glass: {VERB_OF[action.kind]} {action.component} goes on without approval — {reason}. "
        f"D-{debt.id} is owed a review."
    )
    payload = spoken(text, [order.actor.id])
    component = house.registry().components.get(action.component)
    team = house.registry().teams.get(component.accountable) if component else None
    people = house.registry().people
    targets = [f"incident:{incident.id}", team.channel if team else "", house.rules.triage_channel]
    targets += [
        f"dm:{people[h.person].slack}" for h in right.holders if people.get(h.person) and people[h.person].slack
    ]
    for number, target in enumerate(t for t in dict.fromkeys(targets) if t):
        key = f"say:break_glass:{action.id}:{number}"
        want(uow, Surface(key, "say", target, payload=payload, incident_id=incident.id), now=now)
