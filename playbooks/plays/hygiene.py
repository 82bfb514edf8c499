"""The debt ledger as people and programs read it: what is stored and what is read from the registry, as one list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.debt import (
    REVIEWED,
    Debt,
    by_team,
    expired_reviews,
    ledger,
    stored,
    unowned_alerts,
    unowned_components,
)
from playbooks.messages import DebtList, DebtRow, TeamRow, Who
from playbooks.plays.house import House
from playbooks.ports import Surface, UnitOfWork

_UNOWNED_FOR = timedelta(days=30)  # alerts without an owner count so long after their last incident
_LATE = timedelta(hours=1)
SHOWN = 12


def debts(house: House, *, closed: bool = False) -> list[Debt]:
    """Every entry, overdue first; with `closed` also those that are over."""
    with house.store.read() as uow:
        return debts_in(house, uow, closed=closed)


def debts_in(house: House, uow: UnitOfWork, *, closed: bool = False) -> list[Debt]:
    """`debts` as this transaction sees them."""
    now, registry = house.now(), house.registry()
    entries = uow.overrides(open_only=not closed, kinds=())
    outside = uow.outside()
    newest = uow.latest_registry()
    read_at = newest[2] if newest is not None else now
    team = house.rules.triage_team
    found = [stored(entry, registry, now) for entry in entries]
    found += expired_reviews(registry, outside, now)
    found += unowned_components(registry, outside, house.on_call.now, team, read_at, now)
    found += unowned_alerts(_unowned(uow, now), team, now)
    return ledger(found)


def _unowned(uow: UnitOfWork, now: datetime) -> list[tuple[str, datetime, int]]:
    """What reached the triage channel of late because no matcher fits: (name, first time, how often)."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for failure, opened in uow.unowned_incidents(since=now - _UNOWNED_FOR):
        times[failure].append(opened)
    return [(name, min(at), len(at)) for name, at in times.items()]


def debt_list(house: House, team: str = "", *, limit: int = SHOWN) -> DebtList:
    """`/inc debt [team]`. Raises UnknownName for a team the registry does not know."""
    if team:
        house.registry().team(team)
    with house.store.read() as uow:
        return debt_view(house, uow, team, limit=limit)


def debt_view(house: House, uow: UnitOfWork, team: str = "", *, limit: int = SHOWN) -> DebtList:
    """The ledger as a message, of one team or of all."""
    found = [debt for debt in debts_in(house, uow) if not team or debt.team == team]
    teams = () if team else tuple(TeamRow(t.team, t.entries, t.overdue, t.oldest) for t in by_team(found))
    return DebtList(
        rows=tuple(row_of(house, debt) for debt in found[:limit]),
        more=max(0, len(found) - limit),
        team=team,
        teams=teams if len(teams) > 1 else (),
        total=len(found),
        overdue=sum(debt.overdue for debt in found),
    )


def row_of(house: House, debt: Debt) -> DebtRow:
    """One entry for people."""
    times = "once" if debt.changes == 1 else f"{debt.changes} times"
    return DebtRow(
        number=debt.number or 0,
        what=debt.kind.words,
        component=debt.component or debt.id.partition(":")[2],
        holder=house.who(debt.owner) or Who(debt.team or "nobody"),
        reason=debt.reason,
        since=debt.since,
        due_at=debt.due_at,
        age=debt.age.value,
        overdue=debt.overdue,
        incident=f"INC-{debt.incident_id}" if debt.incident_id is not None else "",
        team=debt.team,
        note=f"changed {times} in spite of it" if debt.changes else "",
        review=debt.kind.value in REVIEWED,
    )


# ------------------------------------------------------------------ the weekly post


def weekly_surfaces(house: House, at: datetime) -> Sequence[Surface]:
    """The week's post for the configured channel; nothing where no channel is configured."""
    channel = house.rules.debt_channel or house.rules.updates_channel or house.rules.triage_channel
    if not channel:
        return ()
    late = at.isoformat() if house.now() - at > _LATE else ""
    week = at.date().isoformat()
    return (Surface(f"debt:{week}", "debt", channel, payload={"week": week, "late": late}),)


def debt_post(house: House, uow: UnitOfWork, surface: Surface) -> DebtList:
    """The ledger of the week; late says so. Raises InputError for a payload of another release."""
    late = str(surface.payload.get("late") or "")
    try:
        due = datetime.fromisoformat(late) if late else None
    except ValueError as bad:
        raise errors.InputError("That post is of another release.", code="old_post") from bad
    view = debt_view(house, uow)
    return DebtList(
        view.rows, view.more, "", view.teams, view.total, view.overdue, str(surface.payload.get("week") or ""), due
    )
