"""Whatever comes: every reader takes any JSON and any bytes, and says the same of the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.providers.alerts.reading import MAX_ANNOTATION, MAX_ENTRIES, MAX_FINGERPRINT, MAX_LABEL, MAX_LINK
from bot.providers.sources import ALERTS, alert_source
from bot.web.sources import source
from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.errors import InputError
from tests.sources.bodies import NOW, PAYLOADS
from tests.sources.test_ai_webhooks import engine, langsmith, soda, wandb

FOLDERS = {
    "alertmanager": ["alertmanager"],
    "grafana": ["grafana_unified", "grafana_legacy"],
    "sns": ["cloudwatch_sns"],
    "eventbridge": ["eventbridge"],
    "mlflow": ["mlflow", "mlflow_budgets"],
}
_plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
_told = _plain | st.sampled_from(
    ["2026-11-21T02:28:11Z", "firing", "resolved", "0", "${X}", "2026-11-21", "\x00", "1e999"]
)
ANY = st.recursive(
    _told, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


WRITTEN: dict[str, list[Any]] = {
    "langsmith": [
        langsmith(),
        engine("issue.created", id="i-1", severity=1),
        {"rule_id": "r-1", "runs": [{"id": "1"}]},
    ],
    "soda": [
        {"event": "checkEvaluation", "checkResults": [soda()]},
        {"event": "incidentCreated", "incident": {"id": "i-1", "status": "reported", "checkResults": [soda()]}},
    ],
    "wandb": [wandb("RUN_METRIC", metric_name="loss"), {"client_payload": wandb("RUN_STATE", run_state="failed")}],
}
"""Bodies after documents, of kinds without a recorded one."""


def recorded(kind: str) -> list[Any]:
    paths = [path for folder in FOLDERS.get(kind, [kind]) for path in sorted((PAYLOADS / folder).glob("*.json"))]
    return [json.loads(path.read_bytes()) for path in paths] + WRITTEN.get(kind, [])


def outcome(kind: str, body: bytes) -> tuple[list[Alert], int]:
    """Alerts and what is kept beside them; a body that is not read whole is kept by the route."""
    found = alert_source(kind)
    assert found is not None
    try:
        result = found.read({}, body, source=kind, received_at=NOW)
    except InputError as error:
        return [], {"not_json": 1, "not_mappable": 1, "tells_changes": 1}[error.code or ""]
    for alert in result.alerts:
        well(alert)
    return result.alerts, len(result.rejected)


def well(alert: Alert) -> None:
    """Within every limit, in UTC, with an identity."""
    assert 0 < len(alert.fingerprint) <= MAX_FINGERPRINT
    assert alert.name
    assert alert.starts_at.tzinfo is not None
    assert (alert.ends_at is None) == (alert.status is AlertStatus.FIRING)
    assert alert.ends_at is None or alert.ends_at >= alert.starts_at
    assert len(alert.link) <= MAX_LINK
    assert alert.link == "" or alert.link.startswith(("https://", "http://"))
    for values, limit in ((alert.labels, MAX_LABEL), (alert.annotations, MAX_ANNOTATION)):
        assert len(values) <= MAX_ENTRIES
        assert all(len(value) <= limit for value in values.values())
    told = (alert.fingerprint, alert.name, alert.summary, alert.severity, *alert.labels.values(), *alert.labels)
    assert not any("\x00" in text for text in told)


@pytest.mark.parametrize("kind", ALERTS)
@given(body=st.binary(max_size=300))
@quick
def test_any_bytes(kind, body):
    outcome(kind, body)
    assert source(kind, kind, ["secret"]).admits({}, body, now=NOW) is False


@pytest.mark.parametrize("kind", ALERTS)
@given(body=ANY)
@quick
def test_any_json(kind, body):
    outcome(kind, json.dumps(body).encode())


@pytest.mark.parametrize("kind", [kind for kind in ALERTS if recorded(kind)])
@given(data=st.data())
@quick
def test_a_recorded_body_with_anything_in_one_place(kind, data):
    """The reader comes deep into the body before it meets what does not fit."""
    bodies = recorded(kind)
    body = json.loads(json.dumps(bodies[data.draw(st.integers(0, len(bodies) - 1))]))
    place, parent = body, None
    key: Any = None
    while isinstance(place, dict | list) and place and (parent is None or data.draw(st.integers(0, 3))):
        parent = place
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        place = place[key]
    if parent is not None:
        if isinstance(parent, dict) and data.draw(st.booleans()):
            del parent[key]
        else:
            parent[key] = data.draw(ANY)
    raw = json.dumps(body).encode()
    first = outcome(kind, raw)
    assert first == outcome(kind, raw)


@pytest.mark.parametrize("kind", [kind for kind in ALERTS if recorded(kind)])
def test_headers_of_any_sort_prove_nothing(kind):
    one = source(kind, kind, ["secret"])
    junk = ["", "v1=", "v1,", "\x00", "t=1,v1=", "Bearer", "Bearer ", "Basic", "Basic !!", "Basic OnNlY3JldA", "é" * 50]
    for value in junk:
        names = [
            "authorization", "x-pagerduty-signature", "sentry-hook-signature", "webhook-signature", "webhook-timestamp",
            "webhook-id", "x-langfuse-signature", "x-grafana-alerting-signature", "x-api-key", "x-webhook-secret",
        ]  # fmt: skip
        assert not one.admits(dict.fromkeys(names, value), b"{}", now=NOW, query="token=&auth_token=x&" + "a=1&" * 99)


def test_the_password_of_basic_authentication_is_the_secret():
    from base64 import b64encode

    one = source("gcp", "gcp_monitoring", ["s3cr3t"])
    for given_, well_ in ((b"any:s3cr3t", True), (b":s3cr3t", True), (b"s3cr3t:any", False), (b"s3cr3t", False)):
        headers = {"authorization": f"Basic {b64encode(given_).decode()}"}
        assert one.admits(headers, b"{}", now=NOW) is well_
    assert one.admits({}, b"{}", now=NOW, query="auth_token=s3cr3t")
    assert not source("a", "alertmanager", ["s3cr3t"]).admits({}, b"{}", now=NOW, query="token=s3cr3t")
