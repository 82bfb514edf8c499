"""The document as HTML sections: our own small Markdown subset, every text escaped, no markup passed through."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from playbooks.domain.drafts.blocks import PLACEHOLDER

_COMMENT = re.compile(r"<!-- (/?)(machine|human)(?::([a-z0-9-]+))?(?: sha256=[0-9a-f]{64})? -->")
_HEADING = re.compile(r"(#{1,4}) +(.+)")
_ITEM = re.compile(r"[-*] +(.*)")
_RULER = re.compile(r"\|(?: *:?-{3,}:? *\|)+")
_CELL_END = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"\[([^\[\]]+)\]\((https?://[^\s()<>\"]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_CITE = re.compile(r"(?<!\\)\[E(\d+)\]")
_ESCAPED = re.compile(r"\\([\\`*_\[\]|~$])")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_ITALIC = re.compile(r"(?<![\w*])\*(?=\S)([^*]+)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_]+)(?<=\S)_(?!\w)")
_ROW_ID = re.compile(r"\[E(\d+)\]↺?")

_ABSENT = re.compile(r"\*\*[^*\n]+:\*\* [^\n]+")

LONG = 60
"""Rows of a table that are shown at once; longer ones are folded into parts of `PART` rows."""
PART = 250


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second level with what stands under it; `anchor` is its id on the page."""

    anchor: str
    name: str
    body: str


@dataclass(frozen=True, slots=True)
class Body:
    """The document without its title. `title` is plain text, escaped."""

    title: str
    intro: str
    sections: tuple[Section, ...]


@dataclass(slots=True)
class _Writer:
    """Headings one below the other, ids and table names each once."""

    level: int = 2
    tables: int = 0
    heading: str = "Document"
    seen: set[str] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)

    def anchor(self, name: str) -> str:
        stem = re.sub(r"[^a-z0-9]+", "-", html.unescape(name).lower()).strip("-")[:40] or "section"
        found = next(a for n in range(1, 10_000) if (a := f"s-{stem}{f'-{n}' if n > 1 else ''}") not in self.seen)
        self.seen.add(found)
        return found


def body_of(markdown: str) -> Body:
    """The sections of a document. Raw HTML in it comes out as text."""
    writer = _Writer()
    title, intro = "Postmortem", ""
    sections: list[Section] = []
    parts: list[str] = []
    name = anchor = ""

    def close() -> None:
        nonlocal intro
        text = "\n".join(part for part in parts if part)
        if anchor:
            sections.append(Section(anchor, name, text))
        else:
            intro += text
        parts.clear()

    absent: list[str] = []
    for human, lines in _fences(markdown):
        if not human and _ABSENT.fullmatch("\n".join(lines).strip()):
            absent.append(f"<li>{_inline(' '.join(lines).strip())}</li>")
            continue
        if human and absent:  # before what people write: what is not there
            close()
            name, anchor = "Looked for, and not recorded", writer.anchor("not recorded")
            parts.append(f"<ul>{''.join(absent)}</ul>")
            absent.clear()
        opened = _Ask(human)
        for chunk in _chunks(lines):
            match = _HEADING.fullmatch(chunk[0])
            if match and len(match[1]) == 1 and title == "Postmortem" and not human:
                title = _text_only(match[2])
            elif match and len(match[1]) <= 2 and (not human or opened.empty):
                parts.append(opened.end())
                close()
                name, writer.heading, writer.level = _text_only(match[2]), _text_only(match[2]), 2
                anchor = writer.anchor(name)
            else:
                parts.append(opened.begin() + _block(chunk, writer))
        parts.append(opened.end())
    close()
    return Body(title, intro, tuple(sections))


@dataclass(slots=True)
class _Ask:
    """The frame around what is people's to write."""

    human: bool
    empty: bool = True
    open: bool = False

    def begin(self) -> str:
        self.empty = False
        if not self.human or self.open:
            return ""
        self.open = True
        return '<div class="ask">'

    def end(self) -> str:
        was, self.open = self.open, False
        return "</div>" if was else ""


def _fences(markdown: str) -> Iterator[tuple[bool, list[str]]]:
    """The document's blocks: whether people's, and the lines."""
    human, lines = False, list[str]()
    for line in (line.rstrip() for line in markdown.replace("\r\n", "\n").split("\n")):
        fence = _COMMENT.fullmatch(line)
        if fence is None:
            lines.append(line)
            continue
        if lines:
            yield human, lines
        human, lines = not fence[1] and fence[2] == "human", []
    if lines:
        yield human, lines


def _text_only(text: str) -> str:
    return html.escape(html.unescape(_ESCAPED.sub(r"\1", text)))


def plain_text(line: str) -> str:
    """A line of a document without its markup and citations."""
    low = _LINK.sub(r"\1", _CITE.sub("", line))
    low = _CODE.sub(r"\1", _BOLD.sub(r"\1", low))
    return html.unescape(_ESCAPED.sub(r"\1", low))


def _chunks(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    i = 0
    while i < len(lines):
        if not lines[i]:
            i += 1
            continue
        end = _end(lines, i)
        yield lines[i:end]
        i = end


def _kind(line: str) -> str:
    if _HEADING.fullmatch(line):
        return "heading"
    if line == "---":
        return "rule"
    if line.startswith("|"):
        return "table"
    if line.startswith(">"):
        return "quote"
    return "list" if _ITEM.fullmatch(line) else "text"


def _end(lines: Sequence[str], start: int) -> int:
    kind = _kind(lines[start])
    end = start + 1
    while kind not in ("heading", "rule") and end < len(lines) and lines[end] and _kind(lines[end]) == kind:
        end += 1
    return end


def _block(lines: Sequence[str], writer: _Writer) -> str:
    kind = _kind(lines[0])
    if kind == "heading":
        match = _HEADING.fullmatch(lines[0])
        assert match is not None
        writer.level = min(max(3, len(match[1])), writer.level + 1)
        writer.heading = _text_only(match[2])
        return f"<h{writer.level}>{_inline(match[2])}</h{writer.level}>"
    if kind == "rule":
        return "<hr>"
    if kind == "table":
        return _table(lines, writer)
    if kind == "quote":
        return f"<blockquote>{'<br>'.join(_inline(line[1:].strip()) for line in lines)}</blockquote>"
    if kind == "list":
        return f"<ul>{''.join(f'<li>{_inline(line[2:].strip())}</li>' for line in lines)}</ul>"
    if lines[0] == PLACEHOLDER and len(lines) == 1:
        return '<p class="none"><em>To be written.</em></p>'
    return f"<p>{'<br>'.join(_inline(line) for line in lines)}</p>"


# ------------------------------------------------------------------ tables


def _table(lines: Sequence[str], writer: _Writer) -> str:
    head = len(lines) > 1 and bool(_RULER.fullmatch(lines[1]))
    names = _cells(lines[0]) if head else []
    rows = [_cells(line) for line in (lines[2:] if head else lines)]
    if len(rows) <= LONG:
        return _framed(names, rows, writer)
    parts = [rows[i : i + PART] for i in range(0, len(rows), PART)]
    return "".join(
        f"<details><summary>{_reach(part)}</summary>{_framed(names, part, writer)}</details>" for part in parts
    )


def _reach(rows: Sequence[Sequence[str]]) -> str:
    """What a folded part of a long table holds: its first and last row, and their number."""
    ends = [" ".join(filter(None, (_text_only(_plain(cell)) for cell in row[:2]))) for row in (rows[0], rows[-1])]
    return f"{ends[0]} to {ends[1]} ({len(rows):,} rows)"


def _plain(cell: str) -> str:
    return _ESCAPED.sub(r"\1", _CITE.sub(r"E\1", cell)).replace("`", "")[:60]


def _framed(names: Sequence[str], rows: Sequence[Sequence[str]], writer: _Writer) -> str:
    """A table in a frame that scrolls sideways, so it can be reached by keyboard and is named."""
    writer.tables += 1
    top = "".join(f'<th scope="col">{_inline(n) or "<span>Row</span>"}</th>' for n in names)
    head = f"<thead><tr>{top}</tr></thead>" if names else ""
    body = "".join(_row(row, writer, leads=bool(names)) for row in rows)
    named = f"{writer.heading}, table {writer.tables}"
    return (
        f'<div class="wide-box" role="region" tabindex="0" aria-label="{named}">'
        f"<table>{head}<tbody>{body}</tbody></table></div>"
    )


def _cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in _CELL_END.split(line.strip().removeprefix("|"))]
    if cells and not cells[-1]:
        cells.pop()
    return cells


def _row(cells: Sequence[str], writer: _Writer, *, leads: bool) -> str:
    first = _ROW_ID.fullmatch(cells[0]) if cells else None
    mark = f' id="e{first[1]}"' if first and first[1] not in writer.rows else ""
    if first:
        writer.rows.add(first[1])
    shown = [_inline(cell) for cell in cells]
    lead = f'<th scope="row">{shown[0]}</th>' if leads and shown and shown[0] else "".join(
        f"<td>{cell}</td>" for cell in shown[:1]
    )  # fmt: skip
    return f"<tr{mark}>{lead}{''.join(f'<td>{cell}</td>' for cell in shown[1:])}</tr>"


def _inline(text: str) -> str:
    """One line of text: code spans, links and citations are set aside first, so that nothing inside them is read."""
    kept: list[str] = []

    def keep(markup: str) -> str:
        kept.append(markup)
        return f"\x00{len(kept) - 1}\x00"

    low = text.replace("\x00", "")
    low = _ESCAPED.sub(lambda m: keep(html.escape(m[1])), low)
    low = _CODE.sub(lambda m: keep(f"<code>{html.escape(m[1])}</code>"), low)
    low = _LINK.sub(lambda m: keep(f'<a href="{html.escape(m[2])}" rel="noreferrer">{html.escape(m[1])}</a>'), low)
    low = _CITE.sub(lambda m: keep(f'<a class="cite" href="#e{m[1]}">E{m[1]}</a>'), low)
    # Entities are the document's own way to write `<`; unescaping first keeps them from being escaped twice.
    low = html.escape(html.unescape(low), quote=False)
    low = _BOLD.sub(r"<strong>\1</strong>", low)
    low = _ITALIC.sub(lambda m: f"<em>{m[1] or m[2]}</em>", low)
    while re.search(r"\x00\d+\x00", low):
        low = re.sub(r"\x00(\d+)\x00", lambda m: kept[int(m[1])], low)
    return low
