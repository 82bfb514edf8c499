"""The document as an HTML page: our own small Markdown subset, every text escaped, no markup passed through."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

_COMMENT = re.compile(r"<!-- /?(machine|human)(:[a-z0-9-]+)?( sha256=[0-9a-f]{64})? -->")
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

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d0d7de;--paper:#fff;--ask:#fff8e5}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--paper:#0d1117;--ask:#2b2410}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:68rem;
margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:break-word}
th{color:var(--soft);font-weight:600}code{font:.9em ui-monospace,monospace;overflow-wrap:break-word}
blockquote{margin:1rem 0 .25rem;padding:.5rem .75rem;border-left:4px solid #bf8700;background:var(--ask)}
.cite{color:var(--soft);font-size:.8em;text-decoration:none;white-space:nowrap}.cite:hover{text-decoration:underline}
:target{outline:2px solid #bf8700}hr{border:0;border-top:1px solid var(--line)}
@media print{:root{--ink:#000;--soft:#444;--line:#999;--paper:#fff;--ask:#fff}
body{margin:0;max-width:none;font-size:10pt}
h2{break-after:avoid}tr,blockquote{break-inside:avoid}.wide{overflow:visible}}
"""


def to_html(markdown: str) -> str:
    """A whole page. Raw HTML in the document comes out as text."""
    lines = [line.rstrip() for line in markdown.replace("\r\n", "\n").split("\n")]
    lines = ["" if _COMMENT.fullmatch(line) else line for line in lines]
    title = next((_HEADING.fullmatch(line) for line in lines if line.startswith("# ")), None)
    name = _text_only(title[2]) if title else "Postmortem"
    body = "\n".join(_blocks(lines))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _text_only(text: str) -> str:
    return html.escape(html.unescape(_ESCAPED.sub(r"\1", text)))


def _blocks(lines: Sequence[str]) -> list[str]:
    out: list[str] = []
    i = 0
    while i < len(lines):
        line = lines[i]
        if not line:
            i += 1
            continue
        end = _end(lines, i)
        out.append(_block(lines[i:end]))
        i = end
    return out


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


def _block(lines: Sequence[str]) -> str:
    kind = _kind(lines[0])
    if kind == "heading":
        match = _HEADING.fullmatch(lines[0])
        assert match is not None
        return f"<h{len(match[1])}>{_inline(match[2])}</h{len(match[1])}>"
    if kind == "rule":
        return "<hr>"
    if kind == "table":
        return _table(lines)
    if kind == "quote":
        return f"<blockquote>{'<br>'.join(_inline(line[1:].strip()) for line in lines)}</blockquote>"
    if kind == "list":
        return f"<ul>{''.join(f'<li>{_inline(line[2:].strip())}</li>' for line in lines)}</ul>"
    return f"<p>{'<br>'.join(_inline(line) for line in lines)}</p>"


def _table(lines: Sequence[str]) -> str:
    head = len(lines) > 1 and bool(_RULER.fullmatch(lines[1]))
    rows = [_row(line, "th" if head and i == 0 else "td") for i, line in enumerate(lines) if not (head and i == 1)]
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _row(line: str, tag: str) -> str:
    cells = [cell.strip() for cell in _CELL_END.split(line.strip().removeprefix("|"))]
    if cells and not cells[-1]:
        cells.pop()
    first = _ROW_ID.fullmatch(cells[0]) if cells else None
    mark = f' id="e{first[1]}"' if first and tag == "td" else ""
    return f"<tr{mark}>{''.join(f'<{tag}>{_inline(cell)}</{tag}>' for cell in cells)}</tr>"


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
