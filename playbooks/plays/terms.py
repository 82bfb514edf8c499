"""The end of a standing entry: the warning before, the question to the holder, and ending it by people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import Override
from playbooks.domain.debt import ON_TIME, REVIEWED, SWITCHED, DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.people import MUSTER, Actor
from playbooks.domain.rights import decide_refusal
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.messages import Say
from playbooks.plays import holds
from playbooks.plays.answerers import answerers, held_over, right_over, used_over
from playbooks.plays.freezes import FREEZE, loud_targets
from playbooks.plays.house import House, spoken, want
from playbooks.plays.lateness import telling
from playbooks.plays.notes import AGAIN, END, WARN, ask, ask_again_at, cancel_timers, show_entry
from playbooks.plays.orders import Order, execution
from playbooks.ports import Surface, Timer, UnitOfWork

KINDS = (WARN, END, AGAIN)


def fire(house: House, timer: Timer) -> bool:
    """A due timer of an entry, once. False when it is not due after all."""
    with house.store.begin() as unit:
        now = house.now()
        uow = telling(unit, timer, now)
        entry = uow.override(int(timer.subject), lock=True)
        held = uow.timers([timer.id]).get(timer.id)
        if held is None or held.due_at > now:
            return False
        uow.cancel_timer(timer.id)
        if entry is None or entry.state != ("overdue" if timer.kind == AGAIN else "on"):
            return False
        if timer.kind == WARN:
            _warn(house, uow, entry, now)
        elif entry.kind == DebtKind.FREEZE.value:
            _thaw(house, uow, entry, MUSTER, "its time is over", EventSource.SCHEDULER, now)
        elif entry.kind == DebtKind.HOLD.value:
            holds.lapse(house, uow, entry, now)
        else:
            _ask_who_answers(house, uow, entry, now)
    return True


def _what(entry: Override) -> str:
    """`the accepted risk of fraud-scorer`, `the review of the broken glass of fraud-scorer`."""
    if entry.kind == DebtKind.CLOCK.value:
        return f"the clock {entry.facts.get('clock')} ({entry.facts.get('stage')})"
    review = "review of the " if entry.kind in REVIEWED else ""
    return f"the {review}{DebtKind(entry.kind).words} of {entry.component}"


def _warn(house: House, uow: UnitOfWork, entry: Override, now: datetime) -> None:
    if entry.due_at <= now:  # slept through the warning: the end follows at once
        return
    soon = "is due soon" if entry.kind in (*REVIEWED, *ON_TIME) else "ends soon"
    _note(uow, entry, EventKind.UNDO_DUE, "warned", f"{_what(entry)} {soon}", now)
    ask(house, uow, entry, "warning", now)


def _ask_who_answers(house: House, uow: UnitOfWork, entry: Override, now: datetime) -> None:
    """Its end came, or nobody answered since: it is overdue and asked about, wider each time, until it is answered."""
    entry = uow.save_override(replace(entry, state="overdue", escalations=entry.escalations + 1))
    turn = entry.escalations
    ended = "is due" if entry.kind in (*REVIEWED, *ON_TIME) else "ended"
    text = f"{_what(entry)} {ended}; asked again" + (f" ({turn})" if turn > 1 else "")
    _note(uow, entry, EventKind.UNDO_DUE, "overdue" if turn == 1 else f"asked {turn}", text, now)
    ask(house, uow, entry, "ended", now)
    show_entry(house, uow, entry, now)
    uow.set_timer(ask_again_at(house, entry, now))


def _note(
    uow: UnitOfWork,
    entry: Override,
    kind: EventKind,
    phase: str,
    text: str,
    now: datetime,
    *,
    actor: Actor = MUSTER,
    source: EventSource = EventSource.SCHEDULER,
    why: str = "",
    used: Mapping[str, str] = {},
) -> None:
    if entry.incident_id is None:
        return
    event = NewEvent(
        kind=kind,
        text=f"{text} (D-{entry.id})",
        actor=actor,
        occurred_at=now,
        source=source,
        dedup_key=f"entry:{entry.id}:{phase}:{entry.due_at.isoformat()}",
        component=entry.component,
        payload=entry_facts(entry, phase, why=why, **used),
    )
    uow.append(entry.incident_id, event, now=now)


# ------------------------------------------------------------------ by people


def let_end(house: House, order: Order, number: int, because: str) -> Say:
    """End an accepted risk, with words: by its holder or whoever holds the right.

    Raises:
        InputError: no words.
        Denied: somebody else.
        Conflict: it is over.
    """
    words = " ".join(because.split())
    if not words:
        raise errors.InputError("What became of the risk?", f"`{house.rules.root} review D-{number} it is mended`.")
    with execution(house, order) as (uow, now):
        entry = _open(uow, number, DebtKind.ACCEPTED_RISK)
        used = _may_end(house, uow, order, entry)
        entry = _close(uow, entry, order.actor.id, words, now)
        text = f"the accepted risk of {entry.component} is over: {words}"
        _note(
            uow,
            entry,
            EventKind.UNDONE,
            "closed",
            text,
            now,
            actor=order.actor,
            source=order.source,
            why=words,
            used=used,
        )
        show_entry(house, uow, entry, now)
    return Say(f"D-{number} is closed: the risk is no longer accepted.")


def unfreeze(house: House, order: Order, component: str, because: str) -> Say:
    """Give a frozen component free before its end. Raises UnknownName, Conflict (not frozen), Denied."""
    house.registry().component(component)
    with execution(house, order) as (uow, now):
        frozen = [e for e in uow.overrides(component=component, kinds=(FREEZE,)) if e.since <= now < e.due_at]
        if not frozen:
            raise errors.Conflict(f"{component} is not frozen.", code="already_there")
        for entry in frozen:
            entry = uow.override(entry.id, lock=True) or entry
            used = _may_end(house, uow, order, entry)
            _thaw(house, uow, entry, order.actor, " ".join(because.split()), order.source, now, used)
    numbers = " and ".join(f"D-{entry.id}" for entry in frozen)
    return Say(f"{component} is no longer frozen. {numbers} {'is' if len(frozen) == 1 else 'are'} closed.")


def _open(uow: UnitOfWork, number: int, kind: DebtKind) -> Override:
    entry = uow.override(number, lock=True)
    if entry is None or entry.kind != kind.value:
        raise errors.UnknownName(f"D-{number} is no {kind.words}.", "See the ledger.")
    if entry.state in ("closed", "void"):
        raise errors.Conflict(f"D-{number} is closed.", code="already_there")
    return entry


def _may_end(house: House, uow: UnitOfWork, order: Order, entry: Override) -> Mapping[str, str]:
    """By which right. Raises Denied for who does not answer for the entry, with who does."""
    people = answerers(house, uow, entry)
    right, held = right_over(uow, entry), held_over(house, uow, entry)
    if order.actor.id in people:
        return used_over(order.actor.id, right, held)
    if right is not None and held is not None:
        denied = decide_refusal(house.registry(), entry.component, right, held, house.on_call.now)
        raise denied.about(entry.incident_id)
    raise errors.Denied(
        f"D-{entry.id} is not yours to end.",
        "Ask " + (" or ".join(f"@{person}" for person in people[:4]) or "the triage team") + ".",
        code="may_not_decide",
        ask=people,
        facts={"decision": "end", "component": entry.component, "reason": "not_held"},
    ).about(entry.incident_id)


def _close(uow: UnitOfWork, entry: Override, by: str, words: str, now: datetime) -> Override:
    cancel_timers(uow, entry)
    facts = {**entry.facts, "closed_because": words}
    return uow.save_override(replace(entry, state="closed", closed_at=now, closed_by=by, facts=facts))


def _thaw(
    house: House,
    uow: UnitOfWork,
    entry: Override,
    by: Actor,
    why: str,
    source: EventSource,
    now: datetime,
    used: Mapping[str, str] = {},
) -> None:
    """The freeze is over: told, and what waited for it to come back is looked at again at once."""
    entry = _close(uow, entry, by.id, why, now)
    text = f"{entry.component} is no longer frozen"
    _note(uow, entry, EventKind.UNDONE, "closed", text, now, actor=by, source=source, why=why, used=used)
    show_entry(house, uow, entry, now)
    who = "{0} unfroze it" if by.id != MUSTER.id else ""
    said = f"*{entry.component}* is no longer frozen: {' — '.join(w for w in (who, why) if w)}. D-{entry.id} is closed."
    mentions = [by.id] if who else []
    payload = spoken(said, mentions)
    about = {entry.incident_id} if entry.incident_id is not None else set()
    for place, target in enumerate(loud_targets(house, entry, about)):
        incident = entry.incident_id if target.startswith("incident:") else None
        want(
            uow,
            Surface(f"say:thawed:{entry.id}:{place}", "say", target, payload=payload, incident_id=incident),
            now=now,
        )
    for waiting in uow.overrides(component=entry.component, kinds=SWITCHED):
        if waiting.state == "overdue":
            kind = "override_escalate"
            uow.set_timer(Timer(f"{kind}:{waiting.id}", kind, str(waiting.id), now + timedelta(seconds=1)))
