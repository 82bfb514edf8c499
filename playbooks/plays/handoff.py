"""Handing a role over: offered with a brief, accepted or not; unaccepted ones are asked again and go up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import ActionState
from playbooks.domain.clocks import say_span
from playbooks.domain.handoffs import Handoff, handoff_facts
from playbooks.domain.incidents import Incident, Role
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent, timeline_view
from playbooks.messages import Fact, HandoffOffer, Say, Who
from playbooks.plays.house import House, must_find, refresh, tag_of, want
from playbooks.plays.moves import save
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.reach import next_in_line
from playbooks.plays.roles import change_role
from playbooks.ports import Surface, Timer, UnitOfWork

REMIND_AFTER = timedelta(minutes=10)
ESCALATE_AFTER = 2  # reminders, then the accountable team's channel is told


# ------------------------------------------------------------------ by people


def offer(house: House, order: Order, incident_id: int, role: Role, receiver: str) -> Say:
    """Offer a role. The giver stays responsible until it is accepted. An older open offer of the role is withdrawn.

    Raises Denied for somebody who neither holds the role nor leads, InputError for an offer to oneself.
    """
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        if not incident.open:
            raise errors.Conflict(f"{incident.name} is {incident.state.value}.", "Reopen it first: `/inc reopen`.")
        giver = (incident.lead if role is Role.LEAD else incident.comms) or order.actor.id
        _may_offer(house, order, incident, giver)
        if receiver == giver:
            raise errors.InputError(
                f"{receiver.removeprefix('slack:')} already is {role.value}.", "Name somebody else with @."
            )
        for old in uow.handoffs(incident_id, open_only=True):
            if old.role == role.value:
                _answer(uow, order, incident, old, "withdrawn", "replaced by a newer offer", now)
        handoff = uow.add_handoff(
            Handoff(0, incident_id, role.value, giver, receiver, now, brief=brief(house, uow, incident, now))
        )
        _record(uow, order, incident, handoff, "offered", f"{role.value} offered", now)
        _show(house, uow, handoff, now)
        _remind_at(uow, handoff, now + REMIND_AFTER)
    mentions = _people(house, receiver, giver)
    return Say("{0} is asked. Until it is accepted, {1} stays " + role.value + ".", mentions=mentions)


def _may_offer(house: House, order: Order, incident: Incident, giver: str) -> None:
    if order.actor.id in (giver, incident.lead):
        return
    raise errors.Denied(
        f"Only who holds the role may hand it over: {giver.removeprefix('slack:')} does.",
        f"If nobody answers, take it: `{house.rules.root} lead`.",
        ask=(giver,),
    )


def accept(house: House, order: Order, handoff_id: int) -> Say:
    """Accept an offered role: from now on the receiver is responsible. Raises Denied for anybody else."""
    with execution(house, order) as (uow, now):
        handoff, incident = _open(uow, handoff_id)
        if order.actor.id != handoff.receiver:
            raise errors.Denied("This hand-off is offered to somebody else.", ask=(handoff.receiver,))
        handoff = _answer(uow, order, incident, handoff, "accepted", "", now)
        incident = change_role(house, uow, order, incident, Role(handoff.role), handoff.receiver, now)
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        uow.want_job("invite", str(incident.id), now=now, lane=f"incident:{incident.id}")
        _show(house, uow, handoff, now)
    took = say_span(now - handoff.offered_at)
    return Say(f"You are {handoff.role} of {incident.name} now, {took} after it was offered.")


def decline(house: House, order: Order, handoff_id: int, reason: str = "") -> Say:
    """Not now: the giver stays and is told. The giver may take the offer back by it."""
    with execution(house, order) as (uow, now):
        handoff, incident = _open(uow, handoff_id)
        if order.actor.id not in (handoff.receiver, handoff.giver):
            raise errors.Denied("This hand-off is offered to somebody else.", ask=(handoff.receiver,))
        state = "declined" if order.actor.id == handoff.receiver else "withdrawn"
        handoff = _answer(uow, order, incident, handoff, state, reason.strip(), now)
        _show(house, uow, handoff, now)
        line = next_in_line(house, incident, refused=[handoff.giver, handoff.receiver])
        people = [handoff.giver, *([line] if line else [])]
        hint = " {1} is next in line." if line else ""
        _say(
            house, uow, incident, f"handoff:{handoff.id}:{state}", "{0} stays " + handoff.role + "." + hint, people, now
        )
    return Say(f"The hand-off is {state}.")


def latest_for(uow: UnitOfWork, incident_id: int, receiver: str) -> Handoff | None:
    """The open offer of this incident to this person, for `/inc accept`."""
    return next((h for h in reversed(uow.handoffs(incident_id, open_only=True)) if h.receiver == receiver), None)


def _open(uow: UnitOfWork, handoff_id: int) -> tuple[Handoff, Incident]:
    handoff = uow.handoff(handoff_id, lock=True)
    if handoff is None:
        raise errors.UnknownName(f"There is no hand-off {handoff_id}.", "See the incident's channel.")
    if not handoff.open:
        raise errors.Conflict(
            f"This hand-off is already {handoff.state}.", "Nothing was changed.", code="already_done_so"
        )
    return handoff, must_find(uow, handoff.incident_id)


def lead_left(house: House, order: Order, channel: str) -> None:
    """The lead left the incident's channel: asked to hand off; nothing is taken away by machine."""
    with execution(house, order) as (uow, now):
        incident = uow.incident_by_channel(channel)
        if incident is None or not incident.open or incident.lead != order.actor.id:
            return
        text = (
            "{0} leads "
            + incident.name
            + " and left this channel. Hand the lead over: `/inc handoff @…`, or take it: `/inc lead`."
        )
        _say(house, uow, incident, f"handoff:left:{incident.id}:{order.once}", text, [incident.lead], now)
        payload: dict[str, object] = {"text": text, "by": "", "hint": "", "mentions": [incident.lead]}
        slack = order.actor.slack
        want(
            uow,
            Surface(f"say:left:{order.once}", "say", f"dm:{slack}", payload=payload, incident_id=incident.id),
            now=now,
        )


# ------------------------------------------------------------------ by time


def remind(house: House, uow: UnitOfWork, handoff_id: int, now: datetime) -> None:
    """Nobody accepted: the receiver is asked again, then the accountable team's channel."""
    handoff = uow.handoff(handoff_id, lock=True)
    incident = uow.incident(handoff.incident_id) if handoff is not None else None
    if handoff is None or incident is None or not handoff.open or not incident.open:
        return
    handoff = uow.save_handoff(replace(handoff, reminders=handoff.reminders + 1))
    escalated = handoff.reminders >= ESCALATE_AFTER
    phase = "escalated" if escalated else "reminded"
    uow.append(incident.id, _machine(handoff, phase, incident, now), now=now)
    waits = say_span(now - handoff.offered_at)
    text = f"The {handoff.role} of {incident.name} was offered to {{0}} {waits} ago and is not accepted; {{1}} stays."
    people = [handoff.receiver, handoff.giver]
    _say(house, uow, incident, f"handoff:{handoff.id}:{handoff.reminders}", text, people, now)
    if escalated and incident.home:
        payload: dict[str, object] = {"text": text, "by": "", "hint": "", "mentions": people}
        key = f"say:handoff:{handoff.id}:{handoff.reminders}:home"
        want(uow, Surface(key, "say", incident.home, payload=payload, incident_id=incident.id), now=now)
    _remind_at(uow, handoff, now + REMIND_AFTER)


# ------------------------------------------------------------------ the brief


def brief(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> tuple[tuple[str, str], ...]:
    """What the receiver has to know, from rows alone: state, in flight, decisions, hypotheses, update, people."""
    actions = uow.actions_of(incident.id)
    flying = [
        f"{o.component} off until {o.due_at:%H:%M} UTC" for o in uow.overrides(open_only=True, incident_id=incident.id)
    ]
    flying += [
        f"{a.kind.value} of {a.component}: {a.state.value}"
        for a in actions
        if not a.over and a.state not in (ActionState.PREVIEWED, ActionState.PLANNING, ActionState.AWAITING)
    ]
    waiting = [f"{a.kind.value} of {a.component} (action {a.id})" for a in actions if a.state is ActionState.AWAITING]
    events = uow.events(incident.id)
    lines = timeline_view(events)
    thought = [line.event for line in lines if line.event.kind is EventKind.HYPOTHESIS]
    refuted = [e.text for e in thought if e.payload.get("state") == "refuted"]
    held = [e.text for e in thought if e.payload.get("state") not in ("refuted", "confirmed")]
    severity = house.rules.severity(incident.severity)
    due = (incident.last_update_at or incident.opened_at) + timedelta(seconds=severity.update_every if severity else 0)
    update = f"{due:%H:%M} UTC" if severity and severity.update_every else "none due"
    acted = sorted(
        {e.new.actor.role for e in uow.events(incident.id) if e.new.actor.kind.value == "human" and e.new.actor.role}
    )
    found = (
        ("State", f"{incident.state.value}, open for {say_span(now - incident.opened_at)}"),
        ("In flight", "; ".join(flying) or "nothing"),
        ("Open decisions", "; ".join(waiting) or "none"),
        ("Open hypotheses", "; ".join(held)[:300]),
        ("Refuted", "; ".join(refuted)[:300]),
        ("Next update due", update),
        ("Who acted", ", ".join(acted)[:300]),
    )
    return tuple((label, text) for label, text in found if text)


def offer_view(house: House, uow: UnitOfWork, surface: Surface) -> HandoffOffer | None:
    """The message of a hand-off: with its buttons while it is open, then how it ended."""
    handoff = uow.handoff(int(surface.id.split(":")[1]))
    incident = uow.incident(handoff.incident_id) if handoff is not None else None
    if handoff is None or incident is None:
        return None
    return HandoffOffer(
        tag=tag_of(house, incident),
        handoff=handoff.id,
        role=handoff.role,
        giver=house.who(handoff.giver) or Who("nobody"),
        receiver=house.who(handoff.receiver) or Who("nobody"),
        brief=tuple(Fact(label, text) for label, text in handoff.brief),
        state=handoff.state,
        offered_at=handoff.offered_at,
        answered_at=handoff.answered_at,
        reason=handoff.reason,
    )


# ------------------------------------------------------------------ shared


def _answer(
    uow: UnitOfWork, order: Order, incident: Incident, handoff: Handoff, state: str, reason: str, now: datetime
) -> Handoff:
    handoff = uow.save_handoff(replace(handoff, state=state, answered_at=now, reason=reason))
    uow.cancel_timer(f"handoff_remind:{handoff.id}")
    said = f": {reason}" if reason else ""
    _record(uow, order, incident, handoff, state, f"hand-off of {handoff.role} {state}{said}", now)
    target = f"incident:{incident.id}"
    want(uow, Surface(f"handoff:{handoff.id}:channel", "handoff", target, incident_id=incident.id), now=now)
    return handoff


def _record(
    uow: UnitOfWork, order: Order, incident: Incident, handoff: Handoff, phase: str, text: str, now: datetime
) -> None:
    key = f"handoff:{handoff.id}:{phase}"
    event = event_of(
        order, incident, EventKind.HANDOFF, text, now=now, dedup=key, payload=dict(handoff_facts(handoff, phase))
    )
    uow.append(incident.id, event, now=now)


def _machine(handoff: Handoff, phase: str, incident: Incident, now: datetime) -> NewEvent:
    return NewEvent(
        kind=EventKind.PAGE,
        text=f"hand-off of {handoff.role} not accepted yet; asked again",
        actor=MUSTER,
        occurred_at=now,
        source=EventSource.SCHEDULER,
        dedup_key=f"handoff:{handoff.id}:{phase}:{handoff.reminders}",
        component=incident.component,
        payload=dict(handoff_facts(handoff, phase)),
    )


def _show(house: House, uow: UnitOfWork, handoff: Handoff, now: datetime) -> None:
    target = f"incident:{handoff.incident_id}"
    want(uow, Surface(f"handoff:{handoff.id}:channel", "handoff", target, incident_id=handoff.incident_id), now=now)
    found = house.who(handoff.receiver)
    if found is not None and found.slack:
        place = f"dm:{found.slack}"
        want(uow, Surface(f"handoff:{handoff.id}:dm", "handoff", place, incident_id=handoff.incident_id), now=now)


def _remind_at(uow: UnitOfWork, handoff: Handoff, due: datetime) -> None:
    uow.set_timer(Timer(f"handoff_remind:{handoff.id}", "handoff_remind", str(handoff.id), due))


def _people(house: House, *actors: str) -> tuple[Who, ...]:
    return tuple(house.who(a) or Who(a) for a in actors)


def _say(
    house: House, uow: UnitOfWork, incident: Incident, key: str, text: str, mentions: list[str], now: datetime
) -> None:
    payload: dict[str, object] = {"text": text, "by": "", "hint": "", "mentions": mentions}
    target = f"incident:{incident.id}"
    want(uow, Surface(f"say:{key}", "say", target, payload=payload, incident_id=incident.id), now=now)
