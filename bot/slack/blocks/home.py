"""App Home: what waits for the reader, what the reader holds, and what is open."""

from __future__ import annotations

from dataclasses import replace

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks import entry, escape, gaps, handoff, kit, levers, lists, override
from playbooks.messages import Home

MOST, FEW = 8, 4


def render(view: Home, *, root: str = "/inc") -> kit.Rendered:
    """As message: `text` and `blocks`."""
    return kit.message(*_blocks(view, root))


def home(view: Home, *, root: str = "/inc") -> dict[str, object]:
    """As the view `views.publish` takes."""
    return {"type": "home", "blocks": render(view, root=root)["blocks"]}


def _blocks(view: Home, root: str) -> list[Block]:
    blocks: list[Block] = []
    notices = [f"⚠︎ {escape.prose(notice, root=root, limit=300)}" for notice in view.notices[:5]]
    if notices:
        blocks.append(kit.section("*Needs an operator*", *notices))
    waits = view.approvals or view.handoffs
    blocks.append(kit.section("*Waits for you*" if waits else "Nothing waits for you."))
    for ask in view.approvals[:MOST]:
        blocks += _parts(levers.ask(ask, root=root))
    for offer in view.handoffs[:FEW]:
        blocks += _parts(handoff.render(offer, root=root))
    if view.overrides or view.entries:
        blocks.append(kit.section("*You hold or owe*"))
        for note in view.overrides[:MOST]:
            blocks += _parts(override.render(note, root=root))
        for standing in view.entries[:FEW]:
            blocks += _parts(entry.render(standing, root=root))
        if len(view.entries) > FEW:
            blocks += kit.context(f"and {len(view.entries) - FEW} more: {escape.code(f'{root} debt me')}")
    if view.confirm:
        blocks.append(kit.section("*To confirm* (your team's entries whose review is due)"))
        for due in view.confirm[:FEW]:
            short = replace(due, gaps=due.gaps[:1], more=due.more + len(due.gaps[1:]))
            blocks += gaps.confirmable(short, root=root)
    blocks.append(kit.section("*Your open incidents*" if view.incidents else "No open incident of yours."))
    for row in view.incidents[:MOST]:
        button = kit.button("Open", ids.OPEN_INCIDENT, ids.Value(incident=row.tag.number))
        blocks.append(kit.section(lists.incident_row(row), accessory=button))
    if len(view.incidents) > MOST:
        blocks += kit.context(f"and {len(view.incidents) - MOST} more: {escape.code(f'{root} list')}")
    if view.others:
        blocks += kit.context(f"{view.others} of other teams are open: {escape.code(f'{root} list')}")
    blocks += kit.actions(kit.button("Declare incident…", ids.DECLARE_OPEN, ids.Value()))
    return blocks


def _parts(rendered: kit.Rendered) -> list[Block]:
    return list(Block.parse_all(rendered["blocks"]))
