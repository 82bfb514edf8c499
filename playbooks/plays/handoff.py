"""Handing a role over: offered with a brief, accepted or not; unaccepted ones are asked again and go up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.clocks import say_span
from playbooks.domain.facts import move_facts
from playbooks.domain.handoffs import Handoff, handoff_facts
from playbooks.domain.incidents import Incident, Role
from playbooks.domain.lateness import late_by
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, NewEvent
from playbooks.messages import Fact, HandoffOffer, Say, Who
from playbooks.plays.briefs import brief
from playbooks.plays.house import House, must_find, refresh, spoken, tag_of, want
from playbooks.plays.moves import must_be_open, save
from playbooks.plays.orders import Order, event_of, execution, own_event
from playbooks.plays.reach import line_of, next_in_line
from playbooks.plays.receivers import TEAM, asked, on_call_receiver, receivers, take_over, team_behind, team_receiver
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
        _put(house, uow, order, incident, Handoff(0, incident_id, role.value, giver, receiver, now))
    mentions = _people(house, receiver, giver)
    return Say("{0} is asked. Until it is accepted, {1} stays " + role.value + ".", mentions=mentions)


def offer_on_call(house: House, order: Order, incident_id: int, role: Role, team: str) -> Say:
    """Offer a role to whoever is on call for a team; the incident stays with its own team.

    Raises UnknownName for no team, Denied as `offer`, InputError where nobody there could accept.
    """
    house.registry().team(team)
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        must_be_open(incident)
        giver = (incident.lead if role is Role.LEAD else incident.comms) or order.actor.id
        _may_offer(house, order, incident, giver)
        handoff = Handoff(0, incident_id, role.value, giver, on_call_receiver(team), now)
        people = _askable(house, handoff, team)
        _put(house, uow, order, incident, handoff)
    named = ", ".join(f"{{{place}}}" for place in range(len(people)))
    said = f"On call {team} is asked ({named}). Until it is accepted, {{{len(people)}}} stays {role.value}."
    return Say(said, mentions=_people(house, *people, giver))


def _askable(house: House, handoff: Handoff, team: str) -> tuple[str, ...]:
    people = asked(house, handoff)
    if not people:
        raise errors.InputError(
            f"Nobody of {team} could accept: it has neither on call nor members.", "Name a person with @."
        )
    return people


def offer_team(house: House, order: Order, incident_id: int, team: str) -> Say:
    """Offer the whole incident to another team; its on call must accept. Until then the giver stays responsible.

    Raises UnknownName for no team, Denied for who does not lead (without a lead: who is not of its team), InputError
    where it is that team's already or nobody there could accept.
    """
    registry = house.registry()
    registry.team(team)
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        must_be_open(incident)
        giver = incident.lead or order.actor.id
        if not incident.lead and order.actor.id not in _members(house, incident.team):
            ask = line_of(house, incident)[:1]
            raise errors.Denied(f"Nobody leads {incident.name}, so only its team may hand it over.", ask=ask)
        _may_offer(house, order, incident, giver)
        if team == incident.team:
            raise errors.InputError(f"{incident.name} is {team}'s already.", "Name another team.")
        handoff = Handoff(0, incident_id, TEAM, giver, team_receiver(team), now)
        people = _askable(house, handoff, team)
        _put(house, uow, order, incident, handoff)
    named = ", ".join(f"{{{place}}}" for place in range(len(people)))
    said = f"{team} is asked ({named}). Until one of them accepts, {{{len(people)}}} stays responsible."
    return Say(said, mentions=_people(house, *people, giver))


def _put(house: House, uow: UnitOfWork, order: Order, incident: Incident, handoff: Handoff) -> None:
    """Withdraw an older open offer of the role, and offer this one."""
    now = handoff.offered_at
    for old in uow.handoffs(incident.id, open_only=True):
        if old.role == handoff.role:
            _answer(uow, order, incident, old, "withdrawn", "replaced by a newer offer", now)
    handoff = uow.add_handoff(replace(handoff, brief=brief(house, uow, incident, now)))
    _record(uow, order, incident, handoff, "offered", f"{handoff.role} offered", now)
    _show(house, uow, handoff, now)
    _remind_at(uow, handoff, now + REMIND_AFTER)


def _members(house: House, team: str) -> tuple[str, ...]:
    found = house.registry().teams.get(team)
    return found.members if found is not None else ()


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
        if order.actor.id not in receivers(house, handoff):
            raise errors.Denied("This hand-off is offered to somebody else.", ask=asked(house, handoff))
        if handoff.role != TEAM:  # of a role, whoever accepts it has it
            handoff = replace(handoff, receiver=order.actor.id)
        handoff = _answer(uow, order, incident, handoff, "accepted", "", now)
        incident = save(uow, take_over(house, uow, order, incident, handoff, now))
        refresh(uow, incident, now=now)
        uow.want_job("invite", str(incident.id), now=now, lane=f"incident:{incident.id}")
        _show(house, uow, handoff, now)
    took = say_span(now - handoff.offered_at)
    role = f"lead of {incident.name} now, for {incident.team}" if handoff.role == TEAM else ""
    return Say(f"You are {role or f'{handoff.role} of {incident.name} now'}, {took} after it was offered.")


def decline(house: House, order: Order, handoff_id: int, reason: str = "") -> Say:
    """Not now: the giver stays and is told. The giver may take the offer back by it."""
    with execution(house, order) as (uow, now):
        handoff, incident = _open(uow, handoff_id)
        able = receivers(house, handoff)
        if order.actor.id not in (*able, handoff.giver):
            raise errors.Denied("This hand-off is offered to somebody else.", ask=asked(house, handoff))
        state = "declined" if order.actor.id in able else "withdrawn"
        handoff = _answer(uow, order, incident, handoff, state, reason.strip(), now)
        _show(house, uow, handoff, now)
        line = next_in_line(house, incident, refused=[handoff.giver, *able])
        people = [handoff.giver, *([line] if line else [])]
        hint = " {1} is next in line." if line else ""
        text = "{0} stays " + _stays(handoff) + "." + hint
        _say(house, uow, incident, f"handoff:{handoff.id}:{state}", text, people, now)
    return Say(f"The hand-off is {state}.")


def _stays(handoff: Handoff) -> str:
    return "responsible" if handoff.role == TEAM else handoff.role


def latest_for(house: House, uow: UnitOfWork, incident_id: int, receiver: str) -> Handoff | None:
    """The open offer of this incident to this person, for `/inc accept`."""
    newest = reversed(uow.handoffs(incident_id, open_only=True))
    return next((h for h in newest if receiver in receivers(house, h)), None)


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
        root = house.rules.root
        offers = [h for h in uow.handoffs(incident.id, open_only=True) if h.role in (Role.LEAD.value, TEAM)]
        people = [incident.lead, *(asked(house, offers[-1]) if offers else ())]
        offered = ", ".join(f"{{{place}}}" for place in range(1, len(people)))
        waits = f" It is offered to {offered}, who has not accepted yet." if offered else ""
        text = f"{{0}} leads {incident.name} and left this channel, and stays responsible until somebody takes over."
        phase = dict(move_facts(order.actor.id, "", phase="lead_left", offered=bool(offers)))
        said = "the lead left the incident's channel" + ("" if offers else "; asked to hand over")
        key = f"handoff:left:{order.once or house.ids.new()}"
        event = event_of(order, incident, EventKind.PAGE, said, now=now, dedup=key, payload=phase)
        uow.append(incident.id, replace(event, actor=MUSTER), now=now)
        hint = f"Hand it over: `{root} {incident.name} handoff @…`. Or take it: `{root} {incident.name} lead`."
        payload = spoken(text + waits, people, hint=hint)
        home = Surface(
            f"say:handoff:left:{incident.id}:{order.once}",
            "say",
            f"incident:{incident.id}",
            payload=payload,
            incident_id=incident.id,
        )
        want(uow, home, now=now)
        own = f"You lead {incident.name} and left its channel. You stay responsible until somebody takes over.{waits}"
        payload = spoken(own, people, hint=hint.partition(" Or take")[0])
        direct = f"dm:{order.actor.slack}"
        want(uow, Surface(f"say:left:{order.once}", "say", direct, payload=payload, incident_id=incident.id), now=now)


# ------------------------------------------------------------------ by time


def remind(house: House, uow: UnitOfWork, handoff_id: int, now: datetime, *, due: datetime | None = None) -> None:
    """Nobody accepted: the receiver is asked again, then the accountable team's channel; late ones say so."""
    handoff = uow.handoff(handoff_id, lock=True)
    incident = uow.incident(handoff.incident_id) if handoff is not None else None
    if handoff is None or incident is None or not handoff.open or not incident.open:
        return
    handoff = uow.save_handoff(replace(handoff, reminders=handoff.reminders + 1))
    escalated = handoff.reminders >= ESCALATE_AFTER
    phase = "escalated" if escalated else "reminded"
    uow.append(incident.id, _machine(handoff, phase, incident, now), now=now)
    waits = say_span(now - handoff.offered_at)
    people = [*asked(house, handoff), handoff.giver]
    named = ", ".join(f"{{{place}}}" for place in range(len(people) - 1)) or "nobody"
    what = "" if handoff.role == TEAM else f"The {handoff.role} of "
    text = f"{what}{incident.name} was offered to {named} {waits} ago and is not accepted; {{{len(people) - 1}}} stays."
    late = late_by(due, now) if due is not None else None
    text += f" ({say_span(late)} late: I could not ask in time.)" if late is not None else ""
    _nudge(house, uow, incident, handoff, text, people, now)
    _say(house, uow, incident, f"handoff:{handoff.id}:{handoff.reminders}", text, people, now)
    for place, channel in _higher(house, incident, handoff) if escalated else ():
        payload = spoken(text, people)
        key = f"say:handoff:{handoff.id}:{handoff.reminders}:{place}"
        want(uow, Surface(key, "say", channel, payload=payload, incident_id=incident.id), now=now)
    _remind_at(uow, handoff, now + REMIND_AFTER)


def _nudge(
    house: House, uow: UnitOfWork, incident: Incident, handoff: Handoff, text: str, people: list[str], now: datetime
) -> None:
    """The same to each who may accept, where it cannot be overlooked."""
    hint = f"`{house.rules.root} {incident.name} accept`, or say no with the button of the offer."
    for place, person in enumerate(people[:-1]):
        who = house.who(person)
        if who is not None and who.slack:
            payload = spoken(text, people, hint=hint)
            key = f"say:handoff:{handoff.id}:{handoff.reminders}:dm:{place}"
            want(uow, Surface(key, "say", f"dm:{who.slack}", payload=payload, incident_id=incident.id), now=now)


def _higher(house: House, incident: Incident, handoff: Handoff) -> tuple[tuple[str, str], ...]:
    """Where an offer nobody accepts is told next: the team's channel, and the one it is offered to."""
    other = house.registry().teams.get(team_behind(handoff))
    places = (("home", incident.home), ("team", other.channel if other is not None else ""))
    return tuple((place, channel) for place, channel in places if channel)


# ------------------------------------------------------------------ the message


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
        receiver=_receiver(house, handoff),
        brief=tuple(Fact(label, text) for label, text in handoff.brief),
        state=handoff.state,
        offered_at=handoff.offered_at,
        answered_at=handoff.answered_at,
        reason=handoff.reason,
    )


def _receiver(house: House, handoff: Handoff) -> Who:
    team = team_behind(handoff)
    if team:
        return Who(team if handoff.role == TEAM else f"on call {team}")
    return house.who(handoff.receiver) or Who("nobody")


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
    text = f"hand-off of {handoff.role} not accepted yet; asked again"
    key = f"handoff:{handoff.id}:{phase}:{handoff.reminders}"
    return own_event(EventKind.PAGE, text, key, incident.component, handoff_facts(handoff, phase), now=now)


def _show(house: House, uow: UnitOfWork, handoff: Handoff, now: datetime) -> None:
    target = f"incident:{handoff.incident_id}"
    want(uow, Surface(f"handoff:{handoff.id}:channel", "handoff", target, incident_id=handoff.incident_id), now=now)
    for place, person in enumerate(asked(house, handoff)):
        found = house.who(person)
        if found is not None and found.slack:
            key = f"handoff:{handoff.id}:dm" + (f":{place}" if place else "")
            want(uow, Surface(key, "handoff", f"dm:{found.slack}", incident_id=handoff.incident_id), now=now)
    team = house.registry().teams.get(team_behind(handoff))
    if team is not None and team.channel:
        key = f"handoff:{handoff.id}:team"
        want(uow, Surface(key, "handoff", team.channel, incident_id=handoff.incident_id), now=now)


def _remind_at(uow: UnitOfWork, handoff: Handoff, due: datetime) -> None:
    uow.set_timer(Timer(f"handoff_remind:{handoff.id}", "handoff_remind", str(handoff.id), due))


def _people(house: House, *actors: str) -> tuple[Who, ...]:
    return tuple(house.who(a) or Who(a) for a in actors)


def _say(
    house: House, uow: UnitOfWork, incident: Incident, key: str, text: str, mentions: list[str], now: datetime
) -> None:
    payload = spoken(text, mentions)
    target = f"incident:{incident.id}"
    want(uow, Surface(f"say:{key}", "say", target, payload=payload, incident_id=incident.id), now=now)
