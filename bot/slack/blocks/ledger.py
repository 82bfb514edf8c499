"""The debt ledger: how much there is and whose, then each entry in two lines."""

from __future__ import annotations

from bot.slack.blocks import escape, kit
from playbooks.messages import DebtList, DebtRow, TeamRow

MOST = 12
_TEAMS = 8


def debts(view: DebtList, *, root: str = "/inc") -> kit.Rendered:
    """`/inc debt [team]`, and the weekly post."""
    late = f"This post was due {escape.moment(view.late, '{date_short_pretty} at {time}')}." if view.late else ""
    if not view.rows:
        whose = f" of *{escape.value(view.team, 63)}*" if view.team else ""
        said = f"*No debt{whose}.* Nothing is switched off, muted, frozen or accepted, and no review is owed."
        return kit.message(kit.section(said), kit.context(late))
    left = view.more + max(0, len(view.rows) - MOST)
    more = f"and {left} more; `{root} debt <team>` shows one team's" if left and not view.team else ""
    more = more or (f"and {left} more" if left else "")
    rows = [kit.section(*_debt(row, root, bool(view.team))) for row in view.rows[:MOST]]
    return kit.message(
        kit.section(_head(view), _teams(view)), kit.divider(), rows, kit.context(more), kit.context(late)
    )


def _head(view: DebtList) -> str:
    total = view.total or len(view.rows) + view.more
    what = f"{total} entr{'y' if total == 1 else 'ies'}"
    overdue = f"*{view.overdue} overdue*" if view.overdue else "none overdue"
    title = "Debt of the week" if view.week else "Debt"
    whose = f" of {escape.value(view.team, 63)}" if view.team else ""
    return f"*{title}{whose}* · {kit.dots(what, overdue)}"


def _teams(view: DebtList) -> str:
    return " · ".join(_team(row) for row in view.teams[:_TEAMS])


def _team(row: TeamRow) -> str:
    late = f" ({row.overdue} overdue)" if row.overdue else ""
    return f"{escape.value(row.team, 63) or 'no team'} {row.entries}{late}"


def _debt(row: DebtRow, root: str, of_team: bool) -> tuple[str, str]:
    due = escape.moment(row.due_at, "{date_short_pretty}")
    when = f"*overdue* since {due}" if row.overdue else f"review due {due}" if row.review else f"until {due}"
    number = f"*D-{row.number}* " if row.number else ""
    sign = "⚠︎ " if row.overdue else ""
    first = kit.dots(
        f"{sign}{number}{escape.bold(escape.value(row.component, 63))} {escape.value(row.what, 60)}",
        when,
        escape.value(row.age, 30),
    )
    holder = escape.mention(row.holder)
    team = "" if of_team or row.holder.name == row.team else escape.value(row.team, 63)
    second = kit.dots(
        f"{holder}{f' ({team})' if team else ''}",
        escape.value(row.incident, 20),
        escape.value(row.reason, 150),
        escape.value(row.note, 80),
    )
    return first, second
