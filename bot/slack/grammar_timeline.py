"""The words of commands that write the timeline: milestones, decisions, hypotheses, observations, blocks of lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.slack.grammar_values import BackfillArgs, MilestoneArgs
from bot.slack.grammar_words import WHEN, first_word, plain_name, split_because

if TYPE_CHECKING:
    from bot.slack.grammar import Context

_SURE = re.compile(r"(?:^|[\s,]+)sure\s*$", re.IGNORECASE)


def read_milestone(text: str, context: Context) -> MilestoneArgs:
    """`milestone <name> [component] [time] [text] [because …]`; without a time it is left to the command."""
    found = _SURE.search(text)
    head, because = split_because(text[: found.start()] if found else text)
    name, rest = first_word(head)
    word, after = first_word(rest)
    phase = ""
    if word and plain_name(word) in context.components:
        phase, rest = plain_name(word), after
    when, words = _when(rest)
    return MilestoneArgs(name.lower(), phase, when, words, because, found is not None)


def _when(text: str) -> tuple[str, str]:
    """A time in front of the words, and the words."""
    word, rest = first_word(text)
    if word.lower() == "now":
        return "now", rest
    found = WHEN.match(text[:80])
    return (" ".join(found.group().split()), text[found.end() :].strip()) if found else ("", text)


def read_backfill(text: str, context: Context) -> BackfillArgs:
    """`backfill [lines]`: the lines go to the form as they are."""
    return BackfillArgs(text)
