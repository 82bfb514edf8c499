"""Which earlier incidents are like one, how close, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from playbooks.domain.incidents import Incident, State
from playbooks.domain.likeness import Trait, ago, closest, traits_of, why_alike

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def incident(
    number: int, component: str = "scorer", failure: str = "drift", *, days: int = 0, metric: str = ""
) -> Incident:
    at = NOW - days * DAY
    signal = {"metric": metric} if metric else {}
    return Incident(number, "t", component, failure, "sev2", State.RESOLVED, at, at, "source:a", signal=signal)


NEW = incident(50, metric="PSI of score")


def test_closest_first_then_newest_three_at_most() -> None:
    past = [
        incident(1, failure="latency", days=1),
        incident(2, days=90),
        incident(3, days=30),
        incident(4, "embeddings", "stale", days=2),
        incident(5, "ranker", "drift", days=3),
        incident(6, "ranker", "latency", days=1, metric="psi  of SCORE"),
    ]
    assert [one.incident.id for one in closest(NEW, past, {"embeddings"})] == [3, 2, 1]
    assert [one.incident.id for one in closest(NEW, past[3:], {"embeddings"})] == [5, 4]  # a metric alone says nothing


def test_an_incident_is_not_like_itself_and_nothing_is_like_nothing() -> None:
    assert closest(NEW, [NEW], ()) == ()
    blank = replace(NEW, component="", failure="", signal={})
    assert traits_of(blank, replace(blank, id=3), ()) == ()


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ((Trait.COMPONENT,), "same component"),
        ((Trait.COMPONENT, Trait.FAILURE), "same component and failure"),
        ((Trait.COMPONENT, Trait.FAILURE, Trait.SIGNAL), "same component, failure and signal"),
        ((Trait.UPSTREAM,), "upstream component"),
        ((Trait.UPSTREAM, Trait.FAILURE), "upstream component, same failure"),
    ],
)
def test_why_is_said_in_words(traits: tuple[Trait, ...], words: str) -> None:
    assert why_alike(traits) == words


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(minutes=20), "within the hour"),
        (timedelta(minutes=61), "1 hour ago"),
        (47 * timedelta(hours=1), "47 hours ago"),
        (2 * DAY, "2 days ago"),
        (21 * DAY, "3 weeks ago"),
        (100 * DAY, "3 months ago"),
        (800 * DAY, "2 years ago"),
        (-DAY, "within the hour"),
    ],
)
def test_how_long_ago(before: timedelta, words: str) -> None:
    assert ago(NOW - before, NOW) == words
