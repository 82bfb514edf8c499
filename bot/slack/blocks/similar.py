"""What came before an incident that is like it: why it is alike, what was done then, what was left open."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import SimilarNote, SimilarRow

MOST = 3


def render(view: SimilarNote, *, root: str = "/inc") -> kit.Rendered:
    """Posted once in the incident's channel."""
    many = "Seen before" if len(view.rows) == 1 else f"Seen before, {len(view.rows[:MOST])} times"
    rows = [
        kit.section(*_lines(row), accessory=kit.button("Open", ids.OPEN_INCIDENT, ids.Value(incident=row.number)))
        for row in view.rows[:MOST]
    ]
    return kit.message(kit.context(f"{many}: alike by what is recorded, not by why."), rows)


def _lines(row: SimilarRow) -> Iterator[str]:
    name = f"{escape.value(row.name, 20)} · {escape.value(row.title, escape.TITLE)}".rstrip(" ·")
    yield f"{escape.bold(name)}"
    yield escape.value(row.why, 160)
    if row.done:
        yield f"Confirmed then: {escape.several([escape.value(text, 160) for text in row.done])}"
    for number, kind, due, overdue in row.left[:5]:
        about = ", ".join(part for part in (escape.value(kind, 30), f"due {escape.day(due)}") if part)
        yield f"⚠︎ Its follow-up D-{number} ({about}) was {'overdue' if overdue else 'still open'}"
