"""Expected signals: from when on the next one counts as missing, and the alert it is then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from playbooks.domain.alerts import AlertStatus
from playbooks.domain.ownership import DocumentError, Registry
from playbooks.domain.ownership_file import ExpectedEntry
from playbooks.domain.pipeline.expected import late_at, missing_alert

DAILY = ExpectedEntry.model_validate({"signal": "training", "every": "P1D", "by": "06:30", "grace": "30m"})
HOURLY = ExpectedEntry.model_validate({"signal": "features", "every": "1h", "grace": "5m"})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_a_time_of_day_it_is_due_after_its_length() -> None:
    assert late_at(HOURLY, at("2026-11-21T02:00"), "UTC") == at("2026-11-21T03:05")


@pytest.mark.parametrize(
    ("last", "late"),
    [
        ("2026-11-21T05:50", "2026-11-22T07:00"),  # a little early: counts for today
        ("2026-11-21T08:10", "2026-11-22T07:00"),  # late: counts for today
        ("2026-11-20T22:00", "2026-11-22T07:00"),  # the evening before: counts for the morning
        ("2026-11-20T17:00", "2026-11-21T07:00"),  # the afternoon: the morning's is still due
    ],
)
def test_with_a_time_of_day_a_run_counts_for_the_time_it_is_near(last: str, late: str) -> None:
    assert late_at(DAILY, at(last), "UTC") == at(late)


def test_the_time_of_day_is_on_the_clock_of_the_zone_also_when_it_is_put_back() -> None:
    assert late_at(DAILY, at("2026-10-24T04:20"), "Europe/Berlin") == at("2026-10-25T06:00")
    assert late_at(DAILY, at("2026-10-23T04:20"), "Europe/Berlin") == at("2026-10-24T05:00")


def test_the_alert_says_when_it_was_due_and_when_the_last_one_came() -> None:
    late = late_at(HOURLY, at("2026-11-21T02:00"), "UTC")
    alert = missing_alert("fraud-scorer", HOURLY, late, at("2026-11-21T02:00"))
    assert (alert.source, alert.name, alert.severity) == ("muster", "features is missing", "warning")
    assert alert.summary == (
        "features of fraud-scorer was due at 21 Nov 03:00 UTC and has not come, the last one came 1 h before"
    )
    ended = missing_alert("fraud-scorer", HOURLY, late, None, came=late + timedelta(minutes=9))
    assert ended.status is AlertStatus.RESOLVED
    assert (ended.source, ended.fingerprint, ended.starts_at) == (alert.source, alert.fingerprint, alert.starts_at)


@pytest.mark.parametrize(
    ("expects", "said"),
    [
        ("{signal: eval, every: 1h}, {signal: eval, every: 2h}", "the signal eval is expected twice"),
        ('{signal: eval, every: 1d, by: "25:00"}', 'must be a time of day such as "06:30"'),
        ("{signal: eval, every: soon}", "must be a length of time"),
        ("{signal: eval}", "every"),
    ],
)
def test_what_cannot_be_expected_is_told_with_its_line(expects: str, said: str) -> None:
    text = (
        "api: ownership/v1\nteams:\n  a: {}\ncomponents:\n"
        f"  x:\n    kind: model\n    accountable: a\n    expects: [{expects}]\n"
    )
    with pytest.raises(DocumentError) as told:
        Registry.load(text)
    assert said in str(told.value)
    assert told.value.problems[0].line == 8
