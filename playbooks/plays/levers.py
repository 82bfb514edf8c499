"""Asking for a lever: request, preview, confirm. `approvals.py` decides, `effects.py` carries it out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import STANDING, Action, ActionKind, ActionState, Approval, Override, version_name
from playbooks.domain.clocks import say_span
from playbooks.domain.facts import action_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import Actor
from playbooks.domain.rights import (
    Authority,
    ask_refusal,
    may_ask,
    may_decide,
)
from playbooks.domain.timeline import EventKind, NewEvent
from playbooks.messages import Refusal, Say
from playbooks.plays import holds
from playbooks.plays.approvals import go_ahead, live_action
from playbooks.plays.asking import ask_people, set_timers
from playbooks.plays.bound_levers import RIGHT_OF, VERB_OF, binding_of, held_right
from playbooks.plays.deciding import right_used
from playbooks.plays.freezes import broken_through, check_thawed, freeze_on, refusal
from playbooks.plays.house import House, must_find, want
from playbooks.plays.opening import opened_by_hand
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.receive import open_up
from playbooks.ports import Surface, UnitOfWork

IN_FLIGHT = frozenset(
    {
        ActionState.AWAITING,
        ActionState.APPROVED,
        ActionState.APPLYING,
        ActionState.BY_HAND,
        ActionState.VERIFYING,
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks of a lever.

    Attributes:
        target: version to roll back to, empty for the last one marked good. ends_after: length of a disable in seconds.
        through_freeze: the glass is broken for it where the component is frozen; `because` says why.
    """

    kind: ActionKind
    component: str
    target: str = ""
    because: str = ""
    ends_after: int | None = None
    incident_id: int | None = None
    through_freeze: bool = False

    @property
    def command(self) -> str:
        """What was typed, without its reason: `rollback fraud-scorer to v41`, `disable auto-decline for 4h`."""
        to = f" to {self.target}" if self.target else ""
        span = f" for {say_span(timedelta(seconds=self.ends_after))}" if self.ends_after else ""
        return f"{self.kind.value} {self.component}{to}{span}"


def request(house: House, order: Order, wanted: Wanted) -> tuple[int, Say]:
    """Ask for a lever: recorded at once, planned by a job, previewed to the requester.

    Raises UnknownName, InputError (no lever, no end, too long), Denied (may not ask), Conflict (one is in flight).
    """
    binding_of(house, wanted.component, wanted.kind)
    with execution(house, order) as (uow, now):
        incident = _incident_for(house, uow, order, wanted, now)
        right = held_right(house, wanted.component, wanted.kind, incident)
        _check_length(house, right, wanted)
        role = _asking_role(house, order.actor, wanted, incident)
        _check_free(uow, wanted)
        frozen = freeze_on(house, uow, wanted.component, wanted.kind, now)
        if frozen is not None and not wanted.through_freeze:
            raise refusal(house, frozen, wanted.command)
        holds.ask_once_more(house, uow, order, incident, wanted.kind, wanted.component, wanted.because, now)
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
        if frozen is not None:
            broken_through(house, uow, order, incident, action, frozen, wanted.because, now)
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
    for name in (wanted.component, *house.registry().upstream(wanted.component)):
        found = uow.open_incidents_of(name)
        if found:
            return must_find(uow, found[0].id)
    incident, new = uow.open_incident(
        opened_by_hand(
            house,
            order,
            title=f"{wanted.component}: {VERB_OF[wanted.kind]} asked for",
            component=wanted.component,
            failure=f"{wanted.kind.value}-by-hand",
            at=now,
        )
    )
    if new:
        open_up(house, uow, incident, by=order.actor.role, source=order.source, now=now, actor=order.actor)
    return incident


def _asking_role(house: House, actor: Actor, wanted: Wanted, incident: Incident) -> str:
    registry = house.registry()
    role = may_ask(registry, wanted.component, actor.id, house.on_call.now, incident.lead)
    if role is None:
        right = held_right(house, wanted.component, wanted.kind, incident)
        raise ask_refusal(registry, wanted.component, RIGHT_OF[wanted.kind], right, house.on_call.now)
    return role


def _check_free(uow: UnitOfWork, wanted: Wanted) -> None:
    for other in uow.actions_in(IN_FLIGHT, component=wanted.component):
        if other.kind in STANDING:
            continue
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
        ActionState.BY_HAND: "being done by hand",
    }
    return words.get(action.state, action.state.value)


def _withdraw_older_previews(uow: UnitOfWork, order: Order, wanted: Wanted, now: datetime) -> None:
    for old in uow.actions_in({ActionState.PREVIEWED, ActionState.PLANNING}, component=wanted.component):
        if old.requester == order.actor.id and old.kind is wanted.kind:
            uow.save_action(replace(old, state=ActionState.WITHDRAWN, error="replaced by a newer request"))


def _open_override(uow: UnitOfWork, component: str) -> Override | None:
    found = uow.overrides(open_only=True, component=component)
    return found[-1] if found else None


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
        check_thawed(house, uow, action, now)
        _check_free(uow, Wanted(action.kind, action.component))
        right = held_right(house, action.component, action.kind, incident)
        needed = right.approvals
        uow.append(incident.id, _asked_event(order, incident, action, now), now=now)
        action = replace(action, asked_at=now, approvals_needed=needed)
        if needed == 0:
            return go_ahead(house, uow, order, incident, action, [], right, now)
        holder = may_decide(right, order.actor.id)
        if needed == 1 and holder is not None:
            used = right_used(right, holder)
            approval = Approval(action.id, order.actor.id, used, "approved", action.plan_hash, now)
            uow.add_approval(approval)
            return go_ahead(house, uow, order, incident, action, [approval], right, now)
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
    set_timers(uow, action, right, now)
    mentions = tuple(w for h in first if (w := house.who(h.person, h.role)))
    names = ", ".join(f"{{{i}}}" for i in range(len(mentions))) or "nobody could be named; the channel is asked"
    missing = f" {right.missing}" if right.missing else ""
    return Say(f"Asked: {names}.{missing}", "You will see the answer in the incident's channel.", mentions)


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
