"""The words of commands on reporting: the decision, the clocks, what was sent, and evidence holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.slack.grammar_values import ClockArgs, ReportableArgs, StandArgs
from bot.slack.grammar_words import END, SPAN, first_word, plain_name, quoted, split_because
from playbooks.domain.reporting import VERDICTS

if TYPE_CHECKING:
    from bot.slack.grammar import Context


def read_reportable(text: str, context: Context) -> ReportableArgs:
    """`reportable yes|no|undecided [clock …] because …`."""
    head, because = split_because(text)
    word, rest = first_word(head)
    if not word:
        return ReportableArgs(because=because)
    verdict = word.lower().rstrip(",.:")
    if verdict not in VERDICTS:
        raise context.usage("reportable", f"It is yes, no or undecided; I read `{quoted(word)}`.")
    clocks = tuple(plain_name(name) for name in re.split(r"[\s,]+", rest) if name and name.lower() != "and")
    return ReportableArgs(verdict, clocks, because)


def read_clock(text: str, context: Context) -> ClockArgs:
    """`clock`, `clock sent <clock> <stage> [reference]`, `clock draft <clock>`."""
    word, rest = first_word(text)
    if not word:
        return ClockArgs()
    what = word.lower()
    if what not in ("sent", "draft"):
        raise context.usage("clock", f"It is sent or draft; I read `{quoted(word)}`.")
    clock, rest = first_word(rest)
    if not clock:
        raise context.usage("clock", "Which clock?")
    if what == "draft":
        return ClockArgs(what, plain_name(clock))
    stage, reference = first_word(rest)
    if not stage:
        raise context.usage("clock", f"Which stage of {quoted(clock)}?")
    return ClockArgs(what, plain_name(clock), plain_name(stage), re.sub(r"^reference:?\s+", "", reference.strip()))


def read_hold(text: str, context: Context) -> StandArgs:
    """`hold [component] [for 3d|until …] because …`; without a component it is this channel's."""
    head, because = split_because(text)
    word, rest = first_word(head)
    component = "" if word.lower() in ("for", "until", "till", "") else plain_name(word)
    words = rest if component else head
    if not words.strip():
        return StandArgs(component, because=because)
    if SPAN.fullmatch(words.strip()):
        words = f"for {words.strip()}"
    found = END.fullmatch(words.strip())
    if found is None:
        raise context.usage("hold", f"I can't read `{quoted(words)}` as an end.")
    said = " ".join(found.group(2).split())
    span, until = (said, "") if found.group(1).lower() in ("for", "by") else ("", said)
    return StandArgs(component, None, span, until, because)


def read_unhold(text: str, context: Context) -> StandArgs:
    """`unhold [component] [because …]`."""
    head, because = split_because(text)
    word, rest = first_word(head)
    if rest:
        raise context.usage("unhold", f"I need one component; I read `{quoted(head)}`.")
    return StandArgs(plain_name(word), because=because)
