"""Gaps of the registry: the list to one person, and the weekly posts with a button for each entry."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages.gaps import EntryToConfirm, GapList, GapRow, OperatorGaps, TeamGaps

MOST = 12
_DAY = "{date_short_pretty}"


def listing(view: GapList, *, root: str = "/inc") -> kit.Rendered:
    """`/inc gaps`."""
    about = kit.context(escape.prose(view.registry, root=root)) if view.registry else []
    whose = f" of {escape.bold(escape.value(view.about, 63))}" if view.about else ""
    if not view.rows:
        return kit.message(kit.section(f"*No gaps{whose}.* Every component has owners, rights and levers."), about)
    left = view.more + max(0, len(view.rows) - MOST)
    rows = [kit.section(*_named(row, root)) for row in view.rows[:MOST]]
    more = f"and {left} more; of one component or team: {escape.code(f'{root} gaps NAME')}" if left else ""
    return kit.message(kit.section(f"*Gaps of the registry*{whose}"), rows, kit.context(more), about)


def week(view: TeamGaps, *, root: str = "/inc") -> kit.Rendered:
    """The weekly post of a team."""
    name = escape.value(view.team, 63)
    head = kit.section(
        f"*This week's look at what {name} owns.* Is each entry still right? One click of a member says so."
    )
    blocks: list[Block] = []
    for entry in view.entries:
        blocks += confirmable(entry, root=root)
    more = f"and {view.more} more: {escape.code(f'{root} gaps {view.team}')}" if view.more else ""
    return kit.message(head, blocks, kit.context(more))


def confirmable(entry: EntryToConfirm, *, root: str = "/inc") -> list[Block]:
    """A component with its gaps and its button, or with who confirmed it."""
    lines = [_entry_head(entry), *(_line(gap, root) for gap in entry.gaps)]
    if entry.more:
        lines.append(f"and {entry.more} more: {escape.code(f'{root} gaps {entry.component}')}")
    value = ids.Value(component=entry.component[:100], hash=entry.entry[:64])
    button = None if entry.confirmed_by else kit.button("Confirm, nothing changed", ids.CONFIRM_ENTRY, value)
    return [kit.section(*lines, accessory=button)]


def _entry_head(entry: EntryToConfirm) -> str:
    name = escape.bold(escape.value(entry.component, 63))
    if entry.confirmed_by is not None and entry.confirmed_at is not None:
        at = escape.moment(entry.confirmed_at, "{date_short_pretty} at {time}")
        return f"✓ {name} · confirmed by {escape.mention(entry.confirmed_by)} {at}"
    if entry.review_due is None:
        return name
    word = "review *overdue* since" if entry.overdue else "review due"
    return f"{name} · {word} {entry.review_due.isoformat()}"


def operators(view: OperatorGaps, *, root: str = "/inc") -> kit.Rendered:
    """The weekly post of the operators."""
    blocks: list[Block] = [kit.section("*This week's look at the registry*")]
    if view.conflicts:
        lines = [_line(row, root, where=True) for row in view.conflicts]
        lines += [f"and {view.more_conflicts} more"] if view.more_conflicts else []
        blocks.append(
            kit.section("*Conflicts between imports*, settled by their order until ownership.yaml says", *lines)
        )
    if view.rows:
        lines = [_line(row, root, where=True) for row in view.rows]
        lines += [f"and {view.more} more"] if view.more else []
        blocks.append(kit.section("*Told to no team*", *lines))
    if view.teams:
        counted = (f"{escape.value(team, 63)} {number}" for team, number in view.teams)
        blocks.append(kit.section("*Gaps by team*", kit.dots(*counted)))
    return kit.message(blocks, kit.context(f"All of them: {escape.code(f'{root} gaps')}"))


def _named(row: GapRow, root: str) -> list[str]:
    first = f"{escape.bold(escape.value(row.where, 80))} {escape.prose(row.sentence, root=root, limit=300)}{_age(row)}"
    return [first, escape.prose(row.todo, root=root, limit=200)] if row.todo else [first]


def _line(row: GapRow, root: str, *, where: bool = False) -> str:
    place = f"{escape.value(row.where, 80)}: " if where else ""
    todo = f" {escape.prose(row.todo, root=root, limit=200)}" if row.todo else ""
    return f"• {place}{escape.prose(row.sentence, root=root, limit=300)}{_age(row)}{todo}"


def _age(row: GapRow) -> str:
    return f" _(since {escape.moment(row.since, _DAY)})_" if row.since is not None else ""
