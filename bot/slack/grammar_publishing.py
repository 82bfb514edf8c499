"""The words behind `postmortem`: nothing for the draft, `publish` for the places outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.grammar_values import Args, NoArgs, TextArgs

if TYPE_CHECKING:
    from bot.slack.grammar import Context

PUBLISH, OVER = "publish", "publish over"


def read_postmortem(text: str, context: Context) -> Args:
    """`postmortem`, `postmortem publish`, `postmortem publish over`. Raises InputError for other words."""
    words = " ".join(text.lower().split())
    if not words:
        return NoArgs()
    if words not in (PUBLISH, OVER):
        raise context.usage("postmortem", "I can show the draft, or publish it.")
    return TextArgs(words)
