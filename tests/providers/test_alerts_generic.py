"""Muster's own alert format: what the documentation promises, and what is refused."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.providers.alerts import generic
from bot.providers.alerts.reading import ReadResult
from playbooks.domain.alerts import AlertStatus
from playbooks.domain.signals import read_signal
from playbooks.errors import InputError

NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
STARTED = "2026-11-21T02:31:00Z"


def read(body: object) -> ReadResult:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return generic.read({}, raw, source="curl", received_at=NOW)


def test_a_name_is_enough():
    alert = read({"name": "drift"}).alerts[0]
    assert (alert.name, alert.status, alert.starts_at, alert.ends_at) == ("drift", AlertStatus.FIRING, NOW, None)
    assert len(alert.fingerprint) == 16
    assert alert.labels == {}


def test_the_documented_example_is_read():
    text = generic.__doc__ or ""
    example = text[text.index("{", text.index("{", 0) + 15) : text.rindex("}}") + 2]
    alert = read(json.loads(example.replace("https://…", "https://example.com/d"))).alerts[0]
    assert alert.labels == {"window": "1h", "component": "fraud-scorer"}
    assert (alert.severity, alert.summary, alert.fingerprint) == ("critical", "PSI 0.34", "psi-score")
    assert alert.link == "https://example.com/d"
    assert read_signal(alert) == {
        "metric": "PSI of score",
        "value": "0.34",
        "limit": "0.2",
        "samples": "18240",
        "windows": "4 of the last 4 windows",
        "since": "2026-11-21T01:40:00Z",
        "silent_since": "2026-11-21T01:40:00Z",
        "summary": "PSI 0.34",
    }


def test_several_alerts_and_one_that_is_broken():
    result = read({"alerts": [{"name": "a"}, {"nam": "b"}, 7, {"name": "c", "labels": 7}]})
    assert [a.name for a in result.alerts] == ["a"]
    assert [(r.index, r.reason) for r in result.rejected] == [
        (1, "it has no `name`"),
        (2, "it is no mapping"),
        (3, "labels are no mapping of names to values"),
    ]


def test_an_episode_is_known_again_and_ended_by_its_start():
    first = read({"name": "a", "component": "c", "starts_at": STARTED}).alerts[0]
    again = read({"name": "a", "component": "c", "starts_at": STARTED}).alerts[0]
    over = read({"name": "a", "component": "c", "starts_at": STARTED, "status": "resolved"}).alerts[0]
    other = read({"name": "a", "component": "d", "starts_at": STARTED}).alerts[0]
    assert (
        (first.fingerprint, first.starts_at)
        == (again.fingerprint, again.starts_at)
        == (over.fingerprint, over.starts_at)
    )
    assert over.ends_at == NOW
    assert other.fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "resolved"}, "which episode ended"),
        ({"status": "broken"}, "neither firing nor resolved"),
        ({"starts_at": "2026-11-21 02:31"}, "has no zone"),
        ({"starts_at": "soon"}, "is no time"),
        ({"severity": {}}, "`severity` is no text"),
        ({"component": []}, "`component` is no text"),
        ({"signal": "x"}, "signal are no mapping"),
    ],
)
def test_what_is_refused(more, reason):
    assert reason in read({"name": "a"} | more).rejected[0].reason


def test_a_component_wins_over_a_label_and_markup_stays_text():
    alert = read(
        {"name": "<!channel>\0", "component": "c", "labels": {"component": "d"}, "link": "javascript:x"}
    ).alerts[0]
    assert (alert.name, alert.labels["component"], alert.link) == ("<!channel>", "c", "")


@pytest.mark.parametrize(("body", "code"), [(b"", "not_json"), (b"[]", "not_mappable"), (b"{}", "not_mappable")])
def test_bodies_that_are_no_alerts(body, code):
    with pytest.raises(InputError) as caught:
        read(body)
    assert caught.value.code == code


SCALARS: st.SearchStrategy[object] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.just({}), st.just([])
)
KEYS = ("component", "status", "severity", "summary", "labels", "starts_at", "ends_at", "fingerprint", "signal")


@settings(deadline=None)
@given(st.fixed_dictionaries({"name": st.text(max_size=30)}, optional=dict.fromkeys(KEYS, SCALARS)))
def test_any_alert_is_read_or_rejected(item):
    result = read({"alerts": [item]})
    assert len(result.alerts) + len(result.rejected) == 1
