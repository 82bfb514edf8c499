"""The words behind `postmortem publish`: to the places outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.grammar_values import TextArgs

if TYPE_CHECKING:
    from bot.slack.grammar import Context

PUBLISH, OVER = "publish", "publish over"


def read_publish(text: str, context: Context) -> TextArgs:
    """`postmortem publish`, `postmortem publish over`. Raises InputError for other words."""
    words = " ".join(text.lower().split())
    if words not in (PUBLISH, OVER):
        raise context.usage("postmortem", "It is `publish`, or `publish over`.")
    return TextArgs(words)
