"""Everything a draft states, derived from the chain: one value, the same for the same events at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from playbooks.domain.drafts import authority, deeds, flow, record, state
from playbooks.domain.drafts.authority import Grant, Refused
from playbooks.domain.drafts.deeds import Deed, OverrideStep, Privileged, Proof
from playbooks.domain.drafts.entries import Entry, Point, Span, entries_of, first
from playbooks.domain.drafts.flow import Comms, Handoff, Hypothesis, TeamChange
from playbooks.domain.drafts.instants import (
    Instants,
    Oddity,
    Phase,
    instants_of,
    oddities_of,
    phases_of,
    quiet_of,
    severity_spans,
    spans_of,
)
from playbooks.domain.drafts.prompts import Prompt, prompts_of
from playbooks.domain.drafts.record import Amendment, Invitee
from playbooks.domain.drafts.similar import Similar, similar_of
from playbooks.domain.drafts.snapshots import Snapshot, snapshots_in
from playbooks.domain.drafts.state import Changes, StateRow, Unread
from playbooks.domain.timeline import Event, EventKind, utc_text


@dataclass(frozen=True, slots=True)
class Declared:
    """What the declaration knew of the component; `seq` is None where nothing was declared."""

    seq: int | None
    title: str
    component: str
    failure: str
    severity: str
    team: str
    registry: str
    tier: int | None
    stages: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The mechanical part of a postmortem. `anchor` is the last event, for questions about something absent."""

    incident_id: int
    events: int
    entries: tuple[Entry, ...]
    last_recorded: Point | None
    anchor: tuple[int, ...]
    declared: Declared
    instants: Instants
    spans: tuple[tuple[str, Span | None], ...]
    phases: tuple[Phase, ...]
    severities: tuple[tuple[str, Point, Span | None], ...]
    oddities: tuple[Oddity, ...]
    quiet: Span | None
    changes: Changes
    state: tuple[StateRow, ...]
    unread: tuple[Unread, ...]
    snapshots: tuple[Snapshot, ...]
    privileged: tuple[Privileged, ...]
    actions: tuple[Deed, ...]
    decisions: tuple[Deed, ...]
    grants: tuple[Grant, ...]
    refusals: tuple[Refused, ...]
    proofs: tuple[Proof, ...]
    overrides: tuple[OverrideStep, ...]
    hypotheses: tuple[Hypothesis, ...]
    handoffs: tuple[Handoff, ...]
    team_changes: tuple[TeamChange, ...]
    comms: Comms
    late: tuple[int, ...]
    amendments: tuple[Amendment, ...]
    invitees: tuple[Invitee, ...]
    similar: Similar

    @property
    def silent(self) -> Span | None:
        """From impact start to detection."""
        return next((span for name, span in self.spans if name.endswith("(silent)")), None)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The questions these facts leave to people."""
        return prompts_of(self)

    @property
    def count(self) -> int:
        """How many single facts are stated beside the timeline."""
        found = [point for _, point in self.instants.rows() if point is not None]
        found_spans = [span for _, span in self.spans if span is not None]
        lists: tuple[Sequence[object], ...] = (
            found, found_spans, self.phases, self.severities, self.oddities, self.changes.rows, self.state,
            self.privileged, self.actions, self.decisions, self.refusals, self.proofs, self.overrides,
            self.hypotheses, self.handoffs, self.comms.rows, self.amendments, self.invitees, self.similar.rows,
        )  # fmt: skip
        return sum(len(one) for one in lists)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the message at the end of an incident tells; None where the chain does not give it."""

    facts_checked: int
    events: int
    questions: int
    silent: timedelta | None
    detected_to_ack: timedelta | None
    asked_to_given: timedelta | None
    decided_to_verified: timedelta | None
    handoff_gap: timedelta | None


def facts_of(events: Sequence[Event], incident_id: int) -> Facts:
    """Derive all facts. The order of `events` does not matter."""
    ordered = sorted(events, key=lambda e: e.seq)
    entries = entries_of(ordered)
    at = instants_of(entries)
    privileged = deeds.privileged_of(entries)
    tail = ordered[-1] if ordered else None
    return Facts(
        incident_id=incident_id,
        events=len(ordered),
        entries=entries,
        last_recorded=Point(tail.recorded_at, tail.seq) if tail else None,
        anchor=(tail.seq,) if tail else (),
        declared=_declared(entries),
        instants=at,
        spans=spans_of(at),
        phases=phases_of(entries),
        severities=severity_spans(entries, at),
        oddities=oddities_of(at),
        quiet=quiet_of(entries, at),
        changes=state.changes_of(entries, at),
        state=state.state_of(entries, at, privileged),
        unread=state.unread_of(entries),
        snapshots=snapshots_in(entries),
        privileged=privileged,
        actions=deeds.other_actions(entries),
        decisions=deeds.other_decisions(entries),
        grants=authority.grants_of(entries),
        refusals=authority.refusals_of(entries),
        proofs=deeds.proofs_of(entries),
        overrides=deeds.overrides_of(entries),
        hypotheses=flow.hypotheses_of(entries),
        handoffs=flow.handoffs_of(entries),
        team_changes=flow.team_changes(entries),
        comms=flow.comms_of(entries, at),
        late=record.late_of(entries),
        amendments=record.amendments_of(ordered, entries),
        invitees=record.invitees_of(ordered),
        similar=similar_of(entries),
    )


def _declared(entries: Sequence[Entry]) -> Declared:
    entry = first(entries, EventKind.DECLARED)
    if entry is None:
        return Declared(None, "", "", "", "", "", "", None, (), ())
    stages = entry.payload.get("stages")
    pairs = stages.items() if isinstance(stages, Mapping) else ()
    return Declared(
        seq=entry.seq,
        title=entry.text("title"),
        component=entry.text("component") or entry.component,
        failure=entry.text("failure"),
        severity=entry.text("severity"),
        team=entry.text("team"),
        registry=entry.text("registry"),
        tier=entry.number("tier"),
        stages=tuple(sorted((str(k), v) for k, v in pairs if isinstance(v, str))),
        missing=deeds.registry_gaps(entries)[1],
    )


def draft_figures(events: Sequence[Event]) -> Figures:
    """The figures of an incident, of repeated things the longest, so that none looks better than it was."""
    facts = facts_of(events, events[0].incident_id if events else 0)
    spans = dict(facts.spans)
    return Figures(
        facts_checked=facts.count,
        events=facts.events,
        questions=len(facts.prompts),
        silent=_delta([facts.silent]),
        detected_to_ack=_delta([spans.get("Detected to acknowledged")]),
        asked_to_given=_delta([a.asked_to_given for a in facts.privileged]),
        decided_to_verified=_delta([a.decided_to_verified for a in facts.privileged]),
        handoff_gap=_delta([h.gap for h in facts.handoffs if h.state == "accepted"]),
    )


def _delta(spans: Sequence[Span | None]) -> timedelta | None:
    found = [span.seconds for span in spans if span is not None]
    return timedelta(seconds=max(found)) if found else None


def as_json(facts: Facts) -> dict[str, Any]:
    """The facts as plain data: times as UTC text, citations as sequence numbers; texts of the timeline stay out."""
    kept = {name: getattr(facts, name) for name in Facts.__dataclass_fields__ if name not in ("entries", "anchor")}
    plain = {name: _plain(value) for name, value in kept.items()}
    plain["questions"] = [_plain(asdict(p)) for p in facts.prompts]
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Span):
        return {"seconds": value.seconds, "from": value.start.seq, "to": value.end.seq, "coarse": value.coarse}
    if isinstance(value, Point):
        return {"at": utc_text(value.at), "event": value.seq, "precision": value.precision.value}
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    fields = getattr(value, "__dataclass_fields__", None)
    return {name: _plain(getattr(value, name)) for name in fields} if fields else value
