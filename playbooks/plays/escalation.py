"""Nobody acknowledges: the next one is asked, level by level, by a durable timer; an answer of anybody ends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from playbooks.domain.actions import ActionState
from playbooks.domain.clocks import say_span
from playbooks.domain.escalation import Policy, Whom, policy_for
from playbooks.domain.incidents import Incident, State
from playbooks.domain.lateness import late_by
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import Event, EventKind, NewEvent
from playbooks.plays.house import House, spoken, want
from playbooks.plays.levels import Asked, Levels
from playbooks.plays.orders import own_event
from playbooks.ports import Surface, Timer, UnitOfWork

KIND = "ack_escalation"
_NOT_ANSWERED = frozenset({State.TRIAGE, State.INVESTIGATING})
_EARLY = (ActionState.PLANNING, ActionState.PREVIEWED, ActionState.WITHDRAWN)


def arm(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """Set the first step of a new incident; at once where nobody on call is reached, so that it waits for nobody."""
    policy = _policy(house, incident)
    if policy is None or not policy.steps:
        return
    reached = Levels(house, uow, incident, ()).on_call_reached
    _set(uow, incident, now + timedelta(seconds=policy.steps[0].after) if reached else now)


def rearm(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """After a change of severity: the next level is due by the policy that counts now, also after an older one ended.

    Who was asked last keeps the time to answer that the policy gives.
    """
    policy = _policy(house, incident)
    if policy is None or answered(uow, incident):
        uow.cancel_timer(_id(incident))
        return
    told = _told(uow, incident)
    place = policy.next(_levels(told))
    if place is None:
        return  # everybody was asked; what says so, or said so, stays
    due = incident.opened_at + timedelta(seconds=policy.steps[place].after)
    if told:
        due = max(due, told[-1].occurred_at + timedelta(seconds=policy.gap(place)))
    _set(uow, incident, max(now, due))


def fire(house: House, timer: Timer) -> bool:
    """Ask the next level, once; False when somebody else did it, or it was moved. Raises what the store raises."""
    with house.store.begin() as uow:
        incident = uow.incident(int(timer.subject), lock=True)
        held = uow.timers([timer.id]).get(timer.id)
        now = house.now()
        if held is None or held.due_at > now or held.due_at != timer.due_at:
            return False
        uow.cancel_timer(held.id)
        policy = _policy(house, incident) if incident is not None else None
        if incident is None or policy is None or not policy.steps or answered(uow, incident):
            return True
        told = _told(uow, incident)
        place = policy.next(_levels(told))
        late = late_by(held.due_at, now)
        if place is None:
            _end(house, uow, incident, told, late, now)
            return True
        levels = [whom for whom in policy.steps[place].ask if whom not in _levels(told)]
        early = now < incident.opened_at + timedelta(seconds=policy.steps[place].after)
        why = "nobody on call resolved" if early else f"nobody acknowledged within {_span(now - incident.opened_at)}"
        _ask(house, uow, incident, levels, told, why, late, now)
        _go_on(uow, incident, policy, [*_levels(told), *levels], now if late is not None else held.due_at, now)
    return True


def _go_on(
    uow: UnitOfWork, incident: Incident, policy: Policy, asked: Sequence[Whom], since: datetime, now: datetime
) -> None:
    """The next level, or the word that all were asked: never before those asked now had their time to answer."""
    place = policy.next(asked)
    if place is None:
        _set(uow, incident, since + timedelta(seconds=policy.gap(len(policy.steps))))
        return
    planned = incident.opened_at + timedelta(seconds=policy.steps[place].after)
    _set(uow, incident, max(planned, since + timedelta(seconds=policy.gap(place)), now))


def answered(uow: UnitOfWork, incident: Incident) -> bool:
    """Whether somebody took it up: acknowledged, leads, moved it on, or decided or asked for anything."""
    if not incident.open or incident.acknowledged_at is not None or incident.lead:
        return True
    if incident.state not in _NOT_ANSWERED:
        return True
    return any(a.state not in _EARLY and a.requester != MUSTER.id for a in uow.actions_of(incident.id))


def _policy(house: House, incident: Incident) -> Policy | None:
    component = house.registry().components.get(incident.component)
    return policy_for(house.rules.escalation, incident.severity, component.tier if component else None)


def _id(incident: Incident) -> str:
    return f"{KIND}:{incident.id}"


def _set(uow: UnitOfWork, incident: Incident, due: datetime) -> None:
    uow.set_timer(Timer(_id(incident), KIND, str(incident.id), due))


def _told(uow: UnitOfWork, incident: Incident) -> list[Event]:
    """What was asked so far: the timeline remembers it, so that a level is asked once whatever moved the timer."""
    pages = (e for e in uow.events(incident.id, alerts=False) if e.kind is EventKind.PAGE)
    return [event for event in pages if event.payload.get("phase") == "escalated" and event.payload.get("levels")]


def _levels(told: Sequence[Event]) -> list[Whom]:
    return [Whom(level) for event in told for level in event.payload["levels"]]


def _seen(uow: UnitOfWork, incident: Incident) -> set[str]:
    """Who was asked, or passed it on."""
    found: set[str] = set()
    for event in uow.events(incident.id, alerts=False):
        if event.kind is EventKind.PAGE and event.payload.get("passed"):
            found |= {str(event.payload.get("from", "")), str(event.payload.get("to", ""))}
        elif event.kind is EventKind.PAGE and event.payload.get("levels"):
            found |= {str(person) for person in event.payload.get("asked") or ()}
    return found - {""}


# ------------------------------------------------------------------ asking


def _ask(
    house: House,
    uow: UnitOfWork,
    incident: Incident,
    levels: Sequence[Whom],
    told: Sequence[Event],
    why: str,
    late: timedelta | None,
    now: datetime,
) -> None:
    asked = Levels(house, uow, incident, _seen(uow, incident)).ask(levels)
    roles = asked.roles
    text = f"{why}: {_and(roles)} {'is' if len(roles) == 1 else 'are'} asked" if roles else f"{why}: nobody is left"
    text += f" ({'; '.join(asked.instead)})" if asked.instead else ""
    text += f"; {_span(late)} late, I could not ask in time" if late is not None else ""
    facts: dict[str, object] = {
        "phase": "escalated",
        "step": len(told) + 1,
        "levels": [whom.value for whom in levels],
        "why": why,
        "asked": list(asked.people),
        "roles": roles,
        "late": int(late.total_seconds()) if late is not None else 0,
    }
    key = f"{KIND}:{'+'.join(whom.value for whom in levels)}"
    if uow.append(incident.id, _event(incident, text, facts, key, now), now=now) is None:
        return
    said = _upper(why) + (f" ({_span(late)} late: I could not ask in time)" if late is not None else "")
    _show(house, uow, incident, len(told), asked, said, now)


def _event(incident: Incident, text: str, facts: dict[str, object], key: str, now: datetime) -> NewEvent:
    return own_event(EventKind.PAGE, text, key, incident.component, facts, now=now)


def _show(house: House, uow: UnitOfWork, incident: Incident, place: int, asked: Asked, why: str, now: datetime) -> None:
    """A direct message to each person, a message in each channel, and a line under the owner's first message."""
    people = house.registry().people
    reason = f"{why} ({'; '.join(asked.instead)})" if asked.instead else why
    targets = [(f"dm:{people[p].slack}", p, role) for p, role in asked.people.items()]
    targets += [(channel, "", role) for channel, role in asked.channels.items()]
    for number, (target, person, role) in enumerate(targets):
        payload: dict[str, object] = {"person": person, "why": reason, "role": role if person else ""}
        key = f"page:{incident.id}:{place}:{number}"
        want(uow, Surface(key, "page", target, payload=payload, incident_id=incident.id), now=now)
    note = uow.surface(f"owner_note:{incident.id}")
    named = [f"{{{n}}} ({role})" for n, role in enumerate(asked.people.values())]
    named += [f"the {role}" for channel, role in asked.channels.items() if channel != incident.home]
    if note is None or not note.ts or not named:
        return
    text = f"{why}: {_and(named)} {'is' if len(named) == 1 else 'are'} asked."
    text += f" {_upper('; '.join(asked.instead))}." if asked.instead else ""
    line = spoken(text, list(asked.people))
    key, channel = f"say:{KIND}:{incident.id}:{place}", note.channel or incident.home
    want(uow, Surface(key, "say", channel, payload=line, thread=note.ts, incident_id=incident.id), now=now)


# ------------------------------------------------------------------ the end


def _end(
    house: House, uow: UnitOfWork, incident: Incident, told: Sequence[Event], late: timedelta | None, now: datetime
) -> None:
    """Everybody was asked and nobody answered: the operators are told, with who was asked when. Nothing comes after."""
    waited = _span(now - incident.opened_at)
    rows = [(event, [str(role) for role in event.payload.get("roles") or ()]) for event in told]
    roles = list(dict.fromkeys(role for _, found in rows for role in found))
    text = f"everybody was asked and nobody acknowledged within {waited}: {_and(roles) or 'nobody could be named'}"
    text += f"; {_span(late)} late, I could not say so in time" if late is not None else ""
    facts: dict[str, object] = {"phase": "exhausted", "roles": roles, "steps": len(told)}
    if uow.append(incident.id, _event(incident, text, facts, f"{KIND}:end", now), now=now) is None:
        return
    people: list[str] = []
    parts = []
    for event, found in rows:
        mine = [str(person) for person in event.payload.get("asked") or ()]
        names = [f"{{{len(people) + n}}}" for n in range(len(mine))]
        people += mine
        whom = _and([*names, *(f"the {role}" for role in found if "channel" in role)]) or "nobody"
        parts.append(f"{whom} after {_span(event.occurred_at - incident.opened_at)}")
    text = (
        f"{incident.name}{f' ({incident.component})' if incident.component else ''}: everybody was asked and "
        f"nobody acknowledged within {waited}. "
        f"Asked: {'; '.join(parts)}. I ask nobody any more: call them, or take it."
    )
    line = spoken(text, people, hint=f"`{house.rules.root} {incident.name} lead` takes it.")
    channels = dict.fromkeys(c for c in (house.rules.triage_channel, incident.home) if c)
    for number, channel in enumerate(channels):
        key = f"say:{KIND}:{incident.id}:end:{number}"
        want(uow, Surface(key, "say", channel, payload=line, incident_id=incident.id), now=now)


def _span(length: timedelta) -> str:
    """In whole minutes from one on: the sweep's own seconds tell nobody anything."""
    return say_span(length if length < timedelta(minutes=1) else timedelta(minutes=length // timedelta(minutes=1)))


def _upper(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
