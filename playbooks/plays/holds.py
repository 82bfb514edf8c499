"""Evidence holds: a component is kept as it is for those who look into it; stopping it is never blocked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import ActionKind, Override
from playbooks.domain.authority import Right
from playbooks.domain.clocks import say_span
from playbooks.domain.debt import DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import MUSTER
from playbooks.domain.rights import ask_refusal, may_ask
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays.answerers import answerers
from playbooks.plays.bound_levers import VERB_OF
from playbooks.plays.deciding import held_in
from playbooks.plays.entering import done_at_once, enter
from playbooks.plays.house import House, must_find
from playbooks.plays.notes import cancel_timers, set_timers, show_entry
from playbooks.plays.orders import Order, event_of, execution, own_event
from playbooks.ports import UnitOfWork

HOLD = DebtKind.HOLD.value
LONGEST = timedelta(days=30)
SAFETY = "safety"


def hold_of(uow: UnitOfWork, component: str, now: datetime) -> Override | None:
    """The hold of a component that is in force now, None where there is none."""
    for entry in uow.overrides(component=component, kinds=(HOLD,)):
        if entry.since <= now < entry.due_at:
            return entry
    return None


def hold_clause(entry: Override) -> str:
    """`fraud-scorer is on evidence hold until 24 Nov 14:00 UTC (D-5: the authority is not told yet)`."""
    return f"{entry.component} is on evidence hold until {entry.due_at:%d %b %H:%M} UTC (D-{entry.id}: {entry.reason})"


def begin(house: House, order: Order, incident_id: int, component: str, until: datetime, because: str) -> Say:
    """Keep a component as it is until then. By who may ask for its levers, or leads.

    Raises UnknownName, InputError (no reason, end past or too far), Denied, Conflict (on hold already).
    """
    words = " ".join(because.split())
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        name = component or incident.component
        if not name:
            raise errors.InputError("Which component?", f"`{house.rules.root} hold <component> because …`.")
        known = house.registry().component(name)
        if not words:
            raise errors.InputError(
                "A hold needs its reason.", f"`{house.rules.root} hold {name} because …`.", code="no_reason"
            )
        if not now < until <= now + LONGEST:
            raise errors.InputError(
                f"A hold lasts {say_span(LONGEST)} at most, from now.", "Name an end: `for 3d`.", code="bad_end"
            )
        if may_ask(house.registry(), name, order.actor.id, house.on_call.now, incident.lead) is None:
            held = held_in(house, name, Right.ACCEPT_RISK, incident)
            raise ask_refusal(house.registry(), name, Right.ACCEPT_RISK, held, house.on_call.now).about(incident.id)
        there = hold_of(uow, name, now)
        if there is not None:
            raise errors.Conflict(
                f"{hold_clause(there)}.", f"`{house.rules.root} unhold {name}` ends it.", code="already_there"
            )
        action = done_at_once(uow, order, incident, ActionKind.HOLD, name, words, now)
        entry = enter(uow, action, DebtKind.HOLD, order.actor.id, until, now, team=known.accountable)
        set_timers(house, uow, entry, now)
        _note(uow, order, incident, entry, EventKind.OVERRIDE, "on", f"evidence hold on {name}: {words}", now)
        show_entry(house, uow, entry, now)
    return Say(
        f"{name} is on evidence hold, D-{entry.id}. I ask once more before a lever alters it; stopping goes through."
    )


def end(house: House, order: Order, incident_id: int | None, component: str, because: str) -> Say:
    """End a hold early. By who holds it, whoever may accept a risk of the component, or the incident's lead.

    Raises UnknownName, Conflict (not on hold), Denied.
    """
    with execution(house, order) as (uow, now):
        here = uow.incident(incident_id) if incident_id is not None else None
        name = component or (here.component if here is not None else "")
        if not name:
            raise errors.InputError("Which component?", f"`{house.rules.root} unhold <component>`.")
        house.registry().component(name)
        entry = hold_of(uow, name, now)
        if entry is None:
            raise errors.Conflict(f"{name} is not on hold.", code="already_there")
        incident = must_find(uow, entry.incident_id or 0)
        people = answerers(house, uow, entry)
        if order.actor.id not in (*people, incident.lead):
            raise errors.Denied(
                f"D-{entry.id} is not yours to end.",
                "Ask " + (" or ".join(f"@{person}" for person in people[:4]) or "the accountable team") + ".",
                code="may_not_decide",
                ask=people,
                facts={"decision": "unhold", "component": name, "reason": "not_held", "rule": ""},
            ).about(incident.id)
        words = " ".join(because.split())
        entry = _close(house, uow, entry, order.actor.id, words, now)
        text = f"the evidence hold on {name} is over{f': {words}' if words else ''}"
        _note(uow, order, incident, entry, EventKind.UNDONE, "closed", text, now)
    return Say(f"{name} is no longer on hold. D-{entry.id} is closed.")


def lapse(house: House, uow: UnitOfWork, entry: Override, now: datetime) -> None:
    """Its end came: levers alter the component again without a question."""
    entry = _close(house, uow, entry, MUSTER.id, "its time is over", now)
    if entry.incident_id is not None:
        text = f"the evidence hold on {entry.component} is over: its time is over"
        facts = entry_facts(entry, "closed", why="its time is over")
        key = f"entry:{entry.id}:closed"
        uow.append(entry.incident_id, own_event(EventKind.UNDONE, text, key, entry.component, facts, now=now), now=now)


def _close(house: House, uow: UnitOfWork, entry: Override, by: str, words: str, now: datetime) -> Override:
    cancel_timers(uow, entry)
    facts = {**entry.facts, "closed_because": words}
    entry = uow.save_override(replace(entry, state="closed", closed_at=now, closed_by=by, facts=facts))
    show_entry(house, uow, entry, now)
    return entry


def ask_once_more(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    kind: ActionKind,
    component: str,
    because: str,
    now: datetime,
) -> None:
    """Before a lever alters what is on hold: a reason that begins with `safety` is recorded and goes ahead.

    What stops something is recorded and never asked about. Raises Conflict with the words that go ahead.
    """
    entry = hold_of(uow, component, now)
    if entry is None:
        return
    reason = " ".join(because.split())
    stops = kind is ActionKind.DISABLE
    if not stops and not reason.lower().startswith(SAFETY):
        raise errors.Conflict(
            f"{hold_clause(entry)}. To {VERB_OF[kind]} it alters what is to be looked at.",
            f"If safety comes first, say why and it goes ahead: `… because safety: <why>`. "
            f"Else wait, or end the hold: `{house.rules.root} unhold {component}`.",
            code="on_hold",
        )
    why = "stopping comes first" if stops else reason
    text = f"{VERB_OF[kind]} {component} goes ahead in spite of its evidence hold (D-{entry.id}): {why}"
    phase = f"passed:{order.once or now.isoformat()}"
    _note(uow, order, incident, entry, EventKind.OVERRIDE, "passed", text, now, key=phase, why=why)


def _note(
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    entry: Override,
    kind: EventKind,
    phase: str,
    text: str,
    now: datetime,
    *,
    key: str = "",
    why: str = "",
) -> None:
    facts = entry_facts(entry, phase, why=why or entry.reason)
    dedup = f"entry:{entry.id}:{key or phase}"
    event = event_of(order, incident, kind, text, now=now, dedup=dedup, payload=facts, component=entry.component)
    uow.append(incident.id, event, now=now)
