"""Reading a draft back: its machine lines, what they cite, and the words and numbers that are the document's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from playbooks.domain.drafts import words
from playbooks.domain.drafts.blocks import Block, Problem, split
from playbooks.domain.drafts.entries import parsed_time, role_of, whole_second
from playbooks.domain.drafts.facts import Facts, facts_of
from playbooks.domain.drafts.phrases import roles_by_person, without_persons
from playbooks.domain.timeline import Event

CITATION = re.compile(r"(?<!\\)\[E(\d+)\]")
TIME = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d)?|\b\d\d:\d\d(?::\d\d)?\b",
    re.ASCII,
)
LENGTH = re.compile(
    r"(?<![\w-])(\d+ (?:d|h|min|s)\b(?: \d+ (?:h|min|s)\b)*)(?: \[E(\d+)\]→\[E(\d+)\])?",
    re.ASCII,
)
ABSENT = re.compile(r"\bnot recorded\b|\bNo\b.*\brecorded\b|\bnone recorded\b", re.IGNORECASE)
_FOREIGN = re.compile(r"“[^“”]*”|`[^`]*`")
_TARGET = re.compile(r"\]\(https?://[^\s)]*\)")
_NOTE = re.compile(r"\*[^*\d]+\*")
_RULER = re.compile(r"\|(?:-{3}\|)+")


@dataclass(frozen=True)
class Draft:
    """A document beside the events it was made from."""

    blocks: tuple[Block, ...]
    problems: tuple[Problem, ...]
    events: tuple[Event, ...]
    facts: Facts
    labels: Mapping[str, str] = field(default_factory=dict)

    def machine(self) -> Iterator[tuple[str, str]]:
        """Block name and line of everything the document states itself."""
        for block in self.blocks:
            if block.machine:
                for line in block.content.replace("\r", "").split("\n"):
                    yield block.name, line

    def text(self, name: str) -> str:
        """A block's content; empty where the document has none of that name."""
        return next((block.content for block in self.blocks if block.name == name), "")

    def fact_lines(self) -> Iterator[tuple[str, str]]:
        """Machine lines that state something: no headings, notes, table heads or empty lines."""
        for block in self.blocks:
            if block.machine:
                yield from ((block.name, line) for line in _stating(block.content.replace("\r", "").split("\n")))

    def own_words(self) -> str:
        """The machine text without what others said: quotations, names, roles."""
        roles = sorted({words.role(role_of(e.new.actor)) for e in self.events}, key=len, reverse=True)
        texts = []
        for _, line in self.machine():
            own = masked(line)
            for role in roles:
                own = own.replace(role, "·")
            texts.append(own)
        return "\n".join(texts)


def read(markdown: str, events: Sequence[Event], incident_id: int, labels: Mapping[str, str]) -> Draft:
    """Take a document apart beside its events."""
    blocks, problems = split(markdown)
    ordered = tuple(sorted(events, key=lambda e: e.seq))
    return Draft(tuple(blocks), tuple(problems), ordered, facts_of(ordered, incident_id), labels)


def _stating(lines: Sequence[str]) -> Iterator[str]:
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        silent = not line or line == "---" or line.startswith("#") or _NOTE.fullmatch(line)
        if not silent and not _RULER.fullmatch(line) and not _RULER.fullmatch(following):
            yield line


def masked(line: str) -> str:
    """A line without quotations, code spans and link targets."""
    return _FOREIGN.sub("·", _TARGET.sub("]", line))


def cited(line: str) -> list[int]:
    """The events a line cites."""
    return [int(seq) for seq in CITATION.findall(masked(line))]


def foreign(line: str) -> list[str]:
    """Quotations and code spans of a line."""
    return _FOREIGN.findall(line)


def times_of(events: Iterable[Event]) -> set[datetime]:
    """Every time that is in an event: its own, when it was recorded, and those among its facts."""
    found: set[datetime] = set()
    for event in events:
        stated = (event.occurred_at, event.new.occurred_until, event.recorded_at)
        found.update(whole_second(at) for at in stated if at is not None)
        found.update(at for at in (parsed_time(text) for text in strings_of(event.payload)) if at is not None)
    return found


def strings_of(value: Any) -> Iterator[str]:
    """Every text in a payload, keys included, and its numbers as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool):
        return
    elif isinstance(value, int):
        yield str(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from strings_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings_of(inner)


def texts_of(event: Event) -> Iterator[str]:
    """Every text an event holds."""
    yield event.text
    yield event.new.component
    yield event.new.source_ref
    yield role_of(event.new.actor)
    yield event.new.actor.team
    yield from strings_of(event.payload)


def quotable(draft: Draft) -> set[str]:
    """Every quotation and code span the events allow."""
    roles = roles_by_person(draft.events)
    found: set[str] = set()
    for event in draft.events:
        for text in {*texts_of(event), without_persons(event.text, roles)}:
            found |= {words.quote(text), words.quote(words.clip(text)), words.code(text), words.role(text)}
    declared = draft.facts.declared
    found |= {words.code(declared.registry[:12])} | {words.role(label) for label in draft.labels.values()}
    return found


def numbers_of(draft: Draft) -> set[int]:
    """Every number the events hold or the facts count."""
    found = {draft.facts.incident_id, len(draft.events), len(draft.facts.prompts), 0}
    texts = [text for event in draft.events for text in texts_of(event)]
    for text in (*texts, *draft.labels.values()):
        found.update(int(digits) for digits in re.findall(r"[0-9]+", text) if len(digits) < 40)
    return found
