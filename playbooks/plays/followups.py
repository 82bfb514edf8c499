"""Follow-ups: what is left to do after an incident, with a holder and a day; one that is overdue ages in the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import Action, ActionKind, ActionState, Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import ActorKind
from playbooks.domain.timeline import EventKind, utc_text
from playbooks.messages import DebtList, Say, Who
from playbooks.plays.answerers import answerers
from playbooks.plays.house import House, must_find
from playbooks.plays.hygiene import task_view
from playbooks.plays.notes import cancel_timers, set_timers, show_entry
from playbooks.plays.orders import Order, event_of, execution
from playbooks.ports import UnitOfWork

DUE = timedelta(days=14)
"""When a follow-up is due that names no day."""
LONGEST = timedelta(days=365)
_KIND = DebtKind.FOLLOW_UP.value


def add(house: House, order: Order, incident_id: int, text: str, holder: str, due_at: datetime | None) -> Say:
    """Write a follow-up down. `holder`: actor id, empty for who asks; `due_at`: UTC.

    Raises:
        InputError: no words, or a day that is over or more than a year away.
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
        entry = uow.add_override(_entry(uow, order, incident, words, holder or order.actor.id, due, now))
        set_timers(house, uow, entry, now)
        _note(uow, order, incident, entry, "on", f"follow-up: {words}", now)
        show_entry(house, uow, entry, now)
    who = house.who(entry.holder) or Who("nobody")
    return Say(f"Follow-up D-{entry.id} is {{0}}'s. I'll ask when it is due.", mentions=(who,))


def _entry(
    uow: UnitOfWork, order: Order, incident: Incident, words: str, holder: str, due: datetime, now: datetime
) -> Override:
    action = uow.add_action(
        Action(
            id=0,
            kind=ActionKind.FOLLOW_UP,
            state=ActionState.CONFIRMED,
            component=incident.component,
            incident_id=incident.id,
            requester=order.actor.id,
            requester_slack=order.actor.slack,
            requester_role=order.actor.role,
            because=words,
            created_at=now,
            channel=order.channel,
            approvals_needed=0,
        )
    )
    return Override(
        id=0,
        kind=_KIND,
        component=incident.component,
        incident_id=incident.id,
        action_id=action.id,
        holder=holder,
        reason=words,
        since=now,
        due_at=due,
        state="on",
        confirmed_at=now,
        team=incident.team,
        facts={"given_by": order.actor.id},
    )


def done(house: House, order: Order, number: int, because: str) -> Say:
    """Close a follow-up, with what came of it: by its holder, who gave it, the team or the incident's lead.

    Raises InputError without words, UnknownName, Conflict (closed already), Denied.
    """
    words = " ".join(because.split())
    if not words:
        raise errors.InputError("What came of it?", f"`{house.rules.root} review D-{number} it is mended`.")
    with execution(house, order) as (uow, now):
        entry = uow.override(number, lock=True)
        if entry is None or entry.kind != _KIND:
            raise errors.UnknownName(f"D-{number} is no follow-up.", f"See `{house.rules.root} tasks`.")
        if entry.state in ("closed", "void"):
            raise errors.Conflict(f"D-{number} is closed.", code="already_there")
        incident = must_find(uow, entry.incident_id or 0)
        people = (*answerers(house, uow, entry), str(entry.facts.get("given_by") or ""), incident.lead)
        if order.actor.id not in people:
            raise errors.Denied(
                f"D-{number} is not yours to close.",
                f"Ask @{entry.holder}.",
                code="may_not_decide",
                ask=people[:1],
                facts={"decision": "task", "component": entry.component, "reason": "not_held", "rule": ""},
            )
        cancel_timers(uow, entry)
        facts = {**entry.facts, "closed_because": words}
        entry = replace(entry, state="closed", closed_at=now, closed_by=order.actor.id, facts=facts)
        entry = uow.save_override(entry)
        _note(uow, order, incident, entry, "closed", f"follow-up D-{number} is done: {words}", now)
        show_entry(house, uow, entry, now)
    return Say(f"D-{number} is done.")


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
