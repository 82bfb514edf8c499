"""Stands before the lever and says of every change by which right it is made, from a table of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from playbooks.domain.actions import Action, ActionKind, ActionState, Approval, Override, Plan
from playbooks.domain.debt import BREAK_GLASS, DebtKind
from playbooks.ports import UnitOfWork
from tests.contracts.fake_lever import FakeLever

ROLLBACK, DISABLE, ENABLE = ActionKind.ROLLBACK, ActionKind.DISABLE, ActionKind.ENABLE
ACCEPT_RISK, FREEZE = ActionKind.ACCEPT_RISK, ActionKind.FREEZE


@dataclass(frozen=True)
class Rule:
    """A right as it is meant: approvals needed, who may give one, and how long what it allows may last."""

    needed: int
    holders: frozenset[str]
    longest: timedelta = timedelta(days=1)


# Said again here, so that the product is not asked about itself.
LEVERS: Mapping[tuple[ActionKind, str], Rule] = {
    (ROLLBACK, "fraud-scorer"): Rule(1, frozenset({"omar", "lin"})),
    (ROLLBACK, "ranker"): Rule(2, frozenset({"omar", "lin", "dana"})),
    (ROLLBACK, "spam-filter"): Rule(0, frozenset({"omar"})),
    (DISABLE, "auto-decline"): Rule(1, frozenset({"dana", "lin"})),
    (DISABLE, "auto-refund"): Rule(1, frozenset({"dana", "lin"})),
    (ENABLE, "auto-decline"): Rule(0, frozenset()),
    (ENABLE, "auto-refund"): Rule(1, frozenset({"omar"})),
}
RIGHTS: Mapping[tuple[ActionKind, str], Rule] = {
    **LEVERS,
    (ACCEPT_RISK, "fraud-scorer"): Rule(1, frozenset({"lin", "mei"}), timedelta(days=60)),
    (ACCEPT_RISK, "ranker"): Rule(2, frozenset({"omar", "lin", "dana"}), timedelta(days=90)),
    (FREEZE, "fraud-scorer"): Rule(1, frozenset({"omar", "lin"}), timedelta(days=14)),
    (FREEZE, "auto-refund"): Rule(1, frozenset({"dana"}), timedelta(days=14)),
}
LONGEST = timedelta(days=1)
ANSWER_WITHIN = timedelta(minutes=10)


@dataclass
class Judge:
    """What was seen of one world's actions.

    Attributes:
        wrong: every change without a right, in words. changes: how often each action changed something.
        begun: when each action was started; once, however often its call is repeated.
    """

    wrong: list[str] = field(default_factory=list)
    changes: Counter[int] = field(default_factory=Counter)
    begun: dict[int, set[datetime | None]] = field(default_factory=dict)

    def look(self, uow: UnitOfWork, number: int, plan: Plan, changed: bool, now: datetime) -> None:
        """A call that was just made for this action; `changed`: it was not as wanted before."""
        self.changes[number] += changed
        action = uow.action(number)
        if action is None:
            self.wrong.append(f"there is no action {number}")
            return
        begun = self.begun.setdefault(number, set())
        begun.add(action.applying_at)
        if max(self.changes[number], len(begun)) > 1:
            self.wrong.append(f"action {number} was carried out 2 times")
        broken = [o for o in uow.overrides(open_only=False, kinds=(BREAK_GLASS,)) if o.action_id == number]
        glass = [o for o in broken if "freeze" not in o.facts]
        override = uow.override(action.override) if action.override is not None else None
        for what in _without_right(action, plan, uow.approvals(number), glass, override, now):
            self._note(action, what)
        if action.kind is not DISABLE and len(broken) == len(glass) and _was_frozen(uow, action):  # stopping may be
            self._note(action, "changed what was frozen")

    def look_at_entry(self, uow: UnitOfWork, entry: Override) -> None:
        """A risk that is accepted or a freeze: by valid approvals, and for no longer than may be."""
        action = uow.action(entry.action_id)
        if action is None:
            self.wrong.append(f"D-{entry.id} stands by nobody's decision")
            return
        rule = RIGHTS[(action.kind, action.component)]
        valid = {answer.decider for answer in uow.approvals(action.id) if _counts(answer, action, rule)}
        if len(valid) < rule.needed:
            self._note(action, f"stands with {len(valid)} of {rule.needed} valid approvals")
        if not timedelta(0) < entry.due_at - (entry.confirmed_at or entry.since) <= rule.longest:
            self._note(action, "stands without an end that may be")

    def _note(self, action: Action, what: str) -> None:
        self.wrong.append(f"action {action.id} ({action.kind.value} {action.component}) {what}")


def _without_right(
    action: Action,
    plan: Plan,
    answers: list[Approval],
    glass: list[Override],
    override: Override | None,
    now: datetime,
) -> Iterator[str]:
    if action.state is not ActionState.APPLYING:
        yield f"changed something while it was {action.state.value}"
    if action.plan != plan:
        yield "went by another plan than the approved one"
    rule = RIGHTS[(action.kind, action.component)]
    if action.requester == "muster":
        if action.kind is not ENABLE or rule.needed or override is None or override.due_at > now:
            yield "was started by nobody, and no time box had ended"
        return
    if action.kind is DISABLE and (override is None or not timedelta(0) < override.due_at - override.since <= LONGEST):
        yield "switched off without an end"
    if any(answer.verdict == "denied" for answer in answers):
        yield "was denied"
    if glass:
        waited = (action.asked_at or now) + ANSWER_WITHIN
        if action.kind is not DISABLE and (action.approved_at or now) < waited:
            yield "broke the glass before the holders had their time"
        if glass[0].holder != action.requester or not glass[0].reason:
            yield "broke the glass for somebody else, or without a reason"
        return
    valid = {answer.decider for answer in answers if _counts(answer, action, rule)}
    if len(valid) < rule.needed:
        yield f"went on with {len(valid)} of {rule.needed} valid approvals"


def _was_frozen(uow: UnitOfWork, action: Action) -> bool:
    begun = action.applying_at
    freezes = uow.overrides(open_only=False, component=action.component, kinds=(DebtKind.FREEZE.value,))
    return begun is not None and any(f.since < begun < min(f.due_at, f.closed_at or f.due_at) for f in freezes)


def _counts(answer: Approval, action: Action, rule: Rule) -> bool:
    return (
        answer.verdict == "approved"
        and answer.decider in rule.holders
        and answer.plan_hash == action.plan_hash
        and answer.consumed_at is not None
        and (action.expires_at is None or answer.at < action.expires_at)
        and (rule.needed < 2 or answer.decider != action.requester)
    )


@dataclass(frozen=True)
class Watched:
    """A lever whose calls the judge sees, in the middle of the call: what happens after it does not matter."""

    lever: FakeLever
    effects: list[tuple[str, str, str]]
    seen: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lever, name)

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`."""
        before = len(self.effects)
        try:
            self.lever.apply(binding, plan, note=note)
        finally:
            self.seen(int(note.split()[-1]), plan, len(self.effects) > before)
