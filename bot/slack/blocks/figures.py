"""Figures over incidents: a few rows with one number each, and what they were in the period before."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import FigureGroup, FigureRow, FigureView

MOST_GROUPS = 8


def render(view: FigureView, *, root: str = "/inc") -> kit.Rendered:
    """The answer to `/inc stats`."""
    about = f" · {escape.value(view.about, 80)}" if view.about else ""
    head = f"*Figures of the last {_count(view.days, 'day')}*{about}"
    if not view.count:
        none = f"No incident was declared in them and is over{_running(view)}."
        return kit.message(kit.section(head, none), kit.context(_apart(view)), kit.actions(*_buttons(view, root)))
    shown = [_row(row) for row in view.rows[:12] if row.median is not None]
    groups = [_group(group) for group in view.groups[:MOST_GROUPS]]
    left = view.more + max(0, len(view.groups) - MOST_GROUPS)
    if left:
        groups.append(f"and {left} more")
    return kit.message(
        kit.section(head, f"{_count(view.count, 'incident')}, {view.before} in as many days before{_running(view)}"),
        kit.section(*shown) if shown else kit.section("No milestone from which a figure could be taken is recorded."),
        [kit.section(f"*By {escape.value(view.by, 20)}* (to resolve)", *groups)] if groups else [],
        kit.context(_missing(view), _apart(view)),
        kit.actions(*_buttons(view, root)),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _running(view: FigureView) -> str:
    return f"; {view.still_open} still open" if view.still_open else ""


def _row(row: FigureRow) -> str:
    """`*Silent* 12 min · was 20 min · of 14`."""
    was = f"was {escape.span(row.before)}" if row.before is not None else ""
    few = f"of only {row.n}" if row.few else f"of {row.n}"
    return f"{escape.bold(escape.value(row.label, 40))} {kit.dots(escape.span(row.median), was, few)}"


def _group(group: FigureGroup) -> str:
    took = escape.span(group.resolve) if group.resolve is not None else "not recorded"
    return kit.dots(f"{escape.bold(escape.value(group.name, 80))} {_count(group.count, 'incident')}", took)


def _missing(view: FigureView) -> str:
    names = [row.label.lower() for row in view.rows[:12] if row.median is None]
    lacking = f"Not recorded: {escape.several([escape.value(name, 40) for name in names], most=9)}." if names else ""
    return f"Medians; “of 14” says how many incidents have both milestones. {lacking}".strip()


def _apart(view: FigureView) -> str:
    apart = [_count(number, noun) for number, noun in ((view.drills, "drill"), (view.backfills, "backfill")) if number]
    said = f"Left out: {escape.several(apart)}." if apart else ""
    pending = f"{_count(view.pending, 'incident')} still to be counted." if view.pending else ""
    return " ".join(part for part in (said, pending) if part)


def _buttons(view: FigureView, root: str) -> Iterator[kit.Element]:
    yield from kit.page_button(view.link)
    about = f" {view.about}" if view.about else ""
    others = [by for by in ("component", "team", "failure") if by != view.by]
    wishes = [(f"By {by}", f"{root} stats {by} {view.days}d{about}") for by in others]
    if view.days < 90:
        wishes.append(("Last 90 days", " ".join(f"{root} stats {view.by} 90d{about}".split())))
    for place, (label, text) in enumerate(wishes[:4]):
        yield kit.button(label, ids.numbered(ids.RUN_SUGGESTION, place), ids.Value(text=text[:200]))
