"""EventBridge: SageMaker's endpoints, pipelines, jobs, model packages and Model Monitor; alarms and Health."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks.errors import InputError
from tests.sources.bodies import FIRING, RESOLVED, only, read, utc


def event(kind: str, detail: dict[str, Any], source: str = "aws.sagemaker", **more: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-21T02:28:11Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:sagemaker:eu-west-1:123456789012:thing/one"],
        "detail": detail,
    } | more


def endpoint(status: str) -> dict[str, Any]:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/fraud-scorer"
    detail = {
        "EndpointName": "fraud-scorer",
        "EndpointArn": arn,
        "EndpointStatus": status,
        "Tags": {"team": "fraud-ml"},
    }
    return event("SageMaker Endpoint State Change", detail | {"FailureReason": "no capacity"}, resources=[arn])


@pytest.mark.parametrize("status", ["FAILED", "OUT_OF_SERVICE", "ROLLING_BACK", "Failed", "UpdateRollbackFailed"])
def test_an_endpoint_that_fails(status):
    alert = only("eventbridge", endpoint(status))
    assert alert.status.value == FIRING  # detail.EndpointStatus
    assert alert.starts_at == utc(2026, 11, 21, 2, 28, 11)  # time
    assert alert.labels["component"] == "fraud-scorer"  # detail.EndpointName
    assert alert.summary == "no capacity"  # detail.FailureReason
    assert alert.fingerprint == only("eventbridge", endpoint("IN_SERVICE")).fingerprint


def test_an_endpoint_in_service_ends_it():
    assert only("eventbridge", endpoint("IN_SERVICE")).status.value == RESOLVED


@pytest.mark.parametrize("status", ["CREATING", "UPDATING", "SYSTEM_UPDATING", "DELETING", ""])
def test_states_on_the_way_say_nothing(status):
    result = read("eventbridge", endpoint(status))
    assert result.alerts == []
    assert result.rejected[0].aside


def monitor(exit_message: str, job: str) -> dict[str, Any]:
    detail = {
        "ProcessingJobName": job,
        "ProcessingJobArn": f"arn:aws:sagemaker:eu-west-1:123456789012:processing-job/{job}",
        "ProcessingJobStatus": "Completed",
        "ExitMessage": exit_message,
        "MonitoringScheduleArn": "arn:aws:sagemaker:eu-west-1:123456789012:monitoring-schedule/fraud-drift",
    }
    return event("SageMaker Processing Job State Change", detail)


def test_model_monitor_is_known_by_its_schedule():
    told = "CompletedWithViolations: Job completed successfully with 3 violations."
    violated = only("eventbridge", monitor(told, "run-1"))
    fine = only("eventbridge", monitor("Completed: Job completed successfully with no violations.", "run-2"))
    assert (violated.status.value, fine.status.value) == (FIRING, RESOLVED)
    assert violated.fingerprint == fine.fingerprint
    assert violated.labels["component"] == "fraud-drift"
    assert violated.summary == told
    assert violated.name == "Model Monitor violations"


def pipeline(status: str, **more: str) -> dict[str, Any]:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/retrain"
    detail = {
        "pipelineArn": arn,
        "pipelineExecutionArn": f"{arn}/execution/x",
        "currentPipelineExecutionStatus": status,
    }
    return event("SageMaker Model Building Pipeline Execution Status Change", detail | more)


def test_a_pipeline_is_known_by_itself_and_not_by_its_run():
    failed, fine = only("eventbridge", pipeline("Failed")), only("eventbridge", pipeline("Succeeded"))
    assert (failed.status.value, fine.status.value) == (FIRING, RESOLVED)
    assert failed.fingerprint == fine.fingerprint
    assert failed.labels["component"] == "retrain"


def test_steps_of_a_pipeline_are_told_apart():
    def step(name: str) -> str:
        arn = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/retrain"
        detail = {"pipelineArn": arn, "stepName": name, "currentStepStatus": "Failed", "failureReason": "x"}
        return only(
            "eventbridge", event("SageMaker Model Building Pipeline Execution Step Status Change", detail)
        ).fingerprint

    assert step("train") != step("evaluate")


@pytest.mark.parametrize(
    ("approval", "kept"), [("Approved", True), ("Rejected", True), ("PendingManualApproval", True)]
)
def test_an_approval_of_a_model_package_opens_nothing(approval, kept):
    detail = {
        "ModelPackageGroupName": "fraud-scorer",
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud-scorer/7",
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": approval,
    }
    result = read("eventbridge", event("SageMaker Model Package State Change", detail))
    assert result.alerts == []
    assert result.rejected[0].aside is kept
    failed = only(
        "eventbridge", event("SageMaker Model Package State Change", detail | {"ModelPackageStatus": "Failed"})
    )
    assert (failed.status.value, failed.labels["component"]) == (FIRING, "fraud-scorer")


def test_an_alarm_is_the_one_that_sns_tells():
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:scorer-errors"
    detail = {
        "alarmName": "scorer-errors",
        "state": {"value": "ALARM", "reason": "crossed", "timestamp": "2026-11-21T02:28:11.443+0000"},
        "previousState": {"value": "OK"},
        "configuration": {"metrics": [{"metricStat": {"metric": {"name": "E", "dimensions": {"EndpointName": "x"}}}}]},
    }
    alert = only("eventbridge", event("CloudWatch Alarm State Change", detail, "aws.cloudwatch", resources=[arn]))
    assert alert.fingerprint == arn
    assert alert.starts_at == utc(2026, 11, 21, 2, 28, 11, 443000)
    assert alert.labels["component"] == "x"


@pytest.mark.parametrize(("code", "status"), [("open", FIRING), ("closed", RESOLVED)])
def test_aws_health(code, status):
    detail = {
        "eventArn": "arn:aws:health:eu-west-1::event/SAGEMAKER/AWS_SAGEMAKER_OPERATIONAL_ISSUE/x",
        "service": "SAGEMAKER",
        "statusCode": code,
        "startTime": "Sat, 21 Nov 2026 02:11:00 GMT",
        "eventDescription": [{"language": "en_US", "latestDescription": "Increased error rates"}],
    }
    alert = only("eventbridge", event("AWS Health Event", detail, "aws.health"))
    assert (alert.status.value, alert.summary) == (status, "Increased error rates")


@pytest.mark.parametrize(
    "time", ["2026-11-21T02:28:11Z", "1795228091000", 1795228091000, "Sat, 21 Nov 2026 02:28:11 GMT"]
)
def test_times_as_they_come(time):
    assert only("eventbridge", endpoint("FAILED") | {"time": time}).starts_at == utc(2026, 11, 21, 2, 28, 11)


def test_several_events_at_once_and_what_is_none():
    assert len(read("eventbridge", [endpoint("FAILED"), pipeline("Failed")]).alerts) == 2
    bad: tuple[Any, ...] = ({}, [], [endpoint("FAILED"), 7], {"detail-type": "x"}, {"detail": {}})
    for body in bad:
        with pytest.raises(InputError):
            read("eventbridge", body)
