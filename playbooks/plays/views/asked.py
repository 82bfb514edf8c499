"""An action before it starts: its preview, and the request to who decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from playbooks.domain.actions import (
    STANDING,
    UNPROVEN_WORDS,
    Action,
    ActionKind,
    ActionState,
    Approval,
    Maturity,
    Plan,
    version_name,
)
from playbooks.domain.clocks import say_span
from playbooks.domain.rights import Authority
from playbooks.messages import (
    Ask,
    Fact,
    Message,
    Preview,
    Who,
)
from playbooks.plays.bound_levers import held_right, people_of
from playbooks.plays.house import House
from playbooks.plays.views.parts import VERB, WORTH_TELLING, by_whom, number_behind, serving_since
from playbooks.ports import Surface, UnitOfWork


def preview(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """What a lever would do, for the requester alone."""
    action = uow.action(number_behind(surface))
    if action is None or action.plan is None or action.state is not ActionState.PREVIEWED:
        return None
    incident = uow.incident(action.incident_id) if action.incident_id is not None else None
    right = held_right(house, action.component, action.kind, incident)
    held = {h.person for h in (*right.holders, *right.deputies)}
    return Preview(
        action=action.id,
        verb=VERB[action.kind],
        component=action.component,
        before=action.plan.before,
        after=action.plan.after,
        note=_target_note(uow, action),
        current=serving_since(uow, action, house.now()),
        affects=house.registry().downstream(action.component),
        takes=action.plan.takes,
        proof=action.plan.proof,
        deciders=people_of(house, right.holders),
        deputies=people_of(house, right.deputies),
        needed=right.approvals,
        confirm_is_approval=right.approvals <= 1 and action.requester in held,
        if_silent=_if_silent(right, action.requester in held and right.approvals <= 1),
        expires_at=action.expires_at or house.now(),
        hash=action.plan_hash,
        others=_others(uow, action),
        ends_after=action.ends_after,
        warning=action.plan.warning or right.missing,
        incident=incident.name if incident else "",
        maturity=_maturity(house, action.plan),
    )


def _maturity(house: House, plan: Plan) -> str:
    if plan.provider == "ledger":
        return ""
    return UNPROVEN_WORDS if house.maturity(plan.provider) is Maturity.UNPROVEN else ""


def _if_silent(right: Authority, own: bool) -> str:
    if own:
        return ""
    span = say_span(right.answer_within)
    if right.deputies and right.if_silent == "deputy":
        places = [f"{{{n}}}" for n in range(min(len(right.deputies), 4))]
        return f"If nobody answers in {span}, {' or '.join(places)} {'is' if len(places) == 1 else 'are'} asked."
    if right.if_silent == "act_and_tell":
        return f"If nobody answers in {span}, it goes on and everybody is told (the registry says act and tell)."
    return f"If nobody answers in {span}, the accountable team is asked."


def _acts(right: Authority, action: Action) -> str:
    """Who is asked must know that saying nothing lets it go on."""
    if right.if_silent != "act_and_tell" or action.kind in STANDING or action.asked_at is None:
        return ""
    return f"If nobody answers within {say_span(right.answer_within)}, it goes on (the registry says act and tell)."


def _target_note(uow: UnitOfWork, action: Action) -> str:
    """`v42 served 19 d, marked good on 2 Nov (evaluation 0.941)`, as far as it is recorded."""
    plan = action.plan
    if plan is None or action.kind is not ActionKind.ROLLBACK:
        return plan.note if plan else ""
    history = uow.serving_history(action.component)
    spans = pairwise(history)
    served = sum((end - start for (version, start), (_, end) in spans if version == plan.after), timedelta())
    if served >= WORTH_TELLING:
        return f"{version_name(plan.after)} served {say_span(served)}" + (f", {plan.note}" if plan.note else "")
    return f"{version_name(plan.after)} is {plan.note}" if plan.note else ""


def _others(uow: UnitOfWork, action: Action) -> tuple[str, ...]:
    if action.kind is not ActionKind.ROLLBACK or action.plan is None:
        return ()
    served = [version for version, _ in uow.serving_history(action.component)]
    return tuple(dict.fromkeys(v for v in reversed(served) if v not in (action.plan.before, action.plan.after)))[:5]


def ask(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """An approval request; without buttons once it is decided."""
    action = uow.action(int(surface.id.split(":")[1]))
    if action is None or action.plan is None:
        return None
    return ask_view(house, uow, action, in_channel=surface.id.endswith(":channel"))


def ask_view(house: House, uow: UnitOfWork, action: Action, *, in_channel: bool = False) -> Ask:
    """The approval request of an action that has a plan."""
    plan = action.plan or Plan("", "", "", "")
    incident = uow.incident(action.incident_id) if action.incident_id is not None else None
    right = held_right(house, action.component, action.kind, incident)
    given = [a for a in uow.approvals(action.id) if a.verdict == "approved"]
    severity = house.rules.severity(incident.severity) if incident else None
    return Ask(
        action=action.id,
        verb=VERB[action.kind],
        component=action.component,
        before=plan.before,
        after=plan.after,
        requester=house.who(action.requester, action.requester_role) or Who("unknown"),
        because=action.because,
        incident=incident.name if incident else "",
        severity=severity.label if severity else "",
        hash=action.plan_hash,
        expires_at=action.expires_at or house.now(),
        deciders=people_of(house, (*right.holders, *right.deputies)),
        given=len(given),
        needed=action.approvals_needed,
        ends_after=action.ends_after,
        plan=_plan_facts(action, plan),
        closed=_closed(house, uow, action),
        closed_by=tuple(w for a in deciding_answers(uow, action) if (w := house.who(a.decider, a.decider_role))),
        closed_at=next((a.at for a in reversed(deciding_answers(uow, action))), None),
        in_channel=in_channel,
        warnings=tuple(text for text in (plan.warning, _maturity(house, plan), _acts(right, action)) if text),
        until=_until(action, plan),
        ended="" if in_channel else _ended(action),
        ended_at=action.verified_at,
    )


def _ended(action: Action) -> str:
    """How an approved action ended; in the incident's channel its own message says so."""
    carried = action.over and action.approved_at is not None and action.kind not in STANDING
    return action.state.value if carried else ""


def _until(action: Action, plan: Plan) -> datetime | None:
    """The end of a standing decision; a lever's action has none of its own."""
    return datetime.fromisoformat(plan.detail["until"]) if action.kind in STANDING else None


def _plan_facts(action: Action, plan: Plan) -> tuple[Fact, ...]:
    if action.kind in STANDING:
        facts = [Fact("Component", action.component), Fact("Until", "", at=_until(action, plan))]
        facts += [Fact("Renews", f"D-{plan.detail['renews']}")] if "renews" in plan.detail else []
        return (*facts, Fact("Reason", action.because), Fact("Approvals", str(action.approvals_needed)))
    moved = f"{version_name(plan.before)} → {version_name(plan.after)}"
    facts = [Fact("Target", plan.target), Fact("Change", moved)]
    facts += [Fact("About the target", plan.note)] if plan.note else []
    facts += [Fact("Proof", plan.proof)] if plan.proof else []
    facts += [Fact("Ends after", say_span(timedelta(seconds=action.ends_after)))] if action.ends_after else []
    facts += [Fact("Warning", plan.warning, warn=True)] if plan.warning else []
    return tuple(facts)


def _closed(house: House, uow: UnitOfWork, action: Action) -> str:
    if action.state is ActionState.AWAITING:
        return ""
    by = by_whom(deciding_answers(uow, action))
    why = f": {action.error}" if action.error else ""
    if action.state is ActionState.DENIED:
        return f"Denied{by}{why}"
    if action.state is ActionState.WITHDRAWN:
        return f"Withdrawn by who asked{why}"
    if action.state is ActionState.EXPIRED:
        return "Expired: nobody decided in time"
    return f"Approved{by}" if by else "No approval was needed by the registry"


def deciding_answers(uow: UnitOfWork, action: Action) -> list[Approval]:
    """The answers that decided it, oldest first: the "no" where there is one, else every "yes"."""
    answers = uow.approvals(action.id)
    return [a for a in answers if a.verdict == "denied"] or [a for a in answers if a.verdict == "approved"]
