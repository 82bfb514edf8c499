"""Where a document stands outside: a link each, and for what failed why and what to do."""

from __future__ import annotations

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import Published, PublishedRow

_MOST = 10


def render(view: Published, *, root: str = "/inc") -> kit.Rendered:
    """Posted once, edited as the document changes."""
    name = escape.value(view.tag.name, 20)
    failed = [row for row in view.rows if row.error]
    head = f"*Postmortem of {name}*"
    if failed:
        where = "it" if len(view.rows) == 1 else f"{len(failed)} of {len(view.rows)} destinations"
        head = f":warning: {head}: {where} could not be brought up to date"
    lines = [_row(row, root) for row in view.rows[:_MOST]]
    return kit.message(kit.section(head, *lines), kit.actions(*_buttons(view, failed)))


def links(published: tuple[tuple[str, str], ...]) -> str:
    """`Published: wiki, archive`, each a link where there is one; empty where it is nowhere."""
    named = [escape.link(link, escape.value(name, 63)) for name, link in published[:_MOST]]
    return f"Published: {', '.join(named)}" if named else ""


def _row(row: PublishedRow, root: str) -> str:
    name = escape.value(row.name, 63)
    if row.error:
        was = f" What stands there is older: {escape.link(row.link, 'open')}." if row.link and row.at else ""
        told = f"{escape.prose(row.error, root=root)} {escape.prose(row.next_step, root=root)}".rstrip()
        return f"• {name}: {told}{was}"
    shown = escape.link(row.link, name) if row.link else name
    state = escape.value(row.state.replace("_", " "), 20)
    form = f" as a {escape.value(row.form, 20)}" if row.form in ("canvas", "file") and row.form != row.name else ""
    return f"• {shown}{form}, {state}, {escape.moment(row.at)}" if row.at is not None else f"• {shown}"


def _buttons(view: Published, failed: list[PublishedRow]) -> list[kit.Element]:
    if failed:
        again = ids.Value(text=f"/postmortem {view.tag.name} publish")
        return [kit.button("Publish again", ids.RUN_SUGGESTION, again, style="primary")]
    return []
