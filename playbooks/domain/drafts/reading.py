"""Reading a draft back: its machine lines, what they cite, and the words and numbers that are the document's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property, lru_cache

from playbooks.domain.ai_state import CATEGORIES
from playbooks.domain.drafts import phrases
from playbooks.domain.drafts.blocks import Block, Problem, split
from playbooks.domain.drafts.entries import Span
from playbooks.domain.drafts.evidence import Evidence, Held
from playbooks.domain.drafts.facts import Facts, facts_of
from playbooks.domain.timeline import Event

CITATION = re.compile(r"(?<!\\)\[E(\d+)\]")
TIME = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d)?|\b\d\d:\d\d(?::\d\d)?\b",
    re.ASCII,
)
LENGTH = re.compile(
    r"(?<![\w-])(≈ )?(\d+ (?:d|h|min|s)\b(?: \d+ (?:h|min|s)\b)*)(?: \[E(\d+)\]→\[E(\d+)\])?",
    re.ASCII,
)
ABSENT = re.compile(r"\bnot recorded\b|\bNo\b.*\brecorded\b|\bnone recorded\b", re.IGNORECASE)
_FOREIGN = re.compile(r"“[^“”]*”|`[^`]*`")
_TARGET = re.compile(r"\]\(https?://[^\s)]*\)")
_NOTE = re.compile(r"\*[^*\d]+\*")
_RULER = re.compile(r"\|(?: *:?-{3,}:? *\|)+")
_CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Known:
    """What a chain gives, worked out once for all the documents that are held against it.

    Attributes:
        labels: severity id to label. spoken: by block, the words its template says. version: of the templates.
    """

    events: tuple[Event, ...]
    facts: Facts
    labels: Mapping[str, str] = field(default_factory=dict)
    spoken: Mapping[str, frozenset[str]] = field(default_factory=dict)
    version: str = ""

    @cached_property
    def by_seq(self) -> dict[int, Event]:
        """The events by number."""
        return {event.seq: event for event in self.events}

    @cached_property
    def evidence(self) -> Evidence:
        """What the events hold."""
        return Evidence(self.events, self.labels)

    @cached_property
    def spans(self) -> dict[tuple[int, int], Span]:
        """Every length the facts hold, by the two events it is between."""
        kept = [getattr(self.facts, f.name) for f in fields(self.facts) if f.name != "entries"]
        return {(span.start.seq, span.end.seq): span for span in _spans_in(kept)}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The words Muster's own phrases are made of, wherever they stand."""
        facts = self.facts
        names = [name for name, _ in (*facts.instants.rows(), *facts.spans)]
        names += [part for odd in facts.oddities for part in (odd.earlier, odd.later)]
        names += [facts.instants.noticed, facts.changes.measured, *(a.does for a in facts.amendments)]
        names += [handoff.state for handoff in facts.handoffs]
        return phrases.SPOKEN | phrases.spoken(*names, *CATEGORIES, "d h min s")

    @cached_property
    def _owned(self) -> dict[tuple[str, str], str]:
        return {}

    def held(self, name: str, line: str) -> Held:
        """What a line of a block may state: what the events it cites hold."""
        if name == "title":
            declared = self.facts.declared.seq
            return self.evidence.of(() if declared is None else (declared,))
        return self.evidence.of(cited(line))

    @cached_property
    def versioned(self) -> Held:
        """What the state of the system is read from: a thing's name may stem from an event before the one cited."""
        kinds = {"change", "declared", "state"}
        seqs = [entry.seq for entry in self.facts.entries if entry.kind.value in kinds]
        return self.evidence.of([*seqs, *(seq for action in self.facts.privileged for seq in action.seqs)])

    def own(self, name: str, line: str) -> str:
        """A line without quotations, names, and the roles its events hold."""
        known = self._owned.get((name, line))
        if known is None:
            known = self._owned[name, line] = self._own(name, line)
        return known

    def _own(self, name: str, line: str) -> str:
        low = masked(line)
        if name == "title":
            return low
        for role in sorted((r for r in self.held(name, line).roles if r in low), key=len, reverse=True):
            low = re.sub(rf"(?<!\w){re.escape(role)}(?!\w)", "·", low)
        return low


@dataclass(frozen=True)
class Draft:
    """A document beside what is known of its chain."""

    blocks: tuple[Block, ...]
    problems: tuple[Problem, ...]
    known: Known

    @property
    def facts(self) -> Facts:
        """What the chain gives."""
        return self.known.facts

    @property
    def events(self) -> tuple[Event, ...]:
        """The chain."""
        return self.known.events

    @cached_property
    def _texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for block in self.blocks:
            found.setdefault(block.name, block.content.replace("\r", ""))
        return found

    def machine(self) -> Iterator[tuple[str, str]]:
        """Block name and line of everything the document states itself."""
        for block in self.blocks:
            if block.machine:
                for line in block.content.replace("\r", "").split("\n"):
                    yield block.name, line

    def text(self, name: str) -> str:
        """A block's content; empty where the document has none of that name."""
        return self._texts.get(name, "")

    def lines(self, name: str) -> list[str]:
        """The stating lines of a block."""
        return list(stating(self.text(name).split("\n")))

    def rows(self, name: str) -> list[tuple[list[str], str]]:
        """Cells and line of each table row of a block, heads left out."""
        return [(cells_of(line), line) for line in self.lines(name) if line.startswith("|")]

    def row_of(self, name: str, seq: int) -> list[str]:
        """The cells of the row that is about an event: it cites it in its first cell, or alone in its last."""
        if name not in self._indexed:
            found: dict[int, list[str]] = {}
            for cells, _ in self.rows(name):
                about = CITATION.findall(cells[0])[-1:] or CITATION.findall(cells[-1])[-1:]
                found.update({int(one): cells for one in about if int(one) not in found})
            self._indexed[name] = found
        return self._indexed[name].get(seq, [])

    @cached_property
    def _indexed(self) -> dict[str, dict[int, list[str]]]:
        return {}

    def fact_lines(self) -> Iterator[tuple[str, str]]:
        """Machine lines that state something: no headings, notes, table heads or empty lines."""
        for block in self.blocks:
            if block.machine:
                yield from ((block.name, line) for line in stating(block.content.replace("\r", "").split("\n")))

    @cached_property
    def own(self) -> tuple[tuple[str, str, str], ...]:
        """Block, line, and the line without what others said: quotations, names, and the roles its events hold."""
        return tuple((name, line, self.known.own(name, line)) for name, line in self.machine() if line)

    def held(self, name: str, line: str) -> Held:
        """What a line of a block may state: what the events it cites hold."""
        return self.known.held(name, line)


def know(
    events: Sequence[Event],
    incident_id: int,
    labels: Mapping[str, str],
    *,
    spoken: Mapping[str, frozenset[str]] = {},
    version: str = "",
) -> Known:
    """Derive from a chain what its documents are held against."""
    ordered = tuple(sorted(events, key=lambda e: e.seq))
    return Known(ordered, facts_of(ordered, incident_id), labels, spoken, version)


def read(markdown: str, known: Known) -> Draft:
    """Take a document apart beside its chain."""
    blocks, problems = split(markdown)
    return Draft(tuple(blocks), tuple(problems), known)


def _spans_in(value: object) -> Iterator[Span]:
    if isinstance(value, Span):
        yield value
    elif isinstance(value, Mapping):
        yield from (span for inner in value.values() for span in _spans_in(inner))
    elif isinstance(value, list | tuple):
        yield from (span for inner in value for span in _spans_in(inner))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from (span for f in fields(value) for span in _spans_in(getattr(value, f.name)))


def stating(lines: Sequence[str]) -> Iterator[str]:
    """The lines that state something."""
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        silent = not line or line == "---" or line.startswith("#") or _NOTE.fullmatch(line)
        if not silent and not _RULER.fullmatch(line) and not _RULER.fullmatch(following):
            yield line


def cells_of(line: str) -> list[str]:
    """The cells of a table row."""
    cells = [cell.strip() for cell in _CELL_END.split(line.strip())]
    return cells[1:-1] if len(cells) > 2 and not cells[-1] else cells[1:]


@lru_cache(maxsize=8192)  # every check reads the same lines
def masked(line: str) -> str:
    """A line without quotations, code spans and link targets."""
    return _FOREIGN.sub("·", _TARGET.sub("]", line))


@lru_cache(maxsize=8192)
def cited(line: str) -> tuple[int, ...]:
    """The events a line cites."""
    return tuple(int(seq) for seq in CITATION.findall(masked(line)))


def foreign(line: str) -> list[str]:
    """Quotations and code spans of a line."""
    return _FOREIGN.findall(line)
