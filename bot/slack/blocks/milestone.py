"""A milestone that was stated: one line, and how far the record goes in the small print."""

from __future__ import annotations

from bot.slack.blocks import escape, kit
from playbooks.messages import MilestoneNote

LESS_EXACT = {
    "approx": "about",
    "hour": "to the hour",
    "day": "to the day",
    "inferred": "inferred",
    "unknown": "time unknown",
}


def render(view: MilestoneNote, *, root: str = "/inc") -> kit.Rendered:
    """`INC-42 · Impact began 21 Nov at 02:31 — said @dana`."""
    about = f" ({escape.value(view.phase, 63)})" if view.phase else ""
    at = escape.moment(view.at, "{date_short_pretty} at {time}")
    exact = LESS_EXACT.get(view.precision, "")
    said = "corrected by" if view.corrected else "said by"
    by = f" — {said} {escape.mention(view.by)}" if view.by is not None else ""
    line = f"{escape.bold(escape.value(view.name, 20))} · {escape.value(view.label, 40)}{about}: {at}"
    return kit.message(
        kit.section(f"{line}{f' ({exact})' if exact else ''}{by}"), kit.context(escape.value(view.anchor))
    )
