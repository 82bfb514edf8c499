"""Alerts that outlast their incident: said at its resolution, and opened again once one is heard to fire still.

An episode that fired when its incident was resolved stays a duplicate, whatever its source repeats. So it is looked at
when the reopening window is over, and every hour of the day after: what was heard to fire since then opens the incident
again. A source that says nothing more proves nothing: many tell no recovery at all.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from playbooks.domain.clocks import say_span
from playbooks.domain.incidents import Incident, State, open_key
from playbooks.domain.pipeline.silences import by_component
from playbooks.domain.routing import Router
from playbooks.plays import reopening
from playbooks.plays.house import House
from playbooks.ports import StoredAlert, Timer, UnitOfWork

KIND = "lasting"
_EVERY, _LONGEST = timedelta(hours=1), timedelta(days=1)
_MOST = 500


def plan(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> str:
    """See to it that what still fires is looked at; returns the sentence for who resolves, empty where all ended.

    Args:
        incident: resolved at `now`, in this transaction.
    """
    count = uow.own_firing_count(incident.id, incident.component)
    within = house.rules.pipeline.reopen_within
    if not count:
        return ""
    root, fires = house.rules.root, "1 alert still fires" if count == 1 else f"{count} alerts still fire"
    if not within or not incident.component:
        return f"{fires}. See `{root} status {incident.name}`; `{root} reopen` brings it back."
    window = timedelta(seconds=within)
    uow.set_timer(Timer(f"{KIND}:{incident.id}", KIND, str(incident.id), now + window))
    return (
        f"{fires}. If that is known, `{root} silence {incident.component} for 2h`; "
        f"what is heard to fire after {say_span(window)} opens {incident.name} again."
    )


def fire(house: House, timer: Timer) -> bool:
    """Look at it, once. False when it is not due after all."""
    router = Router(house.registry())
    with house.store.begin(lane="alerts") as uow:
        taken = uow.take_timer(timer.id, now=house.now())
        if taken is None:
            return False
        now, incident = house.now(), uow.incident(int(timer.subject), lock=True)
        if incident is None or incident.state is not State.RESOLVED or incident.resolved_at is None:
            return True  # open again, or its review is done
        firing = uow.own_firing(incident.id, incident.component, limit=_MOST)
        heard = [each for each in firing if each.updated_at > incident.resolved_at]
        heard = _audible(uow, router, heard, now)
        other = uow.open_incident_for(open_key(incident.component, incident.failure))
        if heard and other is None:
            reopening.reopen(house, uow, incident, heard[0].alert, now, text=_words(heard, incident, now))
        elif firing and other is None and now - incident.resolved_at < _LONGEST:
            uow.set_timer(replace(taken, due_at=now + _EVERY))
    return True


def _audible(uow: UnitOfWork, router: Router, heard: list[StoredAlert], now: datetime) -> list[StoredAlert]:
    """Those that no silence in force covers."""
    silences = by_component(uow.silences_open()) if heard else {}
    return [
        each
        for each in heard
        if not any(
            silence.in_force(now) and silence.covers(each.alert, router.route(each.alert))
            for silence in silences.get(each.component, ())
        )
    ]


def _words(heard: list[StoredAlert], incident: Incident, now: datetime) -> str:
    ago = say_span(now - incident.resolved_at) if incident.resolved_at is not None else "some time"
    fires = f"{heard[0].alert.name} fires still" if len(heard) == 1 else f"{len(heard)} alerts fire still"
    return f"{fires}, {ago} after it was resolved"
