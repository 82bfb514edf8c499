"""The messages and timers of a standing entry of the ledger: an accepted risk, a freeze."""

from __future__ import annotations

from datetime import datetime, timedelta

from playbooks.domain.actions import Override
from playbooks.domain.debt import DebtKind
from playbooks.plays.house import House, want, want_card
from playbooks.ports import Surface, Timer, UnitOfWork

WARN, END = "entry_warn", "entry_end"


def set_timers(house: House, uow: UnitOfWork, entry: Override, now: datetime) -> None:
    """Its end, and of a risk the warning before; moved when it is renewed."""
    uow.set_timer(Timer(f"{END}:{entry.id}", END, str(entry.id), entry.due_at))
    if entry.kind != DebtKind.ACCEPTED_RISK.value:
        return
    warn = entry.due_at - timedelta(seconds=house.rules.risk_warning)
    if warn <= now:
        warn = now + (entry.due_at - now) / 2
    uow.set_timer(Timer(f"{WARN}:{entry.id}", WARN, str(entry.id), warn))


def cancel_timers(uow: UnitOfWork, entry: Override) -> None:
    """Nothing about it falls due any more."""
    for kind in (WARN, END):
        uow.cancel_timer(f"{kind}:{entry.id}")


def team_channel(house: House, entry: Override) -> str:
    """The channel of the team an entry belongs to, else the triage channel; may be empty."""
    team = house.registry().teams.get(entry.team)
    return (team.channel if team is not None else "") or house.rules.triage_channel


def holder_dm(house: House, entry: Override) -> str:
    """`dm:U…` of the holder, empty where no Slack id is known."""
    person = house.registry().people.get(entry.holder)
    slack = person.slack if person is not None else entry.holder.partition("slack:")[2]
    return f"dm:{slack}" if slack else ""


def show_entry(house: House, uow: UnitOfWork, entry: Override, now: datetime) -> None:
    """Renew every message about it, the card of its incident included."""
    places = {"incident": f"incident:{entry.incident_id}" if entry.incident_id is not None else ""}
    places["team"] = team_channel(house, entry)
    for place, target in places.items():
        if target:
            want(uow, Surface(f"entry:{entry.id}:{place}", "entry", target, incident_id=entry.incident_id), now=now)
    for surface in uow.surfaces_named(f"entry:{entry.id}:"):
        if surface.id.removeprefix(f"entry:{entry.id}:") not in places:
            want(uow, surface, now=now)  # a question that is answered has no live button
    told = {entry.incident_id} | {incident.id for incident in uow.open_incidents_of(entry.component)}
    for number in sorted(number for number in told if number is not None):
        want_card(uow, number, now=now)


def ask_holder(house: House, uow: UnitOfWork, entry: Override, phase: str, now: datetime) -> None:
    """A warning or the question at the end: to the holder, and in the team's channel so that it is not overlooked."""
    stamp = entry.due_at.isoformat()
    for place, target in (("holder", holder_dm(house, entry)), ("asked", team_channel(house, entry))):
        if target:
            name = f"entry:{entry.id}:{place}:{phase}:{stamp}"
            want(
                uow,
                Surface(name, "entry", target, payload={"phase": phase, "due": stamp}, incident_id=entry.incident_id),
                now=now,
            )
