"""Asking those who decide: the request to each of them, and the timers of a request that waits."""

from __future__ import annotations

from datetime import datetime

from playbooks.domain.actions import Action
from playbooks.domain.authority import Authority, Holder
from playbooks.plays.house import House, want
from playbooks.ports import Surface, Timer, UnitOfWork

REMIND, SILENCE, EXPIRY = "approval_remind", "approval_silence", "approval_expiry"


def ask_people(house: House, uow: UnitOfWork, action: Action, holders: list[Holder], now: datetime) -> None:
    """An approval request by direct message to each holder with a Slack id, once."""
    people = house.registry().people
    for holder in holders:
        slack = people[holder.person].slack if holder.person in people else ""
        if not slack or uow.surface(f"ask:{action.id}:{slack}") is not None:
            continue
        want(uow, Surface(f"ask:{action.id}:{slack}", "ask", f"dm:{slack}", incident_id=action.incident_id), now=now)


def set_timers(uow: UnitOfWork, action: Action, right: Authority, now: datetime) -> None:
    """A reminder at half of the time to answer, what follows at its end, and the end of the request itself."""
    number, expires, silent = str(action.id), action.expires_at or now, now + right.answer_within
    uow.set_timer(Timer(f"{EXPIRY}:{number}", EXPIRY, number, expires))
    if silent < expires:
        uow.set_timer(Timer(f"{SILENCE}:{number}", SILENCE, number, silent))
        uow.set_timer(Timer(f"{REMIND}:{number}", REMIND, number, now + right.answer_within / 2, {"time": 1}))


def cancel_timers(uow: UnitOfWork, action: Action) -> None:
    """Nobody is reminded of a decided request, and it does not expire."""
    for kind in (REMIND, SILENCE, EXPIRY):
        uow.cancel_timer(f"{kind}:{action.id}")
