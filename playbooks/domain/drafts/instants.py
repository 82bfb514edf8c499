"""Key instants of an incident: the value with its event, or nothing; and orders that are unusual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from playbooks.domain.drafts.entries import Entry, Point, Span, first, only
from playbooks.domain.milestones import MILESTONES, phase_of, standing
from playbooks.domain.timeline import EventKind

SIGNALS = (EventKind.ALERT, EventKind.REPORT, EventKind.DETECTED)


@dataclass(frozen=True, slots=True)
class Instants:
    """The instants every draft shows. `noticed` says by what the incident was noticed, in words.

    `proposed`: nobody stated when it was detected, so the first signal stands there until somebody does.
    """

    impact_start: Point | None
    first_signal: Point | None
    detected: Point | None
    aware: Point | None
    declared: Point | None
    acknowledged: Point | None
    first_action: Point | None
    first_notice: Point | None
    mitigated: Point | None
    resolved: Point | None
    noticed: str
    noticed_by: Point | None
    proposed: bool = False

    def rows(self) -> tuple[tuple[str, Point | None], ...]:
        """Name and instant in the order in which they usually come."""
        return (
            ("Impact start", self.impact_start),
            ("First signal", self.first_signal),
            ("Detected", self.detected),
            ("Aware", self.aware),
            ("Declared", self.declared),
            ("Acknowledged", self.acknowledged),
            ("First action", self.first_action),
            ("First notice to people", self.first_notice),
            ("Mitigated", self.mitigated),
            ("Resolved", self.resolved),
        )


def instants_of(entries: Sequence[Entry]) -> Instants:
    """Derive the instants. A milestone somebody recorded wins over what could be guessed from other events.

    Milestones of a phase have clocks of their own: see `phases_of`.
    """
    impact = standing(entries, EventKind.IMPACT_START)
    signal = _first_signal(entries)
    stated = standing(entries, EventKind.DETECTED)
    detected = stated or signal
    notice = first(only_after(entries, impact), EventKind.COMMS)
    mitigated = standing(entries, EventKind.MITIGATED) or _moved_to(entries, "mitigated")
    resolved = standing(entries, EventKind.RESOLVED) or _moved_to(entries, "resolved")
    action = next((e for e in entries if e.kind is EventKind.ACTION and e.text("phase") != "requested"), None)
    return Instants(
        impact_start=_point(impact),
        first_signal=_point(signal),
        detected=_point(detected),
        aware=_point(standing(entries, EventKind.AWARE)),
        declared=_point(first(entries, EventKind.DECLARED)),
        acknowledged=_point(standing(entries, EventKind.ACK)),
        first_action=_point(action),
        first_notice=_point(notice),
        mitigated=_point(mitigated),
        resolved=_point(resolved),
        noticed=_noticed(entries, detected),
        noticed_by=_point(detected),
        proposed=stated is None and signal is not None,
    )


@dataclass(frozen=True, slots=True)
class Phase:
    """A component's own clock within the incident: its milestones, and the lengths they give."""

    component: str
    instants: tuple[tuple[str, Point], ...]
    spans: tuple[tuple[str, Span], ...]


_PHASE_ROWS = (
    ("Impact start", EventKind.IMPACT_START),
    ("Detected", EventKind.DETECTED),
    ("Aware", EventKind.AWARE),
    ("Acknowledged", EventKind.ACK),
    ("Mitigated", EventKind.MITIGATED),
    ("Resolved", EventKind.RESOLVED),
)
_PHASE_SPANS = (
    ("Impact start", "Detected"),
    ("Detected", "Acknowledged"),
    ("Impact start", "Mitigated"),
    ("Mitigated", "Resolved"),
    ("Impact start", "Resolved"),
)


def phases_of(entries: Sequence[Entry]) -> tuple[Phase, ...]:
    """The phases in the order of their first instant; none where no milestone names a component of its own."""
    names = dict.fromkeys(name for e in only(entries, *MILESTONES) if (name := phase_of(e)))
    return tuple(_phase(entries, name) for name in names)


def _phase(entries: Sequence[Entry], component: str) -> Phase:
    found = {name: _point(standing(entries, kind, component)) for name, kind in _PHASE_ROWS}
    spans = [
        (f"{a} to {b.lower()}", span("phase", found[a], found[b])) for a, b in _PHASE_SPANS if found[a] and found[b]
    ]
    return Phase(
        component,
        tuple((name, point) for name, point in found.items() if point is not None),
        tuple((name, length) for name, length in spans if length is not None),
    )


def only_after(entries: Sequence[Entry], start: Entry | None) -> Sequence[Entry]:
    """The lines not before another; all of them where there is no other."""
    return entries if start is None else [e for e in entries if e.at >= start.at]


def _point(entry: Entry | None) -> Point | None:
    return None if entry is None else entry.point


def _first_signal(entries: Sequence[Entry]) -> Entry | None:
    signals = (e for e in entries if e.kind in SIGNALS and not phase_of(e))
    return next((e for e in signals if e.text("status") != "resolved"), None)


def _moved_to(entries: Sequence[Entry], state: str) -> Entry | None:
    return next((e for e in reversed(entries) if e.kind is EventKind.STATUS and e.text("to") == state), None)


_NOTICED = {EventKind.ALERT: "alert", EventKind.REPORT: "user report"}


def _noticed(entries: Sequence[Entry], detected: Entry | None) -> str:
    """Alert, user report, evaluation or person; unknown where nothing says it."""
    if detected is None:
        return "unknown"
    if detected.kind in _NOTICED:
        return _NOTICED[detected.kind]
    earlier = [e for e in entries if e.kind in _NOTICED and e.at <= detected.at]
    if earlier:
        return _NOTICED[earlier[0].kind]
    if detected.text("by") == "evaluation":
        return "evaluation"
    return "person" if detected.human else "unknown"


def spans_of(at: Instants) -> tuple[tuple[str, Span | None], ...]:
    """The durations every draft shows; None where an end is missing or the order is reversed."""
    pairs = (
        ("Impact start to detected (silent)", at.impact_start, at.detected),
        ("Detected to acknowledged", at.detected, at.acknowledged),
        ("Detected to declared", at.detected, at.declared),
        ("Detected to first action", at.detected, at.first_action),
        ("Impact start to first notice", at.impact_start, at.first_notice),
        ("Impact start to mitigated", at.impact_start, at.mitigated),
        ("Mitigated to resolved", at.mitigated, at.resolved),
        ("Impact start to resolved", at.impact_start, at.resolved),
        ("Declared to resolved", at.declared, at.resolved),
    )
    return tuple((name, span(name, start, end)) for name, start, end in pairs)


def span(name: str, start: Point | None, end: Point | None) -> Span | None:
    """The span between two instants, None where one is missing or they lie the other way round."""
    if start is None or end is None or end.at < start.at or start.seq == end.seq:
        return None
    return Span(name, start, end)


@dataclass(frozen=True, slots=True)
class Oddity:
    """Two instants in an order that needs a reader's eye."""

    earlier: str
    first: Point
    later: str
    second: Point


def oddities_of(at: Instants) -> tuple[Oddity, ...]:
    """Orders that are legitimate at times (an incident declared afterwards) but never pass silently."""
    usual = (
        ("impact start", at.impact_start, "first signal", at.first_signal),
        ("impact start", at.impact_start, "detected", at.detected),
        ("detected", at.detected, "declared", at.declared),
        ("detected", at.detected, "aware", at.aware),
        ("detected", at.detected, "acknowledged", at.acknowledged),
        ("declared", at.declared, "mitigated", at.mitigated),
        ("declared", at.declared, "resolved", at.resolved),
        ("impact start", at.impact_start, "first action", at.first_action),
        ("impact start", at.impact_start, "mitigated", at.mitigated),
        ("mitigated", at.mitigated, "resolved", at.resolved),
    )
    odd = []
    seen: set[tuple[int, int]] = set()
    for before, one, after, two in usual:
        if one is None or two is None or two.at >= one.at or (two.seq, one.seq) in seen:
            continue
        seen.add((two.seq, one.seq))
        odd.append(Oddity(after, two, before, one))
    return tuple(odd)


def quiet_of(entries: Sequence[Entry], at: Instants, least: int = 1800) -> Span | None:
    """The longest stretch without an entry between the beginning and the resolution, from half an hour up."""
    starts = [p for p in (at.impact_start, at.first_signal, at.declared) if p is not None]
    begin = min((p.at for p in starts), default=None)
    end = at.resolved.at if at.resolved else None
    inside = [e for e in entries if (begin is None or e.at >= begin) and (end is None or e.at <= end)]
    gaps = [Span("quiet", a.point, b.point) for a, b in pairwise(inside)]
    longest = max(gaps, key=lambda g: g.seconds, default=None)
    return longest if longest is not None and longest.seconds >= least else None


def severity_spans(entries: Sequence[Entry], at: Instants) -> tuple[tuple[str, Point, Span | None], ...]:
    """Severity, since when, and for how long; the span is None while it lasts."""
    marks = [(e.text("severity"), e.point) for e in only(entries, EventKind.DECLARED) if e.text("severity")][:1]
    marks += [(e.text("to"), e.point) for e in only(entries, EventKind.SEVERITY) if e.text("to")]
    marks.sort(key=lambda mark: (mark[1].at, mark[1].seq))
    rows = []
    for index, (severity, since) in enumerate(marks):
        until = marks[index + 1][1] if index + 1 < len(marks) else at.resolved
        rows.append((severity, since, span(severity, since, until)))
    return tuple(rows)
