"""The week in figures: what happened against the four weeks before, what came again, what was left; or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from playbooks import errors
from playbooks.domain.debt import DebtKind
from playbooks.domain.figures import Figures, Measure, Mode, Period, spreads
from playbooks.domain.likeness import Trait
from playbooks.messages import DigestNote, DigestRow, Longest
from playbooks.plays import similar
from playbooks.plays.figures import gather
from playbooks.plays.house import House
from playbooks.plays.weekly import WEEK, week
from playbooks.ports import Surface, UnitOfWork

KIND = "digest"
_SHOWN = (Measure.SILENT, Measure.ACKNOWLEDGE, Measure.MITIGATE, Measure.RESOLVE)
_BEFORE = 4
_MOST = 3
_LOOKED_AT = 50  # incidents of a week that are asked what came before them


def post(house: House, at: datetime) -> Sequence[Surface]:
    """A digest for the operators, and one for each team that had an incident in the week; nothing in a calm week.

    A team without a channel, or whose channel is the operators' own, gets none of its own.
    """
    rules = house.rules
    channel = rules.debt_channel or rules.updates_channel or rules.triage_channel
    with house.store.read() as uow:
        found = [one for one in gather(uow, _period(at))[0] if one.mode is Mode.REAL]
    if not found:
        return []
    payload = {"at": at.isoformat()}
    posts = [Surface(f"{KIND}:{week(at)}", KIND, channel, payload=payload)] if channel else []
    for name in sorted({one.team for one in found}):
        team = house.registry().teams.get(name)
        if team is not None and team.channel and team.channel != channel:
            posts.append(Surface(f"{KIND}:{week(at)}:{name}", KIND, team.channel, payload={**payload, "team": name}))
    return posts


def _period(at: datetime) -> Period:
    return Period(at - WEEK, at)


def digest_post(house: House, uow: UnitOfWork, surface: Surface) -> DigestNote | None:
    """The week of a surface, of a team or of all, as it is known now.

    Raises InputError for a payload of another release.
    """
    try:
        at = datetime.fromisoformat(str(surface.payload.get("at")))
    except ValueError as bad:
        raise errors.InputError("That post is of another release.", code="old_post") from bad
    team = str(surface.payload.get("team") or "")
    period = _period(at)
    whole = Period(period.start - _BEFORE * WEEK, period.end)
    found = [one for one in gather(uow, whole)[0] if one.mode is Mode.REAL and (not team or one.team == team)]
    now = [one for one in found if period.holds(one.opened_at)]
    before = [one for one in found if not period.holds(one.opened_at)]
    if not now:
        return None
    here, past = spreads(now), spreads(before)
    rows = tuple(DigestRow(m.label, here[m].median, past[m].median) for m in _SHOWN if here[m].median is not None)
    again = _again(uow, now)
    late = _late(uow, team, at)
    return DigestNote(
        team=team,
        start=period.start,
        end=period.end,
        count=len(now),
        usual=len(before),
        weeks=_BEFORE,
        rows=rows,
        again=again[:_MOST],
        more_again=max(0, len(again) - _MOST),
        late=late[:_MOST],
        more_late=max(0, len(late) - _MOST),
        longest=_longest(now),
    )


def _again(uow: UnitOfWork, now: Sequence[Figures]) -> tuple[tuple[str, str], ...]:
    """What came again: (incident, the one it repeats), where component and failure are the same."""
    found = []
    for one in sorted(now, key=lambda one: -one.incident_id)[:_LOOKED_AT]:
        earlier = [e for e in similar.recorded(uow, one.incident_id) if {Trait.COMPONENT, Trait.FAILURE} <= {*e.traits}]
        found += [(f"INC-{one.incident_id}", earlier[0].name)] if earlier else []
    return tuple(found)


def _late(uow: UnitOfWork, team: str, at: datetime) -> tuple[tuple[int, str, str, datetime], ...]:
    """Follow-ups whose day has passed: number, holder, incident, due; the longest overdue first."""
    tasks = uow.overrides(kinds=(DebtKind.FOLLOW_UP.value,))
    late = [task for task in tasks if task.due_at < at and (not team or task.team == team)]
    return tuple(
        (task.id, task.holder, f"INC-{task.incident_id}" if task.incident_id is not None else "", task.due_at)
        for task in late
    )


def _longest(now: Sequence[Figures]) -> Longest | None:
    """The incident that was silent longest."""
    known = [one for one in now if Measure.SILENT in one.seconds]
    if not known:
        return None
    worst = max(known, key=lambda one: one.seconds[Measure.SILENT])
    return Longest(f"INC-{worst.incident_id}", worst.component, worst.seconds[Measure.SILENT])
