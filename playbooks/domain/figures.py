"""Figures of an incident as they are kept, and what many of them say: how long each part took, from milestones only.

What each figure runs from and to, and why, stands in `docs/figures.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from playbooks.domain.drafts.entries import Entry, Span, only
from playbooks.domain.drafts.facts import Facts, facts_of
from playbooks.domain.drafts.instants import span
from playbooks.domain.incidents import Incident
from playbooks.domain.timeline import Event, EventKind, EventSource

VERSION = 1
"""Raised when a figure is computed in another way: what is kept of an older version is computed again."""
FEW = 5
"""Fewer figures than these are an anecdote; whoever shows them says how many they are."""


class Measure(StrEnum):
    """One figure of an incident, in the order in which they are shown."""

    SILENT = "silent"
    DETECT = "detect"
    ACKNOWLEDGE = "acknowledge"
    DECIDE = "decide"
    MITIGATE = "mitigate"
    VERIFY = "verify"
    RESOLVE = "resolve"
    HANDOFF = "handoff"

    @property
    def label(self) -> str:
        """For people: `Silent`."""
        return _LABELS[self][0]

    @property
    def means(self) -> str:
        """From which milestone to which."""
        return _LABELS[self][1]


_LABELS = {
    Measure.SILENT: ("Silent", "impact start → detected"),
    Measure.DETECT: ("Detect", "impact start → first signal"),
    Measure.ACKNOWLEDGE: ("Acknowledge", "detected → acknowledged"),
    Measure.DECIDE: ("Decide", "authority asked → given"),
    Measure.MITIGATE: ("Mitigate", "impact start → mitigated"),
    Measure.VERIFY: ("Verify", "decided → effect confirmed"),
    Measure.RESOLVE: ("Resolve", "declared → resolved"),
    Measure.HANDOFF: ("Hand-off gap", "offered → receiver's first entry"),
}


class Mode(StrEnum):
    """What kind of incident it was; figures of different kinds are never mixed."""

    REAL = "real"
    DRILL = "drill"
    BACKFILL = "backfill"


class Grouping(StrEnum):
    """By what figures are told apart."""

    COMPONENT = "component"
    TEAM = "team"
    SEVERITY = "severity"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Figures:
    """What is kept of one incident that is over.

    Attributes:
        version: of the computation. chain_seq: up to which event of the chain they were computed.
        ended_at: resolved. severity: the last one. failure: its failure mode.
        seconds: by measure; a measure that is missing was not recorded, or its ends lie the other way round.
    """

    incident_id: int
    version: int
    chain_seq: int
    opened_at: datetime
    ended_at: datetime | None
    component: str
    team: str
    severity: str
    failure: str
    mode: Mode
    seconds: Mapping[Measure, int] = field(default_factory=dict)

    def by(self, grouping: Grouping) -> str:
        """Its component, team, severity or failure; may be empty."""
        return str(getattr(self, grouping.value))


def figures_of(incident: Incident, events: Sequence[Event]) -> Figures:
    """The figures of an incident from its whole chain; the same for the same chain at any time."""
    facts = facts_of(events, incident.id)
    found = {measure: one.seconds for measure, one in _spans(facts).items() if one is not None}
    return Figures(
        incident_id=incident.id,
        version=VERSION,
        chain_seq=max((event.seq for event in events), default=0),
        opened_at=incident.opened_at,
        ended_at=incident.resolved_at,
        component=incident.component,
        team=incident.team,
        severity=incident.severity,
        failure=incident.failure,
        mode=mode_of(facts.entries),
        seconds=found,
    )


def _spans(facts: Facts) -> Mapping[Measure, Span | None]:
    at = facts.instants
    return {
        Measure.SILENT: span("silent", at.impact_start, at.detected),
        Measure.DETECT: span("detect", at.impact_start, at.first_signal),
        Measure.ACKNOWLEDGE: span("acknowledge", at.detected, at.acknowledged),
        Measure.DECIDE: _longest(action.asked_to_given for action in facts.privileged),
        Measure.MITIGATE: span("mitigate", at.impact_start, at.mitigated),
        Measure.VERIFY: _longest(action.decided_to_verified for action in facts.privileged),
        Measure.RESOLVE: span("resolve", at.declared, at.resolved),
        Measure.HANDOFF: _longest(handoff.gap for handoff in facts.handoffs if handoff.state == "accepted"),
    }


def _longest(spans: Iterable[Span | None]) -> Span | None:
    """Of things that come several times the longest, so that no incident looks better than it was."""
    return max((one for one in spans if one is not None), key=lambda one: one.seconds, default=None)


def mode_of(entries: Sequence[Entry]) -> Mode:
    """What the declaration says it is; an incident that was itself entered after the fact is a backfill.

    The declaration recorded first counts: an earlier one told later does not make a night of yesterday another kind.
    """
    declared = min(only(entries, EventKind.DECLARED), key=lambda entry: _opening(entry).seq, default=None)
    if declared is None:
        return Mode.REAL
    said = declared.text("mode")
    if said in {mode.value for mode in Mode}:
        return Mode(said)
    return Mode.BACKFILL if _opening(declared).new.source is EventSource.BACKFILL else Mode.REAL


def _opening(entry: Entry) -> Event:
    """The first version of a line."""
    return entry.history[0] if entry.history else entry.event


# ------------------------------------------------------------------ of many


@dataclass(frozen=True, slots=True)
class Spread:
    """A measure over incidents, in seconds: `n` have it, `missing` have it not recorded. The rest None without any.

    `p90`: nine of ten were at most so long (nearest rank: it is the figure of one of them).
    """

    n: int
    missing: int
    median: int | None = None
    p90: int | None = None
    longest: int | None = None

    @property
    def few(self) -> bool:
        """Whether there are too few to compare."""
        return self.n < FEW


def spread(values: Iterable[int | None]) -> Spread:
    """The spread of one measure; None stands for an incident in which it was not recorded, and is never a zero."""
    from statistics import median  # brings fractions and random numbers, which a start of the bot does not need

    every = list(values)
    known = sorted(value for value in every if value is not None)
    if not known:
        return Spread(0, len(every))
    rank = -(-9 * len(known) // 10)
    return Spread(len(known), len(every) - len(known), int(median(known)), known[rank - 1], known[-1])


def spreads(figures: Sequence[Figures]) -> dict[Measure, Spread]:
    """Every measure over these incidents, which are of one mode."""
    return {measure: spread(one.seconds.get(measure) for one in figures) for measure in Measure}


@dataclass(frozen=True, slots=True)
class Period:
    """Incidents declared from `start` on and before `end`, UTC."""

    start: datetime
    end: datetime

    @property
    def before(self) -> Period:
        """The period of the same length just before."""
        return Period(self.start - (self.end - self.start), self.start)

    @property
    def days(self) -> int:
        """Its length in whole days, one at least."""
        return max(1, round((self.end - self.start) / timedelta(days=1)))

    def holds(self, at: datetime) -> bool:
        """Whether a time lies in it."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Group:
    """Incidents that share a component, team, severity or failure; `key` is empty where it is not known."""

    key: str
    count: int
    now: Mapping[Measure, Spread]
    then: Mapping[Measure, Spread]


@dataclass(frozen=True, slots=True)
class Report:
    """What the figures of a period say.

    Attributes:
        count: real incidents of the period that are over. before: of the period before.
        still_open: declared in the period and not over; no figure has them. drills, backfills: left out of all figures.
        now, then: every measure, in the period and in the one before. groups: by `grouping`, most incidents first.
    """

    period: Period
    count: int
    before: int
    still_open: int
    drills: int
    backfills: int
    now: Mapping[Measure, Spread]
    then: Mapping[Measure, Spread]
    grouping: Grouping | None = None
    groups: tuple[Group, ...] = ()


def report(figures: Sequence[Figures], period: Period, *, still_open: int = 0, by: Grouping | None = None) -> Report:
    """Sum up. `figures`: of the period and of the one before it, of any mode."""
    now = [one for one in figures if period.holds(one.opened_at)]
    real = [one for one in now if one.mode is Mode.REAL]
    before = [one for one in figures if one.mode is Mode.REAL and period.before.holds(one.opened_at)]
    return Report(
        period=period,
        count=len(real),
        before=len(before),
        still_open=still_open,
        drills=sum(one.mode is Mode.DRILL for one in now),
        backfills=sum(one.mode is Mode.BACKFILL for one in now),
        now=spreads(real),
        then=spreads(before),
        grouping=by,
        groups=groups_of(figures, period, by) if by is not None else (),
    )


def groups_of(figures: Sequence[Figures], period: Period, by: Grouping) -> tuple[Group, ...]:
    """Real incidents of a period told apart, most first, each beside its own period before."""
    real = [one for one in figures if one.mode is Mode.REAL]
    now = [one for one in real if period.holds(one.opened_at)]
    before = [one for one in real if period.before.holds(one.opened_at)]
    parts: dict[str, tuple[list[Figures], list[Figures]]] = {}
    for index, many in enumerate((now, before)):
        for one in many:
            parts.setdefault(one.by(by), ([], []))[index].append(one)
    found = [Group(key, len(here), spreads(here), spreads(past)) for key, (here, past) in parts.items() if here]
    return tuple(sorted(found, key=lambda group: (-group.count, group.key)))
