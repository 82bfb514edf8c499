"""Where labels stand: flags over an axis and bars in rows, never one over another; what has no room is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playbooks.domain.pictures.lanes import Bar
from playbooks.domain.pictures.scale import Scale, fitted, width_of

GAP = 8.0
LEAST_BAR = 5.0


@dataclass(frozen=True, slots=True)
class Flag:
    """A milestone's label in a row over the axis: row 0 is nearest; `left` is where the text begins."""

    x: float
    left: float
    right: float
    row: int
    text: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A bar with its row and label; the label is empty where there is no room for it."""

    bar: Bar
    x0: float
    x1: float
    row: int
    text: str
    text_x: float


def flags(named: Sequence[tuple[str, float]], left: float, right: float, size: float, rows: int) -> list[Flag]:
    """Labels for these places, from right to left; one that fits into no row is left out (its line is still drawn)."""
    placed: list[Flag] = []
    for text, x in sorted(named, key=lambda each: -each[1]):
        wide = width_of(text, size, bold=True)
        begin = x + 4 if x + 4 + wide <= right else max(left, x - 4 - wide)
        candidates = [Flag(x, begin, begin + wide, row, text) for row in range(rows)]
        found = next((flag for flag in candidates if all(_apart(flag, other) for other in placed)), None)
        # A line behind a label is better than no label: the label has a ground of its own.
        found = found or next((f for f in candidates if not any(_covers(f, other) for other in placed)), None)
        if found is not None:
            placed.append(found)
    return sorted(placed, key=lambda flag: flag.x)


def _apart(one: Flag, two: Flag) -> bool:
    """Whether neither label lies on the other, or on the line that leads down from it."""
    if one.row == two.row:
        return not _covers(one, two)
    high, low = (one, two) if one.row > two.row else (two, one)
    return not low.left - 3 <= high.x <= low.right + 3


def _covers(one: Flag, two: Flag) -> bool:
    return one.row == two.row and one.left < two.right + GAP and two.left < one.right + GAP


def in_line(bars: Sequence[Bar], scale: Scale, size: float, border: float = 0.0) -> list[Placed]:
    """Bars that follow each other in one row, labelled inside where the label fits; `border`: left end of the lane."""
    found = []
    for bar in bars:
        x0, x1 = scale.x(bar.start.at), scale.x((bar.end or bar.start).at)
        x0 = border if bar.from_before else x0
        x1 = max(x1, x0 + 1.5)
        text = fitted(bar.short, size, x1 - x0 - 8)
        found.append(Placed(bar, x0, x1, 0, text, x0 + 4))
    return found


def packed(
    bars: Sequence[Bar], scale: Scale, left: float, right: float, size: float, rows: int
) -> tuple[list[Placed], list[Bar]]:
    """Bars in as many rows as needed, at most `rows`, and those without a place."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
    placed: list[Placed] = []
    left_out: list[Bar] = []
    ordered = sorted(bars, key=lambda b: (not b.first, b.start.at, b.start.seq))
    for bar in ordered:
        text, text_x, x0, x1 = _labelled(bar, scale, left, right, size)
        begin, end = min(x0, text_x if text else x0), max(x1, text_x + width_of(text, size) if text else x1)
        free = (n for n, used in enumerate(taken) if all(end + GAP <= a or b + GAP <= begin for a, b in used))
        row = next(free, None)
        if row is None:
            left_out.append(bar)
            continue
        taken[row].append((begin, end))
        placed.append(Placed(bar, x0, x1, row, text, text_x))
    return sorted(placed, key=lambda p: (p.row, p.x0)), left_out


def _labelled(bar: Bar, scale: Scale, left: float, right: float, size: float) -> tuple[str, float, float, float]:
    """Label, its place and the bar's ends: in the bar where it fits, else on the side with room."""
    x0, x1 = scale.x(bar.start.at), scale.x((bar.end or bar.start).at)
    x1 = max(x1, x0 + LEAST_BAR)
    if x1 > right:
        x0, x1 = min(x0, right - LEAST_BAR), right
    wide = width_of(bar.short, size)
    if wide <= x1 - x0 - 10 and not bar.marks:
        return bar.short, x0 + 5, x0, x1
    if not bar.beside:
        return fitted(bar.short, size, x1 - x0 - 10), x0 + 5, x0, x1
    if x1 + 9 + wide <= right:
        return bar.short, x1 + 9, x0, x1
    if x0 - 9 - wide >= left:
        return bar.short, x0 - 9 - wide, x0, x1
    if right - x1 >= x0 - left:
        return fitted(bar.short, size, right - x1 - 9), x1 + 9, x0, x1
    text = fitted(bar.short, size, x0 - left - 9)
    return text, x0 - 9 - width_of(text, size), x0, x1


def stacked(
    bars: Sequence[Bar], scale: Scale, left: float, right: float, size: float, rows: int
) -> tuple[list[Placed], list[Bar]]:
    """For narrow drawings: each bar in a row of its own with its label above it, over the whole width."""
    ordered = sorted(bars, key=lambda b: (not b.first, b.start.at, b.start.seq))
    shown = sorted(ordered[:rows], key=lambda b: (b.start.at, b.start.seq))
    found = []
    for row, bar in enumerate(shown):
        x0, x1 = scale.x(bar.start.at), scale.x((bar.end or bar.start).at)
        x1 = max(x1, x0 + LEAST_BAR)
        if x1 > right:
            x0, x1 = min(x0, right - LEAST_BAR), right
        text = fitted(bar.short, size, right - left)
        text_x = max(left, min(x0, right - width_of(text, size)))
        found.append(Placed(bar, x0, x1, row, text, text_x))
    return found, ordered[rows:]
