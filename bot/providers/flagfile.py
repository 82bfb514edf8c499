"""A flagd flag file, edited in place: only the values that must change do, every other byte stays, and at once.

JSON and YAML are read for where a flag's values stand in the text, and the new text is put there. What comes out is
read again before it is kept: where it does not say exactly what was meant (anchors, aliases), nothing is written.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Span = tuple[int, int]

_SPACE = re.compile(r"[ \t\r\n]*")
_JSON = json.JSONDecoder()


class UnsafeEditError(ValueError):
    """The text cannot be edited without changing something else."""


class AfterwardsError(OSError):
    """The new file stands, but the disk has not confirmed it."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as the file has it.

    Attributes:
        texts: its `state`, `defaultVariant` and `targeting` as written, those that are there.
        state, default: read; `default` is None for null or none. targeted: whether there are targeting rules.
        variants: names. spans: where the texts stand.
    """

    texts: dict[str, str]
    state: str
    default: str | None
    targeted: bool
    variants: tuple[str, ...]
    spans: Mapping[str, Span]


KEYS = ("state", "defaultVariant", "targeting")


@dataclass(frozen=True, slots=True)
class FlagText:
    """The text of a flag file. `json`: whether it is JSON, else YAML."""

    text: str
    json: bool

    def flag(self, name: str) -> Flag:
        """A flag. Raises LookupError when there is none of this name, ValueError for text that is no flag file."""
        members = self._json_members(name) if self.json else self._yaml_members(name)
        data = self.data()["flags"][name]
        if not isinstance(data, dict) or not isinstance(data.get("variants"), dict):
            raise ValueError("a flag has no variants")
        spans = {key: span for key, span in members.items() if key in KEYS}
        default = data.get("defaultVariant")
        targeting = data.get("targeting")
        return Flag(
            texts={key: self.text[start:end] for key, (start, end) in spans.items()},
            state=str(data.get("state", "")),
            default=str(default) if default not in self._nothing else None,
            targeted=targeting not in (*self._nothing, {}),
            variants=tuple(data["variants"]),
            spans=spans,
        )

    def with_texts(self, name: str, texts: Mapping[str, str]) -> FlagText:
        """The text with other values of one flag. Raises UnsafeEditError, and what `flag` raises."""
        spans = self.flag(name).spans
        text = self.text
        for key in sorted(texts, key=lambda key: spans[key], reverse=True):
            start, end = spans[key]
            text = text[:start] + texts[key] + text[end:]
        edited = FlagText(text, self.json)
        self._check(edited, name, texts)
        return edited

    def data(self) -> Any:
        """The whole file as plain data. In YAML every plain word is a text: `off` names a variant, as flagd has it."""
        try:
            # The base loader makes texts, lists and dictionaries, nothing else.
            data = json.loads(self.text) if self.json else yaml.load(self.text, Loader=yaml.BaseLoader)  # noqa: S506
        except (yaml.YAMLError, RecursionError) as bad:
            raise ValueError("it cannot be parsed") from bad
        if not isinstance(data, dict) or not isinstance(data.get("flags"), dict):
            raise ValueError("it has no flags")
        return data

    @property
    def _nothing(self) -> tuple[object, ...]:
        return (None,) if self.json else (None, "", "null", "~", "Null", "NULL")

    def _check(self, edited: FlagText, name: str, texts: Mapping[str, str]) -> None:
        try:
            after = edited.flag(name)
            same = _without(self.data(), name) == _without(edited.data(), name)
        except (ValueError, LookupError) as bad:
            raise UnsafeEditError("it would not be readable afterwards") from bad
        if not same or any(after.texts.get(key) != text for key, text in texts.items()):
            raise UnsafeEditError("something else would change too")

    def _json_members(self, name: str) -> dict[str, Span]:
        self.data()  # from here on the text is known to be JSON
        text = self.text
        flags = _members(text, _SPACE.match(text, 0).end())["flags"]  # type: ignore[union-attr]
        return _members(text, _members(text, flags[0])[name][0])

    def _yaml_members(self, name: str) -> dict[str, Span]:
        self.data()
        found = yaml.compose(self.text, Loader=yaml.SafeLoader)
        for key in ("flags", name):
            found = _child(found, key)
        if not isinstance(found, yaml.MappingNode):
            raise ValueError("a flag is no mapping")
        return {str(key.value): (value.start_mark.index, _end(self.text, value)) for key, value in found.value}


def _members(text: str, at: int) -> dict[str, Span]:
    """Where the values of the JSON object at `at` stand; the text is known to be JSON."""

    def skip(place: int) -> int:
        return _SPACE.match(text, place).end()  # type: ignore[union-attr]

    if text[at] != "{":
        raise ValueError("an object is expected")
    found: dict[str, Span] = {}
    at = skip(at + 1)
    while text[at] != "}":
        key, at = _JSON.raw_decode(text, at)
        start = skip(skip(at) + 1)
        _, end = _JSON.raw_decode(text, start)
        found[key] = (start, end)
        at = skip(end)
        if text[at] == ",":
            at = skip(at + 1)
    return found


def _child(node: Any, key: str) -> Any:
    for name, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if name.value == key:
            return value
    raise LookupError(key)


def _end(text: str, node: Any) -> int:
    """Where a YAML value ends: a block's own mark lies at the next token, behind comments that are not its own."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start = int(node.start_mark.index)
    return start + len(text[start : node.end_mark.index].rstrip())


def _without(data: Any, name: str) -> Any:
    """The data without what may change."""
    rest = {key: value for key, value in data["flags"][name].items() if key not in KEYS}
    return {**data, "flags": {**data["flags"], name: rest}}


# ---------------------------------------------------------------- the file


def read(path: Path) -> FlagText:
    """The file's text. Raises OSError, and UnicodeDecodeError, which is a ValueError."""
    return FlagText(path.read_bytes().decode("utf-8"), path.suffix.lower() not in (".yaml", ".yml"))


def rewrite(path: Path, edit: Callable[[FlagText], FlagText]) -> None:
    """Read, edit and replace the file in one step that readers see whole or not at all; an equal text writes nothing.

    Raises what `edit` and `read` raise, OSError, BlockingIOError when somebody else wrote meanwhile, and
    AfterwardsError when it was replaced without the disk's word.
    """
    path = path.resolve()  # a link stays a link
    with _alone(path.parent):
        before = read(path)
        after = edit(before)
        if after == before:
            return
        with _beside(path, after.text.encode()) as new:
            if read(path) != before:
                raise BlockingIOError("it was changed meanwhile")
            os.replace(new, path)
        try:
            _sync_folder(path.parent)
        except OSError as failed:
            raise AfterwardsError(*failed.args) from failed


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two levers on one file, in any of our processes, wait for each other; a locked folder leaves nothing behind."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _beside(path: Path, content: bytes) -> Iterator[Path]:
    """A synced file with this content beside `path`, with its mode and owner; removed unless it was moved."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, new)
        stat = path.stat()
        if (stat.st_uid, stat.st_gid) != (os.geteuid(), os.getegid()):
            shutil.chown(new, stat.st_uid, stat.st_gid)
        yield new
    finally:
        new.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
