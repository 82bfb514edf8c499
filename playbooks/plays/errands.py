"""What is done by hand: a person is asked, reminded, and says how it went; the wait is a row with a timer.

What a person says is a claim. It is never confirmed here: where the plan names a reader, the effect is read like any
other afterwards; elsewhere it stands as claimed, with its evidence and who gave it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import Action, ActionState
from playbooks.domain.authority import Holder, may_decide, named_holders
from playbooks.domain.errands import Errand, errand_of
from playbooks.domain.facts import action_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.timeline import EventKind
from playbooks.messages import ErrandNote, Message, Refusal, Say, Who
from playbooks.plays.bound_levers import VERB_OF, held_right
from playbooks.plays.house import House, must_find, want
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.steps import record, record_result, show_action
from playbooks.plays.switched_off import settle_override
from playbooks.plays.verifying import after_effect
from playbooks.ports import Surface, Timer, UnitOfWork

KIND = "errand_remind"
MOST_EVIDENCE = 600
_ESCALATES_AT = 2  # the second reminder goes further up


# ------------------------------------------------------------------ asking


def ask_by_hand(house: House, uow: UnitOfWork, action: Action, errand: Errand, now: datetime) -> None:
    """Ask who is to do it, by direct message and in the channel, and set the first reminder; in this transaction."""
    action = uow.save_action(replace(action, state=ActionState.BY_HAND, applying_at=now, attempts=1))
    text = f"asked to {VERB_OF[action.kind]} {action.component} by hand"
    record(uow, action, EventKind.ACTION, text, "started", action_facts(action, phase="started"), now)
    _ask(house, uow, action, _asked(house, action, errand), now)
    target = f"incident:{action.incident_id}"
    want(uow, Surface(f"errand:{action.id}:channel", "errand", target, incident_id=action.incident_id), now=now)
    _set_reminder(uow, action, errand, 1, now)
    show_action(uow, action, now)


def _asked(house: House, action: Action, errand: Errand) -> tuple[Holder, ...]:
    registry = house.registry()
    component = registry.components.get(action.component)
    return named_holders(registry, component, errand.ask, house.on_call.now) if component is not None else ()


def _stand_ins(house: House, action: Action, errand: Errand) -> tuple[Holder, ...]:
    registry = house.registry()
    component = registry.components.get(action.component)
    if component is None:
        return ()
    words = errand.escalate or (f"on_call:{component.accountable}",)
    return named_holders(registry, component, words, house.on_call.now)


def _ask(house: House, uow: UnitOfWork, action: Action, holders: tuple[Holder, ...], now: datetime) -> None:
    people = house.registry().people
    for holder in holders:
        slack = people[holder.person].slack if holder.person in people else ""
        key = f"errand:{action.id}:{slack}"
        if slack and uow.surface(key) is None:
            want(uow, Surface(key, "errand", f"dm:{slack}", incident_id=action.incident_id), now=now)


def _set_reminder(uow: UnitOfWork, action: Action, errand: Errand, number: int, now: datetime) -> None:
    due = now + timedelta(seconds=errand.remind_every)
    uow.set_timer(Timer(f"{KIND}:{action.id}", KIND, str(action.id), due, {"round": number}))


def remind(house: House, uow: UnitOfWork, timer: Timer, now: datetime) -> None:
    """Nobody has said how it went: those asked are reminded, from the second time on others are asked too."""
    action = uow.action(int(timer.subject), lock=True)
    errand = errand_of(action.plan) if action is not None else None
    if action is None or errand is None or action.state is not ActionState.BY_HAND:
        return
    number = int(str(timer.payload.get("round", 1)))
    asked = _asked(house, action, errand)
    if number >= _ESCALATES_AT:
        known = {holder.person for holder in asked}
        asked = (*asked, *(h for h in _stand_ins(house, action, errand) if h.person not in known))
    _ask(house, uow, action, asked, now)  # on call may be somebody else by now
    people = [holder.person for holder in asked]
    text = f"no word yet on what is done by hand; asked again ({number})"
    facts = {"action": action.id, "asked": len(people)}
    record(uow, action, EventKind.PAGE, text, f"errand:{number}", facts, now)
    _say(house, uow, action, number, people, now)
    _set_reminder(uow, action, errand, number + 1, now)


def _say(house: House, uow: UnitOfWork, action: Action, number: int, people: list[str], now: datetime) -> None:
    """A message of its own each time: an edited one wakes nobody."""
    what = f"{VERB_OF[action.kind]} {action.component}"
    hint = f"Say it: `/inc done {action.id} <what shows it>` or `/inc cannot {action.id} <why>`."
    named = " and ".join(f"{{{place}}}" for place in range(len(people)))
    text = f"{named}: did you {what} by hand? I have no word of it yet."
    if not people:
        text = f"Did anybody {what} by hand? Nobody could be named who should, and I have no word of it yet."
    payload: dict[str, object] = {"text": text, "by": "", "hint": hint, "mentions": people}
    registry = house.registry()
    targets = {"channel": f"incident:{action.incident_id}"}
    targets |= {p: f"dm:{registry.people[p].slack}" for p in people if registry.people[p].slack}
    for key, target in targets.items():
        surface = Surface(
            f"say:errand:{action.id}:{number}:{key}", "say", target, payload=payload, incident_id=action.incident_id
        )
        want(uow, surface, now=now)


# ------------------------------------------------------------------ what people say


def done(house: House, order: Order, action_id: int, evidence: str) -> Say | Refusal:
    """A person says that it is done, and what shows it. Raises Denied, InputError without evidence, UnknownName."""
    evidence = evidence.strip()
    if not evidence:
        raise errors.InputError(
            "Say what shows that it is done.",
            f"Try `/inc done {action_id} <what you saw, or a link>`.",
            code="no_evidence",
        )
    if len(evidence) > MOST_EVIDENCE:
        raise errors.InputError(
            f"That evidence is longer than {MOST_EVIDENCE} characters.", "Shorten it, or give a link.", code="too_long"
        )
    with execution(house, order) as (uow, now):
        action = _waiting(uow, action_id)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id or 0)
        _may_say(house, uow, order, incident, action)
        errand = errand_of(action.plan)
        facts = action_facts(action, phase="claimed", evidence=evidence)
        text = f"says it is done by hand ({VERB_OF[action.kind]} {action.component}): {evidence}"
        key = f"action:{action.id}:claimed"
        kind = EventKind.ACTION
        uow.append(
            incident.id,
            event_of(order, incident, kind, text, now=now, dedup=key, payload=facts, component=action.component),
            now=now,
        )
        if errand is not None and errand.reader:
            action = uow.save_action(
                replace(action, state=ActionState.VERIFYING, applied_at=now, evidence="being read back")
            )
            uow.want_job("action", str(action.id), now=now, lane=f"lever:{action.component}")
            said = Say("Thank you. I'm reading it back now.")
        else:
            action = uow.save_action(replace(action, state=ActionState.CLAIMED, applied_at=now, evidence=evidence))
            record_result(uow, action, "claimed", now)
            after_effect(uow, action, now)
            settle_override(house, uow, action, ActionState.CLAIMED, now)
            said = Say("Thank you. It stands as your claim, with its evidence; nothing reads it back.")
        _answered(uow, action, now)
    return said


def cannot(house: House, order: Order, action_id: int, why: str) -> Say | Refusal:
    """A person says that it could not be done, and why. Raises Denied, InputError without a reason, UnknownName."""
    why = why.strip()
    if not why:
        raise errors.InputError(
            "Say why it could not be done.", f"Try `/inc cannot {action_id} <why>`.", code="no_reason"
        )
    with execution(house, order) as (uow, now):
        action = _waiting(uow, action_id)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id or 0)
        if order.actor.id != action.requester:
            _may_say(house, uow, order, incident, action)
        text = f"could not {VERB_OF[action.kind]} {action.component} by hand: {why}"
        facts = action_facts(action, phase="could_not", error=why)
        key = f"action:{action.id}:could_not"
        kind = EventKind.ACTION
        uow.append(
            incident.id,
            event_of(order, incident, kind, text, now=now, dedup=key, payload=facts, component=action.component),
            now=now,
        )
        action = uow.save_action(
            replace(action, state=ActionState.FAILED, error=f"It could not be done by hand: {why}")
        )
        record_result(uow, action, "failed", now, error=action.error)
        settle_override(house, uow, action, ActionState.FAILED, now)
        _answered(uow, action, now)
    return Say(f"Recorded: {VERB_OF[action.kind]} {action.component} was not done.")


def _waiting(uow: UnitOfWork, action_id: int) -> Action | Refusal:
    action = uow.action(action_id, lock=True)
    if action is None:
        raise errors.UnknownName(f"There is no action {action_id}.", "See the incident's channel.")
    if action.state is ActionState.BY_HAND:
        return action
    if errand_of(action.plan) is None:
        return Refusal(f"Action {action_id} is nothing that is done by hand.", "See the incident's channel.")
    return Refusal(f"Action {action_id} is already {action.state.value.replace('_', ' ')}.", "Nothing was done twice.")


def _may_say(house: House, uow: UnitOfWork, order: Order, incident: Incident, action: Action) -> None:
    """Who was asked, who leads, and who holds the right may say how it went. Raises Denied that names who may."""
    errand = errand_of(action.plan)
    now = _asked(house, action, errand) if errand is not None else ()
    registry = house.registry()
    asked = {holder.person for holder in now}
    for surface in uow.surfaces_of(incident.id):
        if surface.kind == "errand" and surface.id.startswith(f"errand:{action.id}:") and surface.target[:3] == "dm:":
            asked.add(registry.person_by_slack(surface.target[3:]) or "")
    person = order.actor.id
    right = held_right(house, action.component, action.kind, incident)
    if person in asked or person == incident.lead or may_decide(right, person) is not None:
        return
    named = " or ".join(sorted(f"@{p}" for p in asked if p)) or "nobody who could be named"
    raise errors.Denied(
        f"You were not asked to do this by hand: {named} was.",
        "Tell them what you know; they say how it went.",
        code="not_asked",
        ask=tuple(sorted(p for p in asked if p)),
    )


def _answered(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """No reminder comes any more, and no live button stays."""
    uow.cancel_timer(f"{KIND}:{action.id}")
    for surface in uow.surfaces_of(action.incident_id) if action.incident_id is not None else ():
        if surface.kind == "errand" and surface.id.startswith(f"errand:{action.id}:"):
            want(uow, surface, now=now)
    show_action(uow, action, now)


# ------------------------------------------------------------------ how it is shown


def claim_of(house: House, uow: UnitOfWork, action: Action) -> tuple[Who, str, datetime] | None:
    """Who says that it is done by hand, the evidence, and when; None while nobody does."""
    if action.incident_id is None or errand_of(action.plan) is None:
        return None
    for event in reversed(uow.events(action.incident_id, alerts=False)):
        if event.payload.get("action") == action.id and event.payload.get("phase") == "claimed":
            who = house.who(event.new.actor.id) or Who("somebody")
            return who, str(event.payload.get("evidence") or "(text removed)"), event.occurred_at
    return None


def errand_view(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """The request to do it by hand; without buttons once somebody has said how it went."""
    action = uow.action(int(surface.id.split(":")[1]))
    errand = errand_of(action.plan) if action is not None else None
    if action is None or action.plan is None or errand is None:
        return None
    incident = uow.incident(action.incident_id) if action.incident_id is not None else None
    claim = claim_of(house, uow, action)
    asked = tuple(w for h in _asked(house, action, errand) if (w := house.who(h.person, h.role)) is not None)
    return ErrandNote(
        action=action.id,
        verb=VERB_OF[action.kind],
        component=action.component,
        before=action.plan.before,
        after=action.plan.after,
        incident=incident.name if incident is not None else "",
        because=action.because,
        instructions=errand.told(action.plan),
        asked=asked,
        reader=errand.reader,
        open=action.state is ActionState.BY_HAND,
        claimed_by=claim[0] if claim is not None else None,
        evidence=claim[1] if claim is not None else "",
        claimed_at=claim[2] if claim is not None else None,
        ended=action.state.value if action.over and claim is None else "",
        error=action.error if action.state is ActionState.FAILED else "",
        in_channel=surface.id.endswith(":channel"),
    )
