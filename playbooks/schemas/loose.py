"""YAML and JSON that others wrote, read tolerantly: several documents, every value as text, bounded in every way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from playbooks.schemas.marked import MAX_DEPTH, Loader, Refused, readable

MAX_VALUES = 1_000_000
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"

Texts = dict[str, Any] | list[Any] | str
"""A tree of mappings, lists and text; nothing and null are empty text."""


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a file: its values and the line it begins in (0: unknown)."""

    value: Texts
    line: int = 0

    @property
    def mapping(self) -> dict[str, Any]:
        """The document where it is a mapping, else an empty one."""
        return self.value if isinstance(self.value, dict) else {}


def read_parts(text: str, *, name: str) -> list[Part]:
    """All documents of a file, empty ones left out; a list at the top counts as its items. Raises DocumentError."""
    with readable(text, name=name):
        text = text.removeprefix("\ufeff")
        parts = _json(text) if text.lstrip()[:1] in ("{", "[") else None
        parts = _yaml(text) if parts is None else parts
    return [part for part in _items(parts) if part.value]


def _items(parts: list[Part]) -> Iterator[Part]:
    for part in parts:
        if isinstance(part.value, list):
            yield from (Part(item, part.line) for item in part.value)
        elif isinstance(part.value, dict) and isinstance(part.value.get("items"), list):
            yield from (Part(item, part.line) for item in part.value["items"])  # one page of an API's answer
        else:
            yield part


def _json(text: str) -> list[Part] | None:
    """JSON, or None where it is none: flow YAML begins with the same signs."""
    try:
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError:
        raise Refused(0, f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        return None
    return [Part(_plain(value))]


def _plain(value: object, depth: int = 0) -> Texts:
    if depth > MAX_DEPTH:
        raise Refused(0, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {_whole(str(key)): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth + 1) for inner in value]
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else _whole(str(value))


def _whole(text: str) -> str:
    """Text without halves of characters, which no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _yaml(text: str) -> list[Part]:
    loader, builder = Loader(text), _Builder()
    parts = []
    while loader.check_node():
        root = loader.get_node()
        if root is not None:
            parts.append(Part(builder.build(root), root.start_mark.line + 1))
    return parts


class _Builder:
    """Nodes to text; every visit counts, over all documents, so that aliases cannot multiply without end."""

    def __init__(self) -> None:
        self._visits = 0

    def build(self, node: Node, depth: int = 0) -> Texts:
        """The tree of a node. Raises Refused."""
        self._count(node)
        if depth > MAX_DEPTH:
            raise Refused(node.start_mark.line + 1, "it contains itself")
        if isinstance(node, MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        return "" if node.tag == _NULL else str(node.value)

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise Refused(key.start_mark.line + 1, "a key must be a word")
            if key.tag == _MERGE:
                for part in value.value if isinstance(value, SequenceNode) else [value]:
                    inner = self.build(part, depth + 1)
                    for word, told in inner.items() if isinstance(inner, dict) else ():
                        merged.setdefault(word, told)
            else:
                own[str(key.value)] = self.build(value, depth + 1)
        return {**merged, **own} if merged else own

    def _count(self, node: Node) -> None:
        self._visits += 1
        if self._visits > MAX_VALUES:
            raise Refused(node.start_mark.line + 1, f"more than {MAX_VALUES:,} values; it repeats itself too often")
