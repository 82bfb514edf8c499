"""One line of what people see, think, decide or told others: a kind of its own, at its own time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.drafts.entries import Entry, entries_of
from playbooks.domain.timeline import Event, EventKind, Precision
from playbooks.messages import HypothesisList, HypothesisRow, Say
from playbooks.plays.house import House, must_find, redraw, tag_of
from playbooks.plays.moves import TEXT_MAX
from playbooks.plays.orders import Order, event_of, execution

CONFIRMED, REFUTED = "confirmed", "refuted"


@dataclass(frozen=True, slots=True)
class Told:
    """A line as a person tells it; `at` None is now. `payload` holds facts of its kind, never free words."""

    kind: EventKind
    text: str
    at: datetime | None = None
    precision: Precision = Precision.EXACT
    zone: str = ""
    component: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


def tell(house: House, order: Order, incident_id: int, told: Told) -> tuple[Event | None, Say]:
    """Write a line of the timeline. Raises InputError for no words, too many, or a time to come."""
    words = told.text.strip()
    if not words:
        raise errors.InputError("That needs a few words.", f"Try `{house.rules.root} observed the queue is draining`.")
    if len(words) > TEXT_MAX:
        raise errors.InputError(f"That text is too long ({len(words)} characters; {TEXT_MAX} at most).", "Shorten it.")
    if told.component:
        house.registry().component(told.component)
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        if told.at is not None and told.at > now:
            raise errors.InputError("That time is in the future.", "Give a time that has passed.")
        new = event_of(
            order,
            incident,
            told.kind,
            words,
            now=now,
            dedup=f"told:{order.once or house.ids.new()}",
            payload=dict(told.payload),
            at=told.at,
            precision=told.precision,
            entered_tz=told.zone,
            component=told.component,
        )
        event = uow.append(incident_id, new, now=now)
        redraw(uow, incident, now=now)
    number = f" as E{event.seq}" if event is not None else ""
    return event, Say(f"It stands in the timeline of {incident.name}{number}.")


def suppose(house: House, order: Order, incident_id: int, told: Told) -> Say:
    """Write down a hypothesis; it stays open until somebody says what became of it."""
    event, said = tell(house, order, incident_id, told)
    if event is None:
        return said
    root = house.rules.root
    return Say(
        said.text, f"Later: `{root} think E{event.seq} confirmed`, or `refuted` and why. `{root} think` lists them."
    )


def settle(house: House, order: Order, incident_id: int, seq: int, state: str, why: str = "") -> Say:
    """Say what became of a hypothesis: confirmed or refuted. Raises UnknownName for what is none."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        entries = [e for e in entries_of(uow.events(incident_id)) if e.kind is EventKind.HYPOTHESIS]
        asked = next((e for e in entries if seq in _numbers(e) and not e.text("of")), None)
        if asked is None:
            raise errors.UnknownName(
                f"There is no hypothesis E{seq} in {incident.name}.", f"`{house.rules.root} think` lists them."
            )
        fate = _fate(entries, asked)
        if fate is not None and fate.text("state") == state:
            return Say(f"E{seq} is {state} already.")
        first = asked.history[0] if asked.history else asked.event
        text = f"{state}: {why.strip()}" if why.strip() else state
        facts = {"state": state, "of": first.id, "event": first.seq}
        key = f"fate:{first.id}:{order.once or house.ids.new()}"
        new = event_of(
            order,
            incident,
            EventKind.HYPOTHESIS,
            text,
            now=now,
            dedup=key,
            payload=dict(facts),
            component=asked.component,
        )
        uow.append(incident_id, new, now=now)
        redraw(uow, incident, now=now)
    return Say(f"E{seq} is {state}.")


def _numbers(entry: Entry) -> set[int]:
    return {entry.seq, *(version.seq for version in entry.history)}


def _fate(entries: list[Entry], asked: Entry) -> Entry | None:
    ids = {asked.event.id, *(version.id for version in asked.history)}
    return max((e for e in entries if e.text("of") in ids), key=lambda e: e.seq, default=None)


def hypotheses(house: House, incident_id: int) -> HypothesisList:
    """What was thought and what became of it, newest last. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        entries = [e for e in entries_of(uow.events(incident_id)) if e.kind is EventKind.HYPOTHESIS]
    rows = []
    for entry in entries:
        if entry.text("of"):
            continue
        fate = _fate(entries, entry)
        state = (fate.text("state") if fate is not None else entry.text("state")) or "open"
        words = entry.event.text or "(redacted)"
        rows.append(HypothesisRow(entry.seq, words, entry.at, state, house.who(entry.actor.id)))
    return HypothesisList(tag_of(house, incident), tuple(rows))
