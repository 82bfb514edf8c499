"""Hypotheses of an incident: those still open with their two answers, the settled ones in small print."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks import escape, kit
from playbooks.messages import HypothesisList, HypothesisRow

MOST = 8


def render(view: HypothesisList, *, root: str = "/inc") -> kit.Rendered:
    """`E12 the cache is stale — @dana` with *Confirmed* and *Refuted*."""
    head = f"{kit.headline(view.tag)} · hypotheses"
    if not view.rows:
        return kit.message(kit.section(head, f"None yet. Say one: {escape.code(f'{root} think the cache is stale')}."))
    still = [row for row in view.rows if row.state == "open"]
    blocks: list[Block] = []
    for place, row in enumerate(still[-MOST:]):
        value = ids.Value(incident=view.tag.number, action=row.seq)
        blocks.append(kit.section(_line(row)))
        blocks += kit.actions(
            kit.button("Confirmed", ids.numbered(ids.HYPOTHESIS_CONFIRM, place), value),
            kit.button("Refuted", ids.numbered(ids.HYPOTHESIS_REFUTE, place), value),
        )
    settled = [f"{_line(row)}: {escape.value(row.state, 20)}" for row in view.rows if row.state != "open"]
    left = len(still) - MOST
    return kit.message(
        kit.section(head),
        kit.context(f"and {left} older ones still open" if left > 0 else ""),
        blocks,
        kit.context(*settled[-MOST:]),
    )


def _line(row: HypothesisRow) -> str:
    by = f" — {escape.mention(row.by)}" if row.by is not None else ""
    return f"`E{row.seq}` {escape.moment(row.at)} {escape.value(row.text, 240)}{by}"
