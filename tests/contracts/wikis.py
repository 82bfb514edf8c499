"""Stand-ins for Confluence Cloud and Notion, made to their documentation; requests are refused where it says so.

https://developer.atlassian.com/cloud/confluence/rest/v2 and https://developers.notion.com/reference, read in November
2026: a title used twice in a space, a version that is not the next one, content that is no XHTML, too long a body.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict, ValidationError

from tests.contracts.stand_in import Asked

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
EMAIL, TOKEN = "muster@example.com", "ATATT-not-a-real-token"
BASIC = b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
NOTION_TOKEN = "ntn_not-a-real-token"
PARENT = "59833787-2cf9-4fdf-8782-e53db20768a5"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


# ---------------------------------------------------------------- Confluence


class _Body(_Strict):
    representation: Literal["storage"]
    value: str


class _Version(_Strict):
    number: int
    message: str = ""


class _NewPage(_Strict):
    spaceId: str
    status: Literal["current"]
    title: str
    body: _Body
    parentId: str = ""


class _Update(_Strict):
    id: str
    status: Literal["current"]
    title: str
    body: _Body
    version: _Version


class _Property(_Strict):
    key: str
    value: dict[str, Any]
    version: _Version | None = None


@dataclass
class Confluence:
    """One space, SRE.

    Attributes:
        pages: id to page. properties: page id to property. meanwhile: called once before a page is written.
    """

    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    meanwhile: Any = None

    def texts(self) -> dict[str, str]:
        """Key to storage format of all pages."""
        return {p["title"].partition(" ")[0].lower(): p["body"] for p in self.pages.values()}

    def write(self, key: str, text: str) -> None:
        """Somebody edits the page in the browser."""
        page = self._named(key)
        page["body"], page["version"] = f"<p>{text}</p>", page["version"] + 1

    def remove(self, key: str) -> None:
        """Somebody puts it into the trash."""
        gone = self._named(key)
        number = next(n for n, p in self.pages.items() if p is gone)
        del self.pages[number]
        self.properties.pop(number, None)

    def _named(self, key: str) -> dict[str, Any]:
        return next(p for p in self.pages.values() if p["title"] == f"{key.upper()} postmortem")

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Basic {BASIC}":
            return 401, {"message": "Unauthorized"}
        path = asked.path.removeprefix("/wiki/api/v2")
        try:
            return self._answer(asked, path)
        except ValidationError as bad:
            return 400, {"errors": [{"status": 400, "title": str(bad.errors()[0]["msg"])}]}

    def _answer(self, asked: Asked, path: str) -> Answer:
        match asked.method, path.strip("/").split("/"):
            case "GET", ["spaces"]:
                found = [{"id": "98306", "key": "SRE"}] if asked.query.get("keys") == "SRE" else []
                return 200, {"results": found}
            case "GET", ["pages"]:
                wanted = asked.query["title"] if asked.query.get("space-id") == "98306" else None
                rows = [self._row(n, p) for n, p in self.pages.items() if p["title"] == wanted]
                return 200, {"results": rows, "_links": {"base": "https://acme.atlassian.net/wiki"}}
            case "POST", ["pages"]:
                return self._create(_NewPage.model_validate(asked.body))
            case "PUT", ["pages", number] if number in self.pages:
                return self._update(number, _Update.model_validate(asked.body))
            case "GET", ["pages", number, "properties"] if number in self.pages:
                held = self.properties.get(number)
                return 200, {"results": [held] if held and held["key"] == asked.query.get("key") else []}
            case "POST", ["pages", number, "properties"] if number in self.pages:
                given = _Property.model_validate(asked.body)
                if number in self.properties:
                    return 409, {"errors": [{"title": "A property with this key exists"}]}
                self.properties[number] = {"id": f"9{number}", **given.model_dump(), "version": {"number": 1}}
                return 200, self.properties[number]
            case "PUT", ["pages", number, "properties", held] if self.properties.get(number, {}).get("id") == held:
                given = _Property.model_validate(asked.body)
                now = self.properties[number]["version"]["number"]
                if given.version is None or given.version.number != now + 1:
                    return 409, {"errors": [{"title": "Version conflict"}]}
                self.properties[number] = {"id": held, **given.model_dump()}
                return 200, self.properties[number]
        return 404, {"errors": [{"status": 404, "title": "Not Found"}]}

    def _row(self, number: str, page: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": number,
            "status": "current",
            "title": page["title"],
            "version": {"number": page["version"], "message": ""},
            "_links": {"webui": f"/spaces/SRE/pages/{number}"},
        }

    def _create(self, body: _NewPage) -> Answer:
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        if any(page["title"] == body.title for page in self.pages.values()):
            title = "A page with this title already exists: A page already exists with the same TITLE in this space"
            return 400, {"errors": [{"status": 400, "code": "INVALID_REQUEST_PARAMETER", "title": title}]}
        number = str(1000 + len(self.pages))
        self.pages[number] = {"title": body.title, "body": _xhtml(body.body.value), "version": 1}
        return 200, self._row(number, self.pages[number])

    def _update(self, number: str, body: _Update) -> Answer:
        page = self.pages[number]
        if body.version.number != page["version"] + 1:
            title = f"Version must be incremented when updating a page. Current Version: [{page['version']}]."
            return 409, {"errors": [{"status": 409, "code": "CONFLICT", "title": title}]}
        page.update(title=body.title, body=_xhtml(body.body.value), version=body.version.number)
        return 200, self._row(number, page)


def _xhtml(text: str) -> str:
    try:
        ElementTree.fromstring(f"<page>{text}</page>")
    except ElementTree.ParseError as bad:
        raise AssertionError(f"Confluence takes well-formed XHTML alone: {bad}") from bad
    return text


# ---------------------------------------------------------------- Notion


class _Parent(_Strict):
    page_id: str


class _NewNotionPage(_Strict):
    parent: _Parent
    properties: dict[str, Any]
    markdown: str


class _Replace(_Strict):
    new_str: str


class _Insert(_Strict):
    content: str
    position: dict[str, str] = {}


class _Change(_Strict):
    type: Literal["replace_content", "insert_content"]
    replace_content: _Replace | None = None
    insert_content: _Insert | None = None


@dataclass
class Notion:
    """A parent page and what stands under it.

    Attributes:
        pages: id to title and Markdown. at_once: pages of one answer. parts: sizes of what was sent.
    """

    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    at_once: int = 1
    parts: list[int] = field(default_factory=list)

    def texts(self) -> dict[str, str]:
        """Key to Markdown of all pages, without the last line of ours."""
        mark = re.compile(r"---\n`muster:[a-z0-9-]+:[0-9a-f]{64}`\n$")
        return {p["title"].partition(" ")[0].lower(): mark.sub("", p["markdown"]) for p in self.pages.values()}

    def write(self, key: str, text: str) -> None:
        """Somebody writes the page anew."""
        next(p for p in self.pages.values() if p["title"] == f"{key.upper()} postmortem")["markdown"] = text

    def remove(self, key: str) -> None:
        """Somebody puts it into the trash."""
        next(p for p in self.pages.values() if p["title"] == f"{key.upper()} postmortem")["in_trash"] = True
        self.pages = {n: p for n, p in self.pages.items() if not p.get("in_trash")}

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {NOTION_TOKEN}":
            return 401, {"object": "error", "status": 401, "code": "unauthorized", "message": "API token is invalid."}
        if not asked.headers.get("notion-version"):
            return 400, {"object": "error", "code": "missing_version", "message": "Notion-Version is missing"}
        try:
            return self._answer(asked)
        except ValidationError as bad:
            return 400, {"object": "error", "code": "validation_error", "message": str(bad.errors()[0]["msg"])}

    def _answer(self, asked: Asked) -> Answer:
        if len(asked.raw) > 500_000:
            return 413, {"object": "error", "code": "validation_error", "message": "body is too large"}
        match asked.method, asked.path.strip("/").split("/"):
            case "GET", ["v1", "pages", number] if number == PARENT:
                return 200, {"object": "page", "id": PARENT, "url": "https://www.notion.so/x"}
            case "GET", ["v1", "blocks", number, "children"] if number == PARENT:
                return 200, self._children(int(asked.query.get("start_cursor") or 0))
            case "POST", ["v1", "pages"]:
                return self._create(_NewNotionPage.model_validate(asked.body))
            case "GET", ["v1", "pages", number, "markdown"] if number in self.pages:
                told = re.sub(r"([_-])", r"\\\1", self.pages[number]["markdown"])  # Notion writes it in its own way
                return 200, {"object": "page_markdown", "id": number, "markdown": told, "truncated": False}
            case "PATCH", ["v1", "pages", number, "markdown"] if number in self.pages:
                change = _Change.model_validate(asked.body)
                if change.replace_content is not None:
                    self.pages[number]["markdown"] = change.replace_content.new_str
                    self.parts.append(len(change.replace_content.new_str))
                elif change.insert_content is not None:
                    self.pages[number]["markdown"] += change.insert_content.content
                    self.parts.append(len(change.insert_content.content))
                return 200, {"object": "page_markdown", "id": number, "markdown": "…"}
        return 404, {"object": "error", "code": "object_not_found", "message": "Could not find page"}

    def _children(self, start: int) -> dict[str, Any]:
        rows: list[dict[str, Any]] = [{"object": "block", "id": "b0", "type": "paragraph", "paragraph": {}}]
        for number, page in self.pages.items():
            child = {"title": page["title"]}
            rows.append({"object": "block", "id": number, "type": "child_page", "in_trash": False, "child_page": child})
        end = start + self.at_once
        more = end < len(rows)
        return {
            "object": "list",
            "results": rows[start:end],
            "has_more": more,
            "next_cursor": str(end) if more else None,
        }

    def _create(self, body: _NewNotionPage) -> Answer:
        if body.parent.page_id != PARENT:
            return 404, {"object": "error", "code": "object_not_found", "message": "Could not find page"}
        number = f"{len(self.pages):08x}-2cf9-4fdf-8782-e53db20768a5"
        title = "".join(part["text"]["content"] for part in body.properties["title"]["title"])
        self.pages[number] = {"title": title, "markdown": body.markdown}
        self.parts.append(len(body.markdown))
        return 200, {"object": "page", "id": number, "url": f"https://www.notion.so/{number.replace('-', '')}"}
