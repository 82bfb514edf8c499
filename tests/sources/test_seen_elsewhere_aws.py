"""Amazon's bodies as its pages and other projects show them, cut to the fields that count."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sources.bodies import FIRING, RESOLVED, only, read, utc
from tests.sources.test_eventbridge import event, monitor
from tests.sources.test_sns import ALARM, TOPIC, envelope

CROSSED = "1 out of the last 1 datapoints [45628.0 (02/10/19 17:10:00)] was greater than the threshold (1.0E4)."


def sns(**more: Any) -> Any:
    return only("sns", envelope(Message=json.dumps(ALARM | more)))


# ------------------------------------------------------------------ CloudWatch


def test_an_alarm_without_its_arn_leads_to_its_topics_region():  # alerta/alerta, tests/test_webhooks.py
    alert = sns(AlarmArn=None)
    assert alert.fingerprint == "123456789012:EU (Ireland):scorer-errors"
    assert TOPIC.split(":")[3] == "eu-west-1"
    assert alert.link.startswith("https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2")


def test_what_was_measured_stands_in_the_reason():
    assert sns().signal == {"metric": "Invocation5XXErrors", "value": "7.0", "limit": "5.0"}
    assert sns(NewStateReason="Insufficient Data: 10 datapoints were unknown.").signal["limit"] == "5.0"
    assert "value" not in sns(NewStateReason="Insufficient Data: 10 datapoints were unknown.").signal


def test_an_alarm_on_a_formula():  # aws/aws-lambda-go, cloudwatch-alarm-sns-payload-multiple-metrics.json
    stat = {
        "Metric": {
            "Namespace": "AWS/SageMaker",
            "MetricName": "E",
            "Dimensions": [{"name": "EndpointName", "value": "x"}],
        }
    }
    metrics = [
        {"Expression": "m1 * 1", "Id": "e1", "Label": "errors per call", "ReturnData": True},
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
    ]
    alert = sns(Trigger={"Threshold": 5.0, "Metrics": metrics})
    assert alert.signal["metric"] == alert.labels["metric"] == "errors per call"  # the one with ReturnData
    assert (alert.labels["namespace"], alert.labels["component"]) == ("AWS/SageMaker", "x")


def test_a_composite_alarm_tells_its_rule():
    alert = sns(Trigger=None, AlarmRule="ALARM(a) OR ALARM(b)")
    assert alert.annotations["rule"] == "ALARM(a) OR ALARM(b)"
    assert alert.fingerprint == ALARM["AlarmArn"]


def eventbridge(**more: Any) -> Any:
    """The metric math sample of docs.aws.amazon.com, AmazonCloudWatch, cloudwatch-and-eventbridge."""
    stat = {"metric": {"dimensions": {"InstanceId": "i-1"}, "name": "NetworkIn", "namespace": "AWS/EC2"}}
    configuration = {
        "description": "Goes into alarm if total network traffic exceeds 10Kb",
        "metrics": [
            {"expression": "SUM(METRICS())", "id": "e1", "label": "Total Network Traffic", "returnData": True},
            {"id": "m1", "metricStat": stat, "returnData": False},
        ],
    }
    detail = {
        "alarmName": "TotalNetworkTrafficTooHigh", "configuration": configuration,
        "state": {"reason": CROSSED, "timestamp": "2019-10-02T17:20:48.554+0000", "value": "ALARM"},
    }  # fmt: skip
    told = event(
        "CloudWatch Alarm State Change", detail, "aws.cloudwatch", resources=["arn:aws:cloudwatch:a:b:alarm:T"]
    )
    return only("eventbridge", told | more)


def test_an_alarm_on_a_formula_through_eventbridge():
    alert = eventbridge()
    assert alert.signal == {"metric": "Total Network Traffic", "value": "45628.0", "limit": "1.0E4"}
    assert (alert.labels["namespace"], alert.labels["component"]) == ("AWS/EC2", "i-1")
    assert eventbridge(resources=[]).fingerprint == "123456789012:eu-west-1:TotalNetworkTrafficTooHigh"


def test_an_alarm_as_it_is_may_come_to_either_source():
    # terraform-aws-notify-slack, functions/events/cloudwatch_alarm.json
    assert only("eventbridge", ALARM).fingerprint == only("sns", ALARM).fingerprint == ALARM["AlarmArn"]


def test_an_alarms_action_on_a_function():  # docs.aws.amazon.com, AmazonCloudWatch, alarm-actions-lambda
    state = {"value": "ALARM", "reason": "test", "timestamp": "2023-08-04T12:36:15.490+0000"}
    body = {
        "source": "aws.cloudwatch", "alarmArn": "arn:aws:cloudwatch:us-east-1:444455556666:alarm:lambda-demo",
        "accountId": "444455556666", "time": "2023-08-04T12:36:15.490+0000", "region": "us-east-1",
        "alarmData": {"alarmName": "lambda-demo", "state": state, "previousState": {"value": "OK"}},
    }  # fmt: skip
    alert = only("eventbridge", body)
    assert (alert.fingerprint, alert.name, alert.status.value) == (body["alarmArn"], "lambda-demo", FIRING)
    assert alert.starts_at == utc(2023, 8, 4, 12, 36, 15, 490000)
    assert alert.labels["account"] == "444455556666"


# ------------------------------------------------------------------ EventBridge


def told(kind: str, detail: dict[str, Any], origin: str = "aws.codepipeline", **more: Any) -> Any:
    return only("eventbridge", event(kind, detail, origin, **more))


def test_a_source_that_is_a_list():  # the sample of SageMaker's model package has `source` twice
    detail = {"ModelPackageArn": "arn:aws:sagemaker:a:b:model-package/m/2", "ModelPackageStatus": "Failed"}
    alert = told("SageMaker Model Package State Change", detail)
    listed = only(
        "eventbridge", event("SageMaker Model Package State Change", detail) | {"source": ["aws.codepipeline"]}
    )
    assert alert.fingerprint == listed.fingerprint
    assert listed.labels["event_source"] == "aws.codepipeline"


def test_stages_and_actions_of_a_pipeline_are_told_apart():  # aws/aws-lambda-go, events/testdata/codepipeline-*
    kind = "CodePipeline Action Execution State Change"
    found = {
        told(kind, {"pipeline": "deploy", "stage": stage, "action": action, "state": "FAILED"}).fingerprint
        for stage, action in (("Prod", "Deploy"), ("Prod", "Test"), ("Beta", "Deploy"))
    }
    assert len(found) == 3


def test_the_same_name_in_another_account_region_or_application_is_another():
    kind, group = "CodeDeploy Deployment State-change Notification", {"deploymentGroup": "prod", "state": "FAILURE"}
    found = [
        told(kind, group | {"application": "a"}).fingerprint,
        told(kind, group | {"application": "b"}).fingerprint,
        told(kind, group | {"application": "a"}, account="210987654321").fingerprint,
        told(kind, group | {"application": "a"}, region="us-east-1").fingerprint,
    ]
    assert len(set(found)) == 4
    assert told(kind, group | {"application": "a", "state": "SUCCESS"}).fingerprint == found[0]


def test_instances_of_a_deployment_are_told_apart():  # aws/aws-lambda-go, codedeploy-instance-event.json
    kind = "CodeDeploy Instance State-change Notification"
    detail = {"application": "a", "deploymentGroup": "g", "state": "FAILURE"}
    assert (
        told(kind, detail | {"instanceId": "i-1"}).fingerprint != told(kind, detail | {"instanceId": "i-2"}).fingerprint
    )


@pytest.mark.parametrize(("status", "found"), [("FAILED", FIRING), ("TIMED_OUT", FIRING), ("SUCCEEDED", RESOLVED)])
def test_a_build(status, found):  # aws/aws-lambda-go, codebuild-state-change.json
    alert = told("CodeBuild Build State Change", {"build-status": status, "project-name": "train"}, "aws.codebuild")
    assert (alert.status.value, alert.labels["component"]) == (found, "train")
    assert alert.fingerprint.endswith(":train")


def test_a_run_of_model_monitor_that_failed_is_ended_by_one_that_did_not():
    failed = monitor("", "run-1")
    failed["detail"] |= {"ProcessingJobStatus": "Failed", "FailureReason": "no baseline"}
    fires = only("eventbridge", failed)
    ends = only("eventbridge", monitor("Completed: Job completed successfully with no violations.", "run-2"))
    violated = only("eventbridge", monitor("CompletedWithViolations: 3 violations.", "run-3"))
    assert (fires.status.value, fires.summary) == (FIRING, "no baseline")
    assert fires.name != violated.name
    assert fires.fingerprint == ends.fingerprint == violated.fingerprint


def test_a_node_of_a_hyperpod_cluster():  # docs.aws.amazon.com, sagemaker-hyperpod-cluster-events-reference
    arn = "arn:aws:sagemaker:us-west-2:111122223333:cluster/c"

    def node(status: str, instance: str) -> Any:
        health = {"HealthStatus": status, "HealthStatusReason": "XID 48"}
        detail = {"ClusterArn": arn, "InstanceId": instance, "HealthSummary": health}
        return told("SageMaker HyperPod Cluster Node Health Event", detail, "aws.sagemaker")

    fires, ends = node("Unhealthy", "i-1"), node("Healthy", "i-1")
    assert (fires.status.value, ends.status.value, fires.summary) == (FIRING, RESOLVED, "XID 48")
    assert fires.fingerprint == ends.fingerprint != node("Unhealthy", "i-2").fingerprint
    error = {"EventLevel": "Error", "ClusterArn": arn, "InstanceId": "i-1", "Description": "creation failed"}
    alert = told("SageMaker HyperPod Cluster Event", {"EventDetails": error}, "aws.sagemaker")
    assert (alert.status.value, alert.severity, alert.summary) == (FIRING, "error", "creation failed")


def test_events_that_name_nothing_are_not_one_series():
    found = {told("X", {"status": "FAILED"}, resources=None, id=name).fingerprint for name in ("1", "2")}
    assert len(found) == 2


@pytest.mark.parametrize("category", ["accountNotification", "scheduledChange"])
def test_notices_of_aws_health_open_nothing(category):
    detail = {"eventArn": "arn:aws:health:a::event/x", "statusCode": "open", "eventTypeCategory": category}
    assert read("eventbridge", event("AWS Health Event", detail, "aws.health")).rejected[0].aside


@pytest.mark.parametrize(
    ("level", "word"), [(9.1, "critical"), (8, "error"), (5, "warning"), ("2", "info"), ("x", "info")]
)
def test_a_finding_of_guardduty(level, word):  # terraform-aws-notify-slack, functions/events/guardduty_finding_*.json
    detail = {
        "id": "f1", "title": "SAMPLE Unprotected port", "severity": level, "type": "Recon:EC2 PortProbe",
        "resource": {"resourceType": "Instance"}, "service": {"count": 3, "archived": False},
    }  # fmt: skip
    alert = told("GuardDuty Finding", detail, "aws.guardduty")
    assert (alert.status.value, alert.severity, alert.summary) == (FIRING, word, "SAMPLE Unprotected port")
    assert alert.starts_at == utc(2026, 11, 21, 2, 28, 11)
    archived = told("GuardDuty Finding", detail | {"service": {"archived": True}}, "aws.guardduty")
    assert (archived.status.value, archived.fingerprint) == (RESOLVED, alert.fingerprint)
