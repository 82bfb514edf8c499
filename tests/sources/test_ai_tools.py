"""Bodies of the tools around models, from their own code and documents: each value names where it stands."""

from __future__ import annotations

import hmac
from typing import Any

import pytest

from bot.web.sources import source
from tests.sources.bodies import (
    FIRING,
    NOW,
    PAYLOADS,
    RESOLVED,
    At,
    Time,
    body_of,
    check_file,
    only,
    read,
    since_1970,
    utc,
)

RADAR = "https://radar-api.service.newrelic.com/accounts"
GX_FAILED = {
    "status": FIRING,  # success is false
    "severity": "critical",  # the worst of expectation_config.severity
    "summary": "2 of 2 expectations failed: expect_column_values_to_not_be_null (merchant_7d), "
    "expect_column_values_to_be_between (amount)",
}
LANGFUSE = {"status": FIRING, "severity": "critical", "signal.window": At("payload.window", "1h")}  # severity: ALERT

ROWS = [
    (
        "langfuse",
        "langfuse/monitor_alert.json",
        LANGFUSE
        | {
            "fingerprint": "monitor:monitor_abc123",  # payload.monitorId
            "name": At("payload.message.title", "avg latency crossed alert threshold"),
            "summary": At("payload.message.body", "avg latency is 1234 ms (threshold: 1000 ms) over the last 1 hour"),
            "starts_at": Time("payload.timestamp", "2024-07-10T10:30:00Z", utc(2024, 7, 10, 10, 30)),
            "link": At("payload.permalink", "https://cloud.langfuse.com/project/proj_xyz789/monitors/monitor_abc123"),
            "labels.project": At("payload.projectId", "proj_xyz789"),
            "signal.metric": "avg latency",  # payload.message.body
            "signal.value": "1234",  # payload.message.body
            "signal.limit": "1000",  # payload.message.body
        },
    ),
    (
        "langfuse",
        "langfuse/monitor_alert_schema_test.json",
        {
            "name": At("payload.message.title", "High error rate"),
            "summary": At("payload.message.body", "errors > 100"),
            "starts_at": Time("payload.timestamp", "2026-05-18T12:01:00.000Z", utc(2026, 5, 18, 12, 1)),
            "signal.window": At("payload.window", "300000"),
        },
    ),
    (
        "mlflow",
        "mlflow_budgets/budget_policy_exceeded_example.json",
        {
            "fingerprint": "budget:bp-abc123:1704067200000",  # data.budget_policy_id, data.window_start
            "status": FIRING,
            "severity": "critical",
            "summary": "budget policy bp-abc123 is exceeded: 105.5 of 100.0 USD in 1 months",
            "starts_at": Time("timestamp", "2026-11-21T02:10:00.000000+00:00", utc(2026, 11, 21, 2, 10)),
            "labels.component": At("data.target_value", "ep-abc123"),  # data.target_scope is ENDPOINT
            "labels.scope": At("data.target_scope", "ENDPOINT"),
            "labels.workspace": At("data.workspace", "default"),
            "signal.value": At("data.current_spend", 105.5),
            "signal.limit": At("data.budget_amount", 100.0),
        },
    ),
    (
        "newrelic",
        "newrelic/issue_activated.json",
        {
            "fingerprint": "issue:c5faa7e6-7b54-402d-af79-f99601e0278c",  # id
            "name": At("alertConditionNames.0", "Zulip Server Low Storage"),
            "status": FIRING,  # state: ACTIVATED
            "severity": "critical",  # priority: CRITICAL
            "starts_at": Time("createdAt", 1713755131352, since_1970(1713755131352)),
            "summary": At("title", "zulip_app query result is > 1.0 for 1 minutes on 'Zulip Server Low Storage'"),
            "labels.component": At("impactedEntities.0", "zulip_app"),
            "labels.policy": At("alertPolicyNames.0", "Golden Signals"),
            "link": At("issueUrl", f"{RADAR}/4420147/issues/c5faa7e6-7b54-402d-af79-f99601e0278c?notifier=WEBHOOK"),
        },
    ),
    (
        "newrelic",
        "newrelic/issue_closed.json",
        {
            "fingerprint": "issue:95a9344a-2590-48ce-8d83-07e28b6d22c6",  # id
            "status": RESOLVED,  # state: CLOSED
            "starts_at": Time("createdAt", 1713766590228, since_1970(1713766590228)),
            "ends_at": Time("updatedAt", 1713766657383, since_1970(1713766657383)),
        },
    ),
    ("newrelic", "newrelic/issue_closed_time_too_large.json", {"status": RESOLVED, "ends_at": NOW}),
    (
        "newrelic",
        "newrelic/issue_without_id.json",
        {"fingerprint": "issue:0ea2df1c-adab-45d2-aae0-042b609d2322", "status": FIRING},  # issueUrl; state: CREATED
    ),
    ("newrelic", "newrelic/issue_without_times.json", {"status": FIRING, "starts_at": NOW}),
    (
        "newrelic",
        "newrelic/issue_own_template.json",
        {
            "fingerprint": "issue:8ceed342-f305-4bfa-adb8-97ba93f5dd26",  # id
            "name": At("condition_name", "Server Down"),
            "status": FIRING,  # state: activated
            "summary": At("details", "Violation description test."),
            "labels.policy": At("alertPolicyNames.0", "Test policy name"),
        },
    ),
    (
        "newrelic",
        "newrelic/legacy_closed.json",
        {
            "fingerprint": "incident:1234",  # incident_id
            "name": At("condition_name", "Server Down"),
            "status": RESOLVED,  # current_state: closed
            "ends_at": Time("timestamp", 1605133931151, since_1970(1605133931151)),
            "link": At("incident_url", "https://alerts.newrelic.com/accounts/2941966/incidents/1234"),
        },
    ),
    (
        "litellm",
        "litellm/team_budget_crossed.json",
        {
            "fingerprint": "budget_crossed:team:t-1",  # event, event_group, team_id
            "severity": "critical",
            "summary": "Team Budget: Budget Crossed Total Budget:25.0",  # event_message
            "labels.component": At("team_alias", "fraud-scorer"),
            "signal.value": At("spend", 25.4),
            "signal.limit": At("max_budget", 25.0),
        },
    ),
    (
        "great_expectations",
        "great_expectations/checkpoint_result_passed.json",
        {
            "fingerprint": "expectations:feature_store-fraud_features",  # the first expectation's kwargs.batch_id
            "status": RESOLVED,  # validation_results[0].success is true
            "summary": "",
        },
    ),
    (
        "great_expectations",
        "great_expectations/validation_result_failed.json",
        GX_FAILED
        | {
            "fingerprint": "expectations:fraud_suite:fraud_features",  # suite_name, data_asset_name
            "starts_at": Time(
                "meta.validation_time",
                "2026-11-21T23:42:23.997028+00:00",
                utc(2026, 11, 21, 23, 42, 23, 997028),
            ),
            "labels.asset": At("meta.active_batch_definition.data_asset_name", "fraud_features"),
        },
    ),
    (
        "great_expectations",
        "great_expectations/api_notification_failed.json",
        GX_FAILED
        | {
            "labels.suite": At("0.test_suite_name", "fraud_suite"),
            "labels.asset": At("0.data_asset_name", "feature_store-fraud_features"),
        },
    ),
    (
        "evidently",
        "evidently/drift_report_without_tests.json",
        {
            "status": FIRING,  # metrics[0].value.share is above its config.drift_share
            "summary": "share of drifted columns is 1.0, limit 0.5: amount, country",  # metrics[1], metrics[2]
            "signal.value": At("metrics.0.value.share", 1.0),
            "signal.limit": At("metrics.0.config.drift_share", 0.5),
        },
    ),
]


@pytest.mark.parametrize(("kind", "file", "expected"), ROWS, ids=[row[1] for row in ROWS])
def test_a_body(kind, file, expected):
    check_file(kind, file, [expected])


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("issue_unknown_state", "'hello world' is neither open nor closed"),
        ("legacy_without_number", "no `incident_id`"),
    ],
)
def test_new_relics_bodies_that_say_too_little_are_kept_with_their_reason(file, why):
    result = read("newrelic", (PAYLOADS / f"newrelic/{file}.json").read_bytes())
    assert result.alerts == []
    assert why in result.rejected[0].reason


@pytest.mark.parametrize("file", ["legacy_test_suite", "own_tests_report", "quantiles_report"])
def test_each_of_evidentlys_tests_is_a_series_of_its_own(file):
    body = body_of(f"evidently/{file}.json")
    result = read("evidently", body)
    assert result.rejected == []
    assert [alert.name for alert in result.alerts] == [test["name"] for test in body["tests"]]
    assert [alert.status.value == RESOLVED for alert in result.alerts] == [
        test["status"] == "SUCCESS" for test in body["tests"]
    ]
    assert len({alert.fingerprint for alert in result.alerts}) == len(result.alerts) > 2
    assert not any("**" in alert.summary for alert in result.alerts)


def test_evidentlys_columns_where_the_data_set_as_a_whole_is_not_judged():
    body = body_of("evidently/drift_report_without_tests.json")
    body["metrics"] = body["metrics"][1:]
    body["metrics"][1]["config"]["threshold"] = 0.01  # of a p-value, which is 0.0179
    drifts, holds = read("evidently", body | {"component": "fraud-scorer"}).alerts
    assert (drifts.fingerprint, drifts.status.value, drifts.severity) == (
        "drift:fraud-scorer:amount",
        FIRING,
        "warning",
    )
    assert (holds.name, holds.status.value) == ("drift of country", RESOLVED)
    body["metrics"][1]["config"]["method"] = "Jensen-Shannon distance"
    assert read("evidently", body).alerts[1].status.value == FIRING
    told = {"column_name": "x", "drift_detected": True, "drift_score": 0.3, "stattest_threshold": 0.1}
    old = only("evidently", {"metrics": [{"metric": "ColumnDriftMetric", "result": told}]})
    assert (old.status.value, old.signal["value"], old.signal["limit"]) == (FIRING, "0.3", "0.1")


# ------------------------------------------------------------------ New Relic: templates of their own


def legacy(**more: Any) -> dict[str, Any]:
    told = body_of("newrelic/legacy_closed.json")
    return {key: value for key, value in (told | more).items() if value is not None}


@pytest.mark.parametrize(
    ("state", "found"),
    [("INCIDENT_OPEN", FIRING), ("INCIDENT_ACKNOWLEDGED", FIRING), ("INCIDENT_RESOLVED", RESOLVED)],
)
def test_new_relics_event_type_says_it_where_no_state_does(state, found):
    body = legacy(current_state=None, event_type=state)
    assert only("newrelic", body).status.value == found
    assert only("newrelic", body | {"current_state": "$EVENT_STATE"}).status.value == found


def test_new_relics_workflow_in_the_legacy_form():
    body = legacy(
        current_state="ACTIVATED", incident_id="c5faa7e6-7b54", duration="60000", severity="CRITICAL",
        targets='[{"name": "fraud-scorer", "labels": {"team": "risk"}}]',
    )  # fmt: skip
    alert = only("newrelic", body)
    assert (alert.fingerprint, alert.status.value, alert.severity) == ("incident:c5faa7e6-7b54", FIRING, "critical")
    assert alert.starts_at == since_1970(1605133931151 - 60000)
    assert {"component": "fraud-scorer", "team": "risk"}.items() <= alert.labels.items()
    assert only("newrelic", body | {"targets": "[oops"}).status.value == FIRING
    capitals = [{"name": "My Application", "labels": {"Service": "Account Service", "Team": "APM Team"}}]
    assert only("newrelic", body | {"targets": capitals}).labels["component"] == "Account Service"


def test_new_relics_title_may_be_a_list():
    body = body_of("newrelic/issue_without_id.json") | {"title": ["too slow"], "alertConditionNames": None}
    alert = only("newrelic", body)
    assert (alert.name, alert.summary) == ("too slow", "too slow")


# ------------------------------------------------------------------ Langfuse


@pytest.mark.parametrize(
    ("severity", "body", "status", "metric", "limit"),
    [
        ("WARNING", "`p95(observations.latency)` is **above** `3000` over the last **1h**", FIRING,
         "p95(observations.latency)", "3000"),
        ("NO_DATA", "`avg(scores-numeric.value)` has no data over the last **1d**", FIRING,
         "avg(scores-numeric.value)", ""),
        ("OK", "`p95(observations.latency)` recovered", RESOLVED, "p95(observations.latency)", ""),
    ],
)  # fmt: skip
def test_langfuses_sentences(severity, body, status, metric, limit):
    told = body_of("langfuse/monitor_alert.json")
    told["payload"] |= {"severity": severity, "message": {"title": f"[{severity}] slow answers", "body": body}}
    alert = only("langfuse", told)
    assert (alert.status.value, alert.name) == (status, "slow answers")
    assert (alert.signal["metric"], alert.signal.get("limit", "")) == (metric, limit)
    assert "`" not in alert.summary
    assert "*" not in alert.summary


def test_langfuses_filters_say_what_it_looks_at():
    told = body_of("langfuse/monitor_alert.json")
    told["payload"]["filters"] = [
        {"column": "environment", "operator": "any of", "value": ["production"], "type": "stringOptions"},
        {"column": "metadata", "key": "component", "operator": "=", "value": "rag", "type": "stringObject"},
        {"column": "traceName", "operator": "none of", "value": ["load-test"], "type": "stringOptions"},
        {"column": "model", "operator": "any of", "value": ["a", "b"], "type": "stringOptions"},
        None,
    ]
    labels = only("langfuse", told).labels
    assert {"environment": "production", "component": "rag"}.items() <= labels.items()
    assert "traceName" not in labels
    assert "model" not in labels


def test_langfuses_monitors_that_were_not_evaluated_say_nothing():
    told = body_of("langfuse/monitor_alert.json")
    told["payload"]["severity"] = "UNKNOWN"
    assert read("langfuse", told).rejected[0].aside


def test_langfuses_own_failures():
    event = {
        "eventType": "evaluator-blocked", "severity": "ALERT", "projectId": "p-1", "projectName": "support-bot",
        "resourceId": "e-1", "resourceName": "faithfulness", "message": "The model is not reachable.",
        "url": "https://cloud.langfuse.com/project/p-1/evals", "blockReason": "LLM_CONNECTION_MISSING",
    }  # fmt: skip
    body = {"id": "x-1", "timestamp": "2026-11-21T02:10:00Z", "type": "project-notification", "apiVersion": "v1"}
    alert = only("langfuse", body | {"event": event})
    assert (alert.fingerprint, alert.name) == ("evaluator-blocked:p-1:e-1", "evaluator blocked faithfulness")
    assert (alert.severity, alert.labels["component"], alert.link) == ("error", "support-bot", event["url"])
    assert alert.starts_at == utc(2026, 11, 21, 2, 10)
    assert read("langfuse", body | {"event": {}}).rejected[0].aside


def test_langfuses_signature():
    body, secret = (PAYLOADS / "langfuse/monitor_alert.json").read_bytes(), "lf-whsec_" + "0a" * 32
    stamp = str(int(NOW.timestamp()))
    made = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256").hex()
    one = source("any", "langfuse", [secret])
    assert one.admits({"x-langfuse-signature": f"t={stamp},v1={made}"}, body, now=NOW)
    assert not one.admits({"x-langfuse-signature": f"t={stamp},v1={made}"}, body + b" ", now=NOW)
    assert not one.admits({"x-langfuse-signature": f"t={int(stamp) - 301},v1={made}"}, body, now=NOW)
