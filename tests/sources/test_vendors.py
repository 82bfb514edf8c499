"""What vendors document beside what was recorded: firing to resolved of each, and how its states are written."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks.domain.alerts import Known
from tests.sources.bodies import FIRING, NOW, RESOLVED, body_of, only, read, since_1970, utc

# ------------------------------------------------------------------ Datadog: the template of docs/alert-sources.md


def datadog(**more: Any) -> dict[str, Any]:
    return {
        "id": "6890112233445566",
        "alert_id": "1234567",
        "alert_cycle_key": "9f1c",
        "alert_transition": "Triggered",
        "alert_type": "error",
        "alert_priority": "P2",
        "alert_title": "[Triggered on {host:gpu-7}] PSI of score",
        "alert_status": "psi over model:scorer was > 0.2",
        "alert_scope": "host:gpu-7,model:scorer",
        "alert_metric": "psi",
        "alert_query": "avg(last_1h):avg:psi{*} > 0.2",
        "tags": "component:fraud-scorer,env:prod,monitor",
        "hostname": "gpu-7",
        "date": "1795228091000",
        "link": "https://app.datadoghq.com/event/event?id=6890112233445566",
        "text_only_msg": "PSI is high",
    } | more


def test_datadog_from_trigger_to_recovery():
    fires = only("datadog", datadog())
    ends = only(
        "datadog",
        datadog(
            id="6890112233449999", alert_transition="Recovered", alert_title="[Recovered on {host:gpu-7}] PSI of score"
        ),
    )
    assert (fires.fingerprint, fires.name) == (ends.fingerprint, ends.name) == ("cycle:9f1c", "PSI of score")
    assert (fires.status.value, ends.status.value) == (FIRING, RESOLVED)
    assert fires.starts_at == since_1970(1795228091000)
    assert fires.severity == "P2"
    assert {
        "component": "fraud-scorer",
        "env": "prod",
        "host": "gpu-7",
        "model": "scorer",
    }.items() <= fires.labels.items()
    assert fires.said is not None
    assert ends.said is not None
    assert fires.said.known is Known.BY_ID
    assert fires.said.delivery != ends.said.delivery


@pytest.mark.parametrize(
    ("turn", "status"),
    [
        ("Triggered", FIRING), ("Re-Triggered", FIRING), ("Warn", FIRING), ("Re-Warn", FIRING), ("No Data", FIRING),
        ("Re-No Data", FIRING), ("Recovered", RESOLVED), ("OK", RESOLVED), ("${ALERT_TRANSITION}", FIRING),
    ],
)  # fmt: skip
def test_datadog_transitions(turn, status):
    assert only("datadog", datadog(alert_transition=turn)).status.value == status


def test_datadog_without_a_cycle_is_known_by_monitor_and_scope():
    alert = only("datadog", datadog(alert_cycle_key="$ALERT_CYCLE_KEY"))
    assert alert.fingerprint == "monitor:1234567:host:gpu-7,model:scorer"
    assert alert.said is not None
    assert alert.said.known is Known.WHILE_OPEN


def test_datadog_with_keys_of_the_users_own():
    own = {"ALERT_ID": 7, "alertTransition": "Recovered", "event": {"title": "[Recovered] x"}, "AlertCycleKey": "k"}
    alert = only("datadog", own)
    assert (alert.fingerprint, alert.status.value, alert.name) == ("cycle:k", RESOLVED, "x")


def test_datadogs_default_body_tells_the_transition_in_its_title():
    body = {"id": "1", "title": "[Recovered] PSI of score", "last_updated": "1795228091000", "event_type": "query",
            "date": "1795228091000", "body": "over", "org": {"id": "1", "name": "acme"}}  # fmt: skip
    assert only("datadog", body).status.value == RESOLVED
    assert only("datadog", body | {"title": "[Triggered] PSI of score"}).status.value == FIRING
    assert read("datadog", body | {"title": "[Muted] PSI of score"}).rejected[0].aside


# ------------------------------------------------------------------ Sentry


def metric(action: str, **more: Any) -> dict[str, Any]:
    told = {
        "id": "4711", "identifier": "12", "date_started": "2026-11-21T02:10:00Z", "date_closed": None,
        "projects": ["scorer"],
        "alert_rule": {"name": "error rate", "aggregate": "count()", "triggers": [{"alertThreshold": 100}]},
    }  # fmt: skip
    return {
        "action": action,
        "data": {
            "metric_alert": told | more,
            "description_text": "1000 events",
            "web_url": "https://sentry.io/x/4711/",
        },
    }


def test_sentrys_metric_alert_from_warning_to_resolved():
    warns, fires = only("sentry", metric("warning")), only("sentry", metric("critical"))
    ends = only("sentry", metric("resolved", date_closed="2026-11-21T02:30:00Z"))
    assert {alert.fingerprint for alert in (warns, fires, ends)} == {"metric:4711"}
    assert {alert.starts_at for alert in (warns, fires, ends)} == {utc(2026, 11, 21, 2, 10)}
    assert [warns.severity, fires.severity] == ["warning", "critical"]
    assert (ends.status.value, ends.ends_at) == (RESOLVED, utc(2026, 11, 21, 2, 30))
    assert fires.labels["component"] == "scorer"
    assert fires.signal == {"metric": "count()", "limit": "100"}
    assert fires.link == "https://sentry.io/x/4711/"


def test_sentrys_issue_that_comes_back_begins_anew():
    body = body_of("sentry/ipe_issue_created.json") | {"action": "unresolved"}
    alert = only("sentry", body, {"sentry-hook-timestamp": "1795228091", "request-id": "r-1"})
    assert alert.starts_at == since_1970(1795228091000)
    assert alert.said is not None
    assert alert.said.delivery == "r-1"


def test_sentrys_project_stands_in_the_events_address():
    body = body_of("sentry/ipe_event_alert_triggered.json")
    body["data"]["event"]["url"] = "https://sentry.io/api/0/projects/acme/scorer/events/def456/"
    body["data"]["triggered_rule"] = "Page on new errors"
    alert = only("sentry", body)
    assert (alert.labels["component"], alert.labels["rule"]) == ("scorer", "Page on new errors")


@pytest.mark.parametrize(
    "body", [b"", b"  \n", b'{"action": "created", "installation": {}}', b'{"data": {"comment": 1}}']
)
def test_sentrys_other_calls_are_kept_aside(body):
    result = read("sentry", body, {"sentry-hook-resource": "installation"})
    assert result.alerts == []
    assert [kept.aside for kept in result.rejected] == [True]


# ------------------------------------------------------------------ New Relic, Opsgenie


def newrelic(state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "8114ada3-572e-4550-a310-12375371669e",
        "issueUrl": "https://radar-api.service.newrelic.com/accounts/1/issues/8114",
        "title": "scorer error rate is above 5 %",
        "priority": "CRITICAL",
        "impactedEntities": ["fraud-scorer"],
        "totalIncidents": 1,
        "state": state,
        "createdAt": 1795226400000,
        "updatedAt": 1795227600000,
        "alertPolicyNames": ["models"],
        "alertConditionNames": ["error rate"],
        "workflowName": "muster",
    } | more


@pytest.mark.parametrize(
    ("state", "status"),
    [("CREATED", FIRING), ("ACTIVATED", FIRING), ("ACKNOWLEDGED", FIRING), ("CLOSED", RESOLVED)],
)
def test_new_relics_issue(state, status):
    alert = only("newrelic", newrelic(state))
    assert alert.status.value == status  # state
    assert alert.starts_at == since_1970(1795226400000)  # createdAt
    assert (alert.ends_at is None) == (status == FIRING)
    assert (alert.name, alert.severity, alert.labels["component"]) == ("error rate", "critical", "fraud-scorer")


def test_new_relics_lists_may_be_texts_and_templates_unfilled():
    alert = only("newrelic", newrelic("ACTIVATED", impactedEntities='["a", "b"]', alertConditionNames="{{ json x }}"))
    assert alert.labels["entity"] == "a, b"
    assert "component" not in alert.labels
    assert alert.name == "scorer error rate is above 5 %"


def test_new_relics_test_call_and_unknown_states():
    legacy = body_of("newrelic/notification_v3_channel.json")
    assert read("newrelic", legacy | {"current_state": "test"}).rejected[0].aside
    assert not read("newrelic", newrelic("PERHAPS")).rejected[0].aside
    assert only("newrelic", legacy | {"current_state": "closed"}).status.value == RESOLVED


@pytest.mark.parametrize(
    ("action", "status"),
    [("Create", FIRING), ("Acknowledge", FIRING), ("AddNote", FIRING), ("Close", RESOLVED), ("Delete", RESOLVED)],
)
def test_opsgenies_actions(action, status):
    body = body_of("opsgenie/close.json") | {"action": action}
    body["alert"] |= {"tags": ["prod", "component:scorer"], "priority": "P1", "details": {"region": "eu"}}
    alert = only("opsgenie", body)
    assert alert.status.value == status
    assert alert.severity == "P1"
    assert {"component": "scorer", "prod": "true", "region": "eu"}.items() <= alert.labels.items()
    assert alert.said is not None
    assert action in alert.said.delivery


# ------------------------------------------------------------------ clouds


@pytest.mark.parametrize("file", ["metric_alert_static_threshold", "smart_alert", "logsearchalerts"])
def test_azure_from_fired_to_resolved(file):
    body = body_of(f"azure_monitor/{file}.json")
    fires = only("azure_monitor", body)
    body["data"]["essentials"] |= {"monitorCondition": "Resolved", "resolvedDateTime": "2026-11-21T02:30:00Z"}
    ends = only("azure_monitor", body)
    assert (fires.fingerprint, fires.starts_at) == (ends.fingerprint, ends.starts_at)
    assert (ends.status.value, ends.ends_at) == (RESOLVED, utc(2026, 11, 21, 2, 30))


@pytest.mark.parametrize(
    ("severity", "word"), [("Sev0", "critical"), ("Sev1", "error"), ("Sev2", "warning"), ("Sev4", "info")]
)
def test_azures_severities(severity, word):
    body = body_of("azure_monitor/smart_alert.json")
    body["data"]["essentials"]["severity"] = severity
    assert only("azure_monitor", body).severity == word


def test_azures_older_schema():
    context = {
        "timestamp": "2026-11-21T02:10:00Z", "id": "/subscriptions/1/alertrules/l", "name": "latency", "severity": "1",
        "resourceName": "scorer", "portalLink": "https://portal.azure.com/#resource/x",
        "condition": {"allOf": [{"metricName": "Latency", "metricValue": 7, "threshold": "5"}]},
    }  # fmt: skip
    body = {
        "schemaId": "AzureMonitorMetricAlert",
        "data": {"context": context, "status": "Activated", "properties": {}},
    }
    alert = only("azure_monitor", body)
    assert (alert.name, alert.severity, alert.labels["component"]) == ("latency", "error", "scorer")
    assert alert.signal == {"metric": "Latency", "value": "7", "limit": "5"}
    body["data"]["status"] = "Deactivated"  # type: ignore[index]
    assert only("azure_monitor", body).status.value == RESOLVED


@pytest.mark.parametrize(
    ("severity", "word"), [("Critical", "critical"), ("No severity", "warning"), (None, "warning")]
)
def test_googles_severity_is_the_policys_or_a_label(severity, word):
    body = body_of("gcp_monitoring/keep_mock_high_memory_usage.json")
    body["incident"]["severity"] = severity
    assert only("gcp_monitoring", body).severity == word


@pytest.mark.parametrize("state", ["CLOSED", "Closed", "closed"])
def test_googles_states_in_any_case(state):
    body = body_of("gcp_monitoring/v1_open_alerta.json")
    body["incident"] |= {"state": state, "ended_at": 1499368836}
    assert only("gcp_monitoring", body).status.value == RESOLVED


# ------------------------------------------------------------------ status pages, models


def component(old: str, new: str) -> dict[str, Any]:
    return {
        "page": {"id": "p1"},
        "component_update": {
            "created_at": "2026-11-21T02:10:00Z",
            "new_status": new,
            "old_status": old,
            "component_id": "c1",
        },
        "component": {"id": "c1", "name": "API", "status": new},
    }


def test_a_component_of_a_status_page():
    fires, ends = (
        only("statuspage", component("operational", "major_outage")),
        only("statuspage", component("x", "operational")),
    )
    assert fires.fingerprint == ends.fingerprint == "component:c1"
    assert (fires.status.value, fires.severity, fires.labels["component"]) == (FIRING, "critical", "API")
    assert (ends.status.value, ends.ends_at) == (RESOLVED, utc(2026, 11, 21, 2, 10))
    assert read("statuspage", component("x", "under_maintenance")).rejected[0].aside


@pytest.mark.parametrize(
    ("status", "found"),
    [("investigating", FIRING), ("monitoring", FIRING), ("resolved", RESOLVED), ("postmortem", RESOLVED),
     ("scheduled", "aside"), ("in_progress", "aside"), ("perhaps", "kept")],
)  # fmt: skip
def test_states_of_an_incident_of_a_status_page(status, found):
    body = body_of("statuspage/incident_created.json")
    body["incident"] |= {"status": status, "resolved_at": "2026-11-21T02:30:00Z", "impact": "critical"}
    result = read("statuspage", body)
    if result.alerts:
        assert result.alerts[0].status.value == found
        assert result.alerts[0].severity == "critical"
    else:
        assert found == ("aside" if result.rejected[0].aside else "kept")


def langfuse(severity: str) -> dict[str, Any]:
    told = {
        "monitorId": "m1",
        "name": "p95 cost",
        "severity": severity,
        "value": 3.1,
        "threshold": 2,
        "tags": ["component:rag"],
    }
    return {"id": f"d-{severity}", "type": "monitor-alert", "timestamp": "2026-11-21T02:10:00Z", "payload": told}


@pytest.mark.parametrize(
    ("severity", "status", "word"),
    [
        ("ALERT", FIRING, "critical"),
        ("WARNING", FIRING, "warning"),
        ("NO_DATA", FIRING, "warning"),
        ("OK", RESOLVED, ""),
    ],
)
def test_langfuse(severity, status, word):
    alert = only("langfuse", langfuse(severity))
    assert (alert.fingerprint, alert.status.value, alert.severity) == ("monitor:m1", status, word)
    assert (alert.labels["component"], alert.signal["value"], alert.signal["limit"]) == ("rag", "3.1", "2")
    assert alert.said is not None
    assert alert.said.delivery == f"d-{severity}"


def test_langfuse_pauses_and_prompts_say_nothing():
    assert read("langfuse", langfuse("PAUSED")).rejected[0].aside
    prompt = {"id": "d", "type": "prompt-version", "action": "created", "prompt": {"name": "x"}}
    assert read("langfuse", prompt).rejected[0].aside


def test_langsmith():
    body = {
        "project_name": "support-bot", "alert_rule_id": "550e8400", "alert_rule_name": "feedback below 0.7",
        "alert_rule_type": "threshold", "alert_rule_attribute": "feedback_score", "triggered_metric_value": 0.61,
        "triggered_threshold": 0.7, "timestamp": "2026-11-21T02:10:00Z", "alert_rule_url": "https://smith.langchain.com/a",
        "severity": "critical",
    }  # fmt: skip
    alert = only("langsmith", body)
    assert (alert.fingerprint, alert.name, alert.severity) == ("550e8400", "feedback below 0.7", "critical")
    assert alert.starts_at == utc(2026, 11, 21, 2, 10)
    assert alert.labels["component"] == "support-bot"
    assert alert.signal == {"metric": "feedback_score", "value": "0.61", "limit": "0.7"}
    assert alert.said is not None
    assert alert.said.known is Known.WHILE_OPEN


@pytest.mark.parametrize("event", ["spend_tracked", "key_created", "internal_user_created"])
def test_litellms_other_events_open_nothing(event):
    assert read("litellm", body_of("litellm/budget_crossed.json") | {"event": event}).rejected[0].aside


def test_litellm_tells_whose_budget_apart():
    told = body_of("litellm/budget_crossed.json")
    found = {
        only("litellm", told | more).fingerprint
        for more in ({}, {"event_group": "key"}, {"event_group": "team", "team_id": "t"}, {"user_id": "u"})
    }
    assert len(found) == 4
    assert (
        only("litellm", told | {"event": "projected_limit_exceeded", "projected_spend": 7}).signal["projected"] == "7"
    )


@pytest.mark.parametrize(
    "kind", ["batch.completed", "response.completed", "realtime.call.incoming", "eval.run.succeeded"]
)
def test_openais_successes_open_nothing(kind):
    assert read("openai", {"type": kind, "data": {"id": "x"}}).rejected[0].aside


def test_openais_job_with_a_component_of_its_own():
    data = {"id": "ftjob_1", "metadata": {"component": "fraud-scorer"}, "error": {"message": "no data"}}
    alert = only("openai", {"type": "fine_tuning.job.failed", "data": data}, {"Webhook-Id": "wh_1"})
    assert (alert.labels["component"], alert.summary, alert.starts_at) == ("fraud-scorer", "no data", NOW)
    assert alert.said is not None
    assert alert.said.delivery == "wh_1"
