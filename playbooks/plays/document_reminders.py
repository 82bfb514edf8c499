"""Reminders of a postmortem: to its owner before it is due, when it is, and after; then in the team's channel, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks.domain.documents import DocumentLife
from playbooks.domain.incidents import Incident
from playbooks.plays.answerers import dm_of
from playbooks.plays.document_life import AGAIN, DUE, SURFACE, WARN, accountable, renew
from playbooks.plays.house import House, want
from playbooks.plays.lateness import telling
from playbooks.ports import Surface, Timer, UnitOfWork

KINDS = (WARN, DUE, AGAIN)
_SLOWER_AFTER = 7  # reminders in a row, before they come a seventh as often


def fire(house: House, timer: Timer) -> bool:
    """A due reminder, once. False when it is not due after all."""
    with house.store.begin() as unit:
        now, number = house.now(), int(timer.subject)
        uow = telling(unit, timer, now)
        life = uow.document_life(number, lock=True)
        held = uow.timers([timer.id]).get(timer.id)
        if held is None or held.due_at > now:
            return False
        uow.cancel_timer(timer.id)
        incident = uow.incident(number)
        if incident is None or life is None or not life.waits or life.due_at is None:
            return False
        if timer.kind == WARN:
            if life.due_at > now:  # slept through the warning: the reminder follows at once
                _remind(house, uow, incident, life, "warning", now)
            return True
        life = uow.save_document_life(replace(life, nags=life.nags + 1))
        renew(uow, incident, now)  # the reminders before this one ask no more
        _remind(house, uow, incident, life, "due" if life.nags == 1 else "overdue", now)
        seconds = house.rules.ask_again_every * (7 if life.nags >= _SLOWER_AFTER else 1)
        uow.set_timer(Timer(f"{AGAIN}:{number}", AGAIN, str(number), now + timedelta(seconds=seconds)))
    return True


def _remind(house: House, uow: UnitOfWork, incident: Incident, life: DocumentLife, phase: str, now: datetime) -> None:
    """To its owner; without one, or once it is overdue, in the channel of the team that answers for it."""
    due = life.due_at.isoformat() if life.due_at is not None else ""
    team = house.registry().teams.get(accountable(house, incident))
    places = {"owner": dm_of(house, life.owner) if life.owner else ""}
    if not places["owner"] or phase == "overdue":
        places["team"] = (team.channel if team is not None else "") or house.rules.triage_channel
    for place, target in places.items():
        if target:
            name = f"{SURFACE}:{incident.id}:{phase}:{due}:{life.nags}:{place}"
            payload: dict[str, object] = {"phase": phase, "due": due, "turn": life.nags}
            want(uow, Surface(name, SURFACE, target, payload=payload, incident_id=incident.id), now=now)
