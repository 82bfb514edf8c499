"""Text from outside made harmless inside a sentence with Slack markup."""

from __future__ import annotations

_CONTROL = dict.fromkeys(range(32), " ") | dict.fromkeys(range(127, 160), " ")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "`": "'", "~": "∼"})


def one_line(text: str, limit: int = 300) -> str:
    """Control characters and line breaks to single spaces, cut at `limit` characters; not escaped."""
    line = " ".join(text[: limit * 4].translate(_CONTROL).split())
    return line[: limit - 1] + "…" if len(line) > limit else line


def plain(text: str, limit: int = 80) -> str:
    """One line, escaped, without the signs of Slack markup, cut at `limit` characters before escaping."""
    return one_line(text, limit).translate(_MARKUP)
