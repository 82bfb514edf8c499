"""Words that must not stay: blanked with their digest kept, so that the chain verifies and all see that it was done."""

from __future__ import annotations

from dataclasses import replace

from playbooks import errors
from playbooks.domain.incidents import Incident
from playbooks.domain.timeline import Event, EventKind
from playbooks.messages import Say
from playbooks.plays.house import House, must_find, redraw, want
from playbooks.plays.orders import Order, event_of, execution

WORDS = "(redacted)"


def redact(house: House, order: Order, incident_id: int, seq: int, reason: str) -> Say:
    """Blank an event's words, in every version of them, with what Muster posted of them and the bytes kept beside.

    Kind, time, actor, facts and digest stay; an event says who did it and why.

    Raises:
        errors.InputError: without a reason. errors.UnknownName: no such event.
        errors.Denied: for others than the author, the incident's lead and the triage team.
    """
    why = " ".join(reason.split())
    if not why:
        raise errors.InputError(
            "A redaction needs a reason, without the words that must go.",
            f"Try `{house.rules.root} redact E{seq or 12} because it names a customer`.",
        )
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        events = uow.events(incident_id)
        event = next((e for e in events if e.seq == seq), None)
        if event is None:
            raise errors.UnknownName(f"There is no event {seq} in {incident.name}.", "See `/inc timeline`.")
        _may(house, order, incident, event)
        versions = _versions(events, event)
        blanked = [each for each in versions if uow.redact(each.id)]
        if not blanked:
            return Say(f"Event {seq} of {incident.name} is blank already.")
        for each in blanked:
            uow.blank_attachments(each.id)
            told = event_of(
                order,
                incident,
                EventKind.REDACTION,
                f"event {each.seq} redacted: {why}",
                now=now,
                dedup=f"redact:{each.id}",
                payload={"event": each.seq, "redacts": each.id},
            )
            uow.append(incident_id, replace(told, reason=why), now=now)
            for surface in uow.surfaces_named(f"update:{each.id}"):  # what Muster posted of it reads blank, too
                want(uow, replace(surface, payload={**surface.payload, "text": WORDS}), now=now)
        redraw(uow, incident, now=now)
    return Say(f"Event {seq} of {incident.name} is redacted; that it was, by whom and why stays in the record.")


def _may(house: House, order: Order, incident: Incident, event: Event) -> None:
    author, lead, actor = event.new.actor.id, incident.lead, order.actor.id
    if actor in (author, lead) or house.rules.triage_team in house.registry().teams_of(actor):
        return
    ask = tuple(person for person in dict.fromkeys((lead, author)) if person in house.registry().people)
    raise errors.Denied(
        "Its author, the incident's lead and the triage team may redact an event; you are none of them.", ask=ask
    )


def _versions(events: list[Event], event: Event) -> list[Event]:
    """The event with everything it corrects and is corrected by, in order, and what names its files."""
    by_id = {e.id: e for e in events}
    first = event
    while first.new.supersedes in by_id:
        first = by_id[first.new.supersedes]
    after = {e.new.supersedes: e for e in events if e.new.supersedes}
    found = [first]
    while found[-1].id in after:
        found.append(after[found[-1].id])
    named = {each.id for each in found}
    return found + [e for e in events if e.payload.get("attachment_of") in named]
