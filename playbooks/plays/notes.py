"""The messages and timers of an entry of the ledger that people answer for: a risk, a freeze, an owed review."""

from __future__ import annotations

from datetime import datetime, timedelta

from playbooks.domain.actions import Override
from playbooks.domain.debt import ON_TIME, REVIEWED, DebtKind
from playbooks.plays.answerers import asked_now, dm_of
from playbooks.plays.house import House, want, want_card
from playbooks.ports import Surface, Timer, UnitOfWork

WARN, END, AGAIN = "entry_warn", "entry_end", "entry_again"
_ENDS = (DebtKind.FREEZE.value, DebtKind.HOLD.value)  # they end by themselves, and nobody is asked
_TIMED = (DebtKind.ACCEPTED_RISK.value, DebtKind.FOLLOW_UP.value, DebtKind.CLOCK.value, *_ENDS, *REVIEWED)
_SLOWER_AFTER = 7  # questions in a row, before they come a seventh as often


def set_timers(house: House, uow: UnitOfWork, entry: Override, now: datetime) -> None:
    """Its end, and the warning before where somebody is asked at the end; moved when it is renewed."""
    uow.cancel_timer(f"{AGAIN}:{entry.id}")
    uow.set_timer(Timer(f"{END}:{entry.id}", END, str(entry.id), entry.due_at))
    if entry.kind in _ENDS:
        return
    warn = entry.due_at - timedelta(seconds=house.rules.risk_warning)
    if warn <= now:
        warn = now + (entry.due_at - now) / 2
    uow.set_timer(Timer(f"{WARN}:{entry.id}", WARN, str(entry.id), warn))


def plan(house: House) -> None:
    """See to it that every open entry that ends or is asked about has a timer, whoever made it; a tick calls it."""
    now = house.now()
    with house.store.read() as uow:
        entries = uow.overrides(kinds=_TIMED)
        known = uow.timers([f"{kind}:{entry.id}" for entry in entries for kind in (END, AGAIN)])
    lacking = [e.id for e in entries if not any(f"{kind}:{e.id}" in known for kind in (END, AGAIN))]
    if not lacking:
        return
    with house.store.begin() as uow:
        for number in lacking:
            entry = uow.override(number, lock=True)
            if entry is not None and entry.state == "on":
                set_timers(house, uow, entry, now)
            elif entry is not None and entry.state == "overdue":
                uow.set_timer(ask_again_at(house, entry, now))


def cancel_timers(uow: UnitOfWork, entry: Override) -> None:
    """Nothing about it falls due any more."""
    for kind in (WARN, END, AGAIN):
        uow.cancel_timer(f"{kind}:{entry.id}")


def team_channel(house: House, entry: Override) -> str:
    """The channel of the team an entry belongs to, else the triage channel; may be empty."""
    team = house.registry().teams.get(entry.team)
    return (team.channel if team is not None else "") or house.rules.triage_channel


def show_entry(house: House, uow: UnitOfWork, entry: Override, now: datetime) -> None:
    """Renew every message about it, the card of its incident included."""
    places = {}
    if entry.kind not in REVIEWED:  # that a glass was broken is told when it is broken
        if entry.kind not in ON_TIME:
            places["team"] = team_channel(house, entry)
        places["incident"] = f"incident:{entry.incident_id}" if entry.incident_id is not None else ""
    for place, target in places.items():
        if target:
            want(uow, Surface(f"entry:{entry.id}:{place}", "entry", target, incident_id=entry.incident_id), now=now)
    for surface in uow.surfaces_named(f"entry:{entry.id}:"):
        if surface.id.removeprefix(f"entry:{entry.id}:") not in places:
            want(uow, surface, now=now)  # a question that is answered has no live button
    told = {entry.incident_id} | {incident.id for incident in uow.open_incidents_of(entry.component)}
    for number in sorted(number for number in told if number is not None):
        want_card(uow, number, now=now)


def ask(house: House, uow: UnitOfWork, entry: Override, phase: str, now: datetime) -> None:
    """A warning or the question at the end: to who answers, and in the team's channel so that it is not overlooked.

    `entry.escalations` counts the questions; a newer one takes the place of the one before. From the third on the
    triage channel hears of it, too.
    """
    stamp, turn = entry.due_at.isoformat(), entry.escalations
    for older in uow.surfaces_named(f"entry:{entry.id}:"):
        if older.payload.get("phase") and int(older.payload.get("turn") or 0) == turn - 1:
            want(uow, older, now=now)
    places = {dm_of(house, p): "holder" if p == entry.holder else p for p in asked_now(house, uow, entry)}
    places[team_channel(house, entry)] = "asked"
    if turn >= 3:
        places.setdefault(house.rules.triage_channel, "triage")
    for target, place in places.items():
        if target:
            name = f"entry:{entry.id}:{place}:{phase}:{stamp}" + (f":{turn}" if turn > 1 else "")
            payload: dict[str, object] = {"phase": phase, "due": stamp, "turn": turn}
            want(uow, Surface(name, "entry", target, payload=payload, incident_id=entry.incident_id), now=now)


def ask_again_at(house: House, entry: Override, now: datetime) -> Timer:
    """When the next question comes, should nobody answer this one."""
    seconds = house.rules.ask_again_every * (7 if entry.escalations >= _SLOWER_AFTER else 1)
    return Timer(f"{AGAIN}:{entry.id}", AGAIN, str(entry.id), now + timedelta(seconds=seconds))
