"""The words of `stats`: by what figures are told apart, of what, and of which period."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.slack.grammar_values import StatsArgs
from bot.slack.grammar_words import SPAN, plain_name, quoted

if TYPE_CHECKING:
    from bot.slack.grammar import Context

_BY = {
    "component": "component",
    "components": "component",
    "team": "team",
    "teams": "team",
    "severity": "severity",
    "severities": "severity",
    "failure": "failure",
    "failures": "failure",
}
_SINCE = re.compile(r"(?:^|\s)since\s+(\S+)", re.IGNORECASE)


def read_stats(text: str, context: Context) -> StatsArgs:
    """`stats [component|team|severity|failure] [a name] [30d or since 2026-09-01]`, in any order."""
    found = _SINCE.search(text)
    since = found.group(1) if found else ""
    words = (text[: found.start()] + text[found.end() :] if found else text).split()
    by = span = name = ""
    for word in (w for w in words if w.lower() not in ("by", "last", "of", "for", "the")):
        if word.lower() in _BY and not by:
            by = _BY[word.lower()]
        elif SPAN.fullmatch(word) and not span and not since:
            span = word
        elif not name:
            name = plain_name(word)
        else:
            raise context.usage("stats", f"I read `{quoted(name)}` and `{quoted(word)}`; one name at a time.")
    return StatsArgs(by, name, span, since)
