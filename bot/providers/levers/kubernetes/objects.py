"""Reading and changing objects of a cluster's API; a change goes only onto the object that it was decided on.

Every change names the `resourceVersion` it was made for. A change that comes too late is refused by the API server
(409, or 422 for the test in a JSON patch) and decided anew on what is there then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import Field

from bot.providers.httpcall import HttpCaller
from playbooks.plugin import Kind, ProviderError, Strict

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
LATE = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
# Controllers write an object's status several times a second while it changes.
TRIES = 5
PAGE = "500"
MAX_PAGES = 20

Json = Mapping[str, Any]
# What tools that keep a cluster as a repository says leave on their objects.
KEEPERS = {
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
}


class Namespaced(Strict):
    """An object's namespace."""

    namespace: str = Field(default="default", min_length=1)
    verify_within: int = Field(default=300, ge=1)


@dataclass(frozen=True, slots=True)
class Kinded:
    """A kind of object: its group and version (`apis/apps/v1`), plural, and the word for people."""

    group: str
    plural: str
    word: str

    def path(self, namespace: str, name: str = "") -> str:
        """Path of the collection in a namespace, or of one object."""
        folder = f"/{self.group}/namespaces/{quote(namespace, safe='')}/{self.plural}"
        return f"{folder}/{quote(name, safe='')}" if name else folder


@dataclass(frozen=True, slots=True)
class Patch:
    """A change: a merge patch (a mapping) or a JSON patch (a list of operations); of the status where that is said."""

    body: Json | list[Json]
    status: bool = False

    def on(self, version: str) -> tuple[str, Any]:
        """Its content type and its body, bound to a resource version."""
        if isinstance(self.body, list):
            return JSON, [{"op": "test", "path": "/metadata/resourceVersion", "value": version}, *self.body]
        return MERGE, {**self.body, "metadata": {"resourceVersion": version}}


class Objects:
    """The objects of a cluster."""

    def __init__(self, http: HttpCaller) -> None:
        self.name = http.provider
        self._http = http

    def read(self, kind: Kinded, namespace: str, name: str) -> Json:
        """One object. Raises ProviderError (permanent) for one that is not there."""
        answer = self._http.read(kind.path(namespace, name), kind.word, expect=(HTTPStatus.NOT_FOUND,))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise ProviderError(
                f"{self.name} has no {kind.word} {name} in namespace {namespace}.",
                "Compare the lever's binding with the cluster.",
                kind=Kind.PERMANENT,
            )
        found = answer.object()
        found["metadata"]["resourceVersion"]  # without it, it is no object of this API
        return found

    def select(self, kind: Kinded, namespace: str, labels: Mapping[str, str]) -> list[Json]:
        """All objects that carry these labels."""
        query = {"labelSelector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())), "limit": PAGE}
        found: list[Json] = []
        for _ in range(MAX_PAGES):
            page = self._http.read(kind.path(namespace), f"{kind.word}s", params=query).object()
            found += page.get("items") or []
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                break
            query = {**query, "continue": str(more)}
        return found

    def change(self, kind: Kinded, namespace: str, name: str, decide: Callable[[Json], Patch | None]) -> None:
        """Change an object by what `decide` says of it; None leaves it. Raises what `decide` raises.

        Raises ProviderError where the object kept changing in between; then nothing was changed.
        """
        for tries_left in reversed(range(TRIES)):
            seen = self.read(kind, namespace, name)
            patch = decide(seen)
            if patch is None or self._sent(kind.path(namespace, name), kind.word, patch, seen, last=not tries_left):
                return
        raise ProviderError(
            f"The {kind.word} {name} changed again and again meanwhile; nothing was changed.", "It is tried again."
        )

    def _sent(self, path: str, what: str, patch: Patch, seen: Json, *, last: bool) -> bool:
        """Whether the object was changed; False where it was another one by then."""
        content_type, body = patch.on(str(seen["metadata"]["resourceVersion"]))
        headers = {"Content-Type": content_type}
        for place in (f"{path}/status", path) if patch.status else (path,):
            expect = {*LATE, HTTPStatus.NOT_FOUND} if place.endswith("/status") else set(LATE)
            answer = self._http.write(
                "PATCH", f"{place}?fieldManager=muster", what, body=body, expect=expect, headers=headers
            )
            if answer.status == HTTPStatus.NOT_FOUND:
                continue  # a cluster whose definition of the kind has no status of its own
            if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY and last:
                raise self._http.refusal(answer, what, write=True)  # then it is not about being late
            return answer.status not in LATE
        return False


def dig(value: Any, *keys: str) -> Any:
    """What stands at these keys of nested mappings; None where one of them is missing."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def keeper_warning(seen: Json, word: str) -> str:
    """That another tool may undo the change; empty when none shows."""
    marked = {*(dig(seen, "metadata", "labels") or {}), *(dig(seen, "metadata", "annotations") or {})}
    for key, tool in KEEPERS.items():
        if key in marked:
            return f"{tool} looks after this {word} and may set it back; stop its automatic sync."
    return ""


def both(*sentences: str) -> str:
    """Sentences as one text, without the empty ones."""
    return " ".join(sentence for sentence in sentences if sentence)
