"""How it went with what was done by hand: somebody says that it is done, or that they cannot, and others are asked.

What a person says is a claim. It is never confirmed here: where the plan names a reader, the effect is read like any
other afterwards; elsewhere it stands as claimed, with its evidence and who gave it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.actions import Action, ActionState
from playbooks.domain.authority import may_decide
from playbooks.domain.errands import Errand, errand_of
from playbooks.domain.facts import action_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import Actor
from playbooks.domain.timeline import EventKind
from playbooks.messages import Refusal, Say, Who
from playbooks.plays.approvals import refresh_asks
from playbooks.plays.bound_levers import VERB_OF, held_right
from playbooks.plays.errand_record import declined_by
from playbooks.plays.errands import KIND, ask, asked_of, next_of, tell
from playbooks.plays.house import House, must_find
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.steps import record_result, show_action
from playbooks.plays.switched_off import settle_override
from playbooks.plays.verifying import after_effect
from playbooks.ports import UnitOfWork

MOST_EVIDENCE = 600


def check_answer(house: House, actor: Actor, action_id: int, *, done: bool) -> Action | Refusal:
    """The action that this person may answer for now, before a form is shown. Raises Denied, UnknownName."""
    with house.store.read() as uow:
        action = _waiting(uow, action_id, lock=False)
        if isinstance(action, Refusal):
            return action
        incident = must_find(uow, action.incident_id or 0, lock=False)
        if done or actor.id != action.requester:
            _may_answer(house, uow, actor.id, incident, action)
    return action


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
        _may_answer(house, uow, order.actor.id, incident, action)
        errand = errand_of(action.plan)
        text = f"says it is done by hand ({VERB_OF[action.kind]} {action.component}): {evidence}"
        _append(uow, order, incident, action, text, "claimed", {"evidence": evidence}, now)
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
    """A person says that they cannot do it, and why: the next one is asked, and when nobody is left it has failed.

    Who asked for it, who leads and who holds the right end it for everybody, unless they were asked to do it
    themselves and say so for the first time. Raises Denied, InputError without a reason, UnknownName.
    """
    why = why.strip()
    if not why:
        raise errors.InputError(
            "Say why it could not be done.", f"Try `/inc cannot {action_id} <why>`.", code="no_reason"
        )
    if len(why) > MOST_EVIDENCE:
        raise errors.InputError(
            f"That reason is longer than {MOST_EVIDENCE} characters.", "Shorten it.", code="too_long"
        )
    with execution(house, order) as (uow, now):
        action = _waiting(uow, action_id)
        if isinstance(action, Refusal):
            return action
        incident, errand = must_find(uow, action.incident_id or 0), errand_of(action.plan)
        person = order.actor.id
        decides = _decides(house, person, incident, action) or person == action.requester
        if not decides:
            _may_answer(house, uow, person, incident, action)
        earlier = declined_by(uow, action)
        asked = errand is not None and person in {h.person for h in asked_of(house, uow, action, errand)}
        if person in earlier and not decides:
            return Refusal("You have said so already.", "Others are asked; nothing more is needed from you.")
        if errand is not None and asked and person not in earlier:
            return _passed_on(house, uow, order, incident, action, errand, {**earlier, person: why}, now)
        text = f"called off what was asked by hand ({VERB_OF[action.kind]} {action.component}): {why}"
        _append(uow, order, incident, action, text, "called_off", {"error": why}, now)
        _failed(house, uow, action, f"It was called off: {why}", now)
    return Say(f"Recorded: {VERB_OF[action.kind]} {action.component} was not done.")


def _passed_on(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    action: Action,
    errand: Errand,
    declined: Mapping[str, str],
    now: datetime,
) -> Say:
    """One of those asked cannot: whoever is left hears that it is theirs now."""
    why = declined[order.actor.id]
    what = f"{VERB_OF[action.kind]} {action.component}"
    text = f"could not {what} by hand: {why}"
    _append(uow, order, incident, action, text, f"could_not:{order.actor.id}", {"error": why}, now)
    left = next_of(house, uow, action, errand, declined)
    if not left:
        _failed(house, uow, action, _nobody(declined), now)
        return Say(f"Recorded. Nobody is left to ask, so {what} was not done.")
    ask(house, uow, action, left, now)
    people = [holder.person for holder in left]
    plain = why.rstrip(".").replace("{", "(").replace("}", ")")  # braces stand for persons here
    said = f"{{0}} cannot {what} by hand: {plain}. {_places(people, 1)}, please do it."
    hint = f"Then say `/inc done {action.id} <what shows it>`, or `/inc cannot {action.id} <why>`."
    tell(house, uow, action, f"next:{len(declined)}", people, said, hint, now, about=[order.actor.id])
    show_action(uow, action, now)
    names = tuple(house.who(person) or Who(person) for person in people)
    return Say(f"Recorded; it is with {_places(people, 0)} now.", "", names)


def _places(people: Sequence[str], first: int) -> str:
    """Where names go in a sentence, from `first` on."""
    return " or ".join(f"{{{place}}}" for place in range(first, first + len(people)))


def _failed(house: House, uow: UnitOfWork, action: Action, error: str, now: datetime) -> None:
    action = uow.save_action(replace(action, state=ActionState.FAILED, error=error))
    record_result(uow, action, "failed", now, error=error)
    settle_override(house, uow, action, ActionState.FAILED, now)
    _answered(uow, action, now)


def _nobody(declined: Mapping[str, str]) -> str:
    """Why it failed: each reason, by whom where there are several."""
    if len(declined) == 1:
        return f"It could not be done by hand: {next(iter(declined.values()))}"
    return "It could not be done by hand: " + "; ".join(f"{name}: {why}" for name, why in declined.items())


def _append(
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    action: Action,
    text: str,
    step: str,
    more: Mapping[str, str],
    now: datetime,
) -> None:
    """What somebody said, as an event of theirs; `step` is the phase, and what makes it one of a kind after a colon."""
    facts = action_facts(action, phase=step.partition(":")[0], **more)
    event = event_of(
        order,
        incident,
        EventKind.ACTION,
        text,
        now=now,
        dedup=f"action:{action.id}:{step}",
        payload=facts,
        component=action.component,
    )
    uow.append(incident.id, event, now=now)


def _waiting(uow: UnitOfWork, action_id: int, *, lock: bool = True) -> Action | Refusal:
    action = uow.action(action_id, lock=lock)
    if action is None:
        raise errors.UnknownName(f"There is no action {action_id}.", "See the incident's channel.")
    if action.state is ActionState.BY_HAND:
        return action
    if errand_of(action.plan) is None:
        return Refusal(f"Action {action_id} is nothing that is done by hand.", "See the incident's channel.")
    return Refusal(f"Action {action_id} is already {action.state.value.replace('_', ' ')}.", "Nothing was done twice.")


def _decides(house: House, person: str, incident: Incident, action: Action) -> bool:
    """Whether somebody leads the incident or holds the right."""
    right = held_right(house, action.component, action.kind, incident)
    return person == incident.lead or may_decide(right, person) is not None


def _may_answer(house: House, uow: UnitOfWork, person: str, incident: Incident, action: Action) -> None:
    """Who was asked, who leads, and who holds the right may say how it went. Raises Denied that names who may."""
    errand = errand_of(action.plan)
    asked = sorted(h.person for h in asked_of(house, uow, action, errand)) if errand is not None else []
    if person in asked or _decides(house, person, incident, action):
        return
    named = " or ".join(f"@{name}" for name in asked) or "nobody who could be named"
    raise errors.Denied(
        f"You were not asked to do this by hand: {named} was.",
        "Tell them what you know; they say how it went.",
        code="not_asked",
        ask=tuple(asked),
    )


def _answered(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """No reminder comes any more, and no live button stays."""
    uow.cancel_timer(f"{KIND}:{action.id}")
    show_action(uow, action, now)
    if action.over:
        refresh_asks(uow, action, now)
