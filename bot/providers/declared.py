"""Requests that a binding declares: closed placeholders in paths and bodies, and values by JSON Pointer (RFC 6901).

Nothing here evaluates anything: a placeholder is one of a few names, a pointer leads to one value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field

from playbooks.plugin import Kind, ProviderError, Strict

_PLACE = re.compile(r"\{([^{}]*)\}")
_KEPT = re.compile(r"kept\.[a-z][a-z0-9_]*")
NAMES = ("target", "before", "after", "value", "note", "key")
Scalar = str | int | float | bool | None


def _places(value: Any) -> Iterator[str]:
    """All placeholders of a template, in the order they stand."""
    if isinstance(value, str):
        yield from _PLACE.findall(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _places(each)
    elif isinstance(value, list):
        for each in value:
            yield from _places(each)


def _closed(value: Any) -> Any:
    for name in _places(value):
        if name not in NAMES and not _KEPT.fullmatch(name):
            known = ", ".join(f"{{{each}}}" for each in NAMES)
            raise ValueError(f"{{{name}}} is no placeholder; there are {known} and {{kept.name}}")
    return value


def _path(value: str) -> str:
    if not value.startswith("/") or value.startswith("//"):
        raise ValueError("a path begins with one slash; the address before it stands in the provider's settings")
    return str(_closed(value))


def _pointer(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError("a JSON Pointer begins with a slash, as in /data/state")
    if re.search(r"~(?![01])", value):
        raise ValueError("in a JSON Pointer ~ stands as ~0 and / inside a name as ~1")
    return value


Path = Annotated[str, AfterValidator(_path)]
Pointer = Annotated[str, AfterValidator(_pointer)]
Template = Annotated[Any, AfterValidator(_closed)]


class _Asking(Strict):
    method: Literal["GET", "POST"] = "GET"
    path: Path
    body: Template = None

    @property
    def places(self) -> frozenset[str]:
        """The placeholders it needs."""
        return frozenset((*_places(self.path), *_places(self.body)))


class ReadRequest(_Asking):
    """A request that only asks. `value`: where in its JSON answer the state stands."""

    value: Pointer = ""


class Listing(_Asking):
    """Where versions are listed. `items`: where the list stands; `id`: where the name stands in each entry."""

    items: Pointer = ""
    id: Pointer = ""


class WriteRequest(Strict):
    """A request that changes something."""

    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: Path
    body: Template = None

    @property
    def places(self) -> frozenset[str]:
        """The placeholders it needs."""
        return frozenset((*_places(self.path), *_places(self.body)))


class Busy(Strict):
    """How an answer says that a change is still under way."""

    value: Pointer
    among: list[Scalar] = Field(min_length=1)


def places_of(template: Any) -> frozenset[str]:
    """The placeholders that a template needs."""
    return frozenset(_places(template))


def filled(template: Any, words: Mapping[str, Any]) -> Any:
    """A body with its placeholders replaced; a text that is one placeholder alone takes that value's own type."""
    if isinstance(template, str):
        alone = _PLACE.fullmatch(template)
        if alone:
            return words[alone[1]]
        return _PLACE.sub(lambda found: text_of(words[found[1]]), template)
    if isinstance(template, Mapping):
        return {key: filled(value, words) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, words) for value in template]
    return template


def filled_path(path: str, words: Mapping[str, Any]) -> str:
    """A path with its placeholders replaced and percent-encoded: no value can lead to another path."""
    return _PLACE.sub(lambda found: quote(text_of(words[found[1]]), safe=""), path)


def text_of(value: Any) -> str:
    """A JSON scalar as text: `true`, `3`, and nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def pointed(document: Any, pointer: str, *, provider: str) -> Any:
    """The value a JSON Pointer leads to. Raises ProviderError (permanent) when it leads nowhere."""
    found = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            raise ProviderError(
                f"The answer of {provider} has nothing at {pointer}.",
                "Compare the pointers in the lever's binding with what it answers.",
                kind=Kind.PERMANENT,
            )
    return found


def same(found: Any, wanted: Any) -> bool:
    """Whether two JSON values are the same: `true` is not 1, and 1.0 is 1."""
    return isinstance(found, bool) is isinstance(wanted, bool) and bool(found == wanted)
