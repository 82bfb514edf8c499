"""Stands before the lever and says of every change by which right it is made, from a table of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from playbooks.domain.actions import Action, ActionKind, ActionState, Approval, Override, Plan
from playbooks.domain.debt import BREAK_GLASS
from playbooks.ports import UnitOfWork
from tests.contracts.fake_lever import FakeLever

ROLLBACK, DISABLE, ENABLE = ActionKind.ROLLBACK, ActionKind.DISABLE, ActionKind.ENABLE
# Approvals needed, and who may give one: said again here, so that the product is not asked about itself.
RIGHTS: Mapping[tuple[ActionKind, str], tuple[int, frozenset[str]]] = {
    (ROLLBACK, "fraud-scorer"): (1, frozenset({"omar", "lin"})),
    (ROLLBACK, "ranker"): (2, frozenset({"omar", "lin", "dana"})),
    (ROLLBACK, "spam-filter"): (0, frozenset({"omar"})),
    (DISABLE, "auto-decline"): (1, frozenset({"dana", "lin"})),
    (DISABLE, "auto-refund"): (1, frozenset({"dana", "lin"})),
    (ENABLE, "auto-decline"): (0, frozenset()),
    (ENABLE, "auto-refund"): (1, frozenset({"omar"})),
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
        glass = [o for o in uow.overrides(open_only=False, kinds=(BREAK_GLASS,)) if o.action_id == number]
        override = uow.override(action.override) if action.override is not None else None
        for what in _without_right(action, plan, uow.approvals(number), glass, override, now):
            self.wrong.append(f"action {number} ({action.kind.value} {action.component}) {what}")


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
    needed, holders = RIGHTS[(action.kind, action.component)]
    if action.requester == "muster":
        if action.kind is not ENABLE or needed or override is None or override.due_at > now:
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
    valid = {answer.decider for answer in answers if _counts(answer, action, holders, needed)}
    if len(valid) < needed:
        yield f"went on with {len(valid)} of {needed} valid approvals"


def _counts(answer: Approval, action: Action, holders: frozenset[str], needed: int) -> bool:
    return (
        answer.verdict == "approved"
        and answer.decider in holders
        and answer.plan_hash == action.plan_hash
        and answer.consumed_at is not None
        and (action.expires_at is None or answer.at < action.expires_at)
        and (needed < 2 or answer.decider != action.requester)
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
