"""Actions on levers: the plan, its hash, the states an action goes through, and the time box of a disable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from playbooks.domain.timeline import canonical


class ActionKind(StrEnum):
    """What is done."""

    ROLLBACK = "rollback"
    DISABLE = "disable"
    ENABLE = "enable"
    ACCEPT_RISK = "accept_risk"
    FREEZE = "freeze"
    FOLLOW_UP = "follow_up"
    CLOCK = "clock"
    HOLD = "hold"


STANDING = frozenset(
    {ActionKind.ACCEPT_RISK, ActionKind.FREEZE, ActionKind.FOLLOW_UP, ActionKind.CLOCK, ActionKind.HOLD}
)
"""Kinds that move no lever: what is decided stands in the ledger until its end."""


class ActionState(StrEnum):
    """Where an action stands. Terminal: the last nine."""

    PLANNING = "planning"  # the lever is being read
    PREVIEWED = "previewed"  # the requester sees the preview
    AWAITING = "awaiting"  # approvals are asked for
    APPROVED = "approved"  # approvals consumed; before-state is read again
    APPLYING = "applying"  # intent committed; the call may have gone out
    BY_HAND = "by_hand"  # a person is asked to do it and has not answered yet
    VERIFYING = "verifying"  # call done; effect is being read back
    CONFIRMED = "confirmed"
    CLAIMED = "claimed"  # a person says that it is done, with evidence; nothing reads it back
    UNPROVEN = "unproven"  # applied, but the effect was not seen in time
    CONTRADICTED = "contradicted"  # the read-back shows something else
    FAILED = "failed"
    STALE = "stale"  # the before-state changed after the preview
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Maturity(StrEnum):
    """What a lever's code was tried against; declared by its class."""

    PROVEN = "proven"  # run against the real service, in the version it names
    UNPROVEN = "unproven"  # built from the vendor's documents alone


UNPROVEN_WORDS = "This lever was built from the vendor's documents and was never run against the real service."


TERMINAL = frozenset(
    {
        ActionState.CONFIRMED,
        ActionState.CLAIMED,
        ActionState.UNPROVEN,
        ActionState.CONTRADICTED,
        ActionState.FAILED,
        ActionState.STALE,
        ActionState.DENIED,
        ActionState.EXPIRED,
        ActionState.WITHDRAWN,
    }
)


def version_name(version: str) -> str:
    """`v42` for the bare number a provider gives, else the name as it is."""
    return f"v{version}" if version.isdecimal() else version


class Mark(StrEnum):
    """What people or evaluation said of a version."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Version:
    """A version a lever could go to.

    Attributes:
        id: as the provider names it (`42`).
        mark: good, bad or None when nothing is recorded. mark_note: why or where from, for people.
        marked_at: when it was marked. created_at: when the provider made it.
    """

    id: str
    mark: Mark | None = None
    mark_note: str = ""
    marked_at: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What a lever reads of the world now.

    Attributes:
        state: the desired state as stored by the provider: a version id, or `on`/`off`. Empty when nothing is set.
        versions: candidates, newest first (rollback only).
        detail: more facts bound into the before-hash (strategies of a flag, alias), text to text.
        served: what the serving side answers now, empty when there is no serving check.
        unread: nothing can be read, so that what Muster recorded stands in for it.
        open_ended: other versions than these may be named.
    """

    state: str
    versions: tuple[Version, ...] = ()
    detail: Mapping[str, str] = field(default_factory=dict)
    served: str = ""
    unread: bool = False
    open_ended: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done; the hash over it and the observed before-state is what approvers approve.

    Attributes:
        provider: lever provider kind. target: what it is about (`fraud-scorer@champion`, `default/flag@production`).
        before, after: states (versions, `on`/`off`).
        detail: facts of the before-state that must still hold at apply.
        proof: how the effect will be proved, one clause for people. takes: expected seconds.
        note: one line about the target state for people (`marked good on 2 Nov (evaluation 0.941)`), may be empty.
        warning: something the approver must see, may be empty.
        verify_within: seconds after apply in which the effect must be seen.
    """

    provider: str
    target: str
    before: str
    after: str
    detail: Mapping[str, str] = field(default_factory=dict)
    proof: str = ""
    takes: int = 0
    note: str = ""
    warning: str = ""
    verify_within: int = 120

    def as_json(self) -> dict[str, Any]:
        """Plain data for storage."""
        return {
            "provider": self.provider,
            "target": self.target,
            "before": self.before,
            "after": self.after,
            "detail": dict(self.detail),
            "proof": self.proof,
            "takes": self.takes,
            "note": self.note,
            "warning": self.warning,
            "verify_within": self.verify_within,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """The inverse of `as_json`."""
        return cls(**data)


def plan_hash(kind: ActionKind, component: str, plan: Plan, ends_after: int | None) -> str:
    """Hash an approval is bound to: kind, component, target, before-state with its detail, after-state, length in s."""
    return sha256(
        canonical(
            {
                "kind": kind.value,
                "component": component,
                "provider": plan.provider,
                "target": plan.target,
                "before": plan.before,
                "after": plan.after,
                "detail": dict(plan.detail),
                "ends_after": ends_after,
            }
        )
    ).hexdigest()


class Outcome(StrEnum):
    """What reading back showed."""

    CONFIRMED = "confirmed"
    NOT_YET = "not_yet"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of reading an effect back.

    Attributes:
        outcome: three-valued. evidence: one clause for people (`20 of 20 answers carry v42`); never empty.
        facts: the same as data, text to text.
    """

    outcome: Outcome
    evidence: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """An action as stored.

    Attributes:
        id: number people see (`/inc approve 17`). ends_after: seconds of the time box of a disable, else None.
        target: version asked for by a person, empty for the default.
        requester: actor id; requester_slack: to answer. authority: right under which it was decided, in words.
        approvals_needed: how many deciders; 0 when the registry needs none (restore).
        expires_at: until when it may be approved. undo_of: the disable this enable ends.
        override: number of the debt-ledger entry a disable made (`D-118`).
        attempts: applies started. evidence: of the last verification. error: sentence when failed.
    """

    id: int
    kind: ActionKind
    state: ActionState
    component: str
    incident_id: int | None
    requester: str
    requester_slack: str
    requester_role: str
    because: str
    created_at: datetime
    channel: str = ""
    target: str = ""
    plan: Plan | None = None
    plan_hash: str = ""
    ends_after: int | None = None
    approvals_needed: int = 1
    authority: str = ""
    expires_at: datetime | None = None
    asked_at: datetime | None = None
    approved_at: datetime | None = None
    applying_at: datetime | None = None
    applied_at: datetime | None = None
    verified_at: datetime | None = None
    undo_of: int | None = None
    override: int | None = None
    attempts: int = 0
    evidence: str = ""
    error: str = ""
    version: int = 1

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in TERMINAL


@dataclass(frozen=True, slots=True)
class Approval:
    """One decider's answer to one action."""

    action_id: int
    decider: str
    decider_role: str
    verdict: str  # approved | denied
    plan_hash: str
    at: datetime
    reason: str = ""
    consumed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """An entry of the debt ledger: something stands against the normal state, and somebody holds it until then.

    Attributes:
        id: number people see (`D-118`). kind: a value of `debt.DebtKind`. due_at: its end or its review, UTC.
        state: `pending` (not yet confirmed), `on` (in force), `overdue` (its end came and people must act),
            `closed`, `void` (never took effect). holder: actor id.
        team: accountable for the component when it was made. facts: what this kind alone knows, plain data.
    """

    id: int
    kind: str
    component: str
    incident_id: int | None
    action_id: int
    holder: str
    reason: str
    since: datetime
    due_at: datetime
    state: str = "pending"
    confirmed_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    escalations: int = 0
    version: int = 1
    team: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def choose_rollback_target(described: Described) -> Version | None:
    """The last version marked good that is not the current one; never "version minus one".

    "Last" is by the time of the mark; versions without that time come after those with it, in the given order.
    """
    good = [v for v in described.versions if v.mark is Mark.GOOD and v.id != described.state]
    if not good:
        return None
    dated = [v for v in good if v.marked_at is not None]
    if dated:
        return max(dated, key=lambda v: v.marked_at.timestamp() if v.marked_at else 0.0)
    return good[0]
