"""What is learned, for people: the week in figures, and one line for neighbours of a reviewed incident."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import DigestNote, DigestRow, LearnedNote


def digest(view: DigestNote, *, root: str = "/inc") -> kit.Rendered:
    """The week, calm: one paragraph, and what is to be looked at."""
    whose = f" · {escape.value(view.team, 80)}" if view.team else ""
    usual = view.usual / view.weeks if view.weeks > 0 else 0.0
    average = f"{usual:.0f}" if usual >= 10 or usual == int(usual) else f"{usual:.1f}"
    counted = f"{_count(view.count, 'incident')}; {average} a week in the {view.weeks} weeks before"
    span = f"{escape.day(view.start)} to {escape.day(view.end)}"
    command = f"{root} stats team 7d {view.team}".strip() if view.team else f"{root} stats component 7d"
    return kit.message(
        kit.section(f"*The week in incidents*{whose}", kit.dots(span, counted), *(_row(row) for row in view.rows[:8])),
        [kit.section(*lines)] if (lines := list(_noticed(view))) else [],
        kit.actions(kit.button("Figures", ids.RUN_SUGGESTION, ids.Value(text=command[:200]))),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _row(row: DigestRow) -> str:
    was = f"was {escape.span(row.before)}" if row.before is not None else "nothing to compare with"
    return f"{escape.bold(escape.value(row.label, 40))} {kit.dots(escape.span(row.median), was)}"


def _noticed(view: DigestNote) -> Iterator[str]:
    if view.longest is not None:
        worst = view.longest
        on = f" on {escape.value(worst.component, 63)}" if worst.component else ""
        yield f"Silent longest: {escape.bold(escape.value(worst.name, 20))}{on}, {escape.span(worst.seconds)}"
    if view.again:
        said = [f"{escape.value(one, 20)} (as {escape.value(before, 20)})" for one, before in view.again[:3]]
        yield f"Came again: {escape.several(said)}{_further(view.more_again)}"
    if view.late:
        said = [
            f"D-{number} of {escape.value(incident, 20) or 'no incident'} (due {escape.day(due)})"
            for number, _, incident, due in view.late[:3]
        ]
        yield f"⚠︎ Follow-ups overdue: {escape.several(said)}{_further(view.more_late)}"


def _further(number: int) -> str:
    return f", and {number} more" if number > 0 else ""


def learned(view: LearnedNote, *, root: str = "/inc") -> kit.Rendered:
    """One line, once, in the channel of a team whose incident it was not."""
    name = f"{escape.value(view.name, 20)} · {escape.value(view.title, escape.TITLE)}".rstrip(" ·")
    whose = f" ({escape.value(view.team, 63)})" if view.team else ""
    left = f" {_count(view.left, 'follow-up')} of it {'is' if view.left == 1 else 'are'} open." if view.left else ""
    line = f"The review of {escape.bold(name)}{whose} is closed. {escape.value(view.why, 200)}.{left}"
    return kit.message(
        kit.section(line, accessory=kit.button("Open", ids.OPEN_INCIDENT, ids.Value(incident=view.number)))
    )
