"""Charts of figures as SVG: medians on a scale of time, and counts by week; labels escaped, colours from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from playbooks.domain.pictures.scale import fitted, width_of
from playbooks.domain.pictures.svg import Format, element

_ROW = 34.0
_ROW_NARROW = 48.0
_TOP = 26.0
_BOLD = 1.15  # how much wider the bold labels are
_TICKS = (
    (1, "1 s"),
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (21600, "6 h"),
    (86400, "1 d"),
    (604800, "7 d"),
    (2592000, "30 d"),
    (31536000, "365 d"),
    (315360000, "3650 d"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of a chart: median and nine of ten in seconds, the median of the period before, and the value in words."""

    label: str
    median: int
    p90: int
    before: int | None
    says: str


@dataclass(frozen=True, slots=True)
class Column:
    """A count over a stretch of time. `label`: when it began."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class _Log:
    """Places of lengths of time, logarithmic between two ticks: a minute is as readable as a day."""

    low: int
    high: int
    left: float
    right: float

    def x(self, seconds: int) -> float:
        """Where a length stands; what is shorter or longer stands at the border."""
        inside = min(max(seconds, self.low), self.high)
        share = math.log(inside / self.low) / math.log(self.high / self.low)
        return self.left + share * (self.right - self.left)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Lines with their words."""
        return [(self.x(s), text) for s, text in _TICKS if self.low <= s <= self.high]


def _log_of(marks: Sequence[Mark], left: float, right: float) -> _Log:
    every = [v for m in marks for v in (m.median, m.p90, m.before) if v is not None and v > 0] or [60]
    low = max((s for s, _ in _TICKS if s <= min(every)), default=1)
    high = min((s for s, _ in _TICKS if s >= max(every) and s > low), default=max(*every, low + 1))
    return _Log(low, high, left, right)


@dataclass(slots=True)
class _Sheet:
    parts: list[Markup] = field(default_factory=list)

    def add(self, tag: str, text: str | None = None, /, **attributes: str | float) -> None:
        self.parts.append(element(tag, text, **attributes))

    def done(self, form: Format, height: float, name: str) -> Markup:
        """The whole drawing; what it shows is in the table beside it."""
        inside = Markup("").join(self.parts)
        head = Markup('<svg class="drawn {}" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            form.name, f"{form.width:.0f}", f"{height:.0f}", name
        )
        return head + inside + Markup("</svg>")


def medians_svg(marks: Sequence[Mark], form: Format, name: str) -> Markup:
    """A dot at each median, a line from it to nine of ten, a ring where the median was before. Empty without marks."""
    if not marks:
        return Markup("")
    sheet = _Sheet()
    room = max(width_of(mark.says, form.size) for mark in marks) + 17
    scale = _log_of(marks, form.left + 10, form.right - room)
    row = _ROW_NARROW if form.narrow else _ROW
    height = _TOP + row * len(marks) + 6
    last = -math.inf
    for x, text in scale.ticks:
        sheet.add("line", class_="guide", x1=x, x2=x, y1=_TOP - 6, y2=height - 4)
        half = width_of(text, form.size) / 2
        middle = min(max(x, half), form.width - half)
        if middle - half > last + 6:
            sheet.add("text", text, class_="soft", x=middle, y=_TOP - 11, text_anchor="middle", font_size=form.size)
            last = middle + half
    for index, mark in enumerate(marks):
        _mark(sheet, mark, scale, form, _TOP + row * index)
    return sheet.done(form, height, name)


def _mark(sheet: _Sheet, mark: Mark, scale: _Log, form: Format, top: float) -> None:
    middle = top + (34 if form.narrow else 17)
    room = form.width - 10 if form.narrow else form.gutter - 10
    label = fitted(mark.label, form.size, room / _BOLD)
    sheet.add("text", label, class_="lane", x=2.0, y=top + 15 if form.narrow else middle + 4, font_size=form.size)
    here, far = scale.x(mark.median), scale.x(mark.p90)
    sheet.add("rect", class_="bar b-responding", x=here, y=middle - 3, width=max(0.0, far - here), height=6.0, rx=3.0)
    sheet.add("rect", class_="bar b-responding", x=far - 1, y=middle - 7, width=2.0, height=14.0)
    if mark.before is not None:
        sheet.add("circle", class_="mark open", cx=scale.x(mark.before), cy=middle, r=6.5)
    sheet.add("circle", class_="mark m-responding", cx=here, cy=middle, r=5.0)
    right = max(far + 10, here + 10, scale.x(mark.before) + 13 if mark.before is not None else 0.0)
    sheet.add("text", mark.says, x=right, y=middle + 4, font_size=form.size)


def counts_svg(columns: Sequence[Column], form: Format, name: str) -> Markup:
    """A column each, with its number above; days below as far as they fit. Empty where all are nought."""
    most = max((column.count for column in columns), default=0)
    if not most:
        return Markup("")
    sheet = _Sheet()
    tall = 120.0
    base = 24 + tall
    step = (form.width - 8) / len(columns)
    last = -math.inf
    for index, column in enumerate(columns):
        left = 4 + step * index
        high = tall * column.count / most
        middle = left + step / 2
        if column.count:
            wide = min(step * 0.7, 64)
            sheet.add(
                "rect", class_="bar b-responding", x=middle - wide / 2, y=base - high, width=wide, height=high, rx=2.0
            )
            sheet.add("text", str(column.count), x=middle, y=base - high - 6, text_anchor="middle", font_size=form.size)
        half = width_of(column.label, form.size) / 2
        middle = min(max(middle, half), form.width - half)
        if middle - half > last + 8:
            sheet.add(
                "text", column.label, class_="soft", x=middle, y=base + 18, text_anchor="middle", font_size=form.size
            )
            last = middle + half
    sheet.add("line", class_="axis", x1=2.0, x2=form.width - 2, y1=base, y2=base)
    return sheet.done(form, base + 26, name)
