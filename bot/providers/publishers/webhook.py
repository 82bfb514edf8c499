"""Documents to a system of one's own over signed webhooks, which is read back where it can be asked.

Each request is signed as Standard Webhooks does it. The same version of a document carries the same `webhook-id` and
`Idempotency-Key` whenever it is sent again, so that a receiver can tell a repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from bot.providers.bound import BoundPublisher, OverHttp
from bot.providers.declared import Path, Pointer, filled_path, places_of, pointed, text_of
from bot.providers.httpcall import Answer
from bot.providers.signed import SignedSettings, signed_caller
from bot.providers.signing import ID
from playbooks.plugin import WRITTEN, Maturity, Page, Placed, Strict, Tools

_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def _of_key(value: str) -> str:
    if set(places_of(value)) - {"key"}:
        raise ValueError("a path takes {key} alone")
    return value


KeyPath = Annotated[Path, AfterValidator(_of_key)]


class Read(Strict):
    """How the receiver is asked what it has. `digest`, `link`: where its JSON answer says so; a 404 means nothing."""

    path: KeyPath
    digest: Pointer = "/sha256"
    link: Pointer | None = None


class WebhookPublisher(OverHttp, BoundPublisher["WebhookPublisher.Binding"]):
    """Any system that takes signed webhooks."""

    tested_with = "Standard Webhooks 1.0 receivers over HTTP"
    maturity = Maturity.PROVEN

    Settings = SignedSettings

    class Binding(Strict):
        """Where it goes; `{key}` in a path is the document's name, such as `inc-42`.

        Attributes:
            read: how it is read back; without it the receiver's answer is all that is known, and a repeat after a
                lost answer can only be told by its id.
        """

        path: KeyPath = "/postmortems/{key}"
        method: Literal["PUT", "POST"] = "PUT"
        read: Read | None = None

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._http = signed_caller(name, settings, tools, written=WRITTEN)

    def describe(self, to: Mapping[str, Any]) -> str:
        """See `ports.Publisher`. Asks for a document that there is not, where it can be asked."""
        bound = self._parse(to)
        if bound.read is None:
            return f"{self._http.url}{bound.path} (not read back)"
        self._ask(bound.read, "inc-0")
        return f"{self._http.url}{bound.path}"

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        if bound.read is None:
            return known
        answer = self._ask(bound.read, page.key)
        if answer.status in _GONE:
            return None
        data = answer.json()
        link = "" if bound.read.link is None else text_of(pointed(data, bound.read.link, provider=self.name))
        return Placed(page.key, link, text_of(pointed(data, bound.read.digest, provider=self.name)), "webhook")

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """See `ports.Publisher`."""
        bound = self._parse(to)
        version = "\n".join((self.name, page.key, page.digest))
        key = f"msg_{sha256(version.encode()).hexdigest()[:32]}"
        self._http.write(
            bound.method,
            filled_path(bound.path, {"key": page.key}),
            page.key,
            body={
                "key": page.key,
                "title": page.title,
                "state": page.state,
                "note": page.note,
                "sha256": page.digest,
                "markdown": page.text,
            },
            headers={ID: key, "Idempotency-Key": key},
        )
        return Placed(page.key, "", page.digest, "webhook")

    def _ask(self, read: Read, key: str) -> Answer:
        return self._http.read(filled_path(read.path, {"key": key}), key, expect=_GONE)
