"""Messages of other apps as alerts: what is read from attachments and blocks, and what ends an episode."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.alert_messages import AlertChannel, read_alert
from playbooks import errors
from playbooks.domain.alerts import AlertStatus

TS = "1795228260.000100"
ENTRY = AlertChannel("old-monitor", component="service", severity="priority")
ATTACHMENT: dict[str, Any] = {
    "color": "#D63232",
    "title": "[FIRING:1] ModelDriftHigh",
    "title_link": "https://grafana.example.com/alerting/1",
    "text": "PSI of score is 0.34",
    "fields": [
        {"title": "Service", "value": "fraud-scorer", "short": True},
        {"title": "Priority", "value": "critical", "short": True},
    ],
}
GRAFANA: dict[str, Any] = {
    "bot_id": "B01GRAFANA",
    "bot_profile": {"name": "Grafana"},
    "ts": TS,
    "text": "",
    "attachments": [ATTACHMENT],
}
BLOCKS = {
    "bot_id": "B02BLOCKS",
    "username": "Monitor",
    "ts": TS,
    "text": "Alert: queue is long",
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": ":red_circle: Triggered: Queue is long"}},
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": "*Service:*\n`ranker`"},
                {"type": "mrkdwn", "text": "*Owner team*: <https://x.example|search>"},
            ],
        },
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Value:* 312\n*Since:* 02:10"}},
    ],
}


def read(message: dict[str, Any], entry: AlertChannel = ENTRY, **more: str) -> Any:
    return read_alert(entry, "C20ALERTS", message, **more)


def test_an_attachment_is_read_field_by_field() -> None:
    alert = read(GRAFANA)
    assert (alert.source, alert.name, alert.status) == ("old-monitor", "ModelDriftHigh", AlertStatus.FIRING)
    assert (alert.severity, alert.link) == ("critical", "https://grafana.example.com/alerting/1")
    assert alert.labels == {
        "service": "fraud-scorer",
        "priority": "critical",
        "component": "fraud-scorer",
        "channel": "C20ALERTS",
        "app": "Grafana",
    }
    assert alert.starts_at.isoformat() == "2026-11-21T02:31:00.000100+00:00"


def test_blocks_are_read_too() -> None:
    alert = read(BLOCKS)
    assert (alert.name, alert.labels["component"], alert.labels["owner_team"]) == ("Queue is long", "ranker", "search")
    assert (alert.labels["value"], alert.labels["since"]) == ("312", "02:10")


@pytest.mark.parametrize(
    ("title", "color"),
    [("[RESOLVED] ModelDriftHigh", "#36a64f"), ("Recovered: ModelDriftHigh", ""), ("ModelDriftHigh", "good")],
)
def test_an_end_is_of_the_same_series(title: str, color: str) -> None:
    ended = read(GRAFANA | {"attachments": [ATTACHMENT | {"title": title, "color": color}]})
    assert ended.status is AlertStatus.RESOLVED
    assert (ended.fingerprint, ended.name) == (read(GRAFANA).fingerprint, "ModelDriftHigh")


def test_only_named_apps_count() -> None:
    assert read(GRAFANA, AlertChannel("s", apps=("Grafana",))) is not None
    assert read(GRAFANA, AlertChannel("s", apps=("B01GRAFANA",))) is not None
    assert read(GRAFANA, AlertChannel("s", apps=("Other",))) is None


def test_without_any_words_it_is_no_alert() -> None:
    assert read({"bot_id": "B1", "ts": TS, "text": "", "blocks": [{"type": "divider"}]}) is None
    assert read({"bot_id": "B1", "ts": TS, "text": ":tada:"}) is None


def test_without_a_stamp_it_is_refused() -> None:
    with pytest.raises(errors.InputError):
        read({"bot_id": "B1", "text": "broken"})


_KEYS = st.sampled_from(["type", "text", "title", "fields", "value", "color", "blocks", "fallback", "title_link"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["text", "attachments", "blocks", "username", "bot_profile", "app_id"]), _JSON))
@settings(max_examples=300, deadline=None)
def test_no_message_breaks_it(message: dict[str, Any]) -> None:
    alert = read({**message, "ts": TS, "bot_id": "B1"})
    assert alert is None or alert.name
