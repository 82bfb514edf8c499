"""The words of commands that name people: who leads, who has a role, who takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.grammar_values import HandoffArgs, LeadArgs, Person, RoleArgs
from bot.slack.grammar_words import first_word, quoted

if TYPE_CHECKING:
    from bot.slack.grammar import Context


def person(word: str, context: Context) -> Person:
    """Who is meant by a word: a mentioned user, a name as typed, or the one who types."""
    name = word.rstrip(",.;")
    if name in context.people:
        return Person(context.people[name], name.lstrip("@"))
    return Person("", "" if name.lower() in ("me", "@me") else name.lstrip("@"))


def read_lead(text: str, context: Context) -> LeadArgs:
    """`lead [@person]`."""
    word, rest = first_word(text)
    if rest:
        raise context.usage("lead", f"One person can lead; I read `{quoted(text)}`.")
    return LeadArgs(person(word, context))


def read_role(text: str, context: Context) -> RoleArgs:
    """`role <role> [@person]`, in either order."""
    words = text.split()
    if len(words) > 2:
        raise context.usage("role", f"I need a role and a person; I read `{quoted(text)}`.")
    if len(words) == 2 and (words[0].startswith("@") and not words[1].startswith("@")):
        words.reverse()
    who = person(words[1], context) if len(words) == 2 else Person()
    if words and words[0].startswith("@"):
        raise context.usage("role", "Which role?")
    return RoleArgs(words[0].lower() if words else "", who)


def read_handoff(text: str, context: Context) -> HandoffArgs:
    """`handoff @person [role]`, in either order."""
    words = text.split()
    if len(words) > 2:
        raise context.usage("handoff", f"I need a person and perhaps a role; I read `{quoted(text)}`.")
    if len(words) == 2 and not words[0].startswith("@"):
        words.reverse()
    who = person(words[0], context) if words else Person()
    return HandoffArgs(who, words[1].lower() if len(words) == 2 else "lead")
