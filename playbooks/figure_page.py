"""The page of figures: how long, how many, and by component, team, severity and failure; each chart with its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from markupsafe import Markup

from playbooks.domain.clocks import say_span
from playbooks.domain.figures import Figures, Group, Grouping, Measure, Mode, Period, Report, Spread
from playbooks.domain.pictures.charts import Column, Mark, counts_svg, medians_svg
from playbooks.domain.pictures.lanes import label
from playbooks.domain.pictures.svg import NARROW, WIDE, Format, clock
from playbooks.pages import Page, filled
from playbooks.templating import ANY

MOST_GROUPS = 12
_MOST_COLUMNS = 16
_SHOWN = (Measure.SILENT, Measure.ACKNOWLEDGE, Measure.MITIGATE, Measure.RESOLVE)
_DAY = timedelta(days=1)
NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing in two widths; both are empty where there is nothing to draw."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class Row:
    """One measure in words."""

    name: str
    means: str
    median: str
    p90: str
    longest: str
    n: int
    missing: int
    before: str
    few: bool


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One component, team, severity or failure in words; `cells` are the medians of the measures shown."""

    name: str
    count: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Incidents told apart by one thing."""

    by: str
    rows: tuple[GroupRow, ...]
    more: int
    chart: Chart


def figures_page(
    report: Report,
    by: Mapping[Grouping, Sequence[Group]],
    figures: Sequence[Figures],
    *,
    shown_at: datetime,
    pending: int = 0,
    periods: Sequence[tuple[str, str]] = (),
    severities: Mapping[str, str] = {},
    templates: Path | None = None,
) -> Page:
    """The page of a period.

    Args:
        report: of everything. by: its groups, by each thing. figures: of the period, of any mode, for the columns.
        pending: incidents that are not counted yet. periods: words and address of other periods; no address for this.
        severities: severity id to label.
    Raises `errors.ConfigError` where a template cannot be rendered.
    """
    weeks = _columns(report.period, [one.opened_at for one in figures if one.mode is Mode.REAL])
    context = {
        "report": report,
        "pending": pending,
        "shown_at": clock(shown_at, dated=True),
        "start": clock(report.period.start, dated=True),
        "periods": tuple(periods),
        "rows": [_row(measure, report.now[measure], report.then[measure]) for measure in Measure],
        "lengths": _lengths(report),
        "columns": weeks,
        "counts": _both(lambda form: counts_svg(weeks, form, "Incidents by the time they were declared")),
        "parts": [_part(grouping, one, severities) for grouping, one in by.items()],
        "heads": [measure.label for measure in _SHOWN],
    }
    return filled("stats", context, templates, ANY)


def _both(draw: Callable[[Format], Markup]) -> Chart:
    return Chart(draw(WIDE), draw(NARROW))


def _said(seconds: int | None) -> str:
    return NOT_RECORDED if seconds is None else say_span(timedelta(seconds=seconds))


def _row(measure: Measure, now: Spread, then: Spread) -> Row:
    return Row(
        name=measure.label,
        means=measure.means,
        median=_said(now.median),
        p90=_said(now.p90),
        longest=_said(now.longest),
        n=now.n,
        missing=now.missing,
        before=f"{_said(then.median)} (of {then.n})" if then.n else NOT_RECORDED,
        few=now.n > 0 and now.few,
    )


def _mark(name: str, now: Spread, then: Spread) -> Mark | None:
    if now.median is None or now.p90 is None:
        return None
    few = f" (of {now.n})" if now.few else ""
    return Mark(name, now.median, now.p90, then.median, f"{_said(now.median)}{few}")


def _lengths(report: Report) -> Chart:
    found = [_mark(measure.label, report.now[measure], report.then[measure]) for measure in Measure]
    marks = [mark for mark in found if mark is not None]
    return _both(lambda form: medians_svg(marks, form, "How long each part took: medians and nine of ten"))


def _part(by: Grouping, every: Sequence[Group], severities: Mapping[str, str]) -> Part:
    groups = every[:MOST_GROUPS]
    names = [_name(by, group, severities) for group in groups]
    found = [
        _mark(name, group.now[Measure.RESOLVE], group.then[Measure.RESOLVE])
        for name, group in zip(names, groups, strict=True)
    ]
    marks = [mark for mark in found if mark is not None]
    rows = tuple(
        GroupRow(name, group.count, tuple(_said(group.now[measure].median) for measure in _SHOWN))
        for name, group in zip(names, groups, strict=True)
    )
    chart = _both(lambda form: medians_svg(marks, form, f"Time to resolve by {by.value}: medians and nine of ten"))
    return Part(by.value, rows, max(0, len(every) - MOST_GROUPS), chart)


def _name(by: Grouping, group: Group, severities: Mapping[str, str]) -> str:
    shown = severities.get(group.key, group.key) if by is Grouping.SEVERITY else group.key
    return label(shown, 80) or "not known"


def _columns(period: Period, opened: Sequence[datetime]) -> list[Column]:
    """Stretches of equal whole days from the first day on, sixteen at most; the last may be shorter."""
    days = max(1, -(-period.days // _MOST_COLUMNS))
    if days > 1:
        days = -(-days // 7) * 7
    count = max(1, -(-period.days // days))
    numbers = [0] * count
    for at in opened:
        numbers[min(count - 1, int((at - period.start) / (days * _DAY)))] += 1
    return [
        Column(f"{(start := period.start + index * days * _DAY).astimezone(UTC).day} {start:%b}", number)
        for index, number in enumerate(numbers)
    ]
