"""The drawing as SVG: no script, no style attribute, no text that is not escaped; colours come from the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from markupsafe import Markup, escape

from playbooks.domain.drafts.entries import Point
from playbooks.domain.pictures.lanes import Bar, Lane, Mark, Picture, Shape, Tone
from playbooks.domain.pictures.placing import Placed, flags, in_line, packed, stacked
from playbooks.domain.pictures.scale import Scale, fitted, linear, scale_of, ticks_of, width_of

_BAR = 20.0
_ROW = 27.0
_BEFORE = 44.0
_MOST = {"phase": 5, "state": 5}


@dataclass(frozen=True, slots=True)
class Format:
    """Sizes of one drawing, in its own units. `gutter`: room for lane names at the left, 0 puts them above."""

    name: str
    width: float
    gutter: float
    size: float
    rows: int

    @property
    def left(self) -> float:
        """Where the lanes begin."""
        return self.gutter + 2

    @property
    def right(self) -> float:
        """Where the lanes end."""
        return self.width - 4

    @property
    def narrow(self) -> bool:
        """Whether lane names stand above."""
        return self.gutter == 0


WIDE = Format("wide", 1040, 168, 12.5, 6)
NARROW = Format("narrow", 360, 0, 11.5, 10)


@dataclass(slots=True)
class _Sheet:
    """What is drawn so far, and down to where."""

    form: Format
    scale: Scale
    parts: list[Markup] = field(default_factory=list)
    y: float = 0.0

    def add(self, tag: str, text: str | Markup | None = None, /, **attributes: str | float) -> None:
        self.parts.append(element(tag, text, **attributes))


def element(tag: str, text: str | Markup | None = None, /, **attributes: str | float) -> Markup:
    """One element; `_` in attribute names stands for `-`, a trailing one is dropped."""
    shown = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value if isinstance(value, str) else f"{value:.1f}")}"'
        for name, value in attributes.items()
    )
    made = f"<{tag}{shown}/>" if text is None else f"<{tag}{shown}>{escape(text)}</{tag}>"
    return Markup(made)  # noqa: S704  everything in it is escaped above


def svg_of(picture: Picture, form: Format) -> Markup:
    """The drawing in one format."""
    points = [p.at for _, p in picture.milestones] + [picture.start.at, picture.end.at]
    points += [p.at for lane in picture.lanes for bar in lane.bars for p in _points(bar)]
    inside = [at for at in points if picture.start.at <= at <= picture.end.at]
    before = any(bar.from_before for lane in picture.lanes for bar in lane.bars)
    left = form.left + (_BEFORE if before else 0)
    sheet = _Sheet(form, scale_of(inside, left, form.right))
    _proportions(sheet, picture)
    top = _flags(sheet, picture)
    _lines(sheet, picture)
    shown, hidden = _shown(picture.lanes)
    for lane in shown:
        _lane(sheet, lane)
    if hidden:
        _small(sheet, f"and {hidden} more lanes in the table")
    _entries(sheet, picture)
    bottom = sheet.y
    _axis(sheet, picture, inside)
    lines = [
        element("line", x1=x, x2=x, y1=top, y2=bottom, class_="guide")
        for x in sorted({round(sheet.scale.x(p.at), 1) for _, p in picture.milestones})
    ]
    return _whole(picture, form, [*lines, *sheet.parts], sheet.y)


def _points(bar: Bar) -> list[Point]:
    return [p for p in (bar.start, bar.end, *(mark.at for mark in bar.marks)) if p is not None]


def _shown(lanes: Sequence[Lane]) -> tuple[list[Lane], int]:
    """The lanes that are drawn, and how many are not."""
    counts: Counter[str] = Counter()
    shown = []
    for lane in lanes:
        counts[lane.kind] += 1
        if counts[lane.kind] <= _MOST.get(lane.kind, len(lanes)):
            shown.append(lane)
    return shown, len(lanes) - len(shown)


def _whole(picture: Picture, form: Format, parts: Sequence[Markup], height: float) -> Markup:
    name = f"{form.name}-{picture.incident.lower()}"
    pattern = Markup("").join(
        element(
            "pattern",
            element("rect", width="6", height="6", class_=f"f-{tone}")
            + element("line", x1="0", y1="0", x2="0", y2="6", class_=f"hatch e-{tone}"),
            id=f"hatch-{form.name}-{tone}",
            width="6",
            height="6",
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        )
        for tone in Tone
    )
    inner = (
        element("title", f"Timeline of {picture.incident}", id=f"t-{name}")
        + element("desc", picture.tells, id=f"d-{name}")
        + element("defs", pattern)
        + Markup("\n").join(parts)
    )
    return element(
        "svg",
        inner,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {form.width:.0f} {height + 4:.0f}",
        role="img",
        aria_labelledby=f"t-{name} d-{name}",
        class_=f"drawn {form.name}",
    )


# ------------------------------------------------------------------ the head: true to length, and the milestones


def _proportions(sheet: _Sheet, picture: Picture) -> None:
    """The phases true to length, so that how long is seen before anything else."""
    bars = picture.phases
    if not bars:
        return
    end = bars[-1].end or picture.end
    true = linear(bars[0].start.at, end.at, sheet.form.left, sheet.form.right)
    _name(sheet, "Time, to scale", 30)
    for placed in in_line(bars, true, sheet.form.size):
        _bar(sheet, placed, sheet.y, 28)
    sheet.y += 28
    _legend(sheet, [p for p in in_line(bars, true, sheet.form.size) if not p.text or p.text.endswith("…")])
    sheet.y += 20 if not sheet.form.narrow else 14


def _legend(sheet: _Sheet, unnamed: Sequence[Placed]) -> None:
    """What is too short for its label is named below, in order."""
    form, x, y = sheet.form, sheet.form.left, sheet.y + 16
    for placed in unnamed[:6]:
        text = fitted(placed.bar.short, form.size, form.right - form.left - 16)
        wide = width_of(text, form.size) + 16
        if x + wide > form.right:
            x, y = form.left, y + 17
        sheet.add("rect", None, x=x, y=y - 9, width=9.0, height=9.0, rx=2.0, class_=f"box b-{placed.bar.tone}")
        sheet.add("text", text, x=x + 14, y=y, class_="soft", font_size=form.size)
        x += wide + 14
        sheet.y = y + 4


def _flags(sheet: _Sheet, picture: Picture) -> float:
    """Names and times of the milestones over the lanes; where their lines begin."""
    form = sheet.form
    several = picture.start.at.astimezone(UTC).date() != picture.end.at.astimezone(UTC).date()
    named = [(f"{name} {clock(p.at, dated=several)}", sheet.scale.x(p.at)) for name, p in picture.milestones]
    placed = flags(named, 0 if form.narrow else form.left, form.right, form.size, 6)
    rows = max((flag.row for flag in placed), default=-1) + 1
    base = sheet.y + rows * 18 + 4
    for flag in placed:
        sheet.add("line", None, x1=flag.x, x2=flag.x, y1=base - flag.row * 18 - 17, y2=base, class_="stem")
    for flag in placed:
        sheet.add("text", flag.text, x=flag.left, y=base - flag.row * 18 - 8, class_="flag", font_size=form.size)
    sheet.y = base
    return base


def clock(at: datetime, *, dated: bool) -> str:
    """`02:31`, or `21 Nov 02:31` where the drawing has several days."""
    moment = at.astimezone(UTC)
    return f"{moment.day} {moment:%b %H:%M}" if dated else f"{moment:%H:%M}"


def _lines(sheet: _Sheet, picture: Picture) -> None:
    """The phases once more, along the stretched axis, as the ground everything else stands on."""
    for placed in in_line(picture.phases, sheet.scale, sheet.form.size):
        sheet.add(
            "rect", None, x=placed.x0, y=sheet.y, width=placed.x1 - placed.x0, height=5.0, class_=f"b-{placed.bar.tone}"
        )
    sheet.y += 16


# ------------------------------------------------------------------ lanes


def _lane(sheet: _Sheet, lane: Lane) -> None:
    form = sheet.form
    if not lane.packed:
        _name(sheet, lane.name, _BAR)
        for placed in in_line(lane.bars, sheet.scale, form.size, form.left):
            _bar(sheet, placed, sheet.y, _BAR)
        _marks(sheet, lane.marks, sheet.y + _BAR / 2)
        sheet.y += _ROW if form.narrow else _ROW + 6
        return
    place = stacked if form.narrow else packed
    rows, rest = place(lane.bars, sheet.scale, form.left, form.right, form.size, form.rows)
    _name(sheet, lane.name, _BAR)
    tall = 33.0 if form.narrow else _ROW
    if lane.marks:
        _marks(sheet, lane.marks, sheet.y + _BAR / 2)
        sheet.y += _ROW - 2
    deep = max((p.row for p in rows), default=-1) + 1
    for placed in rows:
        _bar(sheet, placed, sheet.y + placed.row * tall, _BAR, own=form.narrow)
    sheet.y += deep * tall
    if rest:
        _crowd(sheet, rest)
        _small(sheet, f"{len(rest)} more, drawn as lines; all are in the table")
    sheet.y += 6


def _crowd(sheet: _Sheet, bars: Sequence[Bar]) -> None:
    """Those without room for a label: a line each, one for all on the same place."""
    for x in sorted({round(sheet.scale.x(bar.start.at)) for bar in bars}):
        sheet.add("line", None, x1=float(x), x2=float(x), y1=sheet.y + 2, y2=sheet.y + 14, class_="tally")
    sheet.y += 18


def _name(sheet: _Sheet, name: str, height: float) -> None:
    form = sheet.form
    if form.narrow:
        sheet.add("text", fitted(name, form.size, form.width - 4), x=2.0, y=sheet.y + 11, class_="lane", font_size=11.0)
        sheet.y += 17
        return
    head, _, rest = name.partition(": ")
    middle = sheet.y + height / 2 + 4
    if rest:
        sheet.add("text", fitted(head, 10.5, form.gutter - 14), x=0.0, y=middle - 6, class_="soft", font_size=10.5)
        sheet.add("text", fitted(rest, 12, form.gutter - 14), x=0.0, y=middle + 7, class_="lane", font_size=12.0)
    else:
        sheet.add("text", fitted(head, 12, form.gutter - 14), x=0.0, y=middle, class_="lane", font_size=12.0)


def _bar(sheet: _Sheet, placed: Placed, y: float, height: float, *, own: bool = False) -> None:
    """A bar with its marks and label; `own`: the label has a line of its own, above the bar."""
    bar, form = placed.bar, sheet.form
    top = y + 15 if own else y
    tall = 12.0 if own else height
    fill = f"url(#hatch-{form.name}-{bar.tone})" if bar.hatched else ""
    attributes = {"fill": fill} if fill else {}
    body = element(
        "rect", None, x=placed.x0, y=top, width=placed.x1 - placed.x0, height=tall, rx=3.0,
        class_=f"bar {'h' if bar.hatched else 'b'}-{bar.tone}", **attributes,
    )  # fmt: skip
    sheet.parts.append(element("g", element("title", _hover(bar)) + body))
    _marks(sheet, bar.marks, top + tall / 2)
    if placed.text:
        base = y + 11 if own else y + height / 2 + 4.3
        sheet.add("text", placed.text, x=placed.text_x, y=base, class_="said", font_size=form.size)


def _hover(bar: Bar) -> str:
    begin = f"{clock(bar.start.at, dated=True)} UTC, E{bar.start.seq}"
    if bar.end is None or bar.end.at == bar.start.at:
        return f"{bar.says} ({begin})"
    return f"{bar.says} ({begin} to {clock(bar.end.at, dated=True)} UTC, E{bar.end.seq})"


def _marks(sheet: _Sheet, marks: Sequence[Mark], y: float) -> None:
    """Marks of one row; those on the same place are drawn once, with what all of them say."""
    places: dict[int, list[Mark]] = {}
    for mark in marks:
        places.setdefault(round(sheet.scale.x(mark.at.at) / 3), []).append(mark)
    for group in places.values():
        mark = group[-1]
        says = "; ".join(dict.fromkeys(f"{m.says} {clock(m.at.at, dated=True)} UTC, E{m.at.seq}" for m in group[:8]))
        more = f" and {len(group) - 8} more" if len(group) > 8 else ""
        shape = _shape(mark.shape, sheet.scale.x(mark.at.at), y, f"mark m-{mark.tone}")
        sheet.parts.append(element("g", element("title", says + more) + shape))


def _shape(shape: Shape, x: float, y: float, name: str) -> Markup:
    x, y = round(x, 1), round(y, 1)
    if shape is Shape.RING:
        return element("circle", None, cx=x, cy=y, r=4.0, class_=f"{name} open")
    if shape is Shape.DOT:
        return element("circle", None, cx=x, cy=y, r=4.0, class_=name)
    paths = {
        Shape.DIAMOND: f"M{x} {y - 6}l6 6l-6 6l-6-6z",
        Shape.CROSS: f"M{x - 4.5} {y - 4.5}l9 9m0-9l-9 9",
        Shape.TICK: f"M{x - 5} {y}l4 4.5l7-9",
        Shape.DUE: f"M{x} {y - 8}v16m0-16h6v5h-6",
    }
    thin = " line" if shape in (Shape.CROSS, Shape.TICK, Shape.DUE) else ""
    return element("path", None, d=paths[shape], class_=f"{name}{thin}")


def _small(sheet: _Sheet, text: str) -> None:
    sheet.add("text", text, x=sheet.form.left, y=sheet.y + 10, class_="soft", font_size=11.0)
    sheet.y += 18


# ------------------------------------------------------------------ the foot: how much was written when


def _entries(sheet: _Sheet, picture: Picture) -> None:
    """Entries by place: how much happened when, whatever their number."""
    form = sheet.form
    bins = 120 if not form.narrow else 60
    step = (form.right - form.left) / bins
    counts = [[0, 0] for _ in range(bins)]
    for point, alert in picture.entries:
        place = min(bins - 1, int((sheet.scale.x(point.at) - form.left) / step))
        counts[place][alert] += 1
    most = max((sum(pair) for pair in counts), default=0)
    if not most:
        return
    alerts = sum(alert for _, alert in picture.entries)
    name = f"{len(picture.entries):,} entries" + (f": {alerts:,} alert{'' if alerts == 1 else 's'}" if alerts else "")
    sheet.y += 4
    _name(sheet, name, 34)
    base = sheet.y + 34
    for place, (others, rung) in enumerate(counts):
        x, y = form.left + place * step, base
        for number, tone in ((others, "plain"), (rung, "silent")):
            tall = 34 * number / most
            y -= tall
            if number:
                sheet.add(
                    "rect", None, x=x + 0.6, y=y, width=step - 1.2, height=max(tall, 1.5), class_=f"count c-{tone}"
                )
    sheet.y = base + 2


def _axis(sheet: _Sheet, picture: Picture, inside: Sequence[datetime]) -> None:
    form = sheet.form
    first = [picture.start.at, picture.end.at, *(p.at for _, p in picture.milestones)]
    sheet.add("line", None, x1=form.left, x2=form.right, y1=sheet.y, y2=sheet.y, class_="axis")
    borders = (0.0 if form.narrow else form.left - 30, form.width)
    for tick in ticks_of(sorted(inside), sheet.scale, 11, borders, first):
        sheet.add("line", None, x1=tick.x, x2=tick.x, y1=sheet.y, y2=sheet.y + 5, class_="axis")
        sheet.add("text", tick.text, x=tick.text_x, y=sheet.y + 18, class_="soft", text_anchor="middle", font_size=11.0)
    sheet.y += 22
