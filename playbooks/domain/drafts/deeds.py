"""What was decided and done: privileged actions with their authority and proof, and everything else people did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playbooks.domain.drafts.entries import Entry, Point, Span, first, last, only, role_of
from playbooks.domain.drafts.instants import span
from playbooks.domain.timeline import EventKind

ABOUT_ACTIONS = (
    EventKind.ACTION,
    EventKind.DECISION,
    EventKind.ACTION_RESULT,
    EventKind.VERIFICATION,
    EventKind.OVERRIDE,
    EventKind.UNDO_DUE,
    EventKind.UNDONE,
)


# A decider who asks under the own right needs nobody else, and still is who decided.
_GIVEN = ("approved", "not needed")


@dataclass(frozen=True, slots=True)
class Said:
    """A short text of the chain and the event that holds it."""

    text: str
    seq: int


@dataclass(frozen=True, slots=True)
class Privileged:
    """One action on a lever, from asking to undoing; what is None was not recorded."""

    number: int
    kind: str
    component: str
    target: str
    before: str
    after: str
    seqs: tuple[int, ...]
    asked: Point | None
    asked_by: Said | None
    verdict: Said | None
    decided: Point | None
    deciders: tuple[Said, ...]
    right: Said | None
    approvals: tuple[int, int] | None
    started: Point | None
    result: Said | None
    outcome: Said | None
    verified: Point | None
    undo_due: Point | None
    undone: Point | None
    override: int | None
    asked_to_given: Span | None
    decided_to_verified: Span | None

    @property
    def applied(self) -> bool:
        """Whether something was changed, as far as the chain tells."""
        return self.started is not None or self.result is not None or self.verified is not None

    @property
    def took_effect(self) -> bool:
        """Whether the change was seen or reported as done."""
        proved = self.outcome is not None and self.outcome.text == "confirmed"
        return proved or (self.outcome is None and self.result is not None and self.result.text == "worked")

    @property
    def went_wrong(self) -> bool:
        """Whether it failed or the read-back showed something else."""
        bad = self.result is not None and self.result.text in ("failed", "stale", "made_worse")
        return bad or (self.outcome is not None and self.outcome.text == "contradicted")


@dataclass(frozen=True, slots=True)
class Deed:
    """An action or decision outside the levers, as somebody recorded it."""

    at: Point
    role: str
    component: str
    kind: str
    result: str
    right: str


def privileged_of(entries: Sequence[Entry]) -> tuple[Privileged, ...]:
    """Actions with a number, in the order in which they were asked for."""
    groups: dict[int, list[Entry]] = {}
    for entry in entries:
        number = entry.number("action")
        if number is not None and entry.kind in ABOUT_ACTIONS:
            groups.setdefault(number, []).append(entry)
    return tuple(_privileged(number, group) for number, group in groups.items())


def _privileged(number: int, group: Sequence[Entry]) -> Privileged:
    asked = next((e for e in group if e.kind is EventKind.ACTION and e.text("phase") == "requested"), None)
    started = next((e for e in group if e.kind is EventKind.ACTION and e.text("phase") == "started"), None)
    decisions = [e for e in only(group, EventKind.DECISION) if e.text("phase") != "closed"]  # that is its review
    verdict = decisions[-1] if decisions else None
    yes = [e for e in decisions if e.text("verdict") == "approved"]
    result = last(group, EventKind.ACTION_RESULT)
    proof = last(group, EventKind.VERIFICATION)
    undone = last(group, EventKind.UNDONE)
    given = verdict.point if verdict is not None else None
    verified = proof.point if proof is not None and proof.text("outcome") == "confirmed" else None
    return Privileged(
        number=number,
        kind=_some(group, "kind") or "action",
        component=_some(group, "component") or next((e.component for e in group if e.component), ""),
        target=_some(group, "target"),
        before=_some(group, "before"),
        after=_some(group, "after"),
        seqs=tuple(e.seq for e in group),
        asked=asked.point if asked else None,
        asked_by=_asked_by(group, asked),
        verdict=_said(verdict, "verdict"),
        decided=given,
        deciders=tuple(Said(role_of(e.actor), e.seq) for e in decisions if e.human and e.text("verdict") in _GIVEN),
        right=next((Said(e.text("right"), e.seq) for e in reversed(decisions) if e.text("right")), None),
        approvals=_approvals(decisions),
        started=started.point if started else None,
        result=_said(result, "result"),
        outcome=_said(proof, "outcome"),
        verified=verified,
        undo_due=_undo_due(group),
        undone=undone.point if undone else None,
        override=next((n for n in (e.number("override") for e in group) if n is not None), None),
        asked_to_given=span("Asked to given", asked.point if asked else None, yes[-1].point if yes else None),
        decided_to_verified=span("Decided to verified", given, verified),
    )


def _some(group: Sequence[Entry], key: str) -> str:
    return next((e.text(key) for e in group if e.text(key)), "")


def _said(entry: Entry | None, key: str) -> Said | None:
    return Said(entry.text(key), entry.seq) if entry is not None and entry.text(key) else None


def _asked_by(group: Sequence[Entry], asked: Entry | None) -> Said | None:
    stated = next((Said(e.text("requester_role"), e.seq) for e in group if e.text("requester_role")), None)
    if asked is not None and asked.human:
        return Said(asked.text("requester_role") or role_of(asked.actor), asked.seq)
    return stated


def _approvals(decisions: Sequence[Entry]) -> tuple[int, int] | None:
    for entry in reversed(decisions):
        given, needed = entry.number("approvals"), entry.number("needed")
        if given is not None and needed is not None:
            return given, needed
    return None


def _undo_due(group: Sequence[Entry]) -> Point | None:
    """The newest end of the time box, where one was set, cited to the event that set it."""
    dues = [due for due in (entry.time("due_at") for entry in group) if due is not None]
    return next((due for due in dues if due.at == dues[-1].at), None)


def other_actions(entries: Sequence[Entry]) -> tuple[Deed, ...]:
    """Actions people told of that did not go through a lever."""
    rows = [e for e in only(entries, EventKind.ACTION) if e.number("action") is None]
    return tuple(_deed(e, e.text("result")) for e in rows)


def other_decisions(entries: Sequence[Entry]) -> tuple[Deed, ...]:
    """Decisions that are not about a lever's action."""
    rows = [e for e in only(entries, EventKind.DECISION) if e.number("action") is None]
    return tuple(_deed(e, e.text("verdict")) for e in rows)


def _deed(entry: Entry, result: str) -> Deed:
    kind = entry.text("action_type") or entry.text("kind") or entry.text("decision")
    return Deed(entry.point, role_of(entry.actor), entry.component, kind, result, entry.text("right"))


@dataclass(frozen=True, slots=True)
class Proof:
    """One reading-back or check."""

    at: Point
    action: int | None
    kind: str
    component: str
    outcome: str
    evidence: str
    role: str


def proofs_of(entries: Sequence[Entry]) -> tuple[Proof, ...]:
    """Every verification, of actions and of people."""
    return tuple(
        Proof(
            e.point,
            e.number("action"),
            e.text("kind"),
            e.text("component") or e.component,
            e.text("outcome") or e.text("result"),
            e.text("evidence"),
            role_of(e.actor),
        )
        for e in only(entries, EventKind.VERIFICATION)
    )


@dataclass(frozen=True, slots=True)
class OverrideStep:
    """A step in the life of something switched off."""

    at: Point
    number: int | None
    component: str
    phase: str
    due: Point | None


def overrides_of(entries: Sequence[Entry]) -> tuple[OverrideStep, ...]:
    """Switched off, extended, overdue, escalated, undone."""
    return tuple(
        OverrideStep(
            e.point,
            e.number("override"),
            e.text("component") or e.component,
            e.text("phase"),
            e.time("due_at"),
        )
        for e in only(entries, EventKind.OVERRIDE, EventKind.UNDO_DUE, EventKind.UNDONE)
    )


def registry_gaps(entries: Sequence[Entry]) -> tuple[Entry | None, tuple[str, ...]]:
    """The declaration and what it found without an owner in the registry."""
    declared = first(entries, EventKind.DECLARED)
    if declared is None:
        return None, ()
    missing = declared.payload.get("missing")
    names = [m for m in missing if isinstance(m, str)] if isinstance(missing, list | tuple) else []
    return declared, tuple(names)
