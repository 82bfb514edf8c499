"""The debt ledger as people and programs read it: what is stored and what is read from the registry, as one list."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import Override
from playbooks.domain.debt import (
    ON_TIME,
    REVIEWED,
    Age,
    Debt,
    by_team,
    expired_reviews,
    ledger,
    overdue_documents,
    stored,
    unowned_alerts,
    unowned_components,
)
from playbooks.domain.documents import DocumentLife
from playbooks.domain.routing import Router
from playbooks.domain.wording import plain
from playbooks.messages import DebtList, DebtRow, TeamRow, Who
from playbooks.plays.document_life import accountable
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
    found = [stored(entry, registry, now) for entry in entries if closed or _counts(entry, now)]
    found += expired_reviews(registry, outside, now)
    found += unowned_components(registry, outside, house.on_call.now, team, read_at, now)
    found += unowned_alerts(_unowned(house, uow, now), team, now)
    found += overdue_documents(_documents(house, uow, now), now)
    return ledger(found)


def _documents(house: House, uow: UnitOfWork, now: datetime) -> list[tuple[DocumentLife, str, str]]:
    """Documents that wait for a review past its day, with the component of the incident and the team for it."""
    found = []
    for life in uow.overdue_documents(now=now):
        incident = uow.incident(life.incident_id)
        if incident is not None:
            found.append((life, incident.component, accountable(house, incident)))
    return found


def _counts(entry: Override, now: datetime) -> bool:
    """A follow-up or a clock is debt once it is overdue; the rest from the start."""
    return entry.kind not in ON_TIME or now >= entry.due_at


def _unowned(house: House, uow: UnitOfWork, now: datetime) -> list[tuple[str, datetime, int]]:
    """What reached the triage channel of late because no matcher fits: (name, first time, how often).

    Alerts that a matcher of today's registry fits have an owner by now.
    """
    times: dict[str, list[datetime]] = defaultdict(list)
    newest: dict[str, int] = {}
    for number, failure, opened in uow.unowned_incidents(since=now - _UNOWNED_FOR):
        times[failure].append(opened)
        newest[failure] = number
    router = Router(house.registry()) if newest else None
    found = []
    for name, at in times.items():
        alerts = [stored.alert for stored in uow.alerts_of(newest[name])]
        if router is None or not alerts or not all(router.route(alert).component for alert in alerts):
            found.append((name, min(at), len(at)))
    return found


# ------------------------------------------------------------------ as a list for people


def debt_list(house: House, about: str = "", *, person: str = "", page: int = 1) -> DebtList:
    """`/inc debt`: of a team or component, or what a person (actor id) holds; else all of it, page by page.

    Raises UnknownName for a name that is no team and no component, and that no entry names.
    """
    with house.store.read() as uow:
        found = debts_in(house, uow)
    whole = view_of(house, [debt for debt in found if _about(debt, about, person)], page=page)
    if about and not whole.rows:
        _known(house, about)
    shown = about if about or not person else f"@{person}"
    return replace(whole, about=shown, person=house.who(person), teams=() if shown else whole.teams)


def _about(debt: Debt, about: str, person: str) -> bool:
    return (not about or about in (debt.team, debt.component)) and (not person or debt.owner == person)


def _known(house: House, name: str) -> None:
    registry = house.registry()
    if name in registry.teams or name in registry.components:
        return
    near = difflib.get_close_matches(name, [*registry.teams, *registry.components], n=3, cutoff=0.6)
    hint = f"Did you mean *{near[0]}*?" if near else f"`{house.rules.root} debt` shows all of it."
    raise errors.UnknownName(f"I know no team and no component *{plain(name)}*.", hint, nearest=tuple(near))


def view_of(house: House, found: Sequence[Debt], *, page: int = 1) -> DebtList:
    """One page of these entries as a message; a page behind the last one is the last."""
    last = max(1, -(-len(found) // SHOWN))
    page = min(max(1, page), last)
    teams = tuple(TeamRow(t.team, t.entries, t.overdue, t.oldest) for t in by_team(found))
    ages = tuple((age.value, n) for age in reversed(Age) if (n := sum(debt.age is age for debt in found)))
    return DebtList(
        rows=tuple(row_of(house, debt) for debt in found[(page - 1) * SHOWN : page * SHOWN]),
        more=max(0, len(found) - page * SHOWN),
        teams=teams if len(teams) > 1 else (),
        total=len(found),
        overdue=sum(debt.overdue for debt in found),
        page=page,
        ages=ages,
    )


def task_view(house: House, incident: str, entries: Sequence[Override]) -> DebtList:
    """Follow-ups of an incident as a list, the next one due first."""
    found = [stored(entry, house.registry(), house.now()) for entry in entries]
    return replace(view_of(house, found), about=incident, title="Follow-ups", teams=(), ages=())


def row_of(house: House, debt: Debt) -> DebtRow:
    """One entry for people."""
    times = "once" if debt.changes == 1 else f"{debt.changes} times"
    return DebtRow(
        number=debt.number or 0,
        what=debt.kind.words,
        component=debt.component or debt.id.partition(":")[2] or f"INC-{debt.incident_id}",
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
    """The week's posts: the whole ledger in the configured channel, and to each team that holds something its own.

    A team without a channel, or whose channel has the whole ledger already, gets none of its own.
    """
    channel = house.rules.debt_channel or house.rules.updates_channel or house.rules.triage_channel
    late = at.isoformat() if house.now() - at > _LATE else ""
    week = at.date().isoformat()
    whole = {"week": week, "late": late}
    found = [Surface(f"debt:{week}", "debt", channel, payload=whole)] if channel else []
    for held in by_team(debts(house)):
        team = house.registry().teams.get(held.team)
        if team is not None and team.channel and team.channel != channel:
            payload = whole | {"team": held.team}
            found.append(Surface(f"debt:{week}:{held.team}", "debt", team.channel, payload=payload))
    return found


def debt_post(house: House, uow: UnitOfWork, surface: Surface) -> DebtList:
    """The ledger of the week, of a team or of all; late says so. Raises InputError for a payload of another release."""
    late = str(surface.payload.get("late") or "")
    try:
        due = datetime.fromisoformat(late) if late else None
    except ValueError as bad:
        raise errors.InputError("That post is of another release.", code="old_post") from bad
    team = str(surface.payload.get("team") or "")
    view = view_of(house, [debt for debt in debts_in(house, uow) if not team or debt.team == team])
    return replace(
        view, about=team, teams=() if team else view.teams, week=str(surface.payload.get("week") or ""), late=due
    )
