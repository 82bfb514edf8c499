"""What is done by hand: a person is asked, reminded, and others after them; the wait is a row with a timer.

What people answer is in `errand_answers`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from playbooks.domain.actions import Action, ActionState
from playbooks.domain.authority import Holder, named_holders
from playbooks.domain.clocks import say_span
from playbooks.domain.errands import Errand, errand_of
from playbooks.domain.facts import action_facts
from playbooks.domain.lateness import late_by
from playbooks.domain.timeline import EventKind
from playbooks.plays.bound_levers import VERB_OF
from playbooks.plays.errand_record import declined_by, requests_of
from playbooks.plays.house import House, spoken, want
from playbooks.plays.steps import record, show_action
from playbooks.ports import Surface, Timer, UnitOfWork

KIND = "errand_remind"
_ESCALATES_AT = 2  # the second reminder goes further up
_SLOWS_AFTER = 3  # whoever has not answered three reminders does not answer faster to one every ten minutes
_SLOWEST = timedelta(hours=4)


def ask_by_hand(house: House, uow: UnitOfWork, action: Action, errand: Errand, now: datetime) -> None:
    """Ask who is to do it, by direct message and in the channel, and set the first reminder; in this transaction.

    Where nobody of those can be named, who would be asked next is asked at once.
    """
    action = uow.save_action(replace(action, state=ActionState.BY_HAND, applying_at=now, attempts=1))
    text = f"asked to {VERB_OF[action.kind]} {action.component} by hand"
    record(uow, action, EventKind.ACTION, text, "started", action_facts(action, phase="started"), now)
    ask(house, uow, action, _named(house, action, errand.ask) or _stand_ins(house, action, errand), now)
    target = f"incident:{action.incident_id}"
    want(uow, Surface(f"errand:{action.id}:channel", "errand", target, incident_id=action.incident_id), now=now)
    _set_reminder(uow, action, errand, 1, now)
    show_action(uow, action, now)


# ------------------------------------------------------------------ who is asked


def asked_of(house: House, uow: UnitOfWork, action: Action, errand: Errand) -> tuple[Holder, ...]:
    """Who is asked: those of the binding as they are now, and everybody who got the request before."""
    found = list(_named(house, action, errand.ask))
    known = {holder.person for holder in found}
    for surface in requests_of(uow, action):
        person = house.registry().person_by_slack(surface.target.removeprefix("dm:"))
        if surface.target.startswith("dm:") and person and person not in known:
            known.add(person)
            found.append(Holder(person, ""))
    return tuple(found)


def next_of(house: House, uow: UnitOfWork, action: Action, errand: Errand, out: Collection[str]) -> tuple[Holder, ...]:
    """Who can still do it when these persons cannot: others who were asked, else those who stand in."""
    left = tuple(h for h in asked_of(house, uow, action, errand) if h.person not in out)
    return left or tuple(h for h in _stand_ins(house, action, errand) if h.person not in out)


def ask(house: House, uow: UnitOfWork, action: Action, holders: tuple[Holder, ...], now: datetime) -> None:
    """A direct message to each who has none yet."""
    people = house.registry().people
    for holder in holders:
        slack = people[holder.person].slack if holder.person in people else ""
        key = f"errand:{action.id}:{slack}"
        if slack and uow.surface(key) is None:
            want(uow, Surface(key, "errand", f"dm:{slack}", incident_id=action.incident_id), now=now)


def _named(house: House, action: Action, words: tuple[str, ...]) -> tuple[Holder, ...]:
    registry = house.registry()
    component = registry.components.get(action.component)
    return named_holders(registry, component, words, house.on_call.now) if component is not None else ()


def _stand_ins(house: House, action: Action, errand: Errand) -> tuple[Holder, ...]:
    component = house.registry().components.get(action.component)
    if component is None:
        return ()
    return _named(house, action, errand.escalate or (f"on_call:{component.accountable}",))


# ------------------------------------------------------------------ reminding


def _set_reminder(uow: UnitOfWork, action: Action, errand: Errand, number: int, now: datetime) -> None:
    every = timedelta(seconds=errand.remind_every)
    slower = min(every * 2 ** max(0, min(number - _SLOWS_AFTER, 16)), max(every, _SLOWEST))
    uow.set_timer(Timer(f"{KIND}:{action.id}", KIND, str(action.id), now + slower, {"round": number}))


def remind(house: House, uow: UnitOfWork, timer: Timer, now: datetime) -> None:
    """Nobody has said how it went: those asked are reminded, from the second time on others are asked too."""
    action = uow.action(int(timer.subject), lock=True)
    errand = errand_of(action.plan) if action is not None else None
    if action is None or errand is None or action.state is not ActionState.BY_HAND:
        return
    number = int(str(timer.payload.get("round", 1)))
    declined = declined_by(uow, action)
    asked = next_of(house, uow, action, errand, declined)
    if number >= _ESCALATES_AT:
        known = {holder.person for holder in asked}
        asked = (*asked, *(h for h in _stand_ins(house, action, errand) if h.person not in known | declined.keys()))
    ask(house, uow, action, asked, now)  # on call may be somebody else by now
    people = [holder.person for holder in asked]
    text = f"no word yet on what is done by hand; asked again ({number})"
    facts = {"action": action.id, "asked": len(people)}
    record(uow, action, EventKind.PAGE, text, f"errand:{number}", facts, now)
    _say(house, uow, action, number, people, late_by(timer.due_at, now), now)
    _set_reminder(uow, action, errand, number + 1, now)
    show_action(uow, action, now)  # the request in the channel names whoever is asked now


def _say(
    house: House, uow: UnitOfWork, action: Action, number: int, people: list[str], late: timedelta | None, now: datetime
) -> None:
    """A message of its own each time: an edited one wakes nobody."""
    what = f"{VERB_OF[action.kind]} {action.component}"
    named = " and ".join(f"{{{place}}}" for place in range(len(people)))
    text = f"{named}: did you {what} by hand? I have no word of it yet."
    if not people:
        text = f"Did anybody {what} by hand? Nobody could be named who should, and I have no word of it yet."
    if late is not None:
        text += f" (This comes {say_span(late)} late: I was not running.)"
    hint = f"Say it: `/inc done {action.id} <what shows it>` or `/inc cannot {action.id} <why>`."
    tell(house, uow, action, f"{number}", people, text, hint, now)


def tell(
    house: House,
    uow: UnitOfWork,
    action: Action,
    key: str,
    people: list[str],
    text: str,
    hint: str,
    now: datetime,
    *,
    about: Sequence[str] = (),
) -> None:
    """A sentence in the channel, and to each of these persons; `{0}`, `{1}` are those it is about, then these."""
    registry = house.registry()
    payload = spoken(text, [*about, *people], hint=hint)
    targets = {"channel": f"incident:{action.incident_id}"}
    targets |= {
        p: f"dm:{registry.people[p].slack}" for p in people if p in registry.people and registry.people[p].slack
    }
    for place, target in targets.items():
        name = f"say:errand:{action.id}:{key}:{place}"
        want(uow, Surface(name, "say", target, payload=payload, incident_id=action.incident_id), now=now)
