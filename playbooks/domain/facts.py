"""The typed facts of timeline events: which payload each kind carries. Builders here are the only writers of payloads.

Every payload is text, integers, booleans, null, lists and maps; times are UTC text (`timeline.utc_text`).
The draft reads nothing but these and the events' own columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from playbooks.domain.actions import Action, Outcome, Override
from playbooks.domain.alerts import Alert, Change
from playbooks.domain.timeline import utc_text
from playbooks.domain.typed_signals import signal_facts, signal_of


class AlertFacts(TypedDict, total=False):
    """`alert`: one episode, or in a storm the count and names of several."""

    source: str
    fingerprint: str
    name: str
    status: str
    severity: str
    summary: str
    link: str
    starts_at: str | None
    ends_at: str | None
    count: int
    names: list[str]
    signal: dict[str, str | int]


class ChangeFacts(TypedDict):
    """`change`: what changed, by time only."""

    source: str
    key: str
    kind: str
    subject: str
    before: str
    after: str
    environment: str
    by: str


class DeclaredFacts(TypedDict):
    """`declared`: what was known at the opening; `registry` is the content hash of the version in force.

    `mode`: a value of `figures.Mode`: `backfill` for one written down after it was over; absent for a live one.
    """

    title: str
    component: str
    failure: str
    severity: str
    by: str
    team: str
    registry: str
    stages: dict[str, str]
    on_call: int
    tier: int
    fallback: str
    missing: list[str]
    mode: NotRequired[str]


class ActionFacts(TypedDict, total=False):
    """`action`, `action_result`, `verification`, `decision` on an action.

    The phase of `action`: requested, started; by hand also claimed, could_not, called_off.
    """

    action: int
    kind: str
    component: str
    phase: str
    provider: str
    target: str
    before: str
    after: str
    plan_hash: str
    ends_after: int | None
    note: str
    because: str
    result: str  # worked | claimed | failed | unknown | stale
    error: str
    outcome: str  # confirmed | not_yet | contradicted
    evidence: str
    decision: str  # roll_back | disable | enable
    verdict: str  # approved | denied | expired | withdrawn | not needed
    right: str
    used: str  # holder | on_call | deputy | break_glass | act_and_tell | not_needed
    rule: str
    approvals: int
    needed: int
    requester_role: str
    override: int | None


class RefusalFacts(TypedDict):
    """`refusal`: somebody may not, for which decision on what, why, and who may instead (roles, not persons)."""

    decision: str
    component: str
    reason: str  # a value of `rulings.Why`, or the code of the error
    rule: str
    may: str
    sentence: str


class OverrideFacts(TypedDict, total=False):
    """`override` (phase on, extended, overdue, escalated), `undo_due`, `undone`."""

    override: int
    action: int
    component: str
    phase: str
    since: str | None
    due_at: str | None
    was_due_at: str | None
    why: str


def alert_facts(alert: Alert) -> dict[str, Any]:
    """Payload of an `alert` event for one episode; `signal` where it measured something."""
    facts = AlertFacts(
        source=alert.source,
        fingerprint=alert.fingerprint,
        name=alert.name,
        status=alert.status.value,
        severity=alert.severity,
        summary=alert.summary,
        link=alert.link,
        starts_at=utc_text(alert.starts_at),
        ends_at=utc_text(alert.ends_at),
    )
    measured = signal_facts(signal_of(alert))
    return {**facts, "signal": measured} if measured else dict(facts)


def storm_facts(source: str, names: Sequence[str], count: int, status: str) -> dict[str, Any]:
    """Payload of one `alert` event that stands for many episodes of a storm."""
    return dict(AlertFacts(source=source, names=sorted(set(names))[:20], count=count, status=status))


def change_facts(change: Change) -> dict[str, Any]:
    """Payload of a `change` event."""
    return dict(
        ChangeFacts(
            source=change.source,
            key=change.key,
            kind=change.kind,
            subject=change.subject,
            before=change.before,
            after=change.after,
            environment=change.environment,
            by=change.by,
        )
    )


def action_facts(action: Action, **more: Any) -> dict[str, Any]:
    """Payload of an `action` event; `more` overrides or adds (phase, result, verdict …)."""
    facts = ActionFacts(
        action=action.id,
        kind=action.kind.value,
        component=action.component,
        because=action.because,
        requester_role=action.requester_role,
        ends_after=action.ends_after,
        plan_hash=action.plan_hash,
    )
    if action.plan is not None:
        facts.update(
            ActionFacts(
                provider=action.plan.provider,
                target=action.plan.target,
                before=action.plan.before,
                after=action.plan.after,
                note=action.plan.note,
            )
        )
    return {**facts, **more}


def verification_facts(action: Action, outcome: Outcome, evidence: str) -> dict[str, Any]:
    """Payload of a `verification` event."""
    return action_facts(action, outcome=outcome.value, evidence=evidence)


def override_facts(
    override: Override, phase: str, *, was_due_at: datetime | None = None, why: str = ""
) -> dict[str, Any]:
    """Payload of `override`, `undo_due` and `undone` events."""
    return dict(
        OverrideFacts(
            override=override.id,
            action=override.action_id,
            component=override.component,
            phase=phase,
            since=utc_text(override.since),
            due_at=utc_text(override.due_at),
            was_due_at=utc_text(was_due_at),
            why=why,
        )
    )


def entry_facts(override: Override, phase: str, *, why: str = "", **more: Any) -> dict[str, Any]:
    """Payload of an `override` event about an entry that moves no lever (accepted risk, freeze); names no action."""
    facts = OverrideFacts(
        override=override.id,
        component=override.component,
        phase=phase,
        since=utc_text(override.since),
        due_at=utc_text(override.due_at),
        why=why,
    )
    return {**facts, "kind": override.kind, **more}


def move_facts(before: str, after: str, **more: Any) -> Mapping[str, Any]:
    """Payload of `status`, `severity` and `role` events: from, to."""
    return {"from": before, "to": after, **more}
