"""YAML read strictly: the line of every value, no duplicate keys, bounded depth and size, problems collected."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import Composer
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

from playbooks.domain.wording import plain
from playbooks.errors import ConfigError

if TYPE_CHECKING:
    from yaml.cyaml import CSafeLoader as _Parser
else:
    try:
        from yaml.cyaml import CParser as _Parser
    except ImportError:  # PyYAML built without libyaml: the same events, ten times slower
        from yaml.parser import Parser
        from yaml.reader import Reader
        from yaml.scanner import Scanner

        class _Parser(Reader, Scanner, Parser):
            def __init__(self, stream):
                Reader.__init__(self, stream)
                Scanner.__init__(self)
                Parser.__init__(self)


MAX_DEPTH = 32
MAX_VALUES = 2_000_000
MAX_CHARACTERS = 16_000_000
MAX_PROBLEMS = 100
_MERGE = "tag:yaml.org,2002:merge"

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file; `line` counts from 1, 0 means the whole file; `path` is dotted, may be empty."""

    file: str
    line: int
    path: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.path}: {self.text}" if self.path else f"{place}: {self.text}"


class DocumentError(ConfigError):
    """A YAML file that cannot be used; `problems` has every finding with its line, in the order of the file."""

    code = "bad_document"

    def __init__(self, what: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        errors = "an error" if count == 1 else f"{count} errors"
        first = plain(str(self.problems[0]), 300)
        super().__init__(f"{plain(what, 200)} has {errors}: {first}", "`muster check` lists them all.")


class Loader(Composer, _Parser, SafeConstructor, Resolver):
    """Nodes composed here rather than in C, so that hostile nesting ends in an error and not in a crash."""

    def __init__(self, text: str) -> None:
        _Parser.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = getattr(self.peek_event(), "start_mark", None)
            raise Refused(mark.line + 1 if mark else 0, f"nested deeper than {MAX_DEPTH} levels")
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class Refused(Exception):
    """A document that is not read on, with the line where that was decided."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


class Marked:
    """A YAML document with its lines.

    Attributes:
        file: name for messages. value: plain data; an empty file is an empty mapping. problems: duplicate keys found.
    """

    def __init__(self, file: str, root: Node | None, value: Any, problems: Sequence[Problem]) -> None:
        self.file = file
        self.value = value
        self.problems = tuple(problems)
        self._root = root

    def line(self, loc: Iterable[str | int]) -> int:
        """Line of the key or item at a path; parts that are not in the file (tags of a union) are passed over."""
        node, line = self._root, 1
        for part in loc:
            found = _child(node, part)
            if found is not None:
                line, node = found
        return line

    def with_value(self, value: Any) -> Marked:
        """The same file with other values; what was not in it counts as standing where its parent stands."""
        return Marked(self.file, self._root, value, self.problems)

    def problem(self, loc: Sequence[str | int], text: str) -> Problem:
        """A finding at a path."""
        return Problem(self.file, self.line(loc), dotted(loc), text)


def _child(node: Node | None, part: str | int) -> tuple[int, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in reversed(node.value):  # the last one counts, as everywhere in YAML
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def dotted(loc: Iterable[str | int]) -> str:
    """`components.fraud-scorer.alerts[0].match`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@contextmanager
def readable(text: str, *, name: str) -> Iterator[None]:
    """While a text is parsed: one too large, and whatever the parser does not take, is told as DocumentError."""
    if len(text) > MAX_CHARACTERS:
        raise DocumentError(name, [Problem(name, 0, "", f"larger than {MAX_CHARACTERS:,} characters")])
    try:
        yield
    except Refused as refused:
        raise DocumentError(name, [Problem(name, refused.line, "", refused.text)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(f"{error.context or ''} {error.problem or ''}".split())
        raise DocumentError(name, [Problem(name, mark.line + 1 if mark else 0, "", f"not YAML: {said}")]) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise DocumentError(name, [Problem(name, 0, "", f"not YAML: {' '.join(str(error).split())}")]) from None


def read(text: str, *, name: str) -> Marked:
    """Parse one YAML document. Raises DocumentError where it is no YAML, too deep or too large."""
    problems: list[Problem] = []
    with readable(text, name=name):
        loader = Loader(text)
        root = loader.get_single_node()
        value = _Builder(loader, name, problems).build(root) if root is not None else {}
    return Marked(name, root, value, problems)


class _Builder:
    """Nodes to plain data; every visit counts, so that aliases cannot multiply without end."""

    def __init__(self, loader: Loader, file: str, problems: list[Problem]) -> None:
        self._loader = loader
        self._file = file
        self._problems = problems
        self._visits = 0

    def build(self, node: Node, path: tuple[str | int, ...] = ()) -> Any:
        """Plain data of a node. Raises Refused."""
        self._visits += 1
        line = node.start_mark.line + 1
        if len(path) > MAX_DEPTH or self._visits > MAX_VALUES:
            raise Refused(line, "it contains itself or repeats itself too often")
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, at)) for at, item in enumerate(node.value)]
        try:
            value = self._loader.construct_object(node)
        except (ConstructorError, ValueError, OverflowError) as error:
            said = error.problem if isinstance(error, ConstructorError) else str(error)
            raise Refused(line, f"this value cannot be read: {said}") from None
        if isinstance(value, int) and str(value).lower() != str(node.value).lower():
            # 007, 0x10, 1_000 and 10:42 are numbers to YAML, no and off are false: seldom what was meant
            said = f"YAML reads {node.value} as {str(value).lower()}; write it in quotes"
            self._problems.append(Problem(self._file, line, dotted(path), said))
        return value

    def _mapping(self, node: MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        self._refuse_duplicates(node, path)
        self._loader.flatten_mapping(node)
        result = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise Refused(key.start_mark.line + 1, "a key must be a word")
            result[str(key.value)] = self.build(value, (*path, str(key.value)))
        return result

    def _refuse_duplicates(self, node: MappingNode, path: tuple[str | int, ...]) -> None:
        first: dict[Hashable, int] = {}
        for key, _ in node.value:
            if key.tag == _MERGE or not isinstance(key, ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in first and len(self._problems) < MAX_PROBLEMS:
                said = f"{key.value} is here twice, first in line {first[key.value]}"
                self._problems.append(Problem(self._file, line, dotted((*path, str(key.value))), said))
            first.setdefault(key.value, line)


def _plain(value: object) -> object:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no plain value")


def validate(
    marked: Marked, model: type[M], pattern_words: Mapping[str, str] = MappingProxyType({})
) -> tuple[M | None, list[Problem]]:
    """Check a document against a strict model; returns it, or None and what is wrong, duplicate keys included."""
    problems = list(marked.problems)
    try:
        document = model.model_validate_json(json.dumps(marked.value, default=_plain))
    except ValidationError as error:
        for found in error.errors(include_url=False)[:MAX_PROBLEMS]:
            loc = _known(marked, found["loc"])
            problems.append(Problem(marked.file, marked.line(found["loc"]), dotted(loc), _said(found, pattern_words)))
        document = None
    except (TypeError, ValueError) as error:
        problems.append(Problem(marked.file, 0, "", f"a value of this file cannot be used: {error}"))
        document = None
    unique = sorted(dict.fromkeys(problems), key=lambda p: p.line)
    return (None if unique else document), unique


def _known(marked: Marked, loc: Sequence[str | int]) -> list[str | int]:
    """The path without the tags pydantic adds for unions; a missing key at the end stays."""
    kept: list[str | int] = []
    node = marked._root
    for at, part in enumerate(loc):
        found = _child(node, part)
        if found is not None:
            node = found[1]
            kept.append(part)
        elif at == len(loc) - 1 and (node is None or isinstance(node, MappingNode)):
            kept.append(part)
    return kept


_SAID = {
    "extra_forbidden": "no such key",
    "missing": "this key is missing",
    "string_type": "must be text (write it in quotes)",
    "int_type": "must be a whole number",
    "model_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


def _said(found: Any, pattern_words: Mapping[str, str]) -> str:
    if found["type"] == "string_pattern_mismatch" and found["ctx"]["pattern"] in pattern_words:
        return f"{str(found['input'])[:60]} {pattern_words[found['ctx']['pattern']]}"
    if found["type"] in _SAID:
        return _SAID[found["type"]]
    text = str(found["msg"]).removeprefix("Value error, ")
    given = found.get("input")
    shown = f" (it says {str(given)[:60]!r})" if isinstance(given, str | int | float | bool) else ""
    return text[:1].lower() + text[1:] + shown
