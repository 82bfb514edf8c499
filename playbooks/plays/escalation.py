"""Nobody acknowledges: the next one is asked, step by step, by a durable timer; an answer of anybody ends it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from playbooks.domain.actions import ActionState
from playbooks.domain.authority import Right
from playbooks.domain.clocks import say_span
from playbooks.domain.escalation import Policy, Step, Whom, policy_for
from playbooks.domain.incidents import Incident, State
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House, want
from playbooks.plays.reach import line_of, team_of
from playbooks.ports import Surface, Timer, UnitOfWork

KIND = "ack_escalation"
_LATE = timedelta(minutes=2)  # a sweep that was busy is not late yet
_NOT_ANSWERED = frozenset({State.TRIAGE, State.INVESTIGATING})


def arm(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """Set the first step of a new incident; at once where nobody is on call, so that it waits for nobody."""
    policy = _policy(house, incident)
    if policy is None or not policy.steps:
        return
    team = team_of(house, incident)
    reached = not team or bool(house.on_call.now(team))
    due = now + timedelta(seconds=policy.steps[0].after) if reached else now
    uow.set_timer(Timer(_id(incident), KIND, str(incident.id), due, {"step": 0}))


def rearm(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """After a change of severity: the next step is due by the policy that counts now."""
    timer = uow.timers([_id(incident)]).get(_id(incident))
    policy = _policy(house, incident)
    if timer is None:
        return
    step = int(timer.payload.get("step", 0))
    if policy is None or step >= len(policy.steps):
        uow.cancel_timer(timer.id)
        return
    due = incident.opened_at + timedelta(seconds=policy.steps[step].after)
    uow.set_timer(Timer(timer.id, KIND, timer.subject, max(now, due), timer.payload))


def fire(house: House, timer: Timer) -> bool:
    """Ask the next one, once; False when somebody else did it, or it was moved. Raises what the store raises."""
    with house.store.begin() as uow:
        incident = uow.incident(int(timer.subject), lock=True)
        held = uow.timers([timer.id]).get(timer.id)
        now = house.now()
        if held is None or held.due_at > now or held.payload != timer.payload:
            return False
        uow.cancel_timer(held.id)
        if incident is None or answered(uow, incident):
            return True
        policy = _policy(house, incident)
        place = int(held.payload.get("step", 0))
        if policy is None or place >= len(policy.steps):
            return True
        _ask(house, uow, incident, policy.steps[place], place, held.due_at, now)
        if place + 1 < len(policy.steps):
            # The gap to the next step stays, also when this one is late: each has its time to answer.
            gap = timedelta(seconds=policy.steps[place + 1].after - policy.steps[place].after)
            planned = incident.opened_at + timedelta(seconds=policy.steps[place + 1].after)
            due = max(planned, now + gap) if now - held.due_at > _LATE else planned
            uow.set_timer(Timer(held.id, KIND, held.subject, due, {"step": place + 1}))
    return True


def answered(uow: UnitOfWork, incident: Incident) -> bool:
    """Whether somebody took it up: acknowledged, leads, moved it on, or decided or asked for anything."""
    if not incident.open or incident.acknowledged_at is not None or incident.lead:
        return True
    if incident.state not in _NOT_ANSWERED:
        return True
    early = (ActionState.PLANNING, ActionState.PREVIEWED, ActionState.WITHDRAWN)
    return any(a.state not in early and a.requester != MUSTER.id for a in uow.actions_of(incident.id))


def _policy(house: House, incident: Incident) -> Policy | None:
    component = house.registry().components.get(incident.component)
    return policy_for(house.rules.escalation, incident.severity, component.tier if component else None)


def _id(incident: Incident) -> str:
    return f"{KIND}:{incident.id}"


# ------------------------------------------------------------------ who


@dataclass(slots=True)
class _Asked:
    """Who is asked at a step: persons (registry ids) and channels, each with its role, and what was made up for."""

    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    instead: list[str] = field(default_factory=list)


def _whom(house: House, uow: UnitOfWork, incident: Incident, step: Step) -> _Asked:
    seen = {
        str(person)
        for event in uow.events(incident.id, alerts=False)
        if event.kind is EventKind.PAGE
        for person in (event.payload.get("from"), *(event.payload.get("asked") or ()))
        if person
    }
    found = _Asked()
    for whom in step.ask:
        _add(house, incident, whom, seen, found)
    if not found.people and not found.channels:
        _next(house, incident, seen, found)
    return found


def _add(house: House, incident: Incident, whom: Whom, seen: Iterable[str], found: _Asked) -> None:
    registry, team = house.registry(), team_of(house, incident)
    if whom is Whom.CHANNEL:
        channel = registry.teams[team].channel if team in registry.teams else ""
        if channel or incident.home:
            found.channels.setdefault(channel or incident.home, f"channel of {team}" if channel else "triage channel")
        else:
            found.instead.append("no channel is known")
        return
    if whom is Whom.TRIAGE:
        triage, group = house.rules.triage_channel, house.rules.triage_team
        if triage:
            found.channels.setdefault(triage, "triage channel")
        if group in registry.teams:
            _persons(found, house.on_call.now(group)[:1], f"on call {group}", seen)
        if not triage and group not in registry.teams:
            found.instead.append("no triage channel is configured")
        return
    if whom is Whom.SECOND_ON_CALL:
        people = house.on_call.now(team) if team in registry.teams else ()
        if not people:
            found.instead.append(f"nobody is on call for {team}" if team else "no team is known")
        elif len(people) < 2:
            found.instead.append(f"{team} has no second on call")
        if not _persons(found, people[1:2], f"second on call of {team}", seen):
            _next(house, incident, seen, found)
        return
    if not _persons(found, _deputies(house, incident), "deputy", seen):
        found.instead.append("no deputy is named")


def _persons(found: _Asked, people: Iterable[str], role: str, seen: Iterable[str]) -> bool:
    fresh = [person for person in people if person not in seen]
    for person in fresh:
        found.people.setdefault(person, role)
    return bool(fresh)


def _deputies(house: House, incident: Incident) -> tuple[str, ...]:
    registry = house.registry()
    component = registry.components.get(incident.component)
    if component is None:
        return ()
    rights = [right for right in (Right.ROLL_BACK, Right.DISABLE) if right.value in component.rights.named()]
    held = [held_in(house, component.id, right, incident) for right in rights]
    return tuple(dict.fromkeys(h.person for right in held for h in (*right.deputies, *right.holders)))


def _next(house: House, incident: Incident, seen: Iterable[str], found: _Asked) -> None:
    """Nobody of the kind the step names: the next in line after the first on call."""
    team = team_of(house, incident)
    first = house.on_call.now(team)[:1] if team in house.registry().teams else ()
    passed = {*seen, *first, *found.people}
    person = next((p for p in line_of(house, incident) if p not in passed), "")
    if person:
        found.people[person] = "next in line"
        return
    channel = incident.home or house.rules.triage_channel
    if channel:
        found.channels.setdefault(channel, "channel")


# ------------------------------------------------------------------ asking


def _ask(
    house: House, uow: UnitOfWork, incident: Incident, step: Step, place: int, due: datetime, now: datetime
) -> None:
    asked = _whom(house, uow, incident, step)
    waited = say_span(now - incident.opened_at)
    late = now - due if now - due > _LATE else None
    early = now < incident.opened_at + timedelta(seconds=step.after)
    why = "nobody is on call" if early else f"nobody acknowledged within {waited}"
    roles = [*dict.fromkeys(asked.people.values()), *dict.fromkeys(asked.channels.values())]
    text = f"{why}: {_and(roles) or 'nobody is left to ask'}{' is' if len(roles) == 1 else ' are' if roles else ''}"
    text = f"{text} asked" if roles else text
    if asked.instead:
        text += f" ({'; '.join(asked.instead)})"
    if late is not None:
        text += f"; {say_span(late)} late, I could not ask in time"
    facts: dict[str, object] = {
        "phase": "escalated",
        "step": place + 1,
        "why": why,
        "asked": list(asked.people),
        "roles": roles,
        "late": int(late.total_seconds()) if late is not None else 0,
    }
    event = NewEvent(
        kind=EventKind.PAGE,
        text=text,
        actor=MUSTER,
        occurred_at=now,
        source=EventSource.SCHEDULER,
        dedup_key=f"{KIND}:{place}",
        component=incident.component,
        payload=facts,
    )
    if uow.append(incident.id, event, now=now) is None:
        return
    said = f"{why[:1].upper()}{why[1:]}" + (f" ({say_span(late)} late: I could not ask in time)" if late else "")
    _show(house, uow, incident, place, asked, said, now)


def _show(
    house: House, uow: UnitOfWork, incident: Incident, place: int, asked: _Asked, why: str, now: datetime
) -> None:
    """A direct message to each person, a message in each channel, and a line under the owner's first message."""
    people = house.registry().people
    reached = [p for p in asked.people if p in people and people[p].slack]
    targets = [(f"dm:{people[p].slack}", p) for p in reached] + [(channel, "") for channel in asked.channels]
    for number, (target, person) in enumerate(targets):
        payload: dict[str, object] = {"person": person, "why": why}
        key = f"page:{incident.id}:{place}:{number}"
        want(uow, Surface(key, "page", target, payload=payload, incident_id=incident.id), now=now)
    note = uow.surface(f"owner_note:{incident.id}")
    named = _and([f"{{{n}}} ({role})" for n, role in enumerate(asked.people.values())])
    elsewhere = _and([role for channel, role in asked.channels.items() if channel != incident.home])
    whom = _and([w for w in (named, f"the {elsewhere}" if elsewhere else "") if w])
    if note is None or not note.ts or not whom:
        return
    line: dict[str, object] = {
        "text": f"{why}: {whom} asked." + (f" {_sentence(asked.instead)}" if asked.instead else ""),
        "by": "",
        "hint": "",
        "mentions": list(asked.people),
    }
    thread = Surface(
        f"say:{KIND}:{incident.id}:{place}",
        "say",
        note.channel or incident.home,
        payload=line,
        thread=note.ts,
        incident_id=incident.id,
    )
    want(uow, thread, now=now)


def _sentence(clauses: list[str]) -> str:
    words = "; ".join(clauses)
    return f"{words[:1].upper()}{words[1:]}."


def _and(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
