"""The words of a postmortem's life: its steps, its owner and date, its action items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.slack.grammar_people import person
from bot.slack.grammar_publishing import PUBLISH, read_publish
from bot.slack.grammar_values import Person, PostmortemArgs, TaskArgs, TextArgs
from bot.slack.grammar_words import first_word, quoted, split_because
from playbooks.domain.action_items import TICKET, ItemType

if TYPE_CHECKING:
    from bot.slack.grammar import Context

_STEPS: Final = {
    "draft": ("post", "file"),
    "answer": ("questions", "answers"),
    "review": ("in-review", "send"),
    "reviewed": ("approve", "approved", "lgtm"),
    "back": ("rework", "undo"),
    "close": ("closed", "done"),
    "owner": ("hand", "give"),
    "due": ("until", "by"),
    "no-action": ("noaction", "none", "nothing"),
    "item": ("action", "task", "todo"),
}
_NAMES: Final = {name: step for step, others in _STEPS.items() for name in (step, *others)}
_UNTIL = re.compile(r"(?:^|\s)(?:until|by|due)\s+(\S+(?:\s+\d{1,2}:\d{2})?)\s*$", re.IGNORECASE)
_DONE = re.compile(r"(?:^|\s)done[ -]when:?\s+(.+)$", re.IGNORECASE | re.DOTALL)
_TICKET = re.compile(rf"(?:^|\s)ticket:?\s+({TICKET.pattern})(?=\s|$)", re.IGNORECASE)
_NUMBER = re.compile(r"D-(\d{1,9})", re.IGNORECASE)
_TYPE = re.compile(rf"({'|'.join(kind.value for kind in ItemType)}):\s*", re.IGNORECASE)


def read_postmortem(text: str, context: Context) -> PostmortemArgs | TextArgs:
    """`postmortem [INC-7] [step …]`; nothing but the incident shows where its document stands."""
    word, rest = first_word(text)
    if not word:
        return PostmortemArgs()
    if word.lower() == PUBLISH:
        return read_publish(text, context)
    step = _NAMES.get(word.lower().strip(".,!:"))
    if step is None:
        steps = ", ".join((*_STEPS, PUBLISH))
        raise context.usage("postmortem", f"I don't know the step `{quoted(word)}`; there are {steps}.")
    if step == "item":
        return PostmortemArgs(step, item=read_item(rest, context))
    head, because = split_because(rest)
    if step == "owner":
        words = head.split()
        if words and words[0].lower() in ("over", "to", "it"):
            words = words[1:]
        if len(words) != 1:
            raise context.usage("postmortem", "Who owns it from now on? Like `owner @omar`.")
        return PostmortemArgs(step, person(words[0], context))
    if step == "due":
        if not head:
            raise context.usage("postmortem", "When is the review due? Like `due 2026-12-01`.")
        day = re.sub(r"^(?:until|by|on)\s+", "", head, flags=re.IGNORECASE)
        return PostmortemArgs(step, until=day, because=because)
    return PostmortemArgs(step, because=because or head)


def read_item(text: str, context: Context) -> TaskArgs:
    """`[D-4] [prevent:] <text> [@person] [until <day>] [ticket ABC-1] [done when <what shows it>]`, in this order."""
    number = None
    word, rest = first_word(text)
    if (found := _NUMBER.fullmatch(word)) is not None:
        number, text = int(found.group(1)), rest
    text, done_when = _taken(_DONE, text)
    text, ticket = _taken(_TICKET, text)
    text, until = _taken(_UNTIL, text)
    kind, text = _kind(text.strip(), alone=number is not None)
    words = text.split()
    people = [w for w in words if w.rstrip(",.;") in context.people or re.fullmatch(r"@[a-z0-9-]+", w)]
    if len(people) > 1:
        raise context.usage("task", f"One person holds a follow-up; I read `{quoted(' '.join(people))}`.")
    holder = person(people[0], context) if people else Person()
    left = " ".join(word for word in words if word not in people)
    return TaskArgs(left, holder, until, kind, ticket, " ".join(done_when.split()), number)


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    """The text without what the pattern finds, and that."""
    found = pattern.search(text)
    if found is None:
        return text, ""
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), found.group(1)


def _kind(text: str, *, alone: bool) -> tuple[str, str]:
    """A type in front of the text, with a colon; of an item that exists already also as the only word."""
    word, rest = first_word(text)
    if alone and word.lower() in {kind.value for kind in ItemType} and (not rest or rest.startswith("@")):
        return word.lower(), rest
    found = _TYPE.match(text)
    return (found.group(1).lower(), text[found.end() :]) if found else ("", text)
