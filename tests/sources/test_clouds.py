"""More bodies of Google Cloud Monitoring and of Azure Monitor, its schemas before the common one among them."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from playbooks.domain.alerts import Known
from playbooks.errors import InputError
from tests.sources.bodies import (
    FIRING,
    NOW,
    RESOLVED,
    At,
    Time,
    body_of,
    check,
    check_file,
    only,
    read,
    since_1970,
    utc,
)

CANARY = "incident"
AZURE = "data.essentials"
ROWS: list[tuple[str, str, dict[str, object]]] = [
    (
        "gcp_monitoring",
        "gcp_monitoring/keep_mock_5xx_errors_production.json",
        {
            "fingerprint": At("incident.incident_id", "prod-5xx-123"),
            "name": At("incident.condition_name", "5XX Error Rate > 5%"),
            "status": FIRING,  # incident.state: OPEN
            "severity": At("incident.metadata.system_labels.severity", "critical"),
            "labels.component": "prod-web-cluster",  # the end of incident.resource_name
            "labels.team": At("incident.policy_user_labels.team", "platform"),
            "signal.value": At("incident.observed_value", "12.5"),
        },
    ),
    (
        "gcp_monitoring",
        "gcp_monitoring/keep_mock_database_latency.json",
        {"fingerprint": At("incident.incident_id", "db-345"), "labels.component": "prod-mysql-main"},
    ),
    (
        "gcp_monitoring",
        "gcp_monitoring/pubsub_open_canary.json",
        {
            "fingerprint": At("incident.incident_id", "0.nrwotmyokd9n"),
            "name": At("incident.condition_name", "VM Instance - Sent packets"),
            "status": FIRING,  # incident.state: open
            "starts_at": Time("incident.started_at", 1746178794, since_1970(1746178794_000)),
            "severity": "error",  # incident.severity: Error
            "labels.component": At(
                "incident.resource_display_name", "gke-hub-cluster-private-pool-containe-de26c8a2-0se1"
            ),
            "labels.zone": At("incident.resource.labels.zone", "europe-west1-b"),
            "link": At(
                "incident.url",
                "https://console.cloud.google.com/monitoring/alerting/alerts/0.nrwotmyokd9n"
                "?channelType=cloud-pubsub&project=flanksource-sandbox",
            ),
        },
    ),
    (
        "gcp_monitoring",
        "gcp_monitoring/pubsub_closed_canary.json",
        {
            "fingerprint": At("incident.incident_id", "0.nrwo9fe1a4wg"),
            "status": RESOLVED,  # incident.state: closed
            "ends_at": Time("incident.ended_at", 1746178747, since_1970(1746178747_000)),
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/log_alert_v2.json",
        {
            "fingerprint": At(f"{AZURE}.originAlertId", "22222222-2222-2222-2222-222222222222"),
            "name": At(f"{AZURE}.alertRule", "test-logAlertRule-v2"),
            "status": FIRING,  # monitorCondition: Fired
            "labels.component": At(f"{AZURE}.configurationItems.0", "test-computer"),
            "labels.Computer": At("data.alertContext.condition.allOf.0.dimensions.0.value", "test-computer"),
            "signal.value": At("data.alertContext.condition.allOf.0.metricValue", 3.0),
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/service_health_alert.json",
        {
            "fingerprint": At(f"{AZURE}.originAlertId", "12345678-1234-1234-1234-1234567890ab"),
            "status": FIRING,  # monitorCondition: Fired
            "labels.stage": At("data.alertContext.properties.stage", "Resolved"),
            "labels.trackingId": At("data.alertContext.properties.trackingId", "TEST-TTT"),
            "labels.component": At("data.alertContext.properties.service", "Azure Service Name"),
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/platform.json",
        {
            "status": RESOLVED,  # monitorCondition: Resolved
            "starts_at": Time(
                f"{AZURE}.firedDateTime", "2019-03-22T13:58:24.3713213Z", utc(2019, 3, 22, 13, 58, 24, 371321)
            ),
            "ends_at": Time(
                f"{AZURE}.resolvedDateTime", "2019-03-22T14:03:16.2246313Z", utc(2019, 3, 22, 14, 3, 16, 224631)
            ),
            "labels.component": At(f"{AZURE}.configurationItems.0", "wcus-r2-gen2"),
        },
    ),
]


@pytest.mark.parametrize(("kind", "file", "expected"), ROWS, ids=[row[1] for row in ROWS])
def test_field_by_field(kind: str, file: str, expected: dict[str, object]) -> None:
    check_file(kind, file, [expected])


# ------------------------------------------------------------------ Google Cloud


def pushed(body: object) -> dict[str, Any]:
    data = b64encode(json.dumps(body).encode()).decode()
    return {"message": {"data": data, "messageId": "2070443601311540"}, "subscription": "projects/p/subscriptions/s"}


def test_a_push_of_pub_sub_is_the_same_body() -> None:
    body = body_of("gcp_monitoring/pubsub_open_canary.json")
    wrapped, bare = only("gcp_monitoring", pushed(body)), only("gcp_monitoring", body)
    assert (wrapped.fingerprint, wrapped.starts_at, wrapped.labels) == (bare.fingerprint, bare.starts_at, bare.labels)
    assert wrapped.said is not None
    assert wrapped.said.delivery == "2070443601311540"  # message.messageId


@pytest.mark.parametrize("body", [pushed({"budgetDisplayName": "b"}), {"message": {"data": "%"}}, {"message": "x"}])
def test_another_push_is_kept_for_triage(body: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        read("gcp_monitoring", body)
    assert refused.value.code == "not_mappable"


@pytest.mark.parametrize("more", [{"version": "test"}, {"incident": {"incident_id": "1", "state": "acknowledged"}}])
def test_what_opens_nothing_there(more: dict[str, Any]) -> None:
    assert read("gcp_monitoring", body_of("gcp_monitoring/v1_open_alerta.json") | more).rejected[0].aside


@pytest.mark.parametrize(
    ("more", "component"),
    [
        ({"resource_name": "Uptime Check URL labels {host=api}", "resource": {"labels": {"host": "api"}}}, "api"),
        ({"resource_name": "p rev labels {a=b}", "resource": {"labels": {"service_name": "scorer"}}}, "scorer"),
        ({"resource_name": "p job labels {a=b}", "resource": {"labels": {"job_name": "train"}}}, "train"),
        ({"resource_name": "p rev", "resource_display_name": "p rev labels {host=h}"}, "p rev"),
        ({"resource_name": "webserver-85"}, "webserver-85"),
        ({"resource_name": "p vm-1", "resource_display_name": "vm-1"}, "vm-1"),
        ({"resource_name": "x/y", "policy_user_labels": {"component": "ranker"}}, "ranker"),
    ],
)
def test_what_is_watched(more: dict[str, Any], component: str) -> None:
    incident = {"incident_id": "0.x", "state": "open", "policy_name": "p"} | more
    assert only("gcp_monitoring", {"incident": incident, "version": "1.2"}).labels["component"] == component


# ------------------------------------------------------------------ Azure: older schemas, as its guides show them


def metric(status: str, value: str = "GetBlob") -> dict[str, Any]:
    one = {"metricName": "Transactions", "threshold": "0", "metricValue": 100}
    resource = "/subscriptions/s/resourceGroups/test-RG/providers/Microsoft.Storage/storageAccounts/test-storageAccount"
    context = {
        "timestamp": "2021-11-15T09:35:12.9703687Z", "id": "/subscriptions/s/metricAlerts/test-metricAlertRule",
        "name": "test-metricAlertRule", "description": "Alert rule description", "severity": "3",
        "condition": {"windowSize": "PT5M", "allOf": [one | {"dimensions": [{"name": "ApiName", "value": value}]}]},
        "resourceName": "test-storageAccount", "resourceId": resource, "resourceGroupName": "test-RG",
        "portalLink": "https://portal.azure.com/#resource/subscriptions/s",
    }  # fmt: skip
    return {
        "schemaId": "AzureMonitorMetricAlert",
        "data": {"version": "2.0", "properties": {"customKey1": "value1"}, "status": status, "context": context},
    }


def test_a_metric_alert_of_the_second_schema() -> None:
    fires, ends = only("azure_monitor", metric("Activated")), only("azure_monitor", metric("Deactivated"))
    assert (fires.status.value, ends.status.value, fires.severity) == (FIRING, RESOLVED, "info")  # severity: 3
    assert fires.fingerprint == ends.fingerprint != only("azure_monitor", metric("Activated", "PutBlob")).fingerprint
    assert fires.starts_at == ends.ends_at == utc(2021, 11, 15, 9, 35, 12, 970368)  # context.timestamp
    labels = {"ApiName": "GetBlob", "customKey1": "value1", "component": "test-storageAccount"}
    assert labels.items() <= fires.labels.items()
    assert fires.said is not None
    assert fires.said.known is Known.WHILE_OPEN
    assert fires.signal == {"metric": "Transactions", "value": "100", "limit": "0"}


def test_a_classic_metric_alert_and_a_scaled_resource() -> None:
    context = {
        "timestamp": "2015-08-14T22:26:41.9975398Z", "id": "/alertrules/ruleName1", "name": "ruleName1",
        "condition": {"metricName": "Requests", "metricValue": "10", "threshold": "10"}, "resourceName": "mysite1",
        "resourceId": "/sites/mysite1", "description": "some description",
    }  # fmt: skip
    alert = only("azure_monitor", {"status": "Activated", "context": context, "properties": {"key1": "value1"}})
    assert (alert.name, alert.summary) == ("ruleName1", "some description")
    assert alert.labels["component"] == "mysite1"  # context.resourceName
    assert alert.signal["value"] == "10"  # context.condition.metricValue
    scaled = {"status": "Activated", "operation": "Scale Out", "context": {"name": "a", "newCapacity": "3"}}
    assert read("azure_monitor", scaled).rejected[0].aside


def activity(**more: Any) -> dict[str, Any]:
    log = {"eventSource": "Administrative", "eventTimestamp": "2021-11-16T08:27:36.18+00:00", "level": "Informational"}
    told = {"activityLog": log | {"eventDataId": "e-1", "operationName": "Microsoft.Compute/restart/action"} | more}
    return {"schemaId": "Microsoft.Insights/activityLogs", "data": {"status": "Activated", "context": told}}


def test_activity_is_known_by_itself() -> None:
    resource = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/test-VM"
    alert = only("azure_monitor", activity(resourceId=resource))
    expected = {
        "fingerprint": "e-1",  # eventDataId
        "name": "Microsoft.Compute/restart/action",  # operationName
        "status": FIRING,
        "severity": "info",  # level
        "starts_at": utc(2021, 11, 16, 8, 27, 36, 180000),  # eventTimestamp
        "labels.component": "test-VM",  # the end of resourceId
    }
    check(alert, {}, expected)


def test_service_health_from_active_to_resolved() -> None:
    found = []
    for number, stage in enumerate(("Active", "Resolved")):
        facts = {"title": "VMs - Australia East", "service": "Virtual Machines", "trackingId": "0NIH", "stage": stage}
        body = activity(
            eventSource="ServiceHealth",
            eventDataId=f"e-{number}",
            properties=facts,
            eventTimestamp=f"2017-10-18T23:4{number}:25Z",
        )
        found.append(only("azure_monitor", body))
    fires, ends = found
    assert (fires.status.value, ends.status.value) == (FIRING, RESOLVED)  # activityLog.properties.stage
    assert fires.fingerprint == ends.fingerprint == "servicehealth:0NIH"  # eventSource, properties.trackingId
    assert ends.ends_at == utc(2017, 10, 18, 23, 41, 25)
    assert (fires.name, fires.labels["component"]) == ("VMs - Australia East", "Virtual Machines")


@pytest.mark.parametrize(("health", "status"), [("Unavailable", FIRING), ("Available", RESOLVED)])
def test_a_resources_health(health: str, status: str) -> None:
    facts = {"title": "health status changed", "currentHealthStatus": health}
    alert = only("azure_monitor", activity(eventSource="ResourceHealth", resourceId="/vm/gpu-7", properties=facts))
    assert (alert.fingerprint, alert.status.value) == ("resourcehealth:/vm/gpu-7", status)
    assert alert.labels["component"] == "gpu-7"


LOG = {
    "SubscriptionId": "s-1", "AlertRuleName": "AcmeRule", "SearchQuery": "Perf", "Description": "log alert rule",
    "SearchIntervalEndtimeUtc": "2018-03-26T09:10:40Z", "AlertThresholdValue": 0, "ResultCount": 2,
    "LinkToSearchResults": "https://portal.azure.com/#x", "Severity": "Warning", "AlertType": "Metric measurement",
    "AffectedConfigurationItems": ["INC-Gen2Alert"], "Dimensions": [{"name": "Computer", "value": "INC-Gen2Alert"}],
}  # fmt: skip


@pytest.mark.parametrize("body", [LOG, {"schemaId": "Microsoft.Insights/LogAlert", "data": LOG}])
def test_a_log_alert_before_the_common_schema(body: dict[str, Any]) -> None:
    alert = only("azure_monitor", body)
    expected = {
        "fingerprint": "s-1:AcmeRule:Computer=INC-Gen2Alert",  # SubscriptionId, AlertRuleName, Dimensions
        "name": "AcmeRule",
        "severity": "warning",
        "summary": "log alert rule",  # Description
        "starts_at": utc(2018, 3, 26, 9, 10, 40),  # SearchIntervalEndtimeUtc
        "labels.component": "INC-Gen2Alert",  # AffectedConfigurationItems.0
        "link": "https://portal.azure.com/#x",
        "signal.value": "2",  # ResultCount
    }
    check(alert, {}, expected)


def test_log_alerts_in_older_spellings() -> None:
    older = LOG | {"SearchIntervalEndtimeUtc": "3/22/2019 1:51:33 PM", "Severity": "1", "Dimensions": None}
    alert = only("azure_monitor", older)
    assert (alert.starts_at, alert.severity) == (utc(2019, 3, 22, 13, 51, 33), "error")
    assert alert.fingerprint == "s-1:AcmeRule"


def budget(**more: Any) -> dict[str, Any]:
    essentials = {
        "monitoringService": "CostAlerts", "firedDateTime": "2025-04-15T17:49:34.022Z", "description": "over budget",
        "alertId": "/alerts/1", "alertRule": None, "severity": None, "monitorCondition": "Fired", "originAlertId": None,
        "alertTargetIDs": None, "configurationItems": ["budgets"],
    }  # fmt: skip
    data = {
        "BudgetName": "b", "BudgetId": "/budgets/b", "ThresholdType": "Actual", "NotificationThresholdAmount": "$25.00",
        "SpentAmount": "$11,111.00",
    }  # fmt: skip
    context = {"AlertCategory": "budgets", "AlertData": data | more}
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials, "alertContext": context}}


def test_a_budget_is_known_by_itself_and_its_threshold() -> None:
    alert = only("azure_monitor", budget())
    assert alert.fingerprint == "budget:/budgets/b:Actual:$25.00"
    assert (alert.name, alert.status.value, alert.summary) == ("budget b", FIRING, "over budget")
    assert alert.signal == {"metric": "spend", "value": "$11,111.00", "limit": "$25.00"}
    assert alert.fingerprint != only("azure_monitor", budget(ThresholdType="Forecasted")).fingerprint
    older = {"schemaId": "AIP Budget Notification", "data": {"BudgetName": "b", "SpendingAmount": "100", "Unit": "USD"}}
    assert only("azure_monitor", older).fingerprint == "budget:b"


def test_a_prometheus_rule_of_azure() -> None:
    body = body_of("azure_monitor/log_alert_v2.json")
    body["data"]["essentials"] |= {"description": "", "configurationItems": []}
    labels = {"Environment": "Prod", "component": "fraud-scorer"}
    body["data"]["alertContext"] = {
        "expression": "sql_up > 0", "expressionValue": "0", "labels": labels, "annotations": {"summary": "SQL is down"},
    }  # fmt: skip
    alert = only("azure_monitor", body)
    assert (alert.summary, alert.labels["component"]) == ("SQL is down", "fraud-scorer")
    assert alert.signal["value"] == "0"  # alertContext.expressionValue
    assert alert.annotations["query"] == "sql_up > 0"  # alertContext.expression
    assert alert.starts_at != NOW


@pytest.mark.parametrize(
    "body", [{"data": {"text": "My Alert Rule fired"}}, {"context": 7}, {"data": {"essentials": 1}}]
)
def test_a_body_of_ones_own_is_kept_for_triage(body: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        read("azure_monitor", body)
    assert refused.value.code == "not_mappable"
