"""Every recorded body of a vendor, field by field: each expected value names where in the body it stands."""

import pytest

from bot.providers.sources import KINDS
from playbooks.errors import InputError
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

GCP_STARTED = Time("incident.started_at", 1499368214, since_1970(1499368214_000))
AZURE = "data.essentials"
SENTRY_SEEN = Time("data.issue.firstSeen", "2022-04-04T18:17:18.320000Z", utc(2022, 4, 4, 18, 17, 18, 320000))
ISSUE = {
    "fingerprint": "issue:123",  # data.issue.id
    "name": At("data.issue.title", "Error #1: This is a test error!"),
    "severity": At("data.issue.level", "error"),
    "labels.project": At("data.issue.project.slug", "ipe"),
    "labels.component": At("data.issue.project.slug", "ipe"),
    "starts_at": SENTRY_SEEN,
}
METRIC = {
    "fingerprint": "metric:789",  # data.metric_alert.id
    "name": At("data.metric_alert.alert_rule.name", "metric alert"),
    "status": FIRING,
    "starts_at": NOW,
    "summary": At("data.description_text", "5 events in the last 10 minutes"),
}
OPENAI = {
    "status": FIRING,
    "starts_at": Time("created_at", 1719168000, since_1970(1719168000_000)),
}

ROWS = [
    (
        "sns",
        "cloudwatch_sns/notification_insufficient_data_alerta.json",
        {
            "fingerprint": "1234567890:EU (Ireland):notificationCountAlarm",  # Message: AWSAccountId, Region, AlarmName
            "name": "notificationCountAlarm",  # Message: AlarmName
            "status": RESOLVED,  # Message: NewStateValue is INSUFFICIENT_DATA
            "ends_at": utc(2019, 5, 13, 8, 41, 43, 548000),  # Message: StateChangeTime
            "summary": "number of notifications exceeded",  # Message: AlarmDescription
            "labels.TopicName": "alerta-test",  # Message: Trigger.Dimensions[0]
            "signal.metric": "NumberOfNotificationsDelivered",  # Message: Trigger.MetricName
            "signal.limit": "0.0",  # Message: Trigger.Threshold
        },
    ),
    (
        "eventbridge",
        "eventbridge/codedeploy_deployment_event.json",
        {
            "name": At("detail-type", "CodeDeploy Deployment State-change Notification"),
            "status": RESOLVED,  # detail.state: SUCCESS
            "ends_at": Time("time", "2016-06-30T22:06:31Z", utc(2016, 6, 30, 22, 6, 31)),
            "labels.component": At("detail.application", "myApplication"),
            "labels.region": At("region", "us-east-1"),
        },
    ),
    (
        "datadog",
        "datadog/keep_mock_high_cpu_usage.json",
        {
            "fingerprint": "monitor:1234567890:High CPU Usage",  # monitor_id, title: there are no scopes
            "name": At("title", "High CPU Usage"),
            "status": FIRING,
            "severity": At("priority", "P3"),
            "labels.team": "backend",  # tags
            "labels.environment": "production",  # tags
        },
    ),
    ("datadog", "datadog/keep_mock_low_disk_space.json", {"severity": "P4", "labels.team": "database"}),  # priority: 4
    ("datadog", "datadog/keep_mock_mq_consumer_struggling.json", {"name": At("title", "MQ Consumer Is Struggling")}),
    (
        "sentry",
        "sentry/ipe_event_alert_triggered.json",
        {
            "fingerprint": "issue:123",  # data.event.issue_id
            "name": At("data.event.title", "Error #1: This is a test error!"),
            "status": FIRING,
            "starts_at": Time("data.event.datetime", "2022-04-04T18:17:18.320000Z", SENTRY_SEEN.moment),
            "labels.environment": At("data.event.environment", "production"),
            "link": At("data.event.web_url", "https://sentry.io/organizations/lxyz/issues/123/events/def456/"),
        },
    ),
    ("sentry", "sentry/ipe_issue_created.json", ISSUE | {"status": FIRING}),
    ("sentry", "sentry/ipe_issue_assigned.json", ISSUE | {"status": FIRING}),
    ("sentry", "sentry/ipe_issue_resolved.json", ISSUE | {"status": At("data.issue.status", RESOLVED), "ends_at": NOW}),
    ("sentry", "sentry/ipe_issue_ignored.json", ISSUE | {"status": RESOLVED}),  # data.issue.status: ignored
    ("sentry", "sentry/ipe_metric_alert_critical.json", METRIC | {"severity": At("action", "critical")}),
    ("sentry", "sentry/ipe_metric_alert_warning.json", METRIC | {"severity": At("action", "warning")}),
    ("sentry", "sentry/ipe_metric_alert_critical_with_alert_rule_action.json", METRIC | {"severity": "critical"}),
    ("sentry", "sentry/ipe_metric_alert_warning_with_alert_rule_action.json", METRIC | {"severity": "warning"}),
    (
        "sentry",
        "sentry/keep_mock_browser_timeout.json",
        {
            "fingerprint": "issue:4616132097",  # id
            "name": At("event.title", "Failed to fetch user profile"),
            "severity": At("level", "error"),
            "starts_at": Time("event.timestamp", 1709991285.873, since_1970(1709991285_873)),
            "labels.component": At("project_slug", "frontend-app"),
            "labels.http.status_code": At("event.tags.2.1", "504"),
            "link": At("url", "https://keep-dr.sentry.io/issues/4616132097/"),
        },
    ),
    ("sentry", "sentry/keep_mock_server_overload.json", {"fingerprint": "issue:4616132098"}),
    (
        "newrelic",
        "newrelic/notification_v3_channel.json",
        {
            "fingerprint": "incident:11111:0",  # account_id, incident_id
            "name": At("condition_name", "New Relic Alert - Test Condition"),
            "status": FIRING,  # current_state: open
            "starts_at": since_1970(1601033007849 - 5),  # timestamp, less its duration of 5 ms
            "severity": "info",  # severity: INFO
            "summary": At("details", "I am a test Violation"),
            "labels.policy": At("policy_name", "New Relic Alert - Test Policy"),
            "link": At("incident_url", "https://alerts.newrelic.com/accounts/11111/incidents/0"),
        },
    ),
    (
        "opsgenie",
        "opsgenie/close.json",
        {
            "fingerprint": At("alert.alertId", "052652ac-5d1c-464a-812a-7dd18bbfba8c"),
            "name": At("alert.message", "test alert"),
            "status": RESOLVED,  # action: Close
            "starts_at": Time("alert.createdAt", 1420452191104, since_1970(1420452191104)),
            "labels.alias": At("alert.alias", "aliastest"),
            "labels.number": At("alert.tinyId", "23"),
        },
    ),
    (
        "gcp_monitoring",
        "gcp_monitoring/v1_open_alerta.json",
        {
            "fingerprint": At("incident.incident_id", "f2e08c333dc64cb09f75eaab355393bz"),
            "name": At("incident.condition_name", "CPU usage"),
            "status": FIRING,  # incident.state: open
            "starts_at": GCP_STARTED,
            "labels.policy": At("incident.policy_name", "Webserver Health"),
            "labels.component": At("incident.resource_name", "webserver-85"),
            "link": At("incident.url", "https://app.stackdriver.com/incidents/f2e08c333dc64cb09f75eaab355393bz"),
        },
    ),
    (
        "gcp_monitoring",
        "gcp_monitoring/v1_closed_alerta.json",
        {
            "fingerprint": At("incident.incident_id", "f2e08c333dc64cb09f75eaab355393bz"),
            "status": RESOLVED,  # incident.state: closed
            "starts_at": GCP_STARTED,
            "ends_at": Time("incident.ended_at", 1499368836, since_1970(1499368836_000)),
        },
    ),
    (
        "gcp_monitoring",
        "gcp_monitoring/keep_mock_high_memory_usage.json",
        {
            "fingerprint": At("incident.incident_id", "mem-234"),
            "status": FIRING,  # incident.state: OPEN
            "starts_at": NOW,  # incident.started_at is 0
            "severity": At("incident.metadata.system_labels.severity", "warning"),
            "labels.team": At("incident.policy_user_labels.team", "platform"),
            "labels.component": "prod-web-1",  # the end of incident.resource_name
            "signal.metric": At("incident.metric.displayName", "Memory Utilization"),
            "signal.value": At("incident.observed_value", "92.3"),
            "signal.limit": At("incident.threshold_value", "90.0"),
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/metric_alert_static_threshold.json",
        {
            "fingerprint": At(
                f"{AZURE}.originAlertId",
                "11111111-1111-1111-1111-111111111111_test-RG_microsoft.insights_metricAlerts_"
                "test-metricAlertRule_1234567890",
            ),
            "name": At(f"{AZURE}.alertRule", "test-metricAlertRule"),
            "status": FIRING,  # monitorCondition: Fired
            "starts_at": Time(
                f"{AZURE}.firedDateTime", "2022-11-07T12:13:31.365Z", utc(2022, 11, 7, 12, 13, 31, 365000)
            ),
            "severity": "info",  # severity: Sev3
            "labels.azure_severity": At(f"{AZURE}.severity", "Sev3"),
            "labels.component": At(f"{AZURE}.configurationItems.0", "test-storageAccount"),
            "labels.customKey1": At("data.customProperties.customKey1", "value1"),
            "labels.ApiName": At("data.alertContext.condition.allOf.0.dimensions.0.value", "GetBlob"),
            "signal.metric": At("data.alertContext.condition.allOf.0.metricName", "Transactions"),
            "signal.value": At("data.alertContext.condition.allOf.0.metricValue", 100),
            "signal.limit": At("data.alertContext.condition.allOf.0.threshold", "0"),
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/metric_alert_dynamic_threshold.json",
        {"signal.value": At("data.alertContext.condition.allOf.0.metricValue", 78.09)},
    ),
    (
        "azure_monitor",
        "azure_monitor/activity_log_alert.json",
        {
            "name": At(f"{AZURE}.alertRule", "test-activityLogAlertRule"),
            "labels.component": At(f"{AZURE}.configurationItems.0", "test-VM"),
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/availability_test_alert.json",
        {"labels.component": At(f"{AZURE}.configurationItems.0", "test-applicationInsights")},
    ),
    (
        "azure_monitor",
        "azure_monitor/log_alert_v1_metric.json",
        {
            "fingerprint": At(f"{AZURE}.originAlertId", "12345678-4444-4444-4444-1234567890ab"),
            "labels.component": "test-logAnalyticsWorkspace",  # alertTargetIDs: there are no configurationItems
            "signal.limit": At("data.alertContext.Threshold", 0),
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/logsearchalerts.json",
        {
            "severity": "warning",  # severity: Sev2
            "starts_at": Time(
                f"{AZURE}.firedDateTime", "2019-09-14T02:48:39.8768676Z", utc(2019, 9, 14, 2, 48, 39, 876867)
            ),
            "summary": At(f"{AZURE}.alertRule", "Service Stopped"),  # the description is empty
        },
    ),
    (
        "azure_monitor",
        "azure_monitor/resource_health_alert.json",
        {"labels.service_name": At(f"{AZURE}.monitoringService", "Resource Health")},
    ),
    (
        "azure_monitor",
        "azure_monitor/smart_alert.json",
        {"signal.value": At("data.alertContext.DetectedValue", "0.45 sec")},
    ),
    (
        "statuspage",
        "statuspage/incident_created.json",
        {
            "fingerprint": At("incident.id", "z3lct0r596n4"),
            "name": At("incident.name", "Database query delays"),
            "status": FIRING,  # incident.status: identified
            "starts_at": Time("incident.created_at", "2017-12-26T07:32:00.507Z", utc(2017, 12, 26, 7, 32, 0, 507000)),
            "severity": "info",  # incident.impact: none
            "labels.component": At("incident.components.0.name", "Management Portal (example)"),
            "labels.page_host": "mycompany24.statuspage.io",  # meta.unsubscribe
            "link": At("incident.shortlink", "http://stspg.io/646947c1e"),
        },
    ),
    (
        "openai",
        "openai/webhook_batch_expired.json",
        OPENAI | {"name": At("type", "batch.expired"), "fingerprint": "batch.expired:batch_abc123"},  # type, data.id
    ),
    (
        "openai",
        "openai/webhook_fine_tuning_job_failed.json",
        OPENAI | {"severity": "", "labels.object": At("data.id", "ftjob_abc123")},
    ),
    ("openai", "openai/webhook_response_cancelled.json", OPENAI | {"name": At("type", "response.cancelled")}),
    ("openai", "openai/webhook_response_failed.json", OPENAI | {"name": At("type", "response.failed")}),
    ("openai", "openai/webhook_response_incomplete.json", OPENAI | {"name": At("type", "response.incomplete")}),
    (
        "github",
        "github/workflow_run_completed.json",
        {
            "fingerprint": "workflow_run:octo-org/octo-repo:2823525:master",  # repository, workflow_id, head_branch
            "name": At("workflow.name", "test"),
            "status": RESOLVED,  # workflow_run.conclusion: success
            "ends_at": Time("workflow_run.updated_at", "2020-10-05T16:33:49Z", utc(2020, 10, 5, 16, 33, 49)),
            "labels.branch": At("workflow_run.head_branch", "master"),
            "labels.component": At("repository.name", "octo-repo"),
            "link": At("workflow_run.html_url", "https://github.com/octo-org/octo-repo/actions/runs/289782451"),
        },
    ),
    (
        "github",
        "github/check_run_completed.json",
        {
            "name": At("check_run.name", "Octocoders-linter"),
            "status": RESOLVED,  # check_run.conclusion: success
            "labels.branch": At("check_run.check_suite.head_branch", "changes"),
        },
    ),
    (
        "github",
        "github/deployment_status_payload.json",
        {
            "status": RESOLVED,  # deployment_status.state: success
            "labels.environment": At("deployment.environment", "production"),
            "ends_at": Time("deployment_status.updated_at", "2019-05-15T15:20:55Z", utc(2019, 5, 15, 15, 20, 55)),
        },
    ),
    (
        "dbt",
        "dbt/job_run_errored.json",
        {
            "fingerprint": "1:123:1234",  # accountId, data.jobId, data.environmentId
            "name": At("data.jobName", "dbt Vault"),
            "status": FIRING,  # eventType: job.run.errored
            "starts_at": Time("data.runErroredAt", "2023-01-31T21:15:20Z", utc(2023, 1, 31, 21, 15, 20)),
            "labels.project": At("data.projectName", "Snowflake Github Demo"),
            "summary": "dbt Vault: Errored",  # data.runStatusMessage is None
        },
    ),
    (
        "dbt",
        "dbt/job_run_completed.json",
        {
            "status": RESOLVED,  # data.runStatus: Success
            "ends_at": Time("data.runFinishedAt", "2023-01-31T19:29:32Z", utc(2023, 1, 31, 19, 29, 32)),
        },
    ),
    (
        "great_expectations",
        "great_expectations/checkpoint_result_failed.json",
        {
            "status": FIRING,  # validation_results[0].success is false
            "labels.asset": At("validation_results.0.expectations.0.kwargs.batch_id", "feature_store-fraud_features"),
            "signal.value": At("validation_results.0.statistics.success_percent", 25.0),
            "signal.failed": At("validation_results.0.statistics.unsuccessful_expectations", 3),
        },
    ),
    (
        "litellm",
        "litellm/budget_crossed.json",
        {
            "name": At("event", "budget_crossed"),
            "status": FIRING,
            "severity": "critical",
            "summary": At("event_message", "User Budget: Budget Crossed"),
            "labels.user": At("user_id", "default_user_id"),
            "labels.event_group": At("event_group", "user"),
            "signal.value": At("spend", 1),
            "signal.limit": At("max_budget", 0),
        },
    ),
]
# Recorded bodies that hold no alert: kept with this reason.
ASIDE = [
    ("sns", "cloudwatch_sns/sns_event.json", "sent a text, no alarm: Hello from SNS!", False),
    ("sns", "cloudwatch_sns/subscription_confirmation_alerta.json", "asks whether it may send here", False),
    ("sns", "eventbridge/messages_dms_notification.json", "neither an alarm of CloudWatch nor an event", False),
    ("eventbridge", "eventbridge/codepipeline_execution_state_change_event.json", "says STARTED", True),
]
UNREAD = [("azure_monitor", "azure_monitor/application_insights_context.json")]
ASIDE += [
    ("cloudevents", f"cloudevents/json_format_{line}.json", "com.example.someevent says nothing", True)
    for line in (220, 285, 326, 360, 398)
]


@pytest.mark.parametrize(("kind", "file", "expected"), ROWS, ids=[row[1] for row in ROWS])
def test_a_recorded_body(kind, file, expected):
    check_file(kind, file, [expected])


@pytest.mark.parametrize(("kind", "file", "why", "aside"), ASIDE, ids=[row[1] for row in ASIDE])
def test_a_recorded_body_without_an_alert(kind, file, why, aside):
    result = read(kind, (PAYLOADS / file).read_bytes())
    assert result.alerts == []
    assert why in result.rejected[0].reason
    assert result.rejected[0].aside is aside


@pytest.mark.parametrize(("kind", "file"), UNREAD)
def test_a_recorded_part_of_a_body_is_not_mappable(kind, file):
    with pytest.raises(InputError) as refused:
        read(kind, (PAYLOADS / file).read_bytes())
    assert refused.value.code == "not_mappable"


def test_evidentlys_report_has_one_alert_per_test():
    body = body_of("evidently/data_drift_report.json")
    result = read("evidently", body)
    assert [alert.status.value == RESOLVED for alert in result.alerts] == [
        test["status"] == "SUCCESS" for test in body["tests"]
    ]
    assert [alert.name for alert in result.alerts] == [test["name"] for test in body["tests"]]
    assert [alert.summary for alert in result.alerts] == [test["description"] for test in body["tests"]]
    assert len({alert.fingerprint for alert in result.alerts}) == len(result.alerts)
    assert [alert.labels.get("column", "") for alert in result.alerts] == ["", "amount", "merchant_7d", "country"]
    by_id = {metric["id"]: metric for metric in body["metrics"]}
    measured = by_id[body["tests"][1]["metric_config"]["metric_id"]]
    assert result.alerts[1].signal["value"] == str(measured["value"])


def test_alibis_drift_in_binary_mode():
    headers = {
        "ce-type": "io.seldon.serving.inference.drift",
        "ce-namespace": "development",
        "ce-inferenceservicename": "cifar10",
        "ce-endpoint": "default",
        "ce-requestid": "3z1",
    }
    body = body_of("seldon/alibi_drift_cloudevent_binary.json")
    alert = only("cloudevents", body, headers)
    assert alert.status.value == FIRING  # data.is_outlier: [1]
    assert alert.labels["component"] == "cifar10"  # Ce-Inferenceservicename
    assert alert.labels["detector"] == "KSDrift"  # meta.name
    body["data"]["is_outlier"] = [0]
    ends = only("cloudevents", body, headers)
    assert (ends.status.value, ends.fingerprint) == (RESOLVED, alert.fingerprint)


def test_an_empty_batch_of_cloudevents_is_read_whole():
    assert read("cloudevents", (PAYLOADS / "cloudevents/json_format_478.json").read_bytes()).alerts == []


@pytest.mark.parametrize("file", sorted((PAYLOADS / "mlflow").glob("*.json")), ids=lambda path: path.stem)
def test_mlflows_changes_are_left_to_the_changes(file):
    with pytest.raises(InputError) as refused:
        read("mlflow", file.read_bytes())
    assert refused.value.code == "tells_changes"


def test_no_key_of_litellm_is_kept():
    alert = read("litellm", (PAYLOADS / "litellm/budget_crossed.json").read_bytes()).alerts[0]
    assert "example-api-key-123" not in repr(alert)


def test_every_recorded_body_has_its_origin():
    for index in PAYLOADS.glob("*/SOURCES.tsv"):
        listed = {line.split("\t")[0] for line in index.read_text("utf-8").splitlines()[1:]}
        assert listed == {path.name for path in index.parent.glob("*.json")}, index.parent.name


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_registered_with_what_it_reads(kind):
    from bot.providers.sources import alert_source, change_source

    assert alert_source(kind) is not None or change_source(kind) is not None
