"""The time box of a disable: warning, end, restore by itself or by people, extension, escalation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import Action, ActionKind, ActionState, Override
from playbooks.domain.authority import Right
from playbooks.domain.clocks import say_span
from playbooks.domain.facts import action_facts, override_facts
from playbooks.domain.incidents import Incident, State
from playbooks.domain.lateness import late_words
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays import (
    document_reminders,
    errands,
    escalation,
    heartbeats,
    holds,
    lasting,
    reporting,
    retaking,
    silences,
    storms,
    terms,
    unanswered,
    weekly,
    weekly_posts,
)
from playbooks.plays.answerers import dm_of
from playbooks.plays.approvals import refresh_asks
from playbooks.plays.bound_levers import held_right
from playbooks.plays.deciding import decider_of, held_in, right_used, used_facts
from playbooks.plays.freezes import freeze_of, frozen_clause
from playbooks.plays.handoff import remind
from playbooks.plays.house import House, must_find, spoken, want
from playbooks.plays.lateness import telling
from playbooks.plays.levers import IN_FLIGHT, Wanted, request
from playbooks.plays.orders import Order, event_of, execution, own_event
from playbooks.plays.standing import home_of
from playbooks.plays.switched_off import set_override_timers, show_override
from playbooks.ports import Surface, Timer, UnitOfWork

_MANY = 10_000
_RESTORABLE = frozenset({State.MITIGATED, State.RESOLVED, State.CLOSED, State.CANCELLED})


def may_restore_itself(house: House, uow: UnitOfWork, override: Override) -> str:
    """Empty when it may come back by itself at its end, else why not, as a clause."""
    if override.component not in house.registry().components:
        return f"the registry no longer knows {override.component}"
    incident = uow.incident(override.incident_id) if override.incident_id is not None else None
    right = held_right(house, override.component, ActionKind.ENABLE, incident)
    if right.approvals > 0:
        return f"turning {override.component} on needs {right.approvals} approval{'s' if right.approvals > 1 else ''}"
    if incident is not None and incident.state not in _RESTORABLE:
        return f"{incident.name} is still {incident.state.value}"
    frozen = freeze_of(uow, override.component, house.now())
    if frozen is not None:
        return frozen_clause(frozen)
    held = holds.hold_of(uow, override.component, house.now())
    return holds.hold_clause(held) if held is not None else ""


# ------------------------------------------------------------------ by people


def extend(house: House, order: Order, override_id: int, span: timedelta, because: str) -> Say:
    """Push the end out, with a reason, by a holder of the right to disable, within the registry's `longest`."""
    if span <= timedelta(0):
        raise errors.InputError("An extension needs a length.", "Try `2h`.")
    if not because.strip():
        raise errors.InputError("An extension needs a reason.", "Say why it has to stay off.", code="no_reason")
    with execution(house, order) as (uow, now):
        override = _open(uow, override_id)
        about = uow.incident(override.incident_id) if override.incident_id is not None else None
        right, holder = decider_of(house, override.component, Right.DISABLE, about, order.actor.id)
        due = max(now, override.due_at) + span
        longest = right.longest or timedelta(seconds=house.rules.longest_disable)
        if due - override.since > longest:
            left = max(timedelta(0), longest - (max(now, override.due_at) - override.since))
            raise errors.InputError(
                f"{override.component} may be off for {say_span(longest)} at most.",
                f"It can be extended by {say_span(left)}."
                if left
                else "Restore it, or change `longest` in the registry.",
                code="too_long",
            )
        was = override.due_at
        override = uow.save_override(replace(override, due_at=due, state="on", escalations=0))
        set_override_timers(house, uow, override, now)
        uow.cancel_timer(f"override_escalate:{override.id}")
        if override.incident_id is not None:
            incident = must_find(uow, override.incident_id)
            facts = override_facts(override, "extended", was_due_at=was, why=because.strip())
            facts |= {"decision": Right.DISABLE.value, "right": right_used(right, holder)}
            facts |= used_facts(right, order.actor.id)
            text = f"{override.component} stays off longer: {because.strip()}"
            key = f"override:{override.id}:extended:{override.version}"
            event = event_of(
                order,
                incident,
                EventKind.OVERRIDE,
                text,
                now=now,
                dedup=key,
                payload=facts,
                component=override.component,
            )
            uow.append(incident.id, event, now=now)
        show_override(uow, override, now)
    return Say(f"{override.component} stays off for {say_span(due - now)} from now.")


def restore(house: House, order: Order, override_id: int, because: str = "") -> Say:
    """Turn it on again before its end; by the registry's `enable` right."""
    with house.store.read() as uow:
        override = _open(uow, override_id, lock=False)
    wanted = Wanted(
        ActionKind.ENABLE, override.component, because=because or "restored early", incident_id=override.incident_id
    )
    request(house, order, wanted)
    return Say(f"Looking at {override.component}…", "It is turned on by the registry's rule for `enable`.")


def _open(uow: UnitOfWork, override_id: int, *, lock: bool = True) -> Override:
    override = uow.override(override_id, lock=lock)
    if override is None:
        raise errors.UnknownName(f"There is no debt D-{override_id}.", "See `/inc status`.")
    if override.state in ("closed", "void"):
        raise errors.Conflict(f"D-{override_id} is closed: {override.component} is on.", code="already_there")
    return override


# ------------------------------------------------------------------ by time


def fire(house: House, timer: Timer) -> bool:
    """What a due timer does, once; the timer goes in the same transaction. False when it is not due after all."""
    if timer.kind == storms.KIND:
        return storms.tell(house, timer)
    if timer.kind == escalation.KIND:
        return escalation.fire(house, timer)
    if timer.kind == weekly.KIND:
        return weekly_posts.fire(house, timer)
    if timer.kind in reporting.KINDS:
        return reporting.fire(house, timer)
    if timer.kind in terms.KINDS:
        return terms.fire(house, timer)
    if timer.kind == lasting.KIND:
        return lasting.fire(house, timer)
    if timer.kind in document_reminders.KINDS:
        return document_reminders.fire(house, timer)
    if timer.kind in retaking.KINDS:
        return retaking.fire(house, timer)
    if timer.kind in silences.KINDS:
        return silences.fire(house, timer)
    if timer.kind in heartbeats.KINDS:
        return heartbeats.fire(house, timer, lambda alert: retaking.raise_own(house, alert))
    with house.store.begin() as uow:
        now = house.now()
        number = int(timer.subject)
        if not _still_due(uow, timer, number, now):
            return False
        uow.cancel_timer(timer.id)
        if timer.kind == "approval_expiry":
            _expire(house, telling(uow, timer, now), number, now)
        elif timer.kind in unanswered.KINDS:
            unanswered.fire(house, uow, timer, now)
        elif timer.kind == "override_warn":
            _warn(house, telling(uow, timer, now), number, now)
        elif timer.kind == "override_end":
            _end(house, telling(uow, timer, now), number, now, late_words(timer.due_at, now))
        elif timer.kind == "override_escalate":
            _escalate(house, telling(uow, timer, now), number, now, late_words(timer.due_at, now))
        elif timer.kind == "handoff_remind":
            remind(house, uow, number, now, due=timer.due_at)
        elif timer.kind == errands.KIND:
            errands.remind(house, uow, timer, now)
    return True


def _still_due(uow: UnitOfWork, timer: Timer, number: int, now: datetime) -> bool:
    """Whether it is there as it was seen: not moved since, nor fired by another process (the row's lock waits)."""
    if timer.kind.startswith("override_"):
        uow.override(number, lock=True)
    elif timer.kind.startswith("handoff_"):
        uow.handoff(number, lock=True)
    else:
        uow.action(number, lock=True)
    return timer.due_at <= now and timer in uow.due_timers(now=timer.due_at, limit=_MANY)


def sweep(house: House, *, limit: int = 100) -> int:
    """Fire what is due; found by condition, so a restart or a jump of the clock loses and repeats nothing.

    A timer that cannot be carried out stops no other: it is told to the operators and taken away.
    """
    with house.store.read() as uow:
        due = uow.due_timers(now=house.now(), limit=limit)
    return sum(1 for timer in due if _fire_or_tell(house, timer))


def _fire_or_tell(house: House, timer: Timer) -> bool:
    try:
        return fire(house, timer)
    except errors.MusterError as error:
        if error.kind in (errors.Kind.TRANSIENT, errors.Kind.CONFLICT):
            return False  # the next sweep finds it again
        with house.store.begin() as uow:
            uow.notice(f"timer:{timer.id}", error.told, now=house.now())
            uow.cancel_timer(timer.id)
    return False


def _expire(house: House, uow: UnitOfWork, number: int, now: datetime) -> None:
    action = uow.action(number, lock=True)
    if action is None or action.state is not ActionState.AWAITING or (action.expires_at and now < action.expires_at):
        return
    action = uow.save_action(replace(action, state=ActionState.EXPIRED, error="nobody decided in time"))
    facts = action_facts(
        action, decision=action.kind.value, verdict="expired", right="", approvals=0, needed=action.approvals_needed
    )
    _append(
        uow,
        action.incident_id,
        EventKind.DECISION,
        "expired: nobody decided in time",
        f"action:{number}:expired",
        facts,
        now,
        action.component,
    )
    refresh_asks(uow, action, now)
    _say(
        house,
        uow,
        action.incident_id,
        f"expired:{number}",
        "{0}, nobody decided on request " + str(number) + " in time. Ask again if it is still needed.",
        [action.requester],
        now,
        action.component,
    )


def _warn(house: House, uow: UnitOfWork, number: int, now: datetime) -> None:
    override = uow.override(number, lock=True)
    if override is None or override.state != "on" or override.incident_id is None:
        return
    if override.due_at <= now:  # slept through the warning: the end follows at once
        return
    facts = override_facts(override, "warned")
    text = f"{override.component} reaches the end of its time box soon"
    key = f"override:{number}:warned:{override.due_at.isoformat()}"
    _append(uow, override.incident_id, EventKind.UNDO_DUE, text, key, facts, now, override.component)
    target = f"incident:{override.incident_id}"
    payload = {"override": number}
    surface = Surface(
        f"override_warn:{number}:{override.due_at.isoformat()}",
        "override_warn",
        target,
        payload=payload,
        incident_id=override.incident_id,
    )
    want(uow, surface, now=now)


def _end(house: House, uow: UnitOfWork, number: int, now: datetime, late: str) -> None:
    override = uow.override(number, lock=True)
    if override is None or override.state in ("closed", "void"):
        return
    if override.due_at > now:  # extended since this timer was set
        set_override_timers(house, uow, override, now)
        return
    why_not = may_restore_itself(house, uow, override)
    if not why_not and not uow.actions_in(IN_FLIGHT | {ActionState.PLANNING}, component=override.component):
        _restore_now(uow, override, now, late)
        return
    override = uow.save_override(replace(override, state="overdue", escalations=override.escalations + 1))
    why = why_not or "another action on it is in flight"
    facts = override_facts(override, "overdue", why=why)
    text = f"the time box of {override.component} ended; it stays off: {why}"
    key = f"override:{number}:overdue:{override.due_at.isoformat()}"
    _append(uow, override.incident_id, EventKind.UNDO_DUE, text, key, facts, now, override.component)
    due = now + timedelta(seconds=house.rules.escalate_every)
    uow.set_timer(Timer(f"override_escalate:{number}", "override_escalate", str(number), due))
    _ask_holders(house, uow, override, why, now)


def _restore_now(uow: UnitOfWork, override: Override, now: datetime, late: str) -> None:
    """The time box ended and nobody has to be asked: an action like any other, planned, applied and proved."""
    action = uow.add_action(
        Action(
            id=0,
            kind=ActionKind.ENABLE,
            state=ActionState.PLANNING,
            component=override.component,
            incident_id=override.incident_id,
            requester=MUSTER.id,
            requester_slack="",
            requester_role="end of the time box",
            because="the time box ended" + (f" ({late})" if late else ""),
            created_at=now,
            approvals_needed=0,
            undo_of=override.action_id,
            override=override.id,
        )
    )
    uow.want_job("action", str(action.id), now=now, lane=f"lever:{override.component}")


def _escalate(house: House, uow: UnitOfWork, number: int, now: datetime, late: str) -> None:
    override = uow.override(number, lock=True)
    if override is None or override.state != "overdue":
        return
    why_not = may_restore_itself(house, uow, override)
    if not why_not and not uow.actions_in(IN_FLIGHT | {ActionState.PLANNING}, component=override.component):
        _restore_now(uow, override, now, late)
        return
    override = uow.save_override(replace(override, escalations=override.escalations + 1))
    facts = override_facts(override, "escalated", why=why_not)
    text = f"{override.component} is still off past its end; asked again ({override.escalations})"
    key = f"override:{number}:escalated:{override.due_at.isoformat()}:{override.escalations}"
    _append(uow, override.incident_id, EventKind.UNDO_DUE, text, key, facts, now, override.component)
    due = now + timedelta(seconds=house.rules.escalate_every)
    uow.set_timer(Timer(f"override_escalate:{number}", "override_escalate", str(number), due))
    _ask_holders(house, uow, override, why_not, now)


def _ask_holders(house: House, uow: UnitOfWork, override: Override, why: str, now: datetime) -> None:
    """In the incident's channel and, so that it cannot be overlooked, in the accountable team's own."""
    payload = {"override": override.id, "why": why}
    key = f"override_ask:{override.id}:{override.escalations}:{override.due_at.isoformat()}"
    target = f"incident:{override.incident_id}"
    want(uow, Surface(key, "override_ask", target, payload=payload, incident_id=override.incident_id), now=now)
    registry = house.registry()
    component = registry.components.get(override.component)
    team = registry.teams.get(component.accountable) if component else None
    if team is not None and team.channel:
        want(
            uow,
            Surface(f"{key}:team", "override_ask", team.channel, payload=payload, incident_id=override.incident_id),
            now=now,
        )
    show_override(uow, override, now)


def holders_to_restore(house: House, component: str, incident: Incident | None = None) -> tuple[str, ...]:
    """Persons who may turn it on: holders of `enable`, else those of `disable`; nobody for an unknown component."""
    if component not in house.registry().components:
        return ()
    right = held_in(house, component, Right.ENABLE, incident)
    if not right.holders:
        right = held_in(house, component, Right.DISABLE, incident)
    return tuple(h.person for h in (*right.holders, *right.deputies))


def _append(
    uow: UnitOfWork,
    incident_id: int | None,
    kind: EventKind,
    text: str,
    key: str,
    facts: Mapping[str, object],
    now: datetime,
    component: str,
) -> None:
    if incident_id is not None:
        uow.append(incident_id, own_event(kind, text, key, component, facts, now=now), now=now)


def _say(
    house: House,
    uow: UnitOfWork,
    incident_id: int | None,
    key: str,
    text: str,
    mentions: list[str],
    now: datetime,
    component: str,
) -> None:
    """Told in the incident's channel; of what has none in the component's home, and to the people concerned."""
    payload = spoken(text, mentions)
    if incident_id is not None:
        target = f"incident:{incident_id}"
        want(uow, Surface(f"say:{key}", "say", target, payload=payload, incident_id=incident_id), now=now)
        return
    for place, target in enumerate((home_of(house, component, None), *(dm_of(house, person) for person in mentions))):
        if target:
            want(uow, Surface(f"say:{key}:{place}", "say", target, payload=payload), now=now)
