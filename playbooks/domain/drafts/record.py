"""How the record itself came about: late entries, corrections, who took part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from playbooks.domain.drafts.entries import Entry, role_of
from playbooks.domain.people import ActorKind
from playbooks.domain.timeline import Event, EventKind

LATE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Amendment:
    """An event about another event: what it does to it, in words, and the number of the other where it exists."""

    seq: int
    does: str
    other: int | None


@dataclass(frozen=True, slots=True)
class Invitee:
    """A role that acted, with the first event of it."""

    role: str
    team: str
    seq: int


def late_of(entries: Sequence[Entry]) -> tuple[int, ...]:
    """Lines recorded more than 15 minutes after they occurred; changes are collected afterwards by their nature."""
    return tuple(e.seq for e in entries if e.kind is not EventKind.CHANGE and _delay(e.event) > LATE)


def _delay(event: Event) -> timedelta:
    return event.recorded_at - (event.new.occurred_until or event.occurred_at)


def amendments_of(events: Sequence[Event], entries: Sequence[Entry]) -> tuple[Amendment, ...]:
    """Corrections, retractions, deleted sources and redactions: everything that is not a line of its own."""
    shown = {e.seq for e in entries}
    by_id = {e.id: e.seq for e in events}
    amended = {e.new.supersedes or e.new.retracts for e in events}
    found = []
    for event in sorted(events, key=lambda e: e.seq):
        about = event.new.supersedes or event.new.retracts or _redacts(event)
        if not about and (event.seq in shown or event.id in amended):
            continue
        found.append(Amendment(event.seq, _does(event, shown), by_id.get(about)))
    return tuple(found)


def _redacts(event: Event) -> str:
    other = event.payload.get("redacts")
    return other if event.kind is EventKind.REDACTION and isinstance(other, str) else ""


def _does(event: Event, shown: set[int]) -> str:
    if event.new.supersedes:
        return "corrects"
    if event.kind is EventKind.SOURCE_DELETED:
        return "reports the deleted source of"
    if event.new.retracts or event.kind is EventKind.RETRACTION:
        return "takes back"
    if event.kind is EventKind.REDACTION:
        return "blanks the text of"
    return "is no longer shown" if event.seq not in shown else "is about"


def invitees_of(events: Sequence[Event]) -> tuple[Invitee, ...]:
    """Every role in which somebody acted, once, in order of the first event; also of those later taken back.

    Who was only refused did not act.
    """
    found: dict[tuple[str, str], Invitee] = {}
    for event in sorted(events, key=lambda e: e.seq):
        actor = event.new.actor
        if actor.kind is ActorKind.HUMAN and event.kind is not EventKind.REFUSAL:
            key = (role_of(actor), actor.team)
            found.setdefault(key, Invitee(*key, event.seq))
    return tuple(found.values())
