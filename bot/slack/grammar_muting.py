"""The words of commands on alerts: what is silenced, from when to when and why; what people report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.slack.grammar_values import ReportArgs, SilenceArgs, UnsilenceArgs
from bot.slack.grammar_words import END, SPAN, first_word, plain_name, quoted, split_because
from playbooks import errors

if TYPE_CHECKING:
    from bot.slack.grammar import Context

_THEN = re.compile(r"(?:^|[\s,;]+)then\s+(open|list)\s*$", re.IGNORECASE)
_FROM = re.compile(r"(?:^|\s)from\s+(.+?)(?=\s+(?:for|until|till|to)\s)", re.IGNORECASE)


def read_silence(text: str, context: Context) -> SilenceArgs:
    """`silence …`; a component alone is left to the command, which opens the form."""
    return _read("silence", text, context)


def read_maintenance(text: str, context: Context) -> SilenceArgs:
    """`maintenance …`, read alike."""
    return _read("maintenance", text, context)


def _read(verb: str, text: str, context: Context) -> SilenceArgs:
    then = _THEN.search(text)
    at_end = then.group(1).lower() if then else ""
    head, because = split_because(text[: then.start()] if then else text)
    word, rest = first_word(head)
    if not word and not because:
        return SilenceArgs()
    if not word or word.lower() in ("for", "until", "from"):
        raise context.usage(verb, "Which component?")
    component = plain_name(word)
    start = ""
    found = _FROM.search(f" {rest}")
    if found:
        padded = f" {rest}"
        start, rest = " ".join(found.group(1).split()), (padded[: found.start()] + padded[found.end() :]).strip()
    failure, span, until = _failure_and_end(rest)
    if not span and not until and (failure or because or start):
        raise errors.InputError(
            f"Until when? Whatever is muted needs an end; alerts of {quoted(component)} count again then.",
            f"Write it like this: `{context.command} {quoted(component)} for 2h because …`.",
            code="no_end",
        )
    return SilenceArgs(component, failure, start, span, until, because, at_end)


def _failure_and_end(text: str) -> tuple[str, str, str]:
    """An alert's name, which may be left out, and the end behind it."""
    word, rest = first_word(text)
    if word.lower() in ("for", "until", "till", "to"):
        words = text if word.lower() != "to" else f"until {rest}"
        failure = ""
    elif SPAN.fullmatch(text):
        words, failure = f"for {text}", ""
    else:
        words, failure = rest, word.strip("`'\"*,")
        second, after = first_word(rest)
        if second.lower() == "to":
            words = f"until {after}"
        elif SPAN.fullmatch(rest):
            words = f"for {rest}"
    found = END.fullmatch(words)
    if found is None:
        return failure, "", ""
    said = " ".join(found.group(2).split())
    return (failure, said, "") if found.group(1).lower() in ("for", "by") else (failure, "", said)


def read_report(text: str, context: Context) -> ReportArgs:
    """`report <component> <what went wrong>`."""
    word, rest = first_word(text)
    return ReportArgs(plain_name(word).rstrip(":"), rest)


def read_unsilence(text: str, context: Context) -> UnsilenceArgs:
    """`unsilence S-3 [because …]`."""
    word, rest = first_word(text)
    number = re.fullmatch(r"(?:S-?)?(\d{1,9})", word, re.IGNORECASE)
    if number is None:
        raise context.usage("unsilence", "Which silence? Its number stands in the list.")
    return UnsilenceArgs(int(number.group(1)), re.sub(r"^because:?\s+", "", rest, flags=re.IGNORECASE))
