"""The words of a command: Slack's own marks made readable, and what a number, a time, a severity looks like."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

_SLACK = re.compile(r"<([^<>\n]{1,4000})>")


_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'", "´": "'"})


_WORD = re.compile(r"\s*(\S+)\s*(.*)", re.DOTALL)


def readable(text: str) -> tuple[str, dict[str, str]]:
    """Text as the person saw it, and the mentioned users: `@dana` -> Slack id."""
    people: dict[str, str] = {}

    def shown(found: re.Match[str]) -> str:
        target, _, label = found.group(1).partition("|")
        if re.fullmatch(r"@[UW][A-Z0-9]{1,30}", target):
            name = "@" + (label.strip().lstrip("@").replace(" ", "_") or target[1:])
            people[name] = target[1:]
            return name
        if target.startswith(("@", "#", "!")):
            return label or {"!here": "@here", "!channel": "@channel", "!everyone": "@everyone"}.get(target, target)
        return label if label and label in target else target

    text = html.unescape(_SLACK.sub(shown, text)).translate(_QUOTES)
    kept = (" " if unicodedata.category(c) == "Zs" else c for c in text if unicodedata.category(c) not in {"Cs", "Cf"})
    return "".join(c for c in kept if c in "\n\t" or unicodedata.category(c) != "Cc").strip(), people


def first_word(text: str) -> tuple[str, str]:
    """The first word, and the rest of the text."""
    found = _WORD.fullmatch(text)
    return (found.group(1), found.group(2).strip()) if found else ("", "")


def quoted(word: str) -> str:
    """A word for a sentence: on one line, cut, without marks that end a code span."""
    return " ".join(word.replace("`", "'").split())[:40]


_INCIDENT = re.compile(r"(?:inc-?|#)?(\d{1,9})", re.IGNORECASE)


NAMED_INCIDENT = re.compile(r"(?:inc-?|#)(\d{1,9})", re.IGNORECASE)


_BECAUSE = re.compile(r"(?:^|\s)because(?:(?:\s*:)?\s+|$)", re.IGNORECASE)


_SEVERITY = re.compile(r"(?:sev|s|p)?[ -]?(\d)", re.IGNORECASE)


_ZONE = r"(?:\s+(?:UTC|GMT)\b|Z\b|\s*[+-]\d{2}:?\d{2}\b|\s+[A-Z][A-Za-z_]+/[A-Z][A-Za-z_/+-]*)?"


WHEN = re.compile(
    r"(?:(?:\d{1,6}(?:\.\d+)?\s*[a-z]{1,7}\s*){1,4}\s+ago\b"
    r"|(?:(?:today|yesterday|\d{4}-\d{2}-\d{2})[ T](?:at\s+)?)?(?:at\s+)?"
    rf"\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\s*[ap]m\b)?{_ZONE})"
    r"(?=\s|$)",
    re.IGNORECASE,
)


SPAN = re.compile(r"\d[\d.]*\s*[a-z]+|P[\dT]\S*", re.IGNORECASE)


END = re.compile(r"(for|by|until|till)\s+(.+)", re.IGNORECASE | re.DOTALL)


def split_because(text: str) -> tuple[str, str]:
    """What stands before `because`, and the reason after it."""
    found = _BECAUSE.search(text)
    return (text[: found.start()].strip(), text[found.end() :].strip()) if found else (text.strip(), "")


def plain_name(word: str) -> str:
    """A component's name without quotes around it."""
    return word.strip("`'\"*,").lower()


def component_first(text: str, components: Collection[str]) -> tuple[str, str]:
    """The component a text begins with, as typed, and the rest; `fraud scorer` is read as the known `fraud-scorer`."""
    word, rest = first_word(text)
    name, left = plain_name(word), rest
    if name in components:
        return word, rest
    while left and name.count("-") < 63:
        more, left = first_word(left)
        name = f"{name}-{plain_name(more)}"
        if name.rstrip("?") in components:
            return name, left
    return word, rest


def severity_name(word: str) -> str:
    """`1`, `p1`, `sev-1`: all `sev1`; any other word as it is."""
    found = _SEVERITY.fullmatch(word)
    return f"sev{found.group(1)}" if found else word.lower()


def leading_incident(words: str) -> tuple[int | None, str]:
    """The incident's number in front of the words, None where there is none, and the rest."""
    first, rest = first_word(words)
    found = _INCIDENT.fullmatch(first)
    return (int(found.group(1)), rest) if found else (None, words)
