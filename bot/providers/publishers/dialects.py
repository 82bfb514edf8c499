"""Markdown as Confluence's storage format and as Notion's own Markdown, over the tokens of markdown-it.

https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html: well-formed XHTML.
https://developers.notion.com/guides/data-apis/enhanced-markdown: tables as tags, its own characters behind backslashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

_NOTION = re.compile(r"([\\*~`$\[\]<>{}|^])")


@cache
def _parser() -> MarkdownIt:
    """CommonMark with tables; HTML in a document is text, as everywhere else."""
    return MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table")


def to_storage(markdown: str) -> str:
    """XHTML for Confluence."""
    return str(_parser().render(markdown))


def to_notion(markdown: str) -> str:
    """Notion's enhanced Markdown."""
    return "\n".join(_blocks(_parser().parse(markdown))) + "\n"


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    lists: list[int | None] = []  # number of the next item, None for bullets
    quoted = False
    index = 0
    while index < len(tokens):
        token = tokens[index]
        match token.type:
            case "heading_open":
                yield f"{'#' * min(int(token.tag[1:]), 4)} {_inline(tokens[index + 1])}"
                index += 2
            case "paragraph_open":
                yield _lead(lists, quoted) + _inline(tokens[index + 1])
                index += 2
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_close" if lists and lists[-1] is not None:
                lists[-1] += 1
            case "blockquote_open" | "blockquote_close":
                quoted = token.type == "blockquote_open"
            case "fence" | "code_block":
                yield f"```{token.info.strip()}\n{token.content.rstrip()}\n```"
            case "hr":
                yield "---"
            case "table_open":
                end = next(i for i in range(index, len(tokens)) if tokens[i].type == "table_close")
                yield from _table(tokens[index + 1 : end])
                index = end
            case _:
                pass
        index += 1


def _lead(lists: Sequence[int | None], quoted: bool) -> str:
    if lists:
        mark = "- " if lists[-1] is None else f"{lists[-1]}. "
        return "\t" * (len(lists) - 1) + mark
    return "> " if quoted else ""


def _table(tokens: Sequence[Token]) -> Iterator[str]:
    yield '<table header-row="true">'
    for token in tokens:
        if token.type == "tr_open":
            yield "<tr>"
        elif token.type == "tr_close":
            yield "</tr>"
        elif token.type == "inline":
            yield f"<td>{_inline(token)}</td>"
    yield "</table>"


def _inline(token: Token) -> str:
    out: list[str] = []
    link = ""
    for child in token.children or ():
        match child.type:
            case "text":
                out.append(_NOTION.sub(r"\\\1", child.content))
            case "code_inline":
                out.append(f"`{child.content}`")
            case "strong_open" | "strong_close":
                out.append("**")
            case "em_open" | "em_close":
                out.append("*")
            case "link_open":
                link = str(child.attrs.get("href", ""))
                out.append("[")
            case "link_close":
                out.append(f"]({link})")
            case "softbreak" | "hardbreak":
                out.append("<br>")
            case _:
                out.append(_NOTION.sub(r"\\\1", child.content))
    return "".join(out)
