"""From time to place: busy stretches wide, quiet ones short; and text widths, estimated on the wide side."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

_NARROW = frozenset("iljtfrI.,:;'|!()[] /-·")
_WIDE = frozenset("mwMW@%→≈")


@dataclass(frozen=True, slots=True)
class Scale:
    """Places of instants: linear between two neighbouring knots, logarithmic in the length of what lies between."""

    knots: tuple[float, ...]
    places: tuple[float, ...]

    def x(self, at: datetime) -> float:
        """Where an instant is drawn; what lies outside is drawn at the border."""
        stamp = at.timestamp()
        i = bisect_right(self.knots, stamp)
        if i == 0:
            return self.places[0]
        if i == len(self.knots):
            return self.places[-1]
        t0, t1 = self.knots[i - 1], self.knots[i]
        share = (stamp - t0) / (t1 - t0)
        return self.places[i - 1] + share * (self.places[i] - self.places[i - 1])


def scale_of(times: Iterable[datetime], left: float, right: float) -> Scale:
    """A scale over these instants; at least two different ones."""
    stamps = sorted({at.timestamp() for at in times})
    unit = max(1.0, (stamps[-1] - stamps[0]) / 2000)
    weights = [math.log1p((b - a) / unit) for a, b in pairwise(stamps)]
    total = sum(weights)
    places = [left]
    for weight in weights:
        places.append(places[-1] + (right - left) * weight / total)
    places[-1] = right
    return Scale(tuple(stamps), tuple(places))


def linear(start: datetime, end: datetime, left: float, right: float) -> Scale:
    """A scale that is true to length."""
    return Scale((start.timestamp(), end.timestamp()), (left, right))


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Width of a text in a sans-serif of this size, on the wide side: a label must never run into the next."""
    return sum(_em(char) for char in text) * size * (1.22 if bold else 1.1)


def _em(char: str) -> float:
    if char in _NARROW:
        return 0.36
    if char in _WIDE:
        return 0.95
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.05
    if char.isupper():
        return 0.7
    return 0.57 if ord(char) < 0x250 else 0.75


def fitted(text: str, size: float, room: float, least: int = 4) -> str:
    """The text, shortened with an ellipsis until it fits; empty where less than `least` letters would be left."""
    if width_of(text, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(text[:middle].rstrip() + "…", size) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip(" ·,:→") + "…" if low >= least else ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A time at the axis: the line stands at `x`, the middle of the text at `text_x`."""

    x: float
    text_x: float
    text: str


def ticks_of(
    times: Sequence[datetime], scale: Scale, size: float, borders: tuple[float, float], first: Sequence[datetime]
) -> list[Tick]:
    """Times along the axis, `first` before the others, none over another; the date where it is another day's."""
    half = width_of("30 Mmm 00:00", size) / 2
    placed: list[tuple[float, float, datetime]] = []
    for at in [*first, *times]:
        x = scale.x(at)
        middle = min(max(x, borders[0] + half), borders[1] - half)
        if all(abs(middle - other) > 2 * half for other, _, _ in placed):
            placed.append((middle, x, at))
    placed.sort()
    found, day = [], ""
    for middle, x, at in placed:
        moment = at.astimezone(UTC)
        today = f"{moment.day} {moment:%b}"
        found.append(Tick(x, middle, f"{today} {moment:%H:%M}" if today != day else f"{moment:%H:%M}"))
        day = today
    return found
