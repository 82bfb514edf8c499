"""The debt ledger: how much there is and whose, then each entry in two lines, and the way to the rest."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import DebtList, DebtRow, TeamRow

MOST = 12
_TEAMS = 8


def debts(view: DebtList, *, root: str = "/inc") -> kit.Rendered:
    """`/inc debt`, and the weekly posts."""
    late = f"This post was due {escape.moment(view.late, '{date_short_pretty} at {time}')}." if view.late else ""
    if not view.rows:
        if view.title != "Debt":
            how = escape.code(f"{root} task <what> @who until <day>")
            return kit.message(kit.section(f"*No {view.title.lower()}{_whose(view)}.* Add one: {how}"))
        said = f"*No debt{_whose(view)}.* Nothing is switched off, muted, frozen or accepted, and no review is owed."
        return kit.message(kit.section(said), kit.context(late))
    rows = [kit.section(*_debt(row, root, view)) for row in view.rows[:MOST]]
    return kit.message(
        kit.section(_head(view), _ages(view), _teams(view)),
        kit.divider(),
        rows,
        kit.context(_left(view, root)),
        kit.actions(_next(view, root)),
        kit.context(late),
    )


def _whose(view: DebtList) -> str:
    if view.person is not None:
        return f" of {escape.mention(view.person)}"
    return f" of {escape.bold(escape.value(view.about, 63))}" if view.about else ""


def _head(view: DebtList) -> str:
    total = view.total or len(view.rows) + view.more
    what = f"{total} entr{'y' if total == 1 else 'ies'}"
    overdue = f"*{view.overdue} overdue*" if view.overdue else "none overdue"
    title = "Debt of the week" if view.week else view.title
    page = f"page {view.page}" if view.page > 1 else ""
    return f"*{title}*{_whose(view)} · {kit.dots(what, overdue, page)}"


def _ages(view: DebtList) -> str:
    return _by("age", [f"{number} {escape.value(age, 30)}" for age, number in view.ages]) if len(view.ages) > 1 else ""


def _by(what: str, parts: list[str]) -> str:
    return f"By {what}: {kit.dots(*parts)}" if parts else ""


def _left(view: DebtList, root: str) -> str:
    left = view.more + max(0, len(view.rows) - MOST)
    if not left:
        return ""
    narrower = f"; of a team, a component or a person: {escape.code(f'{root} debt NAME')}" if not view.about else ""
    return f"and {left} more{narrower}"


def _next(view: DebtList, root: str) -> kit.Element | None:
    """What does not fit is one click away; the answer is for who clicks alone."""
    if not view.more:
        return None
    words = f"{root} debt {view.about}".strip()
    label = "See the rest" if view.week else f"Next {min(MOST, view.more)}"
    return kit.button(label, ids.RUN_SUGGESTION, ids.Value(text=f"{words} {view.page + 1}"))


def _teams(view: DebtList) -> str:
    return _by("team", [_team(row) for row in view.teams[:_TEAMS]])


def _team(row: TeamRow) -> str:
    late = f" ({row.overdue} overdue)" if row.overdue else ""
    return f"{escape.value(row.team, 63) or 'no team'} {row.entries}{late}"


def _debt(row: DebtRow, root: str, view: DebtList) -> tuple[str, str]:
    due = escape.moment(row.due_at, "{date_short_pretty}")
    due_soon = "due" if view.title != "Debt" else "until"
    when = f"*overdue* since {due}" if row.overdue else f"review due {due}" if row.review else f"{due_soon} {due}"
    number = f"*D-{row.number}* " if row.number else ""
    sign = "⚠︎ " if row.overdue else ""
    first = kit.dots(
        f"{sign}{number}{escape.bold(escape.value(row.component, 63))} {escape.value(row.what, 60)}",
        when,
        f"open {escape.value(row.age, 30)}",
    )
    holder = escape.mention(row.holder)
    team = "" if row.team in (view.about, row.holder.name) else escape.value(row.team, 63)
    second = kit.dots(
        team if view.person is not None else f"{holder}{f' ({team})' if team else ''}",
        escape.value(row.incident, 20),
        escape.value(row.reason, 150),
        escape.value(row.note, 80),
    )
    return first, second
