"""Looks up the paths of a mapping file in a body: keys with dots, members picked by a value, JSON inside a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from bot.providers.alerts.reading import scalar

ANY = "*"


def find(data: object, path: str) -> Any:
    """The first value at a path, None where there is none.

    A step is a key, also one that has dots itself (`kibana.alert.rule.name`), a place in a list (`0`), the member of a
    list that has a value (`tag=component`), or `*` for any member or value. A text that is JSON is entered.
    """
    return _walk(data, path.split("."))


def unpacked(value: object) -> object:
    """What a text of JSON says where it is a mapping or a list; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return from_json(value)
        except ValueError:
            return value
    return value


def _walk(data: object, steps: Sequence[str]) -> Any:
    if not steps:
        return data
    whole = unpacked(data)
    found = (_walk(child, rest) for child, rest in _children(whole, steps))
    return next((value for value in found if value is not None), None)


def _children(data: object, steps: Sequence[str]) -> Iterator[tuple[object, Sequence[str]]]:
    """Where the next step leads, and the steps after it."""
    if isinstance(data, Mapping):
        for used in range(1, len(steps) + 1):
            if (key := ".".join(steps[:used])) in data:
                yield data[key], steps[used:]
    elif isinstance(data, list):
        if steps[0].isdecimal() and int(steps[0]) < len(data):
            yield data[int(steps[0])], steps[1:]
        for used in range(1, len(steps) + 1):
            key, sign, value = ".".join(steps[:used]).partition("=")
            if sign:
                yield from ((item, steps[used:]) for item in data if _has(item, key, value))
    if steps[0] == ANY and isinstance(data, Mapping | list):
        yield from ((child, steps[1:]) for child in (data.values() if isinstance(data, Mapping) else data))


def _has(item: object, key: str, value: str) -> bool:
    return isinstance(item, Mapping) and item.get(key) is not None and scalar(item[key]) == value
