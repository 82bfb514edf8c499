"""The incident's life by order of people: open, acknowledge, lead, update, note, mitigate, resolve, reopen, close."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.facts import move_facts
from playbooks.domain.incidents import Incident, Role, State, check_move, open_key
from playbooks.domain.timeline import EventKind, Precision
from playbooks.messages import Say
from playbooks.plays.house import House, must_find, redraw, refresh, say_in_channel, want
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.postmortem import open_questions
from playbooks.plays.reach import next_in_line
from playbooks.plays.receive import open_up
from playbooks.ports import NewIncident, Surface, UnitOfWork

_TITLE_MAX = 200
_TEXT_MAX = 3000


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person says when opening an incident; all but the title may be empty."""

    title: str
    component: str = ""
    severity: str = ""


def declare(house: House, order: Order, said: Declaration) -> tuple[int, Say]:
    """Open an incident by hand. Raises UnknownName for a component or severity that does not exist."""
    registry = house.registry()
    title = " ".join(said.title.split())[:_TITLE_MAX]
    component = registry.component(said.component) if said.component else None
    severity = _severity_id(house, said.severity) if said.severity else ""
    if not title:
        title = f"something is wrong with {said.component}" if component else ""
    if not title:
        raise errors.InputError(
            "An incident needs a few words.", f"Try `{house.rules.root} new fraud-scorer declines doubled`."
        )
    team_id = component.accountable if component else house.rules.triage_team
    team = registry.teams.get(team_id)
    failure = "declared-" + (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "by-hand")
    with execution(house, order) as (uow, now):
        incident, new = uow.open_incident(
            NewIncident(
                title=title,
                component=said.component,
                failure=failure,
                open_key=open_key(said.component, failure),
                severity=severity,
                opened_at=now,
                detected_at=now,
                opened_by=order.actor.id,
                team=team_id,
                home=(team.channel if team and team.channel else "") or house.rules.triage_channel or order.channel,
            )
        )
        if not new:
            return incident.id, Say(
                f"{incident.name} is already open for this.", f"See `{house.rules.root} status {incident.name}`."
            )
        open_up(house, uow, incident, by=order.actor.role, source=order.source, now=now, actor=order.actor)
    where = f" {team_id} is told." if team_id else " Nobody owns it yet; the triage channel is told."
    return incident.id, Say(f"{incident.name} is open.{where}", "The channel follows in a moment.")


def _severity_id(house: House, word: str) -> str:
    low = word.strip().lower()
    for severity in house.rules.severities:
        if low in (severity.id, severity.label.lower(), str(severity.level), *severity.alert_words):
            return severity.id
    names = ", ".join(s.id for s in house.rules.severities)
    raise errors.UnknownName(
        f"There is no severity “{word}”.", f"Use one of: {names}.", nearest=tuple(s.id for s in house.rules.severities)
    )


# ------------------------------------------------------------------ people


def acknowledge(house: House, order: Order, incident_id: int, *, lead: bool = False) -> Say:
    """Acknowledge; with `lead` also take the lead ("I take it"). A second acknowledgement says who was first."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        _must_be_open(incident)
        if incident.acknowledged_at is None:
            uow.append(
                incident_id,
                event_of(order, incident, EventKind.ACK, f"{incident.name} acknowledged", now=now, dedup="ack"),
                now=now,
            )
            incident = replace(incident, acknowledged_at=now, acknowledged_by=order.actor.id)
        elif not lead:
            return Say(
                f"{incident.name} was already acknowledged by {{0}}.", mentions=_who(house, incident.acknowledged_by)
            )
        if incident.state is State.TRIAGE:
            incident = _move(uow, order, incident, State.INVESTIGATING, now)
        if lead:
            incident = change_role(house, uow, order, incident, Role.LEAD, order.actor.id, now)
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        uow.want_job("invite", str(incident_id), now=now, lane=f"incident:{incident_id}")
    return Say(f"You lead {incident.name}." if lead else f"{incident.name} is acknowledged.")


def take_role(house: House, order: Order, incident_id: int, role: Role, person: str) -> Say:
    """Give a role to a person (actor id); tells the channel."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        _must_be_open(incident)
        if incident.state is State.TRIAGE and role is Role.LEAD:
            incident = _move(uow, order, incident, State.INVESTIGATING, now)
        incident = save(uow, change_role(house, uow, order, incident, role, person, now))
        refresh(uow, incident, now=now)
        uow.want_job("invite", str(incident_id), now=now, lane=f"incident:{incident_id}")
    return Say(f"{{0}} is {role.value} of {incident.name}.", mentions=_who(house, person))


def change_role(
    house: House, uow: UnitOfWork, order: Order, incident: Incident, role: Role, person: str, now: datetime
) -> Incident:
    """The incident with a role given to a person, recorded and told; to be saved by the caller."""
    before = incident.lead if role is Role.LEAD else incident.comms
    if before == person:
        return incident
    key = f"role:{role.value}:{incident.version}:{order.once or house.ids.new()}"
    facts = dict(move_facts(before, person, role=role.value))
    uow.append(
        incident.id,
        event_of(order, incident, EventKind.ROLE, f"{role.value} taken", now=now, dedup=key, payload=facts),
        now=now,
    )
    text = f"{{0}} is {role.value} now."
    _announce(house, uow, order, incident, text, now, mentions=[person])
    return replace(incident, lead=person) if role is Role.LEAD else replace(incident, comms=person)


def not_me(house: House, order: Order, incident_id: int) -> Say:
    """The person on call cannot take it: the next one, then a deputy, is named in the owner's message."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        _must_be_open(incident)
        passed = [str(e.payload.get("from", "")) for e in uow.events(incident_id) if e.payload.get("passed")]
        person = next_in_line(house, incident, refused=[*passed, order.actor.id])
        facts = dict(move_facts(order.actor.id, person, passed=True))
        text = "passed on: cannot take it" + ("" if person else "; nobody else is named")
        key = f"pass:{order.actor.id}"
        if (
            uow.append(
                incident_id, event_of(order, incident, EventKind.PAGE, text, now=now, dedup=key, payload=facts), now=now
            )
            is None
        ):
            return Say("You already said so; the others know.")
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        if person:
            _announce(house, uow, order, incident, "{0}, can you take it?", now, mentions=[person])
    if not person:
        return Say("Nobody else is named for this component; the team's channel is asked.")
    return Say("Thanks. {0} is asked.", mentions=_who(house, person))


# ------------------------------------------------------------------ what is known


def set_severity(house: House, order: Order, incident_id: int, word: str) -> Say:
    """Change the severity."""
    severity = _severity_id(house, word)
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        if incident.severity == severity:
            return Say(f"{incident.name} already is {_label(house, severity)}.")
        facts = dict(move_facts(incident.severity, severity))
        text = f"severity {_label(house, incident.severity) or 'unset'} → {_label(house, severity)}"
        key = f"severity:{incident.version}:{severity}"
        uow.append(
            incident_id, event_of(order, incident, EventKind.SEVERITY, text, now=now, dedup=key, payload=facts), now=now
        )
        incident = save(uow, replace(incident, severity=severity))
        refresh(uow, incident, now=now)
        _announce(house, uow, order, incident, f"{incident.name}: {text}", now)
    return Say(f"{incident.name} is {_label(house, severity)}.")


def _label(house: House, severity_id: str) -> str:
    severity = house.rules.severity(severity_id)
    return severity.label if severity else severity_id


def update(house: House, order: Order, incident_id: int, text: str) -> Say:
    """Speak to people: posted in the channel, recorded as communication."""
    words = _words(text, "An update needs a text.", f"`{house.rules.root} update we are rolling back`")
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        key = f"update:{order.once or house.ids.new()}"
        elsewhere = house.rules.updates_channel
        facts = {"audience": "incident and updates channels" if elsewhere else "incident channel"}
        event = uow.append(
            incident_id, event_of(order, incident, EventKind.COMMS, words, now=now, dedup=key, payload=facts), now=now
        )
        incident = save(uow, replace(incident, last_update_at=now))
        payload = {"text": words, "by": order.actor.id, "at": now.isoformat()}
        posted = event.id if event else key
        say_in_channel(uow, incident, "update", posted, dict(payload), now=now)
        if elsewhere:
            copy = Surface(f"update:{posted}:updates", "update", elsewhere, payload=payload, incident_id=incident_id)
            want(uow, copy, now=now)
        refresh(uow, incident, now=now)
    return Say("Your update is posted.")


def note(
    house: House,
    order: Order,
    incident_id: int,
    text: str,
    *,
    at: datetime | None = None,
    precision: Precision = Precision.EXACT,
    entered_tz: str = "",
    kind: EventKind = EventKind.NOTE,
    payload: Mapping[str, Any] | None = None,
) -> Say:
    """Write a line of the timeline, at its own time."""
    words = _words(text, "A note needs a text.", f"`{house.rules.root} note 14:05 queue is draining`")
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        if at is not None and at > now:
            raise errors.InputError("That time is in the future.", "Give a time that has passed.")
        key = f"note:{order.once or house.ids.new()}"
        uow.append(
            incident_id,
            event_of(
                order,
                incident,
                kind,
                words,
                now=now,
                dedup=key,
                at=at,
                precision=precision,
                entered_tz=entered_tz,
                payload=dict(payload or {}),
            ),
            now=now,
        )
        redraw(uow, incident, now=now)
    return Say(f"Added to the timeline of {incident.name}.")


def _words(text: str, sentence: str, example: str) -> str:
    words = text.strip()
    if not words:
        raise errors.InputError(sentence, f"Try {example}.")
    if len(words) > _TEXT_MAX:
        raise errors.InputError(f"That text is too long ({len(words)} characters; {_TEXT_MAX} at most).", "Shorten it.")
    return words


# ------------------------------------------------------------------ states


def mitigate(house: House, order: Order, incident_id: int, text: str = "", *, at: datetime | None = None) -> Say:
    """The harm has stopped; the cause may remain."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.MITIGATED, incident.name)
        when = at or now
        if when > now:
            raise errors.InputError("That time is in the future.", "Give a time that has passed.")
        uow.append(
            incident_id,
            event_of(
                order,
                incident,
                EventKind.MITIGATED,
                text.strip() or "mitigated",
                now=now,
                dedup=f"mitigated:{incident.version}",
                at=when,
            ),
            now=now,
        )
        incident = save(uow, replace(_move(uow, order, incident, State.MITIGATED, now), mitigated_at=when))
        refresh(uow, incident, now=now)
        _announce(
            house,
            uow,
            order,
            incident,
            f"{incident.name} is mitigated.",
            now,
            hint=f"When it is over: `{house.rules.root} resolve`.",
        )
    return Say(f"{incident.name} is mitigated.")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a person says at resolve: the moments that are never guessed, each may be left open."""

    text: str = ""
    impact_at: datetime | None = None
    relief_at: datetime | None = None


def resolve(house: House, order: Order, incident_id: int, said: Resolution) -> Say:
    """Over: the draft follows. The `resolved` event is in the chain before the draft is rendered."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.RESOLVED, incident.name)
        for when, what in ((said.impact_at, "Impact"), (said.relief_at, "Relief")):
            if when is not None and when > now:
                raise errors.InputError(f"{what} cannot be in the future.", "Give a time that has passed.")
        incident = _moments(uow, order, incident, said, now)
        key = f"resolved:{incident.version}"
        text = said.text.strip() or "resolved"
        uow.append(incident_id, event_of(order, incident, EventKind.RESOLVED, text, now=now, dedup=key), now=now)
        incident = replace(_move(uow, order, incident, State.RESOLVED, now), resolved_at=now)
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        say_in_channel(uow, incident, "resolved", f"{incident_id}:{incident.reopened}", {"by": order.actor.id}, now=now)
        uow.want_job("document", str(incident_id), now=now, lane=f"incident:{incident_id}")
    return Say(f"{incident.name} is resolved. The draft follows in the channel.")


def _moments(uow: UnitOfWork, order: Order, incident: Incident, said: Resolution, now: datetime) -> Incident:
    if said.impact_at is not None:
        key = f"impact:{said.impact_at.isoformat()}"
        text = "impact began"
        uow.append(
            incident.id,
            event_of(
                order,
                incident,
                EventKind.IMPACT_START,
                text,
                now=now,
                dedup=key,
                at=said.impact_at,
                precision=Precision.MINUTE,
            ),
            now=now,
        )
        incident = replace(incident, impact_at=said.impact_at)
    if said.relief_at is not None and incident.mitigated_at is None:
        key = f"relief:{said.relief_at.isoformat()}"
        uow.append(
            incident.id,
            event_of(
                order,
                incident,
                EventKind.MITIGATED,
                "relief",
                now=now,
                dedup=key,
                at=said.relief_at,
                precision=Precision.MINUTE,
            ),
            now=now,
        )
        incident = replace(incident, mitigated_at=said.relief_at)
    return incident


def cancel(house: House, order: Order, incident_id: int, text: str = "") -> Say:
    """It was none; what was recorded stays."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.CANCELLED, incident.name)
        incident = save(uow, _move(uow, order, incident, State.CANCELLED, now, text))
        refresh(uow, incident, now=now)
        _announce(house, uow, order, incident, f"{incident.name} is cancelled.", now)
    return Say(f"{incident.name} is cancelled.", f"`{house.rules.root} reopen` brings it back.")


def reopen(house: House, order: Order, incident_id: int, text: str = "") -> Say:
    """Back to investigating, in the same channel; nobody is paged again."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        if incident.open:
            raise errors.Conflict(
                f"{incident.name} is open.", f"See `{house.rules.root} status`.", code="already_there"
            )
        other = uow.open_incident_for(open_key(incident.component, incident.failure))
        if other is not None:
            raise errors.Conflict(
                f"{other.name} is open for the same failure.",
                f"Go on there: `{house.rules.root} status {other.name}`.",
                code="other_open",
            )
        incident = _move(uow, order, incident, State.INVESTIGATING, now, text)
        incident = replace(
            incident, resolved_at=None, closed_at=None, mitigated_at=None, reopened=incident.reopened + 1
        )
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        _announce(house, uow, order, incident, f"{incident.name} is open again.", now)
    return Say(f"{incident.name} is open again.")


def close(house: House, order: Order, incident_id: int, text: str = "") -> Say:
    """The review is done: needs every question of the draft answered, or the reason why not in `text`."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.CLOSED, incident.name)
        left = open_questions(uow, incident)
        if left and not text.strip():
            raise errors.Conflict(
                f"{incident.name} has {left} open question{'s' if left != 1 else ''} in its draft.",
                f"Answer them (`/postmortem`), or close with a reason: `{house.rules.root} close <why>`.",
                code="draft_open",
            )
        incident = save(uow, replace(_move(uow, order, incident, State.CLOSED, now, text), closed_at=now))
        refresh(uow, incident, now=now)
    return Say(f"{incident.name} is closed.")


def _move(uow: UnitOfWork, order: Order, incident: Incident, wanted: State, now: datetime, text: str = "") -> Incident:
    check_move(incident.state, wanted, incident.name)
    facts = dict(move_facts(incident.state.value, wanted.value))
    words = f"{incident.state.value} → {wanted.value}" + (f": {text.strip()}" if text.strip() else "")
    uow.append(
        incident.id,
        event_of(
            order,
            incident,
            EventKind.STATUS,
            words,
            now=now,
            dedup=f"status:{incident.version}:{wanted.value}",
            payload=facts,
        ),
        now=now,
    )
    return replace(incident, state=wanted)


# ------------------------------------------------------------------ shared by the orders above


def _must_be_open(incident: Incident) -> None:
    if not incident.open:
        raise errors.Conflict(
            f"{incident.name} is {incident.state.value}.", "Reopen it first: `/inc reopen`.", code="wrong_state"
        )


def save(uow: UnitOfWork, incident: Incident) -> Incident:
    """Write what a play changed. The chain's own columns were moved on by `append`, so they are taken from the row."""
    fresh = uow.incident(incident.id)
    if fresh is not None:
        incident = replace(incident, chain_seq=fresh.chain_seq, chain_head=fresh.chain_head, version=fresh.version)
    key = open_key(incident.component, incident.failure) if incident.open else None
    return uow.save_incident(incident, open_key=key)


def _announce(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    text: str,
    now: datetime,
    *,
    hint: str = "",
    mentions: list[str] | None = None,
) -> None:
    payload: dict[str, object] = {"text": text, "by": order.actor.id, "hint": hint, "mentions": mentions or []}
    say_in_channel(uow, incident, "say", house.ids.new(), payload, now=now)


def _who(house: House, person: str) -> tuple[Any, ...]:
    found = house.who(person)
    return (found,) if found else ()
