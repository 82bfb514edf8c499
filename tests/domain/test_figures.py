"""Figures of one incident and of many: from milestones only, nothing unknown counted as zero, kinds never mixed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.figures import (
    FEW,
    VERSION,
    Figures,
    Grouping,
    Measure,
    Mode,
    Period,
    figures_of,
    report,
    spread,
)
from playbooks.domain.incidents import Incident, State
from playbooks.domain.timeline import EventKind, EventSource
from tests.drafts.chains import Chain, at, recorded, story, timeline_files
from tests.drafts.test_properties import chains

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def incident(number: int, opened: datetime = NOW) -> Incident:
    return Incident(
        number, "t", "fraud-scorer", "drift", "sev2", State.RESOLVED, opened, opened, "source:a", "fraud-ml"
    )


def of(chain: Chain) -> Figures:
    return figures_of(incident(chain.incident_id), chain.events)


def test_the_story_by_hand() -> None:
    """Impact 01:40, alert 02:31:04, ack 02:32:10, asked 02:34:12, given 02:36:00, confirmed 02:36:41, over 09:00:30."""
    assert of(story()).seconds == {
        Measure.SILENT: 51 * 60 + 4,
        Measure.DETECT: 51 * 60 + 4,
        Measure.ACKNOWLEDGE: 66,
        Measure.DECIDE: 108,
        Measure.MITIGATE: 56 * 60 + 41,
        Measure.VERIFY: 41,
        Measure.RESOLVE: 6 * 3600 + 29 * 60 + 8,
        Measure.HANDOFF: 120,
    }


AS_IN_THE_DRAFT = {
    Measure.SILENT: "Impact start to detected (silent)",
    Measure.ACKNOWLEDGE: "Detected to acknowledged",
    Measure.MITIGATE: "Impact start to mitigated",
    Measure.RESOLVE: "Declared to resolved",
}


def same_as_the_draft(chain: Chain) -> None:
    seconds, spans = of(chain).seconds, dict(facts_of(chain.events, chain.incident_id).spans)
    for measure, name in AS_IN_THE_DRAFT.items():
        span = spans[name]
        assert seconds.get(measure) == (span.seconds if span is not None else None)
    assert all(value >= 0 for value in seconds.values())


@pytest.mark.parametrize("path", timeline_files(), ids=lambda path: path.stem)
def test_a_figure_of_a_real_timeline_is_the_line_of_its_draft(path: Path) -> None:
    same_as_the_draft(recorded(path)[1])


@settings(max_examples=60, deadline=None)
@given(chains())
def test_a_figure_of_any_chain_is_the_line_of_its_draft(chain: Chain) -> None:
    same_as_the_draft(chain)
    assert of(chain) == of(chain)


def test_nothing_recorded_is_no_zero() -> None:
    assert of(Chain()).seconds == {}
    chain = Chain()
    chain.add(EventKind.DECLARED, at("03:00"), "opened")
    chain.add(EventKind.RESOLVED, at("02:00"), "told later, and the wrong way round")
    assert of(chain).seconds == {}


@pytest.mark.parametrize(
    ("payload", "source", "mode"),
    [
        ({}, EventSource.WEBHOOK, Mode.REAL),
        ({"mode": "drill"}, EventSource.SLASH, Mode.DRILL),
        ({"mode": "backfill"}, EventSource.SLASH, Mode.BACKFILL),
        ({}, EventSource.BACKFILL, Mode.BACKFILL),
        ({"mode": "<b>"}, EventSource.SLASH, Mode.REAL),
    ],
)
def test_drills_and_backfills_are_told_apart(payload: dict[str, Any], source: EventSource, mode: Mode) -> None:
    chain = Chain()
    chain.add(EventKind.DECLARED, at("03:00"), "opened", payload=payload, source=source)
    assert of(chain).mode is mode


def test_a_line_entered_later_does_not_make_it_another_kind() -> None:
    chain = Chain()
    opened = chain.add(EventKind.DECLARED, at("03:00"), "opened", source=EventSource.WEBHOOK)
    chain.add(EventKind.DECLARED, at("02:00"), "earlier, told later", source=EventSource.BACKFILL)
    chain.add(EventKind.DECLARED, at("02:50"), "put right", source=EventSource.BACKFILL, supersedes=opened.id)
    assert of(chain).mode is Mode.REAL


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (0, 0, None, None)),
        ([None, None], (0, 2, None, None)),
        ([7], (1, 0, 7, 7)),
        ([0, None, 10], (2, 1, 5, 10)),
        (list(range(1, 11)), (10, 0, 5, 9)),
        (list(range(1, 12)), (11, 0, 6, 10)),
        ([60] * 9 + [6000], (10, 0, 60, 60)),
    ],
)
def test_a_spread_by_hand(values: list[int | None], expected: tuple[int | None, ...]) -> None:
    found = spread(values)
    assert (found.n, found.missing, found.median, found.p90) == expected
    assert found.few is (found.n < FEW)


@given(st.lists(st.integers(0, 10**7) | st.none(), max_size=60))
def test_any_spread_holds_together(values: list[int | None]) -> None:
    found, known = spread(values), [v for v in values if v is not None]
    assert found.n + found.missing == len(values)
    if known:
        assert found.median is not None
        assert found.p90 is not None
        assert found.longest is not None
        assert min(known) <= found.median <= found.p90 <= found.longest == max(known)
        assert found.p90 in known
        assert 10 * sum(v <= found.p90 for v in known) >= 9 * len(known)


def kept(number: int, days: float, seconds: Mapping[Measure, int] | None = None, **more: Any) -> Figures:
    opened = NOW - days * DAY
    one = Figures(number, VERSION, 3, opened, opened, "scorer", "ml", "sev2", "drift", Mode.REAL, seconds or {})
    return replace(one, **more)


def test_a_period_its_trend_and_what_is_left_out() -> None:
    period = Period(NOW - 30 * DAY, NOW)
    found = report(
        [
            kept(1, 1, {Measure.SILENT: 60}),
            kept(2, 2, {Measure.SILENT: 120, Measure.RESOLVE: 9}, component="ranker"),
            kept(3, 3, component=""),
            kept(4, 4, {Measure.SILENT: 9999}, mode=Mode.DRILL),
            kept(5, 5, {Measure.SILENT: 9999}, mode=Mode.BACKFILL),
            kept(6, 31, {Measure.SILENT: 600}),
            kept(7, 32, {Measure.SILENT: 9999}, mode=Mode.DRILL),
            kept(8, 61, {Measure.SILENT: 9999}),
            kept(9, 30, {Measure.SILENT: 300}),
        ],
        period,
        still_open=2,
        by=Grouping.COMPONENT,
    )
    assert (found.count, found.before, found.still_open, found.drills, found.backfills) == (4, 1, 2, 1, 1)
    assert (found.now[Measure.SILENT].median, found.now[Measure.SILENT].missing) == (120, 1)
    assert found.then[Measure.SILENT].median == 600
    assert [(group.key, group.count) for group in found.groups] == [("scorer", 2), ("", 1), ("ranker", 1)]


def test_the_labels_are_all_there() -> None:
    assert len({(measure.label, measure.means) for measure in Measure}) == len(Measure)
    guide = (Path(__file__).parents[2] / "docs" / "figures.md").read_text()
    for measure in Measure:
        assert f"| {measure.label} | {measure.means} |" in guide


GOLDEN = {
    Measure.SILENT: (EventKind.IMPACT_START, "started_at", EventKind.DETECTED, "detected_at"),
    Measure.MITIGATE: (EventKind.IMPACT_START, "started_at", EventKind.MITIGATED, "mitigated_at"),
    Measure.RESOLVE: (EventKind.DECLARED, "declared_at", EventKind.RESOLVED, "resolved_at"),
}


def test_the_golden_durations_hold_where_both_instants_are_events() -> None:
    compared = 0
    for path in timeline_files():
        data, chain = recorded(path)
        seconds, facts = of(chain).seconds, data["facts"]
        times = {(e.kind, e.occurred_at) for e in chain.events}
        for measure, (kind, start, other, end) in GOLDEN.items():
            if not facts.get(start) or not facts.get(end):
                continue
            begun, ended = (datetime.fromisoformat(facts[name]) for name in (start, end))
            if (kind, begun) in times and (other, ended) in times:
                compared += 1
                assert seconds.get(measure) == int((ended - begun).total_seconds()), (path.stem, measure)
    assert compared >= 5


def test_events_in_any_order_give_the_same() -> None:
    assert figures_of(incident(42), list(reversed(story().events))) == figures_of(incident(42), story().events)
