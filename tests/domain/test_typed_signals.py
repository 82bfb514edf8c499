"""AI signals as types: which kind an alert is, and what it measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playbooks.domain.facts import alert_facts
from playbooks.domain.typed_signals import Signal, SignalKind, signal_kind, signal_of, signal_words, told_of
from tests.domain.registry import alert


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ModelDriftHigh", SignalKind.DRIFT),
        ("FeatureFreshnessLow", SignalKind.STALENESS),
        ("EvalAccuracyDropped", SignalKind.EVALUATION),
        ("RetrievalRecallLow", SignalKind.RETRIEVAL),
        ("RefusalRateHigh", SignalKind.GUARDRAIL),
        ("LlmTokenBudget", SignalKind.COST),
        ("auto-decline action rate", SignalKind.ACTION_RATE),
        ("UserReports", SignalKind.USER_REPORTS),
        ("HighLatency", SignalKind.OTHER),
    ],
)
def test_the_kind_is_read_from_the_name(name: str, kind: SignalKind) -> None:
    assert signal_kind(alert(name)) is kind


def test_what_the_alert_says_itself_wins() -> None:
    assert signal_kind(alert("ModelDriftHigh", signal_kind="action-rate")) is SignalKind.ACTION_RATE
    assert signal_kind(alert("ModelDriftHigh", signal_kind="nonsense")) is SignalKind.DRIFT


def test_every_figure_is_typed() -> None:
    told = {
        "metric": "PSI of `score`",
        "value": "0.34",
        "threshold": "0.20",
        "samples": "18,240",
        "windows": "4 of the last 5 windows",
        "reference": "training set of 3 Nov",
        "first_breach": "2026-11-21T02:40:00+01:00",
    }
    assert signal_of(replace(alert(), annotations=told)) == Signal(
        SignalKind.DRIFT,
        "PSI of `score`",
        "training set of 3 Nov",
        "0.34",
        "0.20",
        18240,
        4,
        5,
        datetime(2026, 11, 21, 1, 40, tzinfo=UTC),
    )


TOLD = {
    "metric": "PSI",
    "value": "0.34",
    "threshold": "0.20",
    "samples": "18,240",
    "reference": "Oct 1–31",
    "first_breach": "2026-11-21T03:05:00+01:00",
}


def test_people_read_the_kind_and_every_figure_in_one_line() -> None:
    line = signal_words(told_of(replace(alert(), annotations=TOLD)))
    assert line == "Drift · PSI 0.34, limit 0.20, 18,240 samples, against Oct 1–31"


def test_without_a_value_they_read_the_summary_and_without_a_kind_the_figures() -> None:
    assert signal_words(told_of(replace(alert(), summary="It drifts"))) == "It drifts"
    assert signal_words(told_of(replace(alert("HighLatency"), annotations={"value": "3 s"}))) == "3 s"


def test_the_kind_may_stand_in_the_failure_alone() -> None:
    told = told_of(replace(alert("Alert17"), annotations={"value": "0.2"}), "groundedness")
    assert signal_words(told) == "Evaluation regression · 0.2"


def test_the_timeline_keeps_the_figures_with_their_types() -> None:
    assert alert_facts(replace(alert(), annotations=TOLD))["signal"] == {
        "kind": "drift",
        "metric": "PSI",
        "value": "0.34",
        "limit": "0.20",
        "reference": "Oct 1–31",
        "samples": 18240,
        "since": "2026-11-21T02:05:00.000000Z",
    }
    assert "signal" not in alert_facts(alert("Down"))


def test_nothing_said_is_nothing_known() -> None:
    assert signal_of(alert("Down")) == Signal(SignalKind.OTHER)


@given(st.dictionaries(st.sampled_from(["samples", "windows", "first_breach", "metric", "signal_kind"]), st.text()))
def test_no_words_of_a_source_break_it(told: dict[str, str]) -> None:
    signal = signal_of(replace(alert(), annotations=told))
    assert signal.samples is None or signal.samples >= 0
