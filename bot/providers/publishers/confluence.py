"""Documents as pages in a Confluence space: Markdown becomes storage format, our text's digest a property of the page.

https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page and …-content-properties, read in November 2026.
A title is unique within a space, so it is the key by which a page is found again. A page is replaced only as the
version that was read before, and the property says which version is ours, so what people edit there is seen.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import Field

from bot.providers.bound import BoundPublisher, OverHttp
from bot.providers.httpcall import HttpCaller
from bot.providers.publishers.dialects import to_storage
from bot.providers.publishers.files import moved_meanwhile
from bot.providers.publishers.rewriting import without_fences
from playbooks.plugin import (
    WRITTEN,
    ConfigError,
    Maturity,
    Page,
    Placed,
    Strict,
    Tools,
    parse_settings,
)

API = "/wiki/api/v2"
PROPERTY = "muster"
_CONFLICT, _BAD = HTTPStatus.CONFLICT, HTTPStatus.BAD_REQUEST


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as it stands; `digest` is of our text where this version is ours."""

    id: str
    version: int
    link: str
    digest: str
    property_id: str
    property_version: int


class ConfluencePublisher(OverHttp, BoundPublisher["ConfluencePublisher.Binding"]):
    """Pages in a space of Confluence Cloud."""

    tested_with = "a stand-in made to the REST API's documentation, version 2"
    maturity = Maturity.UNPROVEN

    class Settings(Strict):
        """`url`: of the site, such as https://acme.atlassian.net. `email` and `token`: of an account that may write."""

        url: str
        email: str = Field(min_length=3)
        token: str = Field(min_length=1)
        timeout: float = Field(default=10.0, gt=0)

    class Binding(Strict):
        """`space`: its key. `parent`: number of the page under which they stand; `prefix`: before every title."""

        space: str = Field(pattern=r"^~?[A-Za-z0-9_.-]{1,255}$")
        parent: str = Field("", pattern=r"^\d{0,20}$")
        prefix: str = Field("", max_length=60)

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        set_to = parse_settings(self.Settings, name, settings)
        basic = b64encode(f"{set_to.email}:{set_to.token}".encode()).decode()
        self._http = HttpCaller(
            name,
            set_to.url,
            headers={"Authorization": f"Basic {basic}"},
            secrets=(set_to.token, basic),
            timeout=set_to.timeout,
            written=WRITTEN,
            probe=tools.probe,
        )

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`. Raises ConfigError where the space is missing."""
        bound = self._parse(to)
        self._space(bound)
        return f"{self._http.url}/wiki, space {bound.space}"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`."""
        found = self._page(self._parse(to), page)
        return Placed(found.id, found.link, found.digest, "page") if found is not None else None

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`. The page first, then the property that says which version of it is ours."""
        bound = self._parse(to)
        there = self._page(bound, page)
        if there is not None and there.digest == page.digest:
            return Placed(there.id, there.link, there.digest, "page")
        body: dict[str, Any] = {
            "status": "current",
            "title": _title(bound, page),
            "body": {"representation": "storage", "value": to_storage(without_fences(page.text))},
        }
        if there is None:
            place = {"spaceId": self._space(bound), **({"parentId": bound.parent} if bound.parent else {})}
            number, version = self._written("POST", f"{API}/pages", {**place, **body}), 1
        else:
            version = there.version + 1
            told = {"id": there.id, "version": {"number": version, "message": page.note}}
            number = self._written("PUT", f"{API}/pages/{there.id}", {**body, **told})
        self._note(number, page, version, there)
        return Placed(number, there.link if there else "", page.digest, "page")

    # ---------------------------------------------------------------- pages

    def _written(self, method: str, path: str, body: Mapping[str, Any]) -> str:
        answer = self._http.write(method, path, "page", body=body, expect=(_CONFLICT, _BAD))
        if answer.status == _CONFLICT or (answer.status == _BAD and "already exists" in str(answer.body)):
            raise moved_meanwhile(self.name)
        if answer.status == _BAD:
            raise self._http.refusal(answer, "page", write=True)
        return str(answer.object()["id"])

    def _note(self, number: str, page: Page, version: int, there: _Page | None) -> None:
        value: dict[str, Any] = {"key": PROPERTY, "value": {"sha256": page.digest, "version": version}}
        where = f"{API}/pages/{number}/properties"
        if there is None or not there.property_id:
            self._http.write("POST", where, "property", body=value)
            return
        value["version"] = {"number": there.property_version + 1}
        self._http.write("PUT", f"{where}/{there.property_id}", "property", body=value)

    def _page(self, bound: ConfluencePublisher.Binding, page: Page) -> _Page | None:
        params = {"space-id": self._space(bound), "title": _title(bound, page), "status": "current"}
        answer = self._http.read(f"{API}/pages", "pages", params=params).object()
        rows = answer["results"]
        if not rows:
            return None
        row = rows[0]
        number, version = str(row["id"]), int(row["version"]["number"])
        found = self._http.read(f"{API}/pages/{number}/properties", "property", params={"key": PROPERTY}).object()
        noted = found["results"][0] if found["results"] else None
        value = noted["value"] if noted else {}
        ours = isinstance(value, Mapping) and value.get("version") == version
        base = str((answer.get("_links") or {}).get("base") or f"{self._http.url}/wiki")
        return _Page(
            number,
            version,
            base + str((row.get("_links") or {}).get("webui") or f"/pages/{number}"),
            str(value.get("sha256") or "") if ours else "",
            str(noted["id"]) if noted else "",
            int(noted["version"]["number"]) if noted else 0,
        )

    def _space(self, bound: ConfluencePublisher.Binding) -> str:
        rows = self._http.read(f"{API}/spaces", "space", params={"keys": bound.space}).object()["results"]
        if not rows:
            raise ConfigError(
                f"{self.name} has no space {bound.space}, or our credential does not see it.",
                f"Name another in {WRITTEN}, or check `providers.{self.name}.token`.",
            )
        return str(rows[0]["id"])


def _title(bound: ConfluencePublisher.Binding, page: Page) -> str:
    """One title for every version: an incident's own may change."""
    return f"{bound.prefix}{page.key.upper()} postmortem"
