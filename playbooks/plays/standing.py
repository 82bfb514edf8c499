"""Decisions that stand: a risk accepted or a component frozen, under its right, with a holder and an end.

They are asked for and approved like a lever's action, and carried out in the transaction of the last approval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import STANDING, Action, ActionKind, ActionState, Approval, Override, Plan, plan_hash
from playbooks.domain.authority import Authority, may_decide
from playbooks.domain.clocks import say_span
from playbooks.domain.debt import DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.rights import ask_refusal, may_ask
from playbooks.domain.timeline import EventKind, utc_text
from playbooks.messages import Refusal, Say, Who
from playbooks.plays import approvals, notes
from playbooks.plays.asking import ask_people, cancel_timers, set_timers
from playbooks.plays.bound_levers import RIGHT_OF, VERB_OF, held_right, people_of
from playbooks.plays.deciding import right_used, used_facts
from playbooks.plays.entering import enter
from playbooks.plays.freezes import freeze_of, frozen_clause, works_while_frozen
from playbooks.plays.house import House, must_find, want
from playbooks.plays.notes import show_entry
from playbooks.plays.orders import Order, event_of, execution
from playbooks.ports import Surface, UnitOfWork

KIND_OF = {ActionKind.ACCEPT_RISK: DebtKind.ACCEPTED_RISK, ActionKind.FREEZE: DebtKind.FREEZE}
_ANSWERED_WITHIN = {ActionKind.ACCEPT_RISK: timedelta(days=3), ActionKind.FREEZE: timedelta(hours=4)}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for: `until` is its end, UTC; `renews` the number of the accepted risk that goes on."""

    kind: ActionKind
    component: str
    until: datetime
    because: str
    incident_id: int | None = None
    renews: int | None = None


def ask_for(house: House, order: Order, wish: Wish) -> Say:
    """Accept a risk or freeze: at once by a holder who may decide alone, else the holders are asked.

    Raises UnknownName, InputError (no reason, end past or too far), Denied, Conflict (frozen already).
    """
    component = house.registry().component(wish.component)
    wish = replace(wish, because=" ".join(wish.because.split()))
    with execution(house, order) as (uow, now):
        incident = _incident_of(uow, order, wish)
        right = held_right(house, wish.component, wish.kind, incident)
        _check(house, right, wish, now)
        role = _asking_role(house, order, wish, right, incident)
        _check_ledger(uow, wish, now)
        action = uow.add_action(_action(order, wish, right, role, incident, now))
        if incident is not None:
            text = f"asked to {VERB_OF[action.kind]} {action.component} {_until(wish.until)}: {wish.because}"
            payload = {"kind": wish.kind.value, "until": utc_text(wish.until), "requester_role": role}
            event = event_of(
                order,
                incident,
                EventKind.NOTE,
                text,
                now=now,
                dedup=f"action:{action.id}:requested",
                payload=payload,
                component=component.id,
            )
            uow.append(incident.id, event, now=now)
        holder = may_decide(right, order.actor.id)
        if right.approvals == 0:
            return _in_force(house, uow, order, incident, action, [], now)
        if right.approvals == 1 and holder is not None:
            approval = Approval(action.id, order.actor.id, right_used(right, holder), "approved", action.plan_hash, now)
            uow.add_approval(approval)
            return _in_force(house, uow, order, incident, action, [approval], now)
        return _ask(house, uow, incident, action, right, now)


def _incident_of(uow: UnitOfWork, order: Order, wish: Wish) -> Incident | None:
    """The named incident, this channel's, or the newest open one of the component; a risk needs none."""
    if wish.incident_id is not None:
        return must_find(uow, wish.incident_id)
    here = uow.incident_by_channel(order.channel) if order.channel else None
    if here is not None:
        return here
    found = uow.open_incidents_of(wish.component)
    return must_find(uow, found[0].id) if found else None


def _check(house: House, right: Authority, wish: Wish, now: datetime) -> None:
    if not wish.because:
        raise errors.InputError(
            "It needs a reason that others can judge.", "Write it behind `because`.", code="no_reason"
        )
    if wish.until <= now:
        raise errors.InputError("Its end is past already.", "Name a later one: `until 2026-12-01`.", code="past_time")
    risk = wish.kind is ActionKind.ACCEPT_RISK
    longest = right.longest or timedelta(seconds=house.rules.longest_risk if risk else house.rules.longest_freeze)
    if wish.until - now > longest:
        what = "A risk is accepted" if risk else "A freeze lasts"
        raise errors.InputError(
            f"{what} for {say_span(longest)} at most.", "Name an earlier end; it can be renewed then.", code="too_long"
        )


def _asking_role(house: House, order: Order, wish: Wish, right: Authority, incident: Incident | None) -> str:
    registry, name = house.registry(), RIGHT_OF[wish.kind]
    lead = incident.lead if incident is not None and incident.component == wish.component else ""
    role = may_ask(registry, wish.component, order.actor.id, house.on_call.now, lead)
    if role is None:
        raise ask_refusal(registry, wish.component, name, right, house.on_call.now)
    if right.approvals and not right.holders and not right.deputies:
        raise errors.Denied(
            right.missing or f"Nobody may {name.verb} {wish.component} now.",
            f"Name who decides: `rights.{name.value}` of {wish.component} in ownership.yaml.",
            code="nobody_decides",
        )
    return role


def _check_ledger(uow: UnitOfWork, wish: Wish, now: datetime) -> None:
    if wish.kind is ActionKind.FREEZE:
        frozen = freeze_of(uow, wish.component, now)
        if frozen is not None:
            raise errors.Conflict(f"{frozen_clause(frozen)}.", "Unfreeze it first.", code="already_there")
    if wish.renews is not None:
        _renewable(uow, wish.renews, wish.component)


def _renewable(uow: UnitOfWork, number: int, component: str) -> Override:
    entry = uow.override(number, lock=True)
    if entry is None or entry.kind != DebtKind.ACCEPTED_RISK.value or entry.component != component:
        raise errors.UnknownName(f"D-{number} is no accepted risk of {component}.", "See the ledger.")
    if entry.state in ("closed", "void"):
        raise errors.Conflict(f"D-{number} is closed.", "Accept the risk anew.", code="already_there")
    return entry


def _until(at: datetime) -> str:
    return f"until {at:%Y-%m-%d %H:%M} UTC"


def _action(order: Order, wish: Wish, right: Authority, role: str, incident: Incident | None, now: datetime) -> Action:
    detail = {"until": utc_text(wish.until) or "", "because": wish.because}
    detail |= {"renews": str(wish.renews)} if wish.renews is not None else {}
    plan = Plan("ledger", wish.component, "", _until(wish.until), detail)
    return Action(
        id=0,
        kind=wish.kind,
        state=ActionState.AWAITING,
        component=wish.component,
        incident_id=incident.id if incident is not None else None,
        requester=order.actor.id,
        requester_slack=order.actor.slack,
        requester_role=role,
        because=wish.because,
        created_at=now,
        channel=order.channel,
        plan=plan,
        plan_hash=plan_hash(wish.kind, wish.component, plan, None),
        approvals_needed=right.approvals,
        expires_at=min(wish.until, now + _ANSWERED_WITHIN[wish.kind]),
        asked_at=now,
    )


def _ask(
    house: House, uow: UnitOfWork, incident: Incident | None, action: Action, right: Authority, now: datetime
) -> Say:
    alone = right.approvals < 2
    holders = [h for h in right.holders if alone or h.person != action.requester]
    first = holders or [h for h in right.deputies if alone or h.person != action.requester]
    ask_people(house, uow, action, first, now)
    target = home_of(house, action.component, incident)
    if target:
        about = incident.id if incident is not None else None
        want(uow, Surface(f"ask:{action.id}:channel", "ask", target, incident_id=about), now=now)
    set_timers(uow, action, right, now)
    mentions: tuple[Who, ...] = people_of(house, tuple(first))
    names = ", ".join(f"{{{i}}}" for i in range(len(mentions))) or "nobody could be named; the channel is asked"
    count = f" {right.approvals} of them have to agree." if right.approvals > 1 else ""
    return Say(f"Asked: {names}.{count}", f"It is request {action.id}; nothing stands before it is approved.", mentions)


def home_of(house: House, component: str, incident: Incident | None) -> str:
    """Where it is told: the incident's channel, else the accountable team's, else the triage channel."""
    if incident is not None:
        return f"incident:{incident.id}"
    registry = house.registry()
    found = registry.components.get(component)
    team = registry.teams.get(found.accountable) if found is not None else None
    return (team.channel if team is not None else "") or house.rules.triage_channel


# ------------------------------------------------------------------ decide


def approve(house: House, order: Order, action_id: int, plan_hash: str = "") -> Say | Refusal:
    """Approve any request: a lever's goes to `approvals`, a standing decision is in force with its last approval."""
    if not _stands(house, action_id):
        return approvals.approve(house, order, action_id, plan_hash)
    with execution(house, order) as (uow, now):
        action = approvals.live_action(uow, action_id, plan_hash, now, wanted=ActionState.AWAITING)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id) if action.incident_id is not None else None
        action = approvals.as_strict_as_now(house, uow, incident, action)
        right, used = approvals.decider(house, order, incident, action)
        if not uow.add_approval(Approval(action.id, order.actor.id, used, "approved", action.plan_hash, now)):
            return Refusal("You already answered this request.", "Another holder has to approve.")
        given = [a for a in uow.approvals(action.id) if approvals.counts(a, action)]
        if len(given) >= action.approvals_needed:
            return _in_force(house, uow, order, incident, action, given, now)
        _decided(uow, order, incident, action, used, "approved", len(given), now, right=right)
        approvals.refresh_asks(uow, action, now)
        left = action.approvals_needed - len(given)
        return Say(f"Your approval of request {action.id} is recorded; {left} more needed.")


def deny(house: House, order: Order, action_id: int, reason: str, plan_hash: str = "") -> Say | Refusal:
    """Deny any request; the requester may withdraw the own one."""
    if not _stands(house, action_id):
        return approvals.deny(house, order, action_id, reason, plan_hash)
    with execution(house, order) as (uow, now):
        action = approvals.live_action(uow, action_id, plan_hash, now, wanted=ActionState.AWAITING)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id) if action.incident_id is not None else None
        own = action.requester == order.actor.id
        right, used = (None, action.requester_role) if own else approvals.decider(house, order, incident, action)
        state, verdict = (ActionState.WITHDRAWN, "withdrawn") if own else (ActionState.DENIED, "denied")
        if not own:
            uow.add_approval(Approval(action.id, order.actor.id, used, "denied", action.plan_hash, now, reason))
        _decided(uow, order, incident, action, used, verdict, 0, now, reason, right=right)
        action = uow.save_action(replace(action, state=state, error=reason.strip()))
        _answered(uow, action, now)
    return Say(f"Request {action_id} is {verdict}.")


def _stands(house: House, action_id: int) -> bool:
    with house.store.read() as uow:
        action = uow.action(action_id)
    return action is not None and action.kind in STANDING


def _decided(
    uow: UnitOfWork,
    order: Order,
    incident: Incident | None,
    action: Action,
    used: str,
    verdict: str,
    given: int,
    now: datetime,
    reason: str = "",
    override: int | None = None,
    right: Authority | None = None,
) -> None:
    """The decision in the incident's timeline, where there is one; the ledger keeps it in any case."""
    if incident is None:
        return
    why = reason.strip() or (action.because if verdict == "approved" else "")
    event = event_of(
        order,
        incident,
        EventKind.DECISION,
        f"{verdict}: {VERB_OF[action.kind]} {action.component} {action.plan.after if action.plan else ''}"
        + (f": {why}" if why else ""),
        now=now,
        dedup=f"action:{action.id}:{verdict}:{order.actor.id}",
        payload={
            "decision": RIGHT_OF[action.kind].value,
            "kind": action.kind.value,
            "component": action.component,
            "verdict": verdict,
            "right": used,
            "approvals": given,
            "needed": action.approvals_needed,
            "until": action.plan.detail.get("until") if action.plan else None,
            "override": override,
            "because": action.because,
            **(used_facts(right, order.actor.id) if right is not None else {}),
        },
        component=action.component,
    )
    uow.append(incident.id, replace(event, actor=replace(event.actor, role=used)) if used else event, now=now)


def _answered(uow: UnitOfWork, action: Action, now: datetime) -> None:
    approvals.refresh_asks(uow, action, now)
    cancel_timers(uow, action)


def _in_force(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident | None,
    action: Action,
    given: list[Approval],
    now: datetime,
) -> Say:
    """The approvals are consumed and the entry stands, in one transaction. Raises Conflict for the second."""
    if uow.consume_approvals(action.id, now=now) < action.approvals_needed:
        raise errors.Conflict(f"Request {action.id} was decided by somebody else just now.", code="lost_race")
    entry = _enter(house, uow, order, action, given, now)
    used = next((a.decider_role for a in given if a.decider == order.actor.id), "no approval needed by the registry")
    right = held_right(house, action.component, action.kind, incident)
    _decided(uow, order, incident, action, used, "approved", len(given), now, override=entry.id, right=right)
    if incident is not None:
        renewed = action.plan is not None and "renews" in action.plan.detail
        phase = "renewed" if renewed else "on"
        what = f"is frozen {_until(entry.due_at)}" if entry.kind == DebtKind.FREEZE.value else "has an accepted risk"
        text = f"{entry.component} {what} (D-{entry.id}): {entry.reason}"
        event = event_of(
            order,
            incident,
            EventKind.OVERRIDE,
            text,
            now=now,
            dedup=f"entry:{entry.id}:{phase}:{action.id}",
            payload=entry_facts(entry, phase, why=entry.reason, until=utc_text(entry.due_at)),
            component=entry.component,
        )
        uow.append(incident.id, event, now=now)
    confirmed = replace(
        action, state=ActionState.CONFIRMED, approved_at=now, verified_at=now, authority=used, override=entry.id
    )
    _answered(uow, uow.save_action(confirmed), now)
    notes.set_timers(house, uow, entry, now)
    show_entry(house, uow, entry, now)
    span = say_span(entry.due_at - now)
    if entry.kind == DebtKind.FREEZE.value:
        free = works_while_frozen(house, entry.component, ActionKind.DISABLE)
        blocked = "its levers are blocked, but for stopping it" if free else "its levers are blocked"
        return Say(f"{entry.component} is frozen for {span}: {blocked}. Debt D-{entry.id}.")
    return Say(f"Accepted for {span}, held by you as D-{entry.id}. I'll ask again when it ends.")


def _enter(
    house: House, uow: UnitOfWork, order: Order, action: Action, given: list[Approval], now: datetime
) -> Override:
    detail = action.plan.detail if action.plan is not None else {}
    due = datetime.fromisoformat(detail["until"])
    holder = order.actor.id
    facts: dict[str, object] = {
        "requested_by": action.requester,
        "decided_by": [a.decider for a in given],
    }
    if "renews" in detail:
        entry = _renewable(uow, int(detail["renews"]), action.component)
        renewals = int(entry.facts.get("renewals") or 0) + 1
        return uow.save_override(
            replace(
                entry,
                action_id=action.id,
                holder=holder,
                reason=action.because,
                due_at=due,
                state="on",
                escalations=0,
                facts={**entry.facts, **facts, "renewals": renewals},
            )
        )
    if action.kind is ActionKind.FREEZE and (frozen := freeze_of(uow, action.component, now)) is not None:
        raise errors.Conflict(f"{frozen_clause(frozen)}.", "Unfreeze it first.", code="already_there")
    team = house.registry().component(action.component).accountable
    return enter(uow, action, KIND_OF[action.kind], holder, due, now, team=team, facts=facts)
