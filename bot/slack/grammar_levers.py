"""The words of commands that change a component, and of the decisions about that."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from bot.slack.grammar_values import DecideArgs, DisableArgs, EnableArgs, ExtendArgs, GlassArgs, RollbackArgs, StandArgs
from bot.slack.grammar_words import END, SPAN, component_first, first_word, plain_name, quoted, split_because
from playbooks import errors

if TYPE_CHECKING:
    from bot.slack.grammar import Context


def read_rollback(text: str, context: Context) -> RollbackArgs:
    """`rollback <component> [to <version>] [because …]`."""
    head, because = split_because(text)
    named, rest = component_first(head, context.components)
    words = [named, *rest.split()] if named else []
    if len(words) >= 2 and words[1].lower() == "to":
        words.pop(1)
        if len(words) == 1:
            raise context.usage("rollback", "To which version?")
    if len(words) > 2:
        raise context.usage("rollback", f"I can't read `{quoted(' '.join(words[1:]))}` as a version.")
    if not words and because:
        raise context.usage("rollback", "Which component?")
    return RollbackArgs(
        plain_name(words[0]) if words else "", words[1].strip("`'\"") if len(words) > 1 else "", because
    )


def read_disable(text: str, context: Context) -> DisableArgs:
    """`disable <component> for <time> [because …]`; without an end it is an error."""
    head, because = split_because(text)
    component, rest = component_first(head, context.components)
    if not component and not because:
        return DisableArgs()
    if not component or component.lower() in ("for", "until"):
        raise context.usage("disable", "Which component?")
    name = plain_name(component)
    if not rest and context.components and name not in context.components:
        return DisableArgs(name, because=because)  # that nobody knows it is told first
    if not rest:
        raise errors.InputError(
            f"For how long? Whatever is disabled needs an end; {quoted(name)} comes back then.",
            f"Write it like this: `{context.command} {quoted(name)} for 4h`.",
            code="no_end",
        )
    return DisableArgs(plain_name(component), *_end(rest, "disable", context), because)


def read_enable(text: str, context: Context) -> EnableArgs:
    """`enable <component> [because …]`, and `unfreeze`."""
    head, because = split_because(text)
    component, rest = component_first(head, context.components)
    if rest or (because and not component):
        raise context.usage("enable", "I need one component." if rest else "Which component?")
    return EnableArgs(plain_name(component), because)


def read_extend(text: str, context: Context) -> ExtendArgs:
    """`extend [<component> or D-4] by <time> [because …]`."""
    head, because = split_because(text)
    word, rest = first_word(head)
    if not word:
        return ExtendArgs(because=because)
    component, override = "", None
    if END.fullmatch(head) is None and not SPAN.fullmatch(head):
        number = re.fullmatch(r"D-?(\d{1,9})", word, re.IGNORECASE)
        component, override = ("", int(number.group(1))) if number else (plain_name(word), None)
        head = rest
    if not head:
        raise context.usage("extend", "By how much?")
    return ExtendArgs(component, override, *_end(head, "extend", context), because)


def _end(text: str, verb: str, context: Context) -> tuple[str, str]:
    found = END.fullmatch(text)
    if found:
        words = " ".join(found.group(2).split())
        return (words, "") if found.group(1).lower() in ("for", "by") else ("", words)
    if SPAN.match(text):
        return " ".join(text.split()), ""
    raise context.usage(verb, f"I can't read `{quoted(text)}` as a length of time.")


def read_accept_risk(text: str, context: Context) -> StandArgs:
    """`accept-risk <component> until <day> because …`."""
    return _standing("accept-risk", text, context)


def read_freeze(text: str, context: Context) -> StandArgs:
    """`freeze <component> [for <time>] [because …]`."""
    return _standing("freeze", text, context)


def _standing(verb: str, text: str, context: Context) -> StandArgs:
    head, because = split_because(text)
    word, rest = first_word(head)
    if not word and not because:
        return StandArgs()
    if not word or word.lower() in ("for", "until"):
        raise context.usage(verb, "Which component?")
    number = re.fullmatch(r"D-(\d{1,9})", word, re.IGNORECASE)
    component, override = ("", int(number.group(1))) if number else (plain_name(word), None)
    span, until = _end(rest, verb, context) if rest else ("", "")
    return StandArgs(component, override, span, until, because)


_UNDER_GLASS: Final[Mapping[str, Callable[[str, Context], RollbackArgs | DisableArgs | EnableArgs]]] = {
    "rollback": read_rollback,
    "disable": read_disable,
    "enable": read_enable,
}


def read_glass(text: str, context: Context) -> GlassArgs | DecideArgs:
    """`break-glass <command>`, or `break-glass [number] because …` for what was asked already."""
    word, rest = first_word(text)
    read = _UNDER_GLASS.get(word.lower())
    if read is None:
        return read_verdict(text, context)
    return GlassArgs(word.lower(), read(rest, context))


def read_verdict(text: str, context: Context) -> DecideArgs:
    """`approve`, `deny`, `done` and `cannot`: `[number] [why]`."""
    word, rest = first_word(text)
    number = re.fullmatch(r"#?(\d{1,9})", word)
    if number is None:
        return DecideArgs(None, _reason(text))
    return DecideArgs(int(number.group(1)), _reason(rest))


def read_review(text: str, context: Context) -> DecideArgs:
    """`review D-4 <what came of it>`."""
    word, rest = first_word(text)
    number = re.fullmatch(r"D-?(\d{1,9})", word, re.IGNORECASE)
    if number is None:
        raise context.usage("review", "Which entry? Its number stands in the debt ledger.")
    return DecideArgs(int(number.group(1)), rest)


def _reason(text: str) -> str:
    return re.sub(r"^because:?\s+", "", text, flags=re.IGNORECASE)
