"""The debt ledger: everything that stands against the normal state, how old it is, who holds it, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from playbooks.domain.actions import Override
from playbooks.domain.authority import OnCallNow
from playbooks.domain.documents import DocumentLife, DocumentState
from playbooks.domain.gaps import GapKind, Outside, last_reviewed, review_due
from playbooks.domain.ownership import Registry

REVIEW_WITHIN = timedelta(days=3)
SETTLED_WITHIN = timedelta(days=7)
"""By when somebody should own what nobody owns."""


class DebtKind(StrEnum):
    """What stands against the normal state. The last four are read from the registry, the alerts and the documents."""

    DISABLE = "disable"
    MUTED_ALERT = "muted_alert"
    GUARDRAIL_TIGHTENED = "guardrail_tightened"
    GUARDRAIL_RELAXED = "guardrail_relaxed"
    ACCEPTED_RISK = "accepted_risk"
    FREEZE = "freeze"
    BREAK_GLASS = "break_glass"
    SKIPPED_APPROVAL = "skipped_approval"
    FOLLOW_UP = "follow_up"
    CLOCK = "clock"
    HOLD = "hold"
    UNOWNED_COMPONENT = "unowned_component"
    UNOWNED_ALERTS = "unowned_alerts"
    EXPIRED_REVIEW = "expired_review"
    POSTMORTEM = "postmortem"

    @property
    def words(self) -> str:
        """What it is, for people: `switched off`, `accepted risk` …"""
        return _WORDS[self]


_WORDS = {
    DebtKind.DISABLE: "switched off",
    DebtKind.MUTED_ALERT: "muted alert",
    DebtKind.GUARDRAIL_TIGHTENED: "tightened guardrail",
    DebtKind.GUARDRAIL_RELAXED: "relaxed guardrail",
    DebtKind.ACCEPTED_RISK: "accepted risk",
    DebtKind.FREEZE: "freeze",
    DebtKind.BREAK_GLASS: "broken glass",
    DebtKind.SKIPPED_APPROVAL: "skipped approval",
    DebtKind.FOLLOW_UP: "follow-up",
    DebtKind.CLOCK: "reporting clock",
    DebtKind.HOLD: "evidence hold",
    DebtKind.UNOWNED_COMPONENT: "unowned component",
    DebtKind.UNOWNED_ALERTS: "unowned alerts",
    DebtKind.EXPIRED_REVIEW: "expired review",
    DebtKind.POSTMORTEM: "postmortem",
}

BREAK_GLASS = DebtKind.BREAK_GLASS.value
DISABLE = DebtKind.DISABLE.value
SKIPPED_APPROVAL = DebtKind.SKIPPED_APPROVAL.value
ON_TIME = (DebtKind.FOLLOW_UP.value, DebtKind.CLOCK.value)
"""Kinds that are no debt before they are overdue."""
REVIEWED = (BREAK_GLASS, SKIPPED_APPROVAL)
"""Kinds that people close by a review with words."""
SWITCHED = tuple(
    kind.value
    for kind in (DebtKind.DISABLE, DebtKind.MUTED_ALERT, DebtKind.GUARDRAIL_TIGHTENED, DebtKind.GUARDRAIL_RELAXED)
)
"""Kinds a lever's time box makes: they have an end, and come back by the registry's rule for `enable`."""


def switched_kind(declared: object) -> str:
    """The kind of the entry a lever's time box makes: what is declared as its `debt`, else `disable`."""
    return str(declared) if declared in SWITCHED else DISABLE


class Age(StrEnum):
    """Age buckets, by the time since an entry began."""

    DAY = "under a day"
    WEEK = "under a week"
    MONTH = "under a month"
    OLDER = "over a month"


def age_of(since: datetime, now: datetime) -> Age:
    """The bucket of an entry."""
    old = now - since
    if old < timedelta(days=1):
        return Age.DAY
    if old < timedelta(days=7):
        return Age.WEEK
    return Age.MONTH if old < timedelta(days=30) else Age.OLDER


@dataclass(frozen=True, slots=True)
class Debt:
    """One entry of the ledger, stored or read from the registry and the alerts.

    Attributes:
        id: `D-118` of a stored entry, else kind and name (`expired_review:fraud-scorer`); stable while it stands.
        number: of a stored entry, None otherwise. component: registry id, empty where none is known.
        team: accountable team, may be empty. owner: actor id of the holder; empty where it is the whole team's.
        state: `on`, `overdue` … of a stored entry; `on` or `overdue` of another. overdue: its end or review has passed.
        changes: how many changes were made in spite of a freeze.
    """

    id: str
    kind: DebtKind
    component: str
    team: str
    owner: str
    reason: str
    since: datetime
    due_at: datetime
    age: Age
    overdue: bool
    number: int | None = None
    incident_id: int | None = None
    state: str = "on"
    changes: int = 0


def stored(entry: Override, registry: Registry, now: datetime) -> Debt:
    """A stored entry as the ledger shows it; the team of one made before teams were kept is the registry's."""
    component = registry.components.get(entry.component)
    team = entry.team or (component.accountable if component is not None else "")
    over = entry.state in ("closed", "void")
    return Debt(
        id=f"D-{entry.id}",
        kind=DebtKind(entry.kind),
        component=entry.component,
        team=team,
        owner=entry.holder,
        reason=entry.reason,
        since=entry.since,
        due_at=entry.due_at,
        age=age_of(entry.since, now),
        overdue=not over and now >= entry.due_at,
        number=entry.id,
        incident_id=entry.incident_id,
        state=entry.state,
        changes=int(entry.facts.get("changed") or 0),
    )


def _found(kind: DebtKind, name: str, team: str, reason: str, since: datetime, due: datetime, now: datetime) -> Debt:
    return Debt(
        id=f"{kind.value}:{name}",
        kind=kind,
        component=name if kind is not DebtKind.UNOWNED_ALERTS else "",
        team=team,
        owner="",
        reason=reason,
        since=since,
        due_at=due,
        age=age_of(since, now),
        overdue=now >= due,
        state="overdue" if now >= due else "on",
    )


def expired_reviews(registry: Registry, outside: Outside, now: datetime) -> list[Debt]:
    """Components whose entry had to be reviewed by now; a confirmation given since counts as a review."""
    found = []
    for component in registry.components.values():
        confirmed = outside.confirmed.get(component.id)
        day = review_due(component, confirmed)
        if day is None or day >= now.date():
            continue
        due = datetime.combine(day, time(0), UTC) + timedelta(days=1)
        reason = f"its entry was last reviewed on {last_reviewed(component, confirmed)}"
        found.append(_found(DebtKind.EXPIRED_REVIEW, component.id, component.accountable, reason, due, due, now))
    return found


def unowned_components(
    registry: Registry, outside: Outside, on_call: OnCallNow, triage_team: str, read_at: datetime, now: datetime
) -> list[Debt]:
    """Components whose team has nobody, those another registry names without an owner, and those only seen outside.

    `read_at`: when the registry in force was read: what it says stands since then, where nothing older is known.
    """
    found: dict[str, Debt] = {}

    def add(name: str, reason: str, since: datetime) -> None:
        due = since + SETTLED_WITHIN
        found.setdefault(name, _found(DebtKind.UNOWNED_COMPONENT, name, triage_team, reason, since, due, now))

    for (kind, name), seen in outside.sightings.items():
        if kind is GapKind.NO_OWNER and not seen.well and name not in registry.components:
            add(name, seen.sentence, seen.since)
    for told in registry.findings:
        space, _, name = told.where.partition(".")
        if space == "components" and name and name not in registry.components:
            add(name, told.sentence, read_at)
    for component in registry.components.values():
        team = registry.teams.get(component.accountable)
        if team is not None and not team.members and not on_call(team.id):
            since = outside.since.get(f"{component.id}|{GapKind.NO_ON_CALL.value}|{team.id}", read_at)
            add(component.id, f"{team.id} has no members and nobody on call", since)
    return list(found.values())


def unowned_alerts(names: Iterable[tuple[str, datetime, int]], triage_team: str, now: datetime) -> list[Debt]:
    """Alerts that no matcher fits: (name, first incident's time, number of incidents)."""
    return [
        _found(
            DebtKind.UNOWNED_ALERTS,
            name,
            triage_team,
            f"{count} incident{'s' if count != 1 else ''} of {name} reached the triage channel: no matcher fits",
            since,
            since + SETTLED_WITHIN,
            now,
        )
        for name, since, count in names
    ]


def overdue_documents(lives: Iterable[tuple[DocumentLife, str, str]], now: datetime) -> list[Debt]:
    """Postmortems whose review should have been given by now: (life, component, accountable team)."""
    found = []
    for life, component, team in lives:
        due = life.due_at or now
        state = "in review" if life.state is DocumentState.IN_REVIEW else "still a draft"
        found.append(
            Debt(
                id=f"postmortem:{life.incident_id}",
                kind=DebtKind.POSTMORTEM,
                component=component,
                team=team,
                owner=life.owner,
                reason=f"the postmortem of INC-{life.incident_id} is {state}",
                since=due,
                due_at=due,
                age=age_of(due, now),
                overdue=True,
                incident_id=life.incident_id,
                state="overdue",
            )
        )
    return found


def ledger(entries: Iterable[Debt]) -> list[Debt]:
    """Entries as people read them: overdue ones first, then the oldest."""
    return sorted(entries, key=lambda d: (not d.overdue, d.since, d.id))


@dataclass(frozen=True, slots=True)
class TeamDebt:
    """How much a team holds: entries, how many of them are overdue, and since when the oldest stands."""

    team: str
    entries: int
    overdue: int
    oldest: datetime


def by_team(entries: Sequence[Debt]) -> list[TeamDebt]:
    """The ledger by team, the one with the most overdue first; entries of no known team come under an empty name."""
    teams = dict.fromkeys(d.team for d in entries)
    found = []
    for team in teams:
        held = [d for d in entries if d.team == team]
        found.append(TeamDebt(team, len(held), sum(d.overdue for d in held), min(d.since for d in held)))
    return sorted(found, key=lambda t: (-t.overdue, -t.entries, t.team))
