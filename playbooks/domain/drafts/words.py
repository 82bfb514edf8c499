"""How values are written into Markdown: times, durations, citations, and text from outside made harmless."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from playbooks.domain.drafts.entries import Point, Span
from playbooks.domain.timeline import Precision

NOT_RECORDED = "not recorded"
CLIP = 120

_MARKS = {
    Precision.APPROX: "approx.",
    Precision.HOUR: "to the hour",
    Precision.DAY: "to the day",
    Precision.SPAN: "span",
    Precision.INFERRED: "inferred",
    Precision.UNKNOWN: "time unknown",
}
_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_PLAIN_CODE = re.compile(r"[\w .@:/+#%=,()-]+")
_PLAIN_ROLE = re.compile(r"[\w ./,()-]+")
_MEASURED = re.compile(r"\d+ ?(?:d|h|min|s)\b|\d{4}-\d\d")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Safe(str):
    """Markdown ready for the document; every other text is escaped on its way into it."""

    __slots__ = ()


def one_line(text: str) -> str:
    """One line without control and direction characters, which would break rows or show them in another order."""
    return " ".join(_INVISIBLE.sub(" ", text).split())


def escape(text: str) -> Safe:
    """Text from outside as literal Markdown: no markup, no HTML, no table cell, no fence, no citation."""
    low = one_line(text).replace("“", '"').replace("”", '"')
    low = _SPECIAL.sub(r"\\\1", low)
    return Safe(low.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def quote(text: str) -> Safe:
    """Text from outside between quotation marks: somebody's words, not the document's."""
    return Safe(f"“{escape(text)}”")


def clip(text: str, most: int = CLIP) -> str:
    """At most so many characters; only the timeline holds texts of any length."""
    short = one_line(text)
    return short if len(short) <= most else short[: most - 1].rstrip() + "…"


def code(text: str) -> Safe:
    """A name or version from outside: a code span where it has nothing special in it, else a quotation."""
    short = clip(text)
    return Safe(f"`{short}`") if _PLAIN_CODE.fullmatch(short) else quote(short)


def role(text: str) -> Safe:
    """A role as copied into an event; in quotation marks when it is more than words, or reads like a time."""
    short = clip(text, 60)
    plain = _PLAIN_ROLE.fullmatch(short) and not _MEASURED.search(short)
    return escape(short) if plain else quote(short)


def cite(seq: int) -> Safe:
    """`[E12]`."""
    return Safe(f"[E{seq}]")


def cites(seqs: Iterable[int], between: str = " ") -> Safe:
    """Several citations."""
    return Safe(between.join(cite(seq) for seq in seqs))


def clock(at: datetime) -> Safe:
    """Date, time and zone; the date is never left out, since incidents last for days."""
    return Safe(at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))


def mark(precision: Precision) -> Safe:
    """` (to the day)`, empty for an exact time."""
    return Safe(f" ({_MARKS[precision]})" if precision in _MARKS else "")


def when(point: Point) -> Safe:
    """An instant with the mark of a coarse time and its citation."""
    return Safe(f"{clock(point.at)}{mark(point.precision)} {cite(point.seq)}")


def length(seconds: int) -> Safe:
    """`3 d 1 h`, `1 min 48 s`: every unit that is not zero, so that it equals the difference to the second."""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (left, "s"))
    return Safe(" ".join(f"{n} {unit}" for n, unit in parts if n) or "0 s")


def lasted(span: Span) -> Safe:
    """A duration with the two events it is the difference of."""
    about = "≈ " if span.coarse else ""
    return Safe(f"{about}{length(span.seconds)} {cite(span.start.seq)}→{cite(span.end.seq)}")
