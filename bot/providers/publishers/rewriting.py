"""Documents in words that places without HTML comments understand: fences told in text, long tables cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_OPEN = re.compile(r"<!-- (machine|human):([a-z0-9-]+)(?: sha256=[0-9a-f]+)? -->")
_CLOSE = re.compile(r"<!-- /(machine|human) -->")
_RULER = re.compile(r"\|(?: *:?-{3,}:? *\|)+")
STATED = "*What is not marked as written by people comes from the incident's timeline, word for word.*"
BY_PEOPLE = "*Written by people:*"


def without_fences(text: str) -> str:
    """The document with a line before each part that people wrote, in place of its fences."""
    lines: list[str] = []
    for line in text.splitlines():
        opened = _OPEN.fullmatch(line)
        if opened is not None and opened[1] == "human":
            lines += [BY_PEOPLE, ""]
        elif opened is None and _CLOSE.fullmatch(line) is None:
            lines.append(line)
    title, _, rest = "\n".join(lines).strip().partition("\n")
    return f"{title}\n\n{STATED}\n{rest}\n"


def cut_tables(text: str, cells: int) -> str:
    """Tables with at most so many cells, each part with the head of the whole."""
    return "\n".join(_cut(text.split("\n"), cells))


def _cut(lines: Sequence[str], cells: int) -> Iterator[str]:
    head: tuple[str, str] | None = None
    used = wide = 0
    for index, line in enumerate(lines):
        if not line.startswith("|"):
            head = None
        elif _RULER.fullmatch(line) and index and lines[index - 1].startswith("|"):
            wide = line.count("|") - 1
            head, used = (lines[index - 1], line), wide
        elif head is not None:
            if used + wide > cells:
                yield from ("", *head)
                used = wide
            used += wide
        yield line
