"""Asking for a lever: request, preview, confirm, approve, deny, withdraw. `effects.py` carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from playbooks import errors
from playbooks.domain.actions import Action, ActionKind, ActionState, Approval, Override, version_name
from playbooks.domain.clocks import say_span
from playbooks.domain.facts import action_facts
from playbooks.domain.incidents import Incident, open_key
from playbooks.domain.people import Actor
from playbooks.domain.rights import (
    Authority,
    Holder,
    Right,
    ask_refusal,
    authority,
    decide_refusal,
    may_ask,
    may_decide,
)
from playbooks.domain.timeline import EventKind, NewEvent
from playbooks.messages import Refusal, Say, Who
from playbooks.plays.house import House, must_find, want
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.receive import open_up
from playbooks.ports import NewIncident, Surface, Timer, UnitOfWork

RIGHT_OF = {ActionKind.ROLLBACK: Right.ROLL_BACK, ActionKind.DISABLE: Right.DISABLE, ActionKind.ENABLE: Right.ENABLE}
VERB_OF = {ActionKind.ROLLBACK: "roll back", ActionKind.DISABLE: "disable", ActionKind.ENABLE: "enable"}
IN_FLIGHT = frozenset({ActionState.AWAITING, ActionState.APPROVED, ActionState.APPLYING, ActionState.VERIFYING})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks of a lever.

    Attributes:
        target: version to roll back to, empty for the last one marked good. ends_after: length of a disable in seconds.
    """

    kind: ActionKind
    component: str
    target: str = ""
    because: str = ""
    ends_after: int | None = None
    incident_id: int | None = None


def binding_of(house: House, component: str, kind: ActionKind) -> Mapping[str, Any]:
    """The lever binding of a component. Raises UnknownName or InputError with the next step."""
    found = house.registry().component(component)
    name = "rollback" if kind is ActionKind.ROLLBACK else "disable"
    binding: Mapping[str, Any] | None = {str(k): v for k, v in found.levers.items()}.get(name)
    if binding is None:
        raise errors.InputError(
            f"No lever is bound to {VERB_OF[kind]} {component}.",
            f"Add `levers: {{{name}: …}}` to {component} in ownership.yaml.",
            code="no_lever",
        )
    return binding


def held_right(house: House, component: str, kind: ActionKind) -> Authority:
    """Who decides this kind of action on this component now."""
    return authority(house.registry(), component, RIGHT_OF[kind], house.on_call.now)


# ------------------------------------------------------------------ request


def request(house: House, order: Order, wanted: Wanted) -> tuple[int, Say]:
    """Ask for a lever: recorded at once, planned by a job, previewed to the requester.

    Raises UnknownName, InputError (no lever, no end, too long), Denied (may not ask), Conflict (one is in flight).
    """
    binding_of(house, wanted.component, wanted.kind)
    right = held_right(house, wanted.component, wanted.kind)
    _check_length(house, right, wanted)
    with execution(house, order) as (uow, now):
        incident = _incident_for(house, uow, order, wanted, now)
        role = _asking_role(house, order.actor, wanted, incident)
        _check_free(uow, wanted)
        _withdraw_older_previews(uow, order, wanted, now)
        override = _open_override(uow, wanted.component) if wanted.kind is ActionKind.ENABLE else None
        action = uow.add_action(
            Action(
                id=0,
                kind=wanted.kind,
                state=ActionState.PLANNING,
                component=wanted.component,
                incident_id=incident.id,
                requester=order.actor.id,
                requester_slack=order.actor.slack,
                requester_role=role,
                because=wanted.because.strip(),
                created_at=now,
                channel=order.channel,
                target=wanted.target,
                ends_after=wanted.ends_after,
                approvals_needed=right.approvals,
                undo_of=override.action_id if override else None,
                override=override.id if override else None,
            )
        )
        uow.want_job("action", str(action.id), now=now, lane=f"lever:{wanted.component}")
    return action.id, Say(f"Looking at {wanted.component}…")


def _check_length(house: House, right: Authority, wanted: Wanted) -> None:
    if wanted.kind is not ActionKind.DISABLE:
        return
    if not wanted.ends_after or wanted.ends_after <= 0:
        raise errors.InputError("A disable needs an end.", f"Try `/disable {wanted.component} for 4h`.", code="no_end")
    longest = right.longest or timedelta(seconds=house.rules.longest_disable)
    if timedelta(seconds=wanted.ends_after) > longest:
        raise errors.InputError(
            f"{wanted.component} may be off for {say_span(longest)} at most.",
            f"Try `/disable {wanted.component} for {say_span(longest)}`; it can be extended with a reason.",
            code="too_long",
        )


def _incident_for(house: House, uow: UnitOfWork, order: Order, wanted: Wanted, now: datetime) -> Incident:
    """The named incident, this channel's, the newest open one of the component or what it reads, or else a new one."""
    if wanted.incident_id is not None:
        return must_find(uow, wanted.incident_id)
    here = uow.incident_by_channel(order.channel) if order.channel else None
    if here is not None:
        return here
    registry = house.registry()
    for name in (wanted.component, *registry.upstream(wanted.component)):
        found = uow.open_incidents_of(name)
        if found:
            return must_find(uow, found[0].id)
    failure = f"{wanted.kind.value}-by-hand"
    component = registry.component(wanted.component)
    team = registry.teams.get(component.accountable)
    incident, new = uow.open_incident(
        NewIncident(
            title=f"{wanted.component}: {VERB_OF[wanted.kind]} asked for",
            component=wanted.component,
            failure=failure,
            open_key=open_key(wanted.component, failure),
            severity="",
            opened_at=now,
            detected_at=now,
            opened_by=order.actor.id,
            team=component.accountable,
            home=(team.channel if team else "") or house.rules.triage_channel or order.channel,
        )
    )
    if new:
        open_up(house, uow, incident, by=order.actor.role, source=order.source, now=now, actor=order.actor)
    return incident


def _asking_role(house: House, actor: Actor, wanted: Wanted, incident: Incident) -> str:
    registry = house.registry()
    role = may_ask(registry, wanted.component, actor.id, house.on_call.now, incident.lead)
    if role is None:
        right = held_right(house, wanted.component, wanted.kind)
        raise ask_refusal(registry, wanted.component, RIGHT_OF[wanted.kind], right, house.on_call.now)
    return role


def _check_free(uow: UnitOfWork, wanted: Wanted) -> None:
    for other in uow.actions_in(IN_FLIGHT, component=wanted.component):
        raise errors.Conflict(
            f"Action {other.id} ({VERB_OF[other.kind]} {other.component}) is {_standing(other)}.",
            "Wait for it, or deny it first: `/inc deny " + str(other.id) + "`."
            if other.state is ActionState.AWAITING
            else "Wait until it is confirmed.",
            code="in_flight",
        )


def _standing(action: Action) -> str:
    words = {
        ActionState.AWAITING: "waiting for approval",
        ActionState.APPROVED: "approved",
        ActionState.APPLYING: "being applied",
        ActionState.VERIFYING: "being verified",
    }
    return words.get(action.state, action.state.value)


def _withdraw_older_previews(uow: UnitOfWork, order: Order, wanted: Wanted, now: datetime) -> None:
    for old in uow.actions_in({ActionState.PREVIEWED, ActionState.PLANNING}, component=wanted.component):
        if old.requester == order.actor.id and old.kind is wanted.kind:
            uow.save_action(replace(old, state=ActionState.WITHDRAWN, error="replaced by a newer request"))


def _open_override(uow: UnitOfWork, component: str) -> Override | None:
    found = [o for o in uow.overrides(open_only=True, component=component) if o.kind == "disable"]
    return found[-1] if found else None


# ------------------------------------------------------------------ confirm


def confirm(house: House, order: Order, action_id: int, plan_hash: str) -> Say | Refusal:
    """The requester's click on the preview: it is the approval for a holder of the right, else it asks the holders."""
    with execution(house, order) as (uow, now):
        action = live_action(uow, action_id, plan_hash, now, wanted=ActionState.PREVIEWED)
        if isinstance(action, Refusal):
            return action
        if action.requester != order.actor.id:
            raise errors.Denied(
                "Only the person who asked can go on with this preview.",
                f"Ask yourself: `/{VERB_OF[action.kind].replace(' ', '')} {action.component}`.",
            )
        incident = must_find(uow, action.incident_id or 0)
        _check_free(uow, Wanted(action.kind, action.component))
        right = held_right(house, action.component, action.kind)
        needed = right.approvals
        uow.append(incident.id, _asked_event(order, incident, action, now), now=now)
        action = replace(action, asked_at=now, approvals_needed=needed)
        if needed == 0:
            return _approved(house, uow, order, incident, action, [], right, now)
        holder = may_decide(right, order.actor.id)
        if needed == 1 and holder is not None:
            approval = Approval(action.id, order.actor.id, holder.role, "approved", action.plan_hash, now)
            uow.add_approval(approval)
            return _approved(house, uow, order, incident, action, [approval], right, now)
        return _ask(house, uow, incident, action, right, now)


def _asked_event(order: Order, incident: Incident, action: Action, now: datetime) -> NewEvent:
    plan = action.plan
    moved = f" {version_name(plan.before)} → {version_name(plan.after)}" if plan else ""
    because = f": {action.because}" if action.because else ""
    return event_of(
        order,
        incident,
        EventKind.ACTION,
        f"asked to {VERB_OF[action.kind]} {action.component}{moved}{because}",
        now=now,
        dedup=f"action:{action.id}:requested",
        payload=action_facts(action, phase="requested"),
        component=action.component,
    )


def _ask(house: House, uow: UnitOfWork, incident: Incident, action: Action, right: Authority, now: datetime) -> Say:
    expires = now + timedelta(seconds=house.rules.approval_ttl)
    if right.answer_within is not None:
        expires = max(expires, now + right.answer_within + timedelta(minutes=5))
    action = uow.save_action(replace(action, state=ActionState.AWAITING, expires_at=expires))
    deciders = [h for h in right.holders if right.approvals < 2 or h.person != action.requester]
    first = deciders or [h for h in right.deputies if right.approvals < 2 or h.person != action.requester]
    ask_people(house, uow, action, first, now)
    want(
        uow,
        Surface(f"ask:{action.id}:channel", "ask", f"incident:{incident.id}", incident_id=incident.id),
        now=now,
    )
    uow.set_timer(Timer(f"approval_expiry:{action.id}", "approval_expiry", str(action.id), expires))
    if right.answer_within is not None:
        due = now + right.answer_within
        uow.set_timer(Timer(f"approval_silence:{action.id}", "approval_silence", str(action.id), due))
    mentions = tuple(w for h in first if (w := house.who(h.person, h.role)))
    names = ", ".join(f"{{{i}}}" for i in range(len(mentions))) or "nobody could be named; the channel is asked"
    missing = f" {right.missing}" if right.missing else ""
    return Say(f"Asked: {names}.{missing}", "You will see the answer in the incident's channel.", mentions)


def ask_people(house: House, uow: UnitOfWork, action: Action, holders: list[Holder], now: datetime) -> None:
    """An approval request by direct message to each holder with a Slack id, once."""
    people = house.registry().people
    for holder in holders:
        slack = people[holder.person].slack if holder.person in people else ""
        if not slack or uow.surface(f"ask:{action.id}:{slack}") is not None:
            continue
        want(uow, Surface(f"ask:{action.id}:{slack}", "ask", f"dm:{slack}", incident_id=action.incident_id), now=now)


# ------------------------------------------------------------------ decide


def approve(house: House, order: Order, action_id: int, plan_hash: str = "") -> Say | Refusal:
    """Approve an action. Bound to the plan's hash where a button carries it. Every refusal says why.

    Raises Denied for a person without the right or the requester where two are asked, Conflict for a stale one.
    """
    with execution(house, order) as (uow, now):
        action = live_action(uow, action_id, plan_hash, now, wanted=ActionState.AWAITING)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id or 0)
        right, holder = _decider(house, order, action)
        approval = Approval(action.id, order.actor.id, holder.role, "approved", action.plan_hash, now)
        if not uow.add_approval(approval):
            return Refusal("You already answered this request.", "Another holder has to approve.")
        given = [a for a in uow.approvals(action.id) if _counts(a, action)]
        if len(given) >= action.approvals_needed:
            return _approved(house, uow, order, incident, action, given, right, now)
        uow.append(
            incident.id, decision_event(order, incident, action, holder.role, "approved", len(given), now), now=now
        )
        refresh_asks(uow, action, now)
        left = action.approvals_needed - len(given)
        return Say(f"Your approval of action {action.id} is recorded; {left} more needed.")


def _counts(approval: Approval, action: Action) -> bool:
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
        _, holder = _decider(house, order, action)
        uow.add_approval(Approval(action.id, order.actor.id, holder.role, "denied", action.plan_hash, now, reason))
        _end(uow, order, incident, action, ActionState.DENIED, "denied", holder.role, reason, now)
    return Say(f"Action {action_id} is denied.")


def cancel_preview(house: House, order: Order, action_id: int) -> Say:
    """Drop a preview; nothing was asked, nothing happened."""
    with execution(house, order) as (uow, _now):
        action = uow.action(action_id, lock=True)
        if action is None or action.state not in (ActionState.PREVIEWED, ActionState.PLANNING):
            return Say("That preview is no longer open.")
        if action.requester != order.actor.id:
            raise errors.Denied("Only the person who asked can drop this preview.")
        uow.save_action(replace(action, state=ActionState.WITHDRAWN, error="dropped at the preview"))
    return Say("Dropped. Nothing was changed.")


def _decider(house: House, order: Order, action: Action) -> tuple[Authority, Holder]:
    right = held_right(house, action.component, action.kind)
    if action.approvals_needed >= 2 and order.actor.id == action.requester:
        raise errors.Denied(
            "You asked for this, and two others have to decide.",
            "Ask " + (", ".join(h.role for h in right.holders) or "another holder") + ".",
            code="own_request",
            ask=tuple(h.person for h in right.holders if h.person != order.actor.id),
        )
    holder = may_decide(right, order.actor.id)
    if holder is None:
        raise decide_refusal(house.registry(), action.component, RIGHT_OF[action.kind], right, house.on_call.now)
    return right, holder


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
        return Refusal(f"Action {action_id} expired.", f"Ask again: `/{action.kind.value} {action.component}`.")
    if action.state is not wanted:
        return Refusal(f"Action {action_id} is already {_word(action)}.", "Nothing was done twice.")
    if plan_hash and plan_hash != action.plan_hash:
        return Refusal("That button belongs to an older plan.", "Use the newest message.")
    return action


def _word(action: Action) -> str:
    return {ActionState.STALE: "void: the state changed"}.get(action.state, action.state.value)


def _approved(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    action: Action,
    given: list[Approval],
    right: Authority,
    now: datetime,
) -> Say:
    """Approvals are consumed in the transaction that starts the action."""
    role = next((a.decider_role for a in given if a.decider == order.actor.id), given[0].decider_role if given else "")
    held = role or "no approval needed by the registry"
    consumed = uow.consume_approvals(action.id, now=now)
    if consumed < action.approvals_needed:
        raise errors.Conflict(f"Action {action.id} was decided by somebody else just now.", code="lost_race")
    verdict = "approved" if given else "not needed"
    uow.append(incident.id, decision_event(order, incident, action, held, verdict, len(given), now), now=now)
    action = uow.save_action(replace(action, state=ActionState.APPROVED, approved_at=now, authority=held, error=""))
    start(uow, action, now)
    refresh_asks(uow, action, now)
    uow.cancel_timer(f"approval_expiry:{action.id}")
    uow.cancel_timer(f"approval_silence:{action.id}")
    return Say(f"On it: {VERB_OF[action.kind]} {action.component}. I'll tell when it is proved.")


def start(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """The job that carries an approved action out, and the message that shows how far it is."""
    uow.want_job("action", str(action.id), now=now, lane=f"lever:{action.component}")
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
) -> NewEvent:
    """The decision on an action as an event: verdict, the right it was taken under, approvals given and needed."""
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
) -> None:
    uow.append(incident.id, decision_event(order, incident, action, role, verdict, 0, now, reason), now=now)
    uow.save_action(replace(action, state=state, error=reason.strip()))
    refresh_asks(uow, action, now)
    uow.cancel_timer(f"approval_expiry:{action.id}")
    uow.cancel_timer(f"approval_silence:{action.id}")


def refresh_asks(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """Every open request of this action is edited: no live button stays behind a decision."""
    if action.incident_id is None:
        return
    for surface in uow.surfaces_of(action.incident_id):
        if surface.kind == "ask" and surface.id.startswith(f"ask:{action.id}:"):
            want(uow, surface, now=now)
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


def people_of(house: House, holders: tuple[Holder, ...]) -> tuple[Who, ...]:
    """Holders as persons for a message."""
    return tuple(w for h in holders if (w := house.who(h.person, h.role)) is not None)
