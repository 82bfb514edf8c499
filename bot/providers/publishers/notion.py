"""Documents as pages under a page of Notion.

https://developers.notion.com/guides/data-apis/working-with-markdown-content, …/reference/post-page,
…/reference/update-page-markdown and …/reference/get-block-children, read in November 2026. A page is found again by
its title under the parent. Notion gives a page back in words of its own, so its last line has our key and the text's
digest, also where a long document is sent in parts: one that was cut off half-way is not taken for whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from bot.providers.bound import BoundPublisher, OverHttp
from bot.providers.httpcall import HttpCaller
from bot.providers.publishers.dialects import to_notion
from bot.providers.publishers.rewriting import cut_tables, without_fences
from playbooks.plugin import (
    WRITTEN,
    Maturity,
    Page,
    Placed,
    Strict,
    Tools,
    parse_settings,
)

API_VERSION = "2026-03-11"
PART = 200_000  # characters of one request; Notion takes 500 kB, https://developers.notion.com/reference/request-limits
CELLS = 700  # of one table, so that a part has somewhere to end
_MOST_PAGES = 100


class NotionPublisher(OverHttp, BoundPublisher["NotionPublisher.Binding"]):
    """Pages under a page of Notion."""

    tested_with = "a stand-in made to the API's documentation, version 2026-03-11"
    maturity = Maturity.UNPROVEN

    class Settings(Strict):
        """`token`: of an internal integration that the parent page is shared with."""

        url: str = "https://api.notion.com"
        token: str = Field(min_length=1)
        timeout: float = Field(default=20.0, gt=0)

    class Binding(Strict):
        """`parent`: id of the page under which they stand, as its address ends; `prefix`: before every title."""

        parent: str = Field(pattern=r"^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$")
        prefix: str = Field("", max_length=60)

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        set_to = parse_settings(self.Settings, name, settings)
        self._http = HttpCaller(
            name,
            set_to.url,
            headers={"Authorization": f"Bearer {set_to.token}", "Notion-Version": API_VERSION},
            secrets=(set_to.token,),
            timeout=set_to.timeout,
            written=WRITTEN,
            probe=tools.probe,
        )

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        self._http.read(f"/v1/pages/{bound.parent}", "parent")
        return f"pages under {_address(bound.parent)}"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`. What people change there is not seen, but for its last line."""
        bound = self._parse(to)
        number = next((each for each, title in self._children(bound) if title == _title(bound, page)), "")
        if not number:
            return None
        text = str(self._http.read(f"/v1/pages/{number}/markdown", "page").object()["markdown"])
        mark = re.findall(rf"muster:{re.escape(page.key)}:([0-9a-f]{{64}})", text.replace("\\", ""))
        return Placed(number, _address(number), mark[-1] if mark else "", "page")

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        there = self.find(to, page, found)
        if there is not None and there.digest == page.digest:
            return there
        first, *rest = _parts(page)
        if there is None:
            title = [{"type": "text", "text": {"content": _title(bound, page)}}]
            body = {"parent": {"page_id": bound.parent}, "properties": {"title": {"title": title}}, "markdown": first}
            number = str(self._http.write("POST", "/v1/pages", "page", body=body).object()["id"])
        else:
            number = there.place
            self._send(number, {"type": "replace_content", "replace_content": {"new_str": first}})
        for part in rest:
            self._send(
                number, {"type": "insert_content", "insert_content": {"content": part, "position": {"type": "end"}}}
            )
        return Placed(number, _address(number), page.digest, "page")

    # ---------------------------------------------------------------- pages

    def _send(self, number: str, change: Mapping[str, Any]) -> None:
        self._http.write("PATCH", f"/v1/pages/{number}/markdown", "page", body=change)

    def _children(self, bound: NotionPublisher.Binding) -> Iterator[tuple[str, str]]:
        """Id and title of the pages under the parent."""
        cursor = ""
        for _ in range(_MOST_PAGES):
            params = {"page_size": "100", **({"start_cursor": cursor} if cursor else {})}
            answer = self._http.read(f"/v1/blocks/{bound.parent}/children", "pages", params=params).object()
            for row in answer["results"]:
                if row.get("type") == "child_page" and not (row.get("in_trash") or row.get("archived")):
                    yield str(row["id"]), str(row["child_page"]["title"])
            cursor = str(answer.get("next_cursor") or "")
            if not cursor:
                return


def _title(bound: NotionPublisher.Binding, page: Page) -> str:
    """One title for every version: an incident's own may change."""
    return f"{bound.prefix}{page.key.upper()} postmortem"


def _address(number: str) -> str:
    return f"https://www.notion.so/{number.replace('-', '')}"


def _parts(page: Page) -> list[str]:
    """The document in parts, each ending between two blocks; the last one has the mark."""
    text = to_notion(cut_tables(without_fences(page.text), CELLS))
    marked = f"{text}---\n`muster:{page.key}:{page.digest}`\n"
    parts, size = [""], 0
    depth = 0
    for line in marked.splitlines(keepends=True):
        if size + len(line) > PART and depth == 0:
            parts.append("")
            size = 0
        depth += line.startswith("<table") - line.startswith("</table")
        parts[-1] += line
        size += len(line)
    return parts
