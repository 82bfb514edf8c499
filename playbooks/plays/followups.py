"""Follow-ups: what is left to do after an incident, with a holder and a day; one that is overdue ages in the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.action_items import Filled, item_of, vague
from playbooks.domain.actions import ActionKind, Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import ActorKind
from playbooks.domain.timeline import EventKind, utc_text
from playbooks.messages import DebtList, Say, Who
from playbooks.plays.answerers import answerers
from playbooks.plays.document_life import renew
from playbooks.plays.entering import done_at_once, enter
from playbooks.plays.house import House, must_find
from playbooks.plays.hygiene import task_view
from playbooks.plays.notes import cancel_timers, set_timers, show_entry
from playbooks.plays.orders import Order, event_of, execution
from playbooks.ports import UnitOfWork

DUE = timedelta(days=14)
"""When a follow-up is due that names no day."""
LONGEST = timedelta(days=365)
_KIND = DebtKind.FOLLOW_UP.value


def add(
    house: House,
    order: Order,
    incident_id: int,
    text: str,
    holder: str,
    due_at: datetime | None,
    filled: Filled = Filled(),
) -> Say:
    """Write a follow-up down. `holder`: actor id, empty for who asks; `due_at`: UTC.

    With a type, a ticket and a sign by which it is done it is an action item of the incident's document.

    Raises:
        InputError: no words, a day that is over or more than a year away, a type or ticket that is none.
        Denied: for somebody the registry does not know; they may say it as a note.
    """
    words = " ".join(text.split())
    if not words:
        raise errors.InputError("What is to be done?", f"`{house.rules.root} task mend the backfill @omar until 5d`.")
    if order.actor.kind is not ActorKind.HUMAN or order.actor.id.startswith("slack:"):
        raise errors.Denied(
            "Only people of the registry give follow-ups.",
            f"Write it down as a note: `{house.rules.root} note …`.",
            code="not_in_registry",
            facts={"decision": "task", "component": "", "reason": "not_in_registry", "rule": ""},
        )
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        due = due_at or now + DUE
        if not now < due <= now + LONGEST:
            raise errors.InputError(
                "A follow-up is due within a year from now.", "Name a day: `until 2026-12-01`.", code="bad_due"
            )
        action = done_at_once(uow, order, incident, ActionKind.FOLLOW_UP, incident.component, words, now)
        facts = {"given_by": order.actor.id, **filled.facts()}
        who = holder or order.actor.id
        entry = enter(uow, action, DebtKind.FOLLOW_UP, who, due, now, team=incident.team, facts=facts)
        set_timers(house, uow, entry, now)
        _note(uow, order, incident, entry, "on", f"follow-up: {words}", now)
        _show(house, uow, incident, entry, now)
    theirs = house.who(entry.holder) or Who("nobody")
    return Say(f"Follow-up D-{entry.id} is {{0}}'s. I'll ask when it is due.", _hint(entry), (theirs,))


def fill(
    house: House, order: Order, number: int, text: str, holder: str, due_at: datetime | None, filled: Filled
) -> Say:
    """Give a follow-up what it lacks, or other words, another holder or another day; what is empty stays as it is.

    Raises InputError (nothing given, bad day, type or ticket), UnknownName, Conflict (closed already), Denied.
    """
    words, more = " ".join(text.split()), filled.facts()
    if not (words or holder or due_at or more):
        raise errors.InputError("What is to be filled in?", f"`/postmortem item D-{number} ticket ABC-123`.")
    with execution(house, order) as (uow, now):
        entry, incident = _held(house, uow, order, number)
        if due_at is not None and not now < due_at <= now + LONGEST:
            raise errors.InputError(
                "A follow-up is due within a year from now.", "Name a day: `until 2026-12-01`.", code="bad_due"
            )
        facts = {**entry.facts, **more, "filled": int(entry.facts.get("filled") or 0) + 1}
        moved = due_at is not None and due_at != entry.due_at
        entry = replace(entry, reason=words or entry.reason, holder=holder or entry.holder, facts=facts)
        if moved:
            entry = replace(entry, due_at=due_at or entry.due_at, state="on", escalations=0)
        entry = uow.save_override(entry)
        if moved:
            set_timers(house, uow, entry, now)
        said = ", ".join(part for part in (words, *(str(value) for value in more.values())) if part)
        text = f"follow-up D-{number} is filled in" + (f": {said}" if said else "")
        _note(uow, order, incident, entry, f"filled {facts['filled']}", text, now)
        _show(house, uow, incident, entry, now)
    return Say(f"D-{number} is filled in.", _hint(entry))


def _hint(entry: Override) -> str:
    """What it still lacks as an action item, and whether anybody could tell that it is done; never a refusal."""
    item = item_of(entry)
    word = vague(item.text) or vague(item.done_when)
    if word:
        return f"“{word}” can't be checked: say what will be different then."
    if item.complete or not (item.type or item.ticket or item.done_when):
        return ""
    return f"To stand in the document it lacks: {', '.join(item.lacking)}."


def _show(house: House, uow: UnitOfWork, incident: Incident, entry: Override, now: datetime) -> None:
    """Its own messages, and the document that lists it."""
    show_entry(house, uow, entry, now)
    if uow.document_life(incident.id) is not None:
        renew(uow, incident, now)


def done(house: House, order: Order, number: int, because: str) -> Say:
    """Close a follow-up, with what came of it: by its holder, who gave it, the team or the incident's lead.

    Raises InputError without words, UnknownName, Conflict (closed already), Denied.
    """
    words = " ".join(because.split())
    if not words:
        raise errors.InputError("What came of it?", f"`{house.rules.root} review D-{number} it is mended`.")
    with execution(house, order) as (uow, now):
        entry, incident = _held(house, uow, order, number)
        cancel_timers(uow, entry)
        facts = {**entry.facts, "closed_because": words}
        entry = replace(entry, state="closed", closed_at=now, closed_by=order.actor.id, facts=facts)
        entry = uow.save_override(entry)
        _note(uow, order, incident, entry, "closed", f"follow-up D-{number} is done: {words}", now)
        _show(house, uow, incident, entry, now)
    return Say(f"D-{number} is done.")


def _held(house: House, uow: UnitOfWork, order: Order, number: int) -> tuple[Override, Incident]:
    """A follow-up that is not closed, for who answers for it. Raises UnknownName, Conflict, Denied."""
    entry = uow.override(number, lock=True)
    if entry is None or entry.kind != _KIND:
        raise errors.UnknownName(f"D-{number} is no follow-up.", f"See `{house.rules.root} tasks`.")
    if entry.state in ("closed", "void"):
        raise errors.Conflict(f"D-{number} is closed.", code="already_there")
    incident = must_find(uow, entry.incident_id or 0)
    people = (*answerers(house, uow, entry), str(entry.facts.get("given_by") or ""), incident.lead)
    if order.actor.id not in people:
        raise errors.Denied(
            f"D-{number} is not yours to change.",
            f"Ask @{entry.holder}.",
            code="may_not_decide",
            ask=people[:1],
            facts={"decision": "task", "component": entry.component, "reason": "not_held", "rule": ""},
        )
    return entry, incident


def tasks(house: House, incident_id: int) -> DebtList:
    """`/inc tasks`: what is left to do of an incident, the next one due first. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        entries = uow.overrides(incident_id=incident_id, kinds=(_KIND,))
    return task_view(house, incident.name, entries)


def _note(
    uow: UnitOfWork, order: Order, incident: Incident, entry: Override, phase: str, text: str, now: datetime
) -> None:
    event = event_of(
        order,
        incident,
        EventKind.NOTE,
        text,
        now=now,
        dedup=f"entry:{entry.id}:{phase}",
        payload=entry_facts(entry, phase, why=entry.reason, until=utc_text(entry.due_at), holder=entry.holder),
        component=entry.component,
    )
    uow.append(incident.id, event, now=now)
