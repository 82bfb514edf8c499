"""The words of commands that write the timeline: milestones, decisions, hypotheses, observations, blocks of lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.slack.grammar_values import BackfillArgs, CorrectArgs, MilestoneArgs, TellArgs
from bot.slack.grammar_words import WHEN, first_word, plain_name, split_because

if TYPE_CHECKING:
    from bot.slack.grammar import Context

_OPTIONS = re.compile(r"(?:^|[\s,;(]+)options?:\s*(.+?)\)?\s*(?=$|[\s,;(]right:)", re.IGNORECASE | re.DOTALL)
_RIGHT = re.compile(r"(?:^|[\s,;(]+)right:\s*(.+?)\)?\s*(?=$|[\s,;(]options?:)", re.IGNORECASE | re.DOTALL)
_FATE = re.compile(r"[E#]?(\d{1,9})\s+(confirmed|refuted)\b[\s:,]*(.*)", re.IGNORECASE | re.DOTALL)
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


def read_decide(text: str, context: Context) -> TellArgs:
    """`decide [time] <what> [options: a; b] [right: model owner]`."""
    when, words = _when(text)
    options, right = _OPTIONS.search(words), _RIGHT.search(words)
    ends = [found.start() for found in (options, right) if found is not None]
    return TellArgs(
        "decision",
        when,
        words[: min(ends)].strip() if ends else words,
        options=" ".join(options[1].split()).rstrip(",;") if options else "",
        right=" ".join(right[1].split()).rstrip(",;") if right else "",
    )


def read_think(text: str, context: Context) -> TellArgs:
    """`think [time] <hypothesis>`, later `think E12 confirmed|refuted [why]`."""
    fate = _FATE.fullmatch(text)
    if fate is not None:
        return TellArgs("hypothesis", text=fate[3].strip(), event=int(fate[1]), state=fate[2].lower())
    return TellArgs("hypothesis", *_when(text))


def read_observed(text: str, context: Context) -> TellArgs:
    """`observed [time] <what you see>`."""
    return TellArgs("observation", *_when(text))


def read_told(text: str, context: Context) -> TellArgs:
    """`told <audience> <what>`."""
    audience, words = first_word(text)
    if audience and not words:
        raise context.usage("told", "Whom, and what?")
    return TellArgs("comms", text=words, audience=audience.rstrip(":,").lower())


def read_redact(text: str, context: Context) -> CorrectArgs:
    """`redact E12 because …`."""
    word, rest = first_word(text)
    number = re.fullmatch(r"[E#]?(\d{1,9})", word, re.IGNORECASE)
    if number is None:
        raise context.usage("redact", "Which event? Its number stands in the timeline.")
    return CorrectArgs(int(number[1]), "", re.sub(r"^because:?\s+", "", rest, flags=re.IGNORECASE))
