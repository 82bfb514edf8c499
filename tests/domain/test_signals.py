"""Figures and first lines: what the source says, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.domain.signals import LONGEST_HEADLINE, headline, read_signal
from tests.domain.registry import alert

STORY = {
    "metric": "PSI of `score`",
    "value": "0.34",
    "threshold": "0.20",
    "samples": "18,240",
    "windows": "4 of the last 4 windows",
    "first_breach": "2026-11-21T02:40:00+01:00",
    "summary": "not a figure",
}


def test_the_figures_of_the_story_come_from_annotations():
    signal = read_signal(replace(alert(), annotations=STORY, summary="PSI 0.34"))
    assert signal == {
        "metric": "PSI of `score`",
        "value": "0.34",
        "limit": "0.20",
        "samples": "18,240",
        "windows": "4 of the last 4 windows",
        "since": "2026-11-21T01:40:00Z",
        "silent_since": "2026-11-21T01:40:00Z",
        "summary": "PSI 0.34",
    }
    assert list(signal)[:3] == ["metric", "value", "limit"]


def test_nothing_said_is_nothing_told():
    assert read_signal(alert(component="fraud-scorer")) == {}


def test_what_the_reader_found_wins_over_annotations_and_these_over_labels():
    given_alert = replace(
        alert(value="3", metric="m"), annotations={"value": "2"}, signal={"value": "1", "recall": "0.7"}
    )
    assert read_signal(given_alert) == {"metric": "m", "value": "1", "recall": "0.7"}


@pytest.mark.parametrize("value", ["{{ $value }}", "<no value>", "$VALUE", "  ", ""])
def test_a_template_the_source_failed_to_fill_in_is_nothing(value):
    assert read_signal(replace(alert(), annotations={"value": value})) == {}


@pytest.mark.parametrize("value", ["yesterday", "01:40", "2026-11-21T01:40:00", "0001-01-01T00:00:00Z"])
def test_a_breach_that_is_no_time_stays_as_written(value):
    assert read_signal(replace(alert(), annotations={"first_breach": value})) == {"since": value}


@pytest.mark.parametrize(
    ("name", "failure", "said"),
    [
        ("ModelDriftHigh", "drift", "fraud-scorer is drifting"),
        ("ModelDriftHigh", "", "fraud-scorer is drifting"),
        ("FeatureStale", "", "fraud-scorer is stale"),
        ("X", "stale", "fraud-scorer is stale"),
        ("p99LatencyHigh", "", "fraud-scorer is slow"),
        ("EmbeddingsLate", "", "fraud-scorer is late"),
        ("ServingErrors", "", "fraud-scorer is failing"),
        ("TemplateMissing", "", "TemplateMissing on fraud-scorer"),
        ("DiskFull", "disk", "DiskFull on fraud-scorer"),
        ("", "", "an alert on fraud-scorer"),
    ],
)
def test_headlines(name, failure, said):
    assert headline(alert(name), "fraud-scorer", failure) == said


def test_without_a_component_the_sources_own_words_are_the_title():
    assert headline(replace(alert("DiskFull"), summary="disk is\nfull"), "") == "disk is full"
    assert headline(alert("DiskFull"), "") == "DiskFull"
    assert headline(alert(""), "") == "an alert without a name"


@settings(deadline=None)
@given(st.text(max_size=500), st.text(max_size=500), st.sampled_from(["", "fraud-scorer"]))
def test_a_headline_is_one_line_within_its_length(name, summary, component):
    said = headline(replace(alert(name), summary=summary), component)
    assert 0 < len(said.strip()) <= LONGEST_HEADLINE
    assert not set("\n\r\0") & set(said)
