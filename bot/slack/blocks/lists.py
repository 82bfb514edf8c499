"""Lists people read: open incidents, the timeline, the summary, help."""

from __future__ import annotations

from collections.abc import Iterator

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import Help, IncidentList, IncidentRow, Summary, TimelineList, TimelineRow

MOST_ROWS = 10
MOST_LINES = 40
_LESS_EXACT = {"approx": "about then", "inferred": "inferred", "unknown": "time not known", "hour": "to the hour"}


def incident_row(row: IncidentRow) -> str:
    """One incident on two lines."""
    tag = row.tag
    lead = f"lead {escape.mention(row.lead)}" if row.lead else "*nobody leads*"
    component = escape.value(row.component, 63)
    return "\n".join(
        (
            f"{kit.light(tag)}{kit.headline(tag)}",
            kit.dots(
                escape.value(tag.severity, 20) or "no severity yet",
                escape.value(tag.state, 40),
                lead,
                f"since {escape.moment(row.opened_at, '{date_short_pretty} at {time}')}",
                # The title mostly names it already.
                component if component and component not in escape.value(tag.title) else "",
                escape.channel(tag.channel),
            ),
        )
    )


def incidents(view: IncidentList, *, root: str = "/inc") -> kit.Rendered:
    """Open incidents, each with its button."""
    heading = escape.bold(escape.prose(view.heading, root=root, limit=200))
    if not view.rows:
        none = f"None. Declare one: {escape.code(f'{root} new')}."
        declare = kit.button("Declare incident…", ids.DECLARE_OPEN, ids.Value())
        return kit.message(kit.section(heading, none), kit.actions(declare))
    left = view.more + max(0, len(view.rows) - MOST_ROWS)
    rows = [
        kit.section(
            incident_row(row), accessory=kit.button("Open", ids.OPEN_INCIDENT, ids.Value(incident=row.tag.number))
        )
        for row in view.rows[:MOST_ROWS]
    ]
    return kit.message(kit.section(heading), rows, kit.context(f"and {left} more" if left else ""))


def timeline_row(row: TimelineRow) -> str:
    """`02:36 text — @omar`."""
    form = "{date_short_pretty}" if row.precision == "day" else "{date_short_pretty} {time}"
    at = escape.moment(row.occurred_at, form)
    by = f" — {escape.mention(row.actor)}" if row.actor is not None else ""
    source = escape.link(row.link, "source") if row.link else ""
    notes = (_LESS_EXACT.get(row.precision, ""), "corrected" if row.corrected else "", source)
    small = ", ".join(note for note in notes if note and note != "source")
    return f"`{row.seq}` {at} {escape.value(row.text, 300)}{by}" + (f" ({small})" if small else "")


def timeline(view: TimelineList, *, root: str = "/inc") -> kit.Rendered:
    """The timeline, newest last."""
    rows = view.rows[-MOST_LINES:]
    earlier = view.earlier + len(view.rows) - len(rows)
    head = f"{kit.headline(view.tag)} · timeline"
    count = f"{earlier} earlier not shown" if earlier else ""
    lines = [timeline_row(row) for row in rows] or ["Nothing yet."]
    blocks = [kit.section(*lines[n : n + 5]) for n in range(0, len(lines), 5)]
    return kit.message(kit.section(head), kit.context(count), blocks, kit.actions(*kit.page_button(view.page)))


def summary(view: Summary, *, root: str = "/inc") -> kit.Rendered:
    """What somebody who joins now must know."""
    tag = view.tag
    state = kit.dots(escape.value(tag.severity, 20), escape.value(tag.state, 40), escape.channel(tag.channel))
    facts = [kit.fact(item) for item in view.facts[:12]]
    decisions = [f"• {escape.prose(text, root=root)}" for text in view.open_decisions[:5]]
    recent = [timeline_row(row) for row in view.recent[-5:]]
    return kit.message(
        kit.section(f"{kit.light(tag)}{kit.dots(kit.headline(tag), state)}", *facts),
        [kit.section("*Open decisions*", *decisions)] if decisions else [],
        [kit.section("*Lately*", *recent)] if recent else [],
    )


def help_text(view: Help, *, root: str = "/inc") -> kit.Rendered:
    """The menu; after an unknown verb first the nearest one."""
    root = view.root or root
    buttons: list[kit.Element] = []
    first: list[str] = []
    if view.unknown:
        first.append(f"I don't know {escape.code(view.unknown, 60)}.")
        if view.nearest:
            first[0] += f" Did you mean {escape.code(view.nearest, 60)}?"
            buttons.append(kit.button(f"Yes: {view.nearest}", ids.RUN_SUGGESTION, ids.Value(text=view.nearest)))
    else:
        buttons.append(kit.button("Declare incident…", ids.DECLARE_OPEN, ids.Value()))
        buttons.append(kit.button("Open incidents", ids.LIST, ids.Value()))
    if view.brief:
        named = [_brief(name, entries, root) for name, entries in view.groups[:6]]
        hint = f"{escape.code(f'{root} help')} says what each does; a verb alone opens its form."
        return kit.message(kit.section(*named) if named else [], kit.context(hint), kit.actions(*buttons))
    groups = [kit.section(*_group(name, entries, root)) for name, entries in view.groups[:20]]
    if not first and not groups:
        first.append(f"Try {escape.code(f'{root} new')} or {escape.code(f'{root} list')}.")
    return kit.message([kit.section(*first)] if first else [], groups, kit.actions(*buttons))


def _brief(name: str, entries: tuple[tuple[str, str], ...], root: str) -> str:
    """`*Act* ack, lead, …`: the commands of a group without their arguments."""
    verbs = [escape.clean(command).removeprefix(root).split()[:1] for command, _ in entries[:15]]
    shown = " ".join(escape.code(verb[0], 30) for verb in verbs if verb)
    return f"{escape.bold(escape.value(name, 80))} {shown}"


def _group(name: str, entries: tuple[tuple[str, str], ...], root: str) -> Iterator[str]:
    yield escape.bold(escape.value(name, 80))
    for command, does in entries[:15]:
        real = escape.prose(f"`{escape.clean(command).replace('`', '')}`", root=root, limit=120)
        yield f"{real} {escape.prose(does, root=root, limit=160)}".strip()
