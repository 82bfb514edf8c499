"""What people tell of an incident: declare, acknowledge, severity, update, note, mitigate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.facts import move_facts
from playbooks.domain.incidents import Role, State, check_move
from playbooks.domain.timeline import EventKind, Precision
from playbooks.messages import Say
from playbooks.plays import all_clear, escalation
from playbooks.plays.house import House, must_find, redraw, refresh, say_in_channel, want
from playbooks.plays.moves import TEXT_MAX, announce, move_to, must_be_open, person_in_message, save
from playbooks.plays.opening import opened_by_hand
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.receive import open_up
from playbooks.plays.roles import change_role
from playbooks.ports import Surface

_TITLE_MAX = 200


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person says when opening an incident; all but the title may be empty."""

    title: str
    component: str = ""
    severity: str = ""


def declare(house: House, order: Order, said: Declaration) -> tuple[int, Say]:
    """Open an incident by hand. Raises UnknownName for a component or severity that does not exist."""
    title = " ".join(said.title.split())[:_TITLE_MAX]
    component = house.registry().component(said.component) if said.component else None
    severity = severity_id(house, said.severity) if said.severity else ""
    if not title:
        title = f"something is wrong with {said.component}" if component else ""
    if not title:
        raise errors.InputError(
            "An incident needs a few words.", f"Try `{house.rules.root} new fraud-scorer declines doubled`."
        )
    failure = failure_of(title)
    with execution(house, order) as (uow, now):
        incident, new = uow.open_incident(
            opened_by_hand(
                house, order, title=title, component=said.component, failure=failure, severity=severity, at=now
            )
        )
        if not new:
            return incident.id, Say(
                f"{incident.name} is already open for this.", f"See `{house.rules.root} status {incident.name}`."
            )
        open_up(house, uow, incident, by=order.actor.role, source=order.source, now=now, actor=order.actor)
    where = f" {incident.team} is told." if incident.team else " Nobody owns it yet; the triage channel is told."
    return incident.id, Say(f"{incident.name} is open.{where}", "The channel follows in a moment.")


def failure_of(title: str) -> str:
    """The failure key of an incident that is opened by hand: what people call the same is the same."""
    return "declared-" + (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "by-hand")


def severity_id(house: House, word: str) -> str:
    """The configured severity people call so: id, label, number or a source's word. Raises UnknownName."""
    low = word.strip().lower()
    for severity in house.rules.severities:
        if low in (severity.id, severity.label.lower(), str(severity.level), *severity.alert_words):
            return severity.id
    names = ", ".join(s.id for s in house.rules.severities)
    raise errors.UnknownName(
        f"There is no severity “{word}”.", f"Use one of: {names}.", nearest=tuple(s.id for s in house.rules.severities)
    )


def acknowledge(house: House, order: Order, incident_id: int, *, lead: bool = False, at: datetime | None = None) -> Say:
    """Acknowledge; with `lead` also take the lead ("I take it"). A second acknowledgement says who was first.

    `at`: when it was acknowledged, where that is told afterwards.
    """
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        must_be_open(incident)
        if incident.acknowledged_at is None:
            uow.append(
                incident_id,
                event_of(order, incident, EventKind.ACK, f"{incident.name} acknowledged", now=now, dedup="ack", at=at),
                now=now,
            )
            incident = replace(incident, acknowledged_at=at or now, acknowledged_by=order.actor.id)
        elif not lead:
            return Say(
                f"{incident.name} was already acknowledged by {{0}}.",
                mentions=person_in_message(house, incident.acknowledged_by),
            )
        if incident.state is State.TRIAGE:
            incident = move_to(uow, order, incident, State.INVESTIGATING, now)
        if lead:
            incident = change_role(house, uow, order, incident, Role.LEAD, order.actor.id, now)
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        uow.want_job("invite", str(incident_id), now=now, lane=f"incident:{incident_id}")
    return Say(f"You lead {incident.name}." if lead else f"{incident.name} is acknowledged.")


def set_severity(house: House, order: Order, incident_id: int, word: str) -> Say:
    """Change the severity."""
    severity = severity_id(house, word)
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
        escalation.rearm(house, uow, incident, now)
        refresh(uow, incident, now=now)
        announce(house, uow, order, incident, f"{incident.name}: {text}", now)
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
    if len(words) > TEXT_MAX:
        raise errors.InputError(f"That text is too long ({len(words)} characters; {TEXT_MAX} at most).", "Shorten it.")
    return words


def mitigate(house: House, order: Order, incident_id: int, text: str = "", *, at: datetime | None = None) -> Say:
    """The harm has stopped; the cause may remain. Raises Denied where the registry names others for the all-clear."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.MITIGATED, incident.name)
        when = at or now
        if when > now:
            raise errors.InputError("That time is in the future.", "Give a time that has passed.")
        waits = all_clear.give(house, uow, order, incident, State.MITIGATED, now)
        if waits is not None:
            return waits
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
        incident = save(uow, replace(move_to(uow, order, incident, State.MITIGATED, now), mitigated_at=when))
        refresh(uow, incident, now=now)
        announce(
            house,
            uow,
            order,
            incident,
            f"{incident.name} is mitigated.",
            now,
            hint=f"When it is over: `{house.rules.root} resolve`.",
            milestone=True,
        )
    return Say(f"{incident.name} is mitigated.")
