"""The debt ledger, each entry in one or two lines."""

from __future__ import annotations

from bot.slack.blocks import escape, kit
from playbooks.messages import DebtList, DebtRow

MOST = 12


def debts(view: DebtList, *, root: str = "/inc") -> kit.Rendered:
    """`/inc debt`."""
    if not view.rows:
        return kit.message(kit.section("*No debt.* Nothing is switched off, and no broken glass waits for a review."))
    left = view.more + max(0, len(view.rows) - MOST)
    rows = [kit.section(*_debt(row)) for row in view.rows[:MOST]]
    return kit.message(kit.section("*Debt*"), rows, kit.context(f"and {left} more" if left else ""))


def _debt(row: DebtRow) -> tuple[str, str]:
    late = "*overdue* since" if row.overdue else "due"
    first = kit.dots(
        f"*D-{row.number}* {escape.value(row.what, 60)}: {escape.bold(escape.value(row.component, 63))}",
        f"{late} {escape.moment(row.due_at, '{date_short_pretty} at {time}')}",
    )
    second = kit.dots(
        f"held by {escape.mention(row.holder)}",
        escape.value(row.age, 30),
        escape.value(row.incident, 20),
        escape.value(row.reason, 150),
    )
    return first, second
