"""Nobody answers a request: its holders are reminded, then the registry's `if_silent` counts, once each and in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks.domain.actions import STANDING, Action, ActionState, Override, version_name
from playbooks.domain.authority import Authority, Holder
from playbooks.domain.clocks import say_span
from playbooks.domain.debt import DebtKind
from playbooks.domain.facts import action_facts, override_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.lateness import late_by
from playbooks.domain.timeline import EventKind
from playbooks.plays.approvals import refresh_asks, start
from playbooks.plays.asking import REMIND, SILENCE, ask_people, cancel_timers
from playbooks.plays.bound_levers import RIGHT_OF, VERB_OF, held_right
from playbooks.plays.freezes import blocking
from playbooks.plays.house import House, spoken, want
from playbooks.plays.orders import own_event
from playbooks.plays.owed import owe_review
from playbooks.plays.standing import home_of
from playbooks.ports import Surface, Timer, UnitOfWork

KINDS = (REMIND, SILENCE)
ACT_AND_TELL = "act_and_tell"


def fire(house: House, uow: UnitOfWork, timer: Timer, now: datetime) -> None:
    """What a due timer of a request does; nothing where it was decided."""
    action = uow.action(int(timer.subject), lock=True)
    if action is None or action.state is not ActionState.AWAITING:
        return
    if action.expires_at is not None and now >= action.expires_at:
        return  # its own timer says so; nobody is asked for what can no longer be given
    incident = uow.incident(action.incident_id, lock=True) if action.incident_id is not None else None
    right = held_right(house, action.component, action.kind, incident)
    late = late_by(timer.due_at, now)
    if timer.kind == REMIND:
        _remind(house, uow, action, incident, right, int(timer.payload.get("time", 1)), late, now)
    else:
        _silence(house, uow, action, incident, right, late, now)


# ------------------------------------------------------------------ reminded


def _remind(
    house: House,
    uow: UnitOfWork,
    action: Action,
    incident: Incident | None,
    right: Authority,
    time: int,
    late: timedelta | None,
    now: datetime,
) -> None:
    """Who was asked by direct message and has not answered gets another one that points at the request."""
    people = house.registry().people
    done = {approval.decider for approval in uow.approvals(action.id)}
    asked = [
        h
        for h in (*right.holders, *right.deputies)
        if h.person not in done and h.person in people and uow.surface(f"ask:{action.id}:{people[h.person].slack}")
    ]
    if not asked:
        return
    waited = say_span(now - (action.asked_at or action.created_at))
    text = (
        f"{{0}} still waits for your answer to request {action.id}, asked {waited} ago: {_what(action)}"
        f"{f' ({incident.name})' if incident else ''}.{_late(late)}"
    )
    hint = f"`{house.rules.root} approve {action.id}` or `{house.rules.root} deny {action.id} <why>`"
    for holder in asked:
        key = f"say:{REMIND}:{action.id}:{time}:{holder.person}"
        payload = spoken(text, [action.requester], hint=hint)
        target = f"dm:{people[holder.person].slack}"
        want(uow, Surface(key, "say", target, payload=payload, incident_id=action.incident_id), now=now)
    roles = ", ".join(dict.fromkeys(h.role for h in asked))
    facts = {"action": action.id, "phase": "reminded", "roles": roles, "late": _seconds(late)}
    told = f"no answer to request {action.id} yet: {roles} reminded{_late_clause(late)}"
    _append(uow, incident, EventKind.PAGE, told, f"action:{action.id}:reminded:{time}", facts, now, action.component)


# ------------------------------------------------------------------ what silence means


def _silence(
    house: House,
    uow: UnitOfWork,
    action: Action,
    incident: Incident | None,
    right: Authority,
    late: timedelta | None,
    now: datetime,
) -> None:
    acts = right.if_silent == ACT_AND_TELL
    hindrance = _hindrance(house, uow, action, incident, now) if acts else ""
    if incident is not None and acts and not hindrance:
        _act(house, uow, action, incident, right, late, now)
        return
    deputies = [h for h in right.deputies if action.approvals_needed < 2 or h.person != action.requester]
    fresh = _not_yet_asked(house, uow, action, deputies)
    ask_people(house, uow, action, fresh, now)
    up = right.if_silent != "deputy" or not fresh
    if up:
        _ask_team(house, uow, action, now)
    on_call = _on_call(house, action) if up else []
    _tell_asked(house, uow, action, incident, right, fresh, on_call, hindrance, late, now)
    if action.expires_at is not None:  # once more before it expires
        due = now + (action.expires_at - now) / 2
        uow.set_timer(Timer(f"{REMIND}:{action.id}", REMIND, str(action.id), due, {"time": 2}))


def _hindrance(house: House, uow: UnitOfWork, action: Action, incident: Incident | None, now: datetime) -> str:
    """Why silence is no go-ahead here, as a clause; empty where it is."""
    if action.kind in STANDING or incident is None:
        return "silence accepts no risk and freezes nothing"
    if not incident.open:
        return f"{incident.name} is {incident.state.value}"
    return f"{action.component} is frozen" if blocking(house, uow, action, now) is not None else ""


def _not_yet_asked(house: House, uow: UnitOfWork, action: Action, holders: list[Holder]) -> list[Holder]:
    people = house.registry().people
    return [
        h
        for h in holders
        if h.person in people
        and people[h.person].slack
        and uow.surface(f"ask:{action.id}:{people[h.person].slack}") is None
    ]


def _ask_team(house: House, uow: UnitOfWork, action: Action, now: datetime) -> None:
    """The request itself, with its buttons, in the accountable team's own channel."""
    registry = house.registry()
    component = registry.components.get(action.component)
    team = registry.teams.get(component.accountable) if component is not None else None
    channel = team.channel if team is not None and team.channel else house.rules.triage_channel
    if channel:
        key = f"ask:{action.id}:team:channel"
        want(uow, Surface(key, "ask", channel, incident_id=action.incident_id), now=now)


def _on_call(house: House, action: Action) -> list[str]:
    registry = house.registry()
    component = registry.components.get(action.component)
    if component is None:
        return []
    return [p for p in house.on_call.now(component.accountable)[:1] if p in registry.people and p != action.requester]


def _tell_asked(
    house: House,
    uow: UnitOfWork,
    action: Action,
    incident: Incident | None,
    right: Authority,
    deputies: list[Holder],
    on_call: list[str],
    hindrance: str,
    late: timedelta | None,
    now: datetime,
) -> None:
    count = len(deputies)
    whom = [f"{count} deput{'y' if count == 1 else 'ies'}"] if count else []
    whom += ["the accountable team's channel"] if right.if_silent != "deputy" or not count else []
    reason = f"; {hindrance}" if hindrance else "" if count or right.if_silent != "deputy" else "; no deputy is left"
    plural = len(whom) > 1 or count > 1
    text = f"no answer in time: {' and '.join(whom)} {'are' if plural else 'is'} asked{reason}{_late_clause(late)}"
    facts = {
        "action": action.id,
        "phase": "silent",
        "if_silent": right.if_silent,
        "asked": count,
        "late": _seconds(late),
    }
    _append(uow, incident, EventKind.PAGE, text, f"action:{action.id}:silence", facts, now, action.component)
    people = list(dict.fromkeys([*(h.person for h in deputies), *on_call]))
    named = ", ".join(f"{{{i}}}" for i in range(len(people)))
    asks = f"{named}, please decide or find who may" if named else "the team's channel is asked"
    because = f" ({hindrance})" if hindrance else ""
    said = f"No answer yet to request {action.id}, {_what(action)}{because}: {asks}.{_late(late)}"
    hint = ""
    if action.kind not in STANDING:
        hint = f"If it cannot wait, who asked may: `{house.rules.root} break-glass {action.id} because …`"
    _say(house, uow, action, f"silence:{action.id}", said, people, now, hint=hint)


# ------------------------------------------------------------------ act and tell


def _act(
    house: House,
    uow: UnitOfWork,
    action: Action,
    incident: Incident,
    right: Authority,
    late: timedelta | None,
    now: datetime,
) -> None:
    """The registry lets it go on: carried out, loud, and owed a review like every approval that was not given."""
    span = say_span(right.answer_within)
    used = f"act and tell: nobody answered within {span}" + (f" ({right.rule})" if right.rule else "")
    given = len([a for a in uow.approvals(action.id) if a.verdict == "approved"])
    facts = action_facts(
        action,
        decision=RIGHT_OF[action.kind].value,
        verdict="approved",
        right=used,
        used=ACT_AND_TELL,
        rule=right.rule,
        approvals=given,
        needed=action.approvals_needed,
    )
    text = f"approved by silence: {VERB_OF[action.kind]} {action.component}: nobody answered within {span}"
    key = f"action:{action.id}:{ACT_AND_TELL}"
    _append(uow, incident, EventKind.DECISION, text + _late_clause(late), key, facts, now, action.component)
    debt = _owe(house, uow, action, incident, span, now)
    uow.consume_approvals(action.id, now=now)
    action = uow.save_action(replace(action, state=ActionState.APPROVED, approved_at=now, authority=used, error=""))
    start(uow, action, now)
    refresh_asks(uow, action, now)
    cancel_timers(uow, action)
    said = (
        f"Nobody answered within {span}, and the registry says *act and tell*: {_what(action)} goes on, "
        f"asked by {{0}}. D-{debt.id} is owed a review.{_late(late)}"
    )
    for number, target in enumerate(_loud(house, action, incident, right)):
        _say(house, uow, action, f"{ACT_AND_TELL}:{action.id}:{number}", said, [action.requester], now, target=target)


def _owe(house: House, uow: UnitOfWork, action: Action, incident: Incident, span: str, now: datetime) -> Override:
    reason = f"nobody answered within {span}; the registry says act and tell"
    debt = owe_review(house, uow, action, DebtKind.SKIPPED_APPROVAL, action.requester, reason, now)
    text = f"an approval was skipped to {VERB_OF[action.kind]} {action.component}: {reason}"
    facts = override_facts(debt, "on", why=reason)
    key = f"{DebtKind.SKIPPED_APPROVAL.value}:{action.id}"
    _append(uow, incident, EventKind.OVERRIDE, text, key, facts, now, action.component)
    return debt


def _loud(house: House, action: Action, incident: Incident, right: Authority) -> list[str]:
    registry = house.registry()
    team = registry.teams.get(registry.component(action.component).accountable)
    people = registry.people
    targets = [f"incident:{incident.id}", team.channel if team else "", house.rules.triage_channel]
    targets += [f"dm:{people[h.person].slack}" for h in right.holders if people[h.person].slack]
    return [target for target in dict.fromkeys(targets) if target]


# ------------------------------------------------------------------ shared


def _what(action: Action) -> str:
    plan = action.plan
    if plan is None or action.kind in STANDING:
        return f"{VERB_OF[action.kind]} {action.component}{f' {plan.after}' if plan else ''}"
    return f"{VERB_OF[action.kind]} {action.component} {version_name(plan.before)} → {version_name(plan.after)}"


def _late(late: timedelta | None) -> str:
    return f" ({say_span(late)} late: I could not ask in time.)" if late is not None else ""


def _late_clause(late: timedelta | None) -> str:
    return f"; {say_span(late)} late, I could not ask in time" if late is not None else ""


def _seconds(late: timedelta | None) -> int:
    return int(late.total_seconds()) if late is not None else 0


def _append(
    uow: UnitOfWork,
    incident: Incident | None,
    kind: EventKind,
    text: str,
    key: str,
    facts: dict[str, object],
    now: datetime,
    component: str,
) -> None:
    if incident is None:
        return
    uow.append(incident.id, own_event(kind, text, key, component, facts, now=now), now=now)


def _say(
    house: House,
    uow: UnitOfWork,
    action: Action,
    key: str,
    text: str,
    mentions: list[str],
    now: datetime,
    *,
    hint: str = "",
    target: str = "",
) -> None:
    place = target or (f"incident:{action.incident_id}" if action.incident_id is not None else "")
    place = place or home_of(house, action.component, None)
    if not place:
        return
    payload = spoken(text, mentions, hint=hint)
    want(uow, Surface(f"say:{key}", "say", place, payload=payload, incident_id=action.incident_id), now=now)
