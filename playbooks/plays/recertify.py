"""Recertification: each team's gaps once a week in its channel, and entries confirmed with one click."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.check import Finding, Level, check_registry, component_gaps
from playbooks.domain.gaps import Confirmation, Gap, Outside, entry_hash, last_reviewed, review_due, unowned_gaps
from playbooks.domain.ownership import Component, Registry
from playbooks.domain.wording import plain
from playbooks.messages.gaps import EntryToConfirm, GapList, GapRow, OperatorGaps, TeamGaps
from playbooks.messages.replies import Say
from playbooks.plays import weekly
from playbooks.plays.house import House, want
from playbooks.plays.inspection import outside_of
from playbooks.plays.orders import Order, execution
from playbooks.ports import Surface, UnitOfWork

TEAM, OPERATORS = "gaps_week", "conflicts_week"
SOON = timedelta(days=7)
_ONCE_A_DAY = timedelta(days=1)
_COMPONENTS, _GAPS, _ROWS = 8, 3, 6


# ------------------------------------------------------------------ by people


def confirm(house: House, order: Order, component_id: str, entry: str = "") -> Say:
    """A member of the accountable team says that the entry is still right; from then on its review counts anew.

    Args:
        entry: hash of the entry as the button showed it, empty where it was typed.

    Raises:
        errors.Denied: for anybody else, with whom to ask.
        errors.Conflict: the entry changed since the message, or was confirmed within the last day.
    """
    registry = house.registry()
    component = registry.component(component_id)
    team = component.accountable
    if order.actor.id not in registry.members(team):
        now_there = tuple(p for p in house.on_call.now(team) if p in registry.people)
        raise errors.Denied(
            f"Only {plain(team)}, which is accountable for {plain(component_id)}, can confirm its entry.",
            code="may_not_confirm",
            ask=(now_there or registry.members(team))[:3],
        )
    hashed = entry_hash(component)
    if entry and entry != hashed:
        raise errors.Conflict(
            f"The entry of {component_id} changed since this message.",
            f"Look at `/owner {component_id}` and confirm it as it is now.",
            code="entry_changed",
        )
    with execution(house, order) as (uow, now):
        before = uow.confirmation(component_id)
        if before is not None and before.entry == hashed and now - before.at < _ONCE_A_DAY:
            said = f"{component_id} was confirmed by {before.person} at {before.at:%H:%M} UTC."
            raise errors.Conflict(said, "Nothing more is needed.", code="already_confirmed")
        made = Confirmation(component_id, order.actor.id, now, hashed, registry.sha256)
        uow.add_confirmation(made)
        _renew(house, uow, team, now)
    due = review_due(component, made)
    again = f"Its next review is due on {due.isoformat()}." if due else "The registry sets no rhythm for its review."
    return Say(f"The entry of {component_id} is confirmed.", again)


def _renew(house: House, uow: UnitOfWork, team: str, now: datetime) -> None:
    """This week's post shows it."""
    shown = uow.surface(f"{TEAM}:{team}:{weekly.week(weekly.latest(house.rules, now))}")
    if shown is not None:
        want(uow, shown, now=now)


def gap_list(house: House, *, asker: str = "", about: str = "", registry_state: str = "", limit: int = 12) -> GapList:
    """`/inc gaps`: errors first, then those of the asker's teams; of one component or team where one is named.

    Raises UnknownName for a name that is neither.
    """
    registry, now = house.registry(), house.now()
    with house.store.read() as uow:
        outside = outside_of(house, uow)
    found = check_registry(
        registry, now=now, on_call=house.on_call.now, severities=house.rules.severities, outside=outside
    )
    if about:
        found = list(_about(registry, found, about))
    teams = set(registry.teams_of(asker))
    found.sort(key=lambda f: (f.level is not Level.ERROR, _team(registry, f) not in teams))
    rows = tuple(_row(finding) for finding in found)
    return GapList(rows[:limit], max(0, len(rows) - limit), registry_state, about)


def _about(registry: Registry, found: Iterable[Finding], name: str) -> Iterator[Finding]:
    if name not in registry.components and name not in registry.teams:
        registry.component(name)
    for finding in found:
        if name == _name(finding) or (name in registry.teams and _team(registry, finding) == name):
            yield finding


def _name(finding: Finding) -> str:
    parts = finding.where.split(".")
    return parts[1] if len(parts) > 1 and parts[0] in ("components", "teams") else ""


def _team(registry: Registry, finding: Finding) -> str:
    if finding.where.startswith("teams."):
        return _name(finding)
    component = registry.components.get(_name(finding))
    return component.accountable if component is not None else ""


def _row(finding: Finding) -> GapRow:
    where = finding.where.removeprefix("components.").removeprefix("teams.")
    return GapRow(where, finding.sentence, finding.todo, finding.since)


# ------------------------------------------------------------------ once a week


def post(house: House, at: datetime) -> Sequence[Surface]:
    """A post for each team that has something to mend or to confirm, and one for the operators."""
    registry = house.registry()
    with house.store.read() as uow:
        outside = outside_of(house, uow)
    payload = {"at": at.isoformat()}
    found = []
    for name, components in _by_team(registry).items():
        channel = registry.teams[name].channel
        if channel and any(_worth_telling(house, registry, c, outside) for c in components):
            key = f"{TEAM}:{name}:{weekly.week(at)}"
            found.append(Surface(key, TEAM, channel, payload={**payload, "team": name}))
    triage = house.rules.triage_channel
    if triage and not _silent(_operators(house, registry, outside)):
        found.append(Surface(f"{OPERATORS}:{weekly.week(at)}", OPERATORS, triage, payload=payload))
    return found


def team_gaps(house: House, uow: UnitOfWork, surface: Surface) -> TeamGaps | None:
    """What a team's weekly post shows now."""
    registry, name = house.registry(), str(surface.payload["team"])
    outside = outside_of(house, uow)
    since = datetime.fromisoformat(str(surface.payload["at"]))
    shown = [
        entry
        for component in _by_team(registry).get(name, ())
        if _worth_telling(house, registry, component, outside) or _since(component, outside, since)
        for entry in [entry_to_confirm(house, registry, component, outside, since)]
    ]
    return TeamGaps(name, tuple(shown[:_COMPONENTS]), max(0, len(shown) - _COMPONENTS))


def entry_to_confirm(
    house: House, registry: Registry, component: Component, outside: Outside, since: datetime | None = None
) -> EntryToConfirm:
    """A component with its gaps, and who confirmed it since then."""
    now = house.now()
    gaps = list(component_gaps(registry, component, house.on_call.now, now, outside))
    confirmed = _since(component, outside, since) if since is not None else None
    due = review_due(component, outside.confirmed.get(component.id))
    return EntryToConfirm(
        component.id,
        entry_hash(component),
        tuple(_gap_row(gap) for gap in gaps[:_GAPS]),
        max(0, len(gaps) - _GAPS),
        due,
        due is not None and due < now.date(),
        house.who(confirmed.person) if confirmed else None,
        confirmed.at if confirmed else None,
    )


def to_confirm(house: House, uow: UnitOfWork, person: str, limit: int) -> tuple[EntryToConfirm, ...]:
    """Entries of a person's teams whose review is due within a week or was never made, those due first first."""
    registry, now = house.registry(), house.now()
    teams = set(registry.teams_of(person))
    mine = [c for c in registry.components.values() if c.accountable in teams] if teams else []
    if not mine:
        return ()
    outside = outside_of(house, uow)
    due = [(review_due(c, outside.confirmed.get(c.id)), c) for c in mine if _to_review(c, outside, now)]
    due.sort(key=lambda pair: (pair[0] is not None, pair[0] or now.date()))
    return tuple(entry_to_confirm(house, registry, component, outside) for _, component in due[:limit])


def operator_gaps(house: House, uow: UnitOfWork, surface: Surface) -> OperatorGaps | None:
    """What the operators' weekly post shows now."""
    return _operators(house, house.registry(), outside_of(house, uow))


def _operators(house: House, registry: Registry, outside: Outside) -> OperatorGaps:
    told = [GapRow(t.where, t.sentence) for t in registry.findings if t.level == "error"]
    lost = [_gap_row(gap) for gap in unowned_gaps(registry, outside)]
    lost += [GapRow(t.where, t.sentence) for t in registry.findings if t.level != "error"]
    counts: Counter[str] = Counter()
    for component in registry.components.values():
        gaps = sum(1 for _ in component_gaps(registry, component, house.on_call.now, house.now(), outside))
        counts[component.accountable] += gaps
    teams = tuple((team, number) for team, number in counts.most_common(_ROWS) if number)
    return OperatorGaps(
        tuple(told[:_ROWS]), max(0, len(told) - _ROWS), tuple(lost[:_ROWS]), max(0, len(lost) - _ROWS), teams
    )


def _silent(view: OperatorGaps) -> bool:
    return not (view.conflicts or view.rows or view.teams)


def _by_team(registry: Registry) -> dict[str, list[Component]]:
    found: defaultdict[str, list[Component]] = defaultdict(list)
    for component in registry.components.values():
        found[component.accountable].append(component)
    return found


def _worth_telling(house: House, registry: Registry, component: Component, outside: Outside) -> bool:
    gaps = component_gaps(registry, component, house.on_call.now, house.now(), outside)
    return next(iter(gaps), None) is not None or _to_review(component, outside, house.now())


def _to_review(component: Component, outside: Outside, now: datetime) -> bool:
    confirmed = outside.confirmed.get(component.id)
    due = review_due(component, confirmed)
    if last_reviewed(component, confirmed) is None:
        return True
    return due is not None and due <= (now + SOON).date()


def _since(component: Component, outside: Outside, since: datetime) -> Confirmation | None:
    confirmed = outside.confirmed.get(component.id)
    return confirmed if confirmed is not None and confirmed.at >= since else None


def _gap_row(gap: Gap) -> GapRow:
    return GapRow(gap.component, gap.sentence, gap.todo, gap.since)
