"""Deciding over an asked-for lever: approve, deny, withdraw; an approval is consumed where the action starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.actions import STANDING, Action, ActionState, Approval
from playbooks.domain.facts import action_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.rights import (
    Authority,
)
from playbooks.domain.timeline import EventKind, NewEvent
from playbooks.messages import Refusal, Say
from playbooks.plays import ai_state
from playbooks.plays.asking import cancel_timers
from playbooks.plays.bound_levers import RIGHT_OF, VERB_OF, held_right
from playbooks.plays.deciding import decider_of, own_request, right_used, used_facts
from playbooks.plays.freezes import check_thawed
from playbooks.plays.house import House, must_find, want
from playbooks.plays.orders import Order, event_of, execution
from playbooks.ports import Surface, UnitOfWork


def approve(house: House, order: Order, action_id: int, plan_hash: str = "") -> Say | Refusal:
    """Approve an action. Bound to the plan's hash where a button carries it. Every refusal says why.

    Raises Denied for a person without the right or the requester where two are asked, Conflict for a stale one.
    """
    with execution(house, order) as (uow, now):
        action = live_action(uow, action_id, plan_hash, now, wanted=ActionState.AWAITING)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id or 0)
        check_thawed(house, uow, action, now)
        action = as_strict_as_now(house, uow, incident, action)
        right, used = decider(house, order, incident, action)
        approval = Approval(action.id, order.actor.id, used, "approved", action.plan_hash, now)
        if not uow.add_approval(approval):
            return Refusal("You already answered this request.", "Another holder has to approve.")
        given = [a for a in uow.approvals(action.id) if counts(a, action)]
        if len(given) >= action.approvals_needed:
            return go_ahead(house, uow, order, incident, action, given, right, now)
        event = decision_event(
            order, incident, action, used, "approved", len(given), now, used=used_facts(right, order.actor.id)
        )
        uow.append(incident.id, event, now=now)
        refresh_asks(uow, action, now)
        left = action.approvals_needed - len(given)
        return Say(f"Your approval of action {action.id} is recorded; {left} more needed.")


def as_strict_as_now(house: House, uow: UnitOfWork, incident: Incident | None, action: Action) -> Action:
    """A request that needs more approvals by now, by a stricter registry or a worse severity; never fewer."""
    needed = held_right(house, action.component, action.kind, incident).approvals
    return action if needed <= action.approvals_needed else uow.save_action(replace(action, approvals_needed=needed))


def counts(approval: Approval, action: Action) -> bool:
    """Whether an answer is an approval of this plan that is not used up; with two asked, not the requester's own."""
    alone = action.approvals_needed < 2
    return (
        approval.verdict == "approved"
        and approval.plan_hash == action.plan_hash
        and approval.consumed_at is None
        and (alone or approval.decider != action.requester)
    )


def deny(house: House, order: Order, action_id: int, reason: str, plan_hash: str = "") -> Say | Refusal:
    """Deny an action; the requester may withdraw the own one. One "no" of a holder ends it."""
    with execution(house, order) as (uow, now):
        action = live_action(uow, action_id, plan_hash, now, wanted=ActionState.AWAITING)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id or 0)
        if action.requester == order.actor.id:
            _end(uow, order, incident, action, ActionState.WITHDRAWN, "withdrawn", action.requester_role, reason, now)
            return Say(f"Action {action.id} is withdrawn.")
        right, used = decider(house, order, incident, action)
        uow.add_approval(Approval(action.id, order.actor.id, used, "denied", action.plan_hash, now, reason))
        facts = used_facts(right, order.actor.id)
        _end(uow, order, incident, action, ActionState.DENIED, "denied", used, reason, now, facts)
    return Say(f"Action {action_id} is denied.")


def decider(house: House, order: Order, incident: Incident | None, action: Action) -> tuple[Authority, str]:
    """The right, and what of it is used. The approvals asked for count, also where the registry asks for fewer now."""
    asker = action.requester if action.approvals_needed >= 2 else ""
    right = RIGHT_OF[action.kind]
    if asker and order.actor.id == asker:
        held = held_right(house, action.component, action.kind, incident)
        raise own_request(held, action.component, order.actor.id).about(action.incident_id)
    held, holder = decider_of(house, action.component, right, incident, order.actor.id)
    return held, right_used(held, holder)


def live_action(
    uow: UnitOfWork, action_id: int, plan_hash: str, now: datetime, *, wanted: ActionState
) -> Action | Refusal:
    """The action in the wanted state, or why it cannot be decided any more."""
    action = uow.action(action_id, lock=True)
    if action is None:
        raise errors.UnknownName(f"There is no action {action_id}.", "See the incident's channel.")
    if action.state in (ActionState.AWAITING, ActionState.PREVIEWED) and action.expires_at and now >= action.expires_at:
        if action.state is ActionState.PREVIEWED:  # of a request the timer writes it down, with its event
            uow.save_action(replace(action, state=ActionState.EXPIRED, error="nobody decided in time"))
        return _expired(action)
    if action.state is ActionState.EXPIRED:
        return _expired(action)
    if action.state is not wanted:
        return Refusal(f"Action {action_id} is already {_word(action)}.", "Nothing was done twice.")
    if plan_hash and plan_hash != action.plan_hash:
        return Refusal("That button belongs to an older plan.", "Use the newest message.")
    return action


def _expired(action: Action) -> Refusal:
    again = "." if action.kind in STANDING else f": `/{action.kind.value} {action.component}`."
    return Refusal(f"Action {action.id} expired.", f"Ask again{again}")


def _word(action: Action) -> str:
    return {ActionState.STALE: "void: the state changed"}.get(action.state, action.state.value)


def go_ahead(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    action: Action,
    given: list[Approval],
    right: Authority,
    now: datetime,
) -> Say:
    """Start an approved action: its approvals are consumed in the same transaction. Raises Conflict for the second."""
    role = next((a.decider_role for a in given if a.decider == order.actor.id), given[0].decider_role if given else "")
    held = role or "no approval needed by the registry"
    consumed = uow.consume_approvals(action.id, now=now)
    if consumed < action.approvals_needed:
        raise errors.Conflict(f"Action {action.id} was decided by somebody else just now.", code="lost_race")
    verdict = "approved" if given else "not needed"
    facts = used_facts(right, order.actor.id)
    event = decision_event(order, incident, action, held, verdict, len(given), now, used=facts)
    uow.append(incident.id, event, now=now)
    action = uow.save_action(replace(action, state=ActionState.APPROVED, approved_at=now, authority=held, error=""))
    start(uow, action, now)
    refresh_asks(uow, action, now)
    cancel_timers(uow, action)
    return Say(f"On it: {VERB_OF[action.kind]} {action.component}. I'll tell when it is proved.")


def start(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """The job that carries an approved action out, and the message that shows how far it is."""
    uow.want_job("action", str(action.id), now=now, lane=f"lever:{action.component}")
    ai_state.want_before(uow, action, now)
    want(
        uow,
        Surface(f"action:{action.id}", "action", f"incident:{action.incident_id}", incident_id=action.incident_id),
        now=now,
    )


def decision_event(
    order: Order,
    incident: Incident,
    action: Action,
    right: str,
    verdict: str,
    given: int,
    now: datetime,
    reason: str = "",
    *,
    used: Mapping[str, str] = {},
) -> NewEvent:
    """The decision on an action as an event: verdict, the right it was taken under, approvals given and needed.

    `used`: see `deciding.used_facts`.
    """
    said = f": {reason.strip()}" if reason.strip() else ""
    event = event_of(
        order,
        incident,
        EventKind.DECISION,
        f"{verdict}: {VERB_OF[action.kind]} {action.component}{said}",
        now=now,
        dedup=f"action:{action.id}:{verdict}:{order.actor.id}",
        payload=action_facts(
            action,
            decision=RIGHT_OF[action.kind].value,
            verdict=verdict,
            right=right,
            approvals=given,
            needed=action.approvals_needed,
            **used,
        ),
        component=action.component,
    )
    # The role that counts at a decision is the one it was taken under, not another the person holds beside it.
    return replace(event, actor=replace(event.actor, role=right)) if right else event


def _end(
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    action: Action,
    state: ActionState,
    verdict: str,
    role: str,
    reason: str,
    now: datetime,
    used: Mapping[str, str] = {},
) -> None:
    event = decision_event(order, incident, action, role, verdict, 0, now, reason, used=used)
    uow.append(incident.id, event, now=now)
    uow.save_action(replace(action, state=state, error=reason.strip()))
    refresh_asks(uow, action, now)
    cancel_timers(uow, action)


def refresh_asks(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """Every open request of this action is edited: no live button stays behind a decision."""
    for surface in uow.surfaces_named(f"ask:{action.id}:"):
        want(uow, surface, now=now)
    if action.incident_id is None:
        return
    want(
        uow,
        Surface(
            f"card:{action.incident_id}",
            "card",
            f"incident:{action.incident_id}",
            pin=True,
            incident_id=action.incident_id,
        ),
        now=now,
    )
