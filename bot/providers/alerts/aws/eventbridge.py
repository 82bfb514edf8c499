"""EventBridge events: SageMaker endpoints, pipelines, jobs, model packages and Model Monitor; alarms, Health, deploys.

An event says that something changed its state, each with the time, so words are turns; a state that is neither a
failure nor its end says nothing here. Fields: docs.aws.amazon.com, sagemaker/latest/dg/automating-sagemaker-with-
eventbridge. Model Monitor runs as processing jobs: a run with violations completes with an `ExitMessage` that begins
with `CompletedWithViolations`, and the next run without ends it, as it ends a run that failed. What has no ARN is known
by account, region and all of its names. GuardDuty's findings (guardduty/latest/ug, finding format) tell no end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.providers.alerts.aws import cloudwatch
from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed, rows, shallow, tags, text, when
from playbooks.domain.alerts import Alert, Known

_FAILED = frozenset(
    "failed failure error fault outofservice rollingback updaterollbackfailed completedwithviolations rejected "
    "timedout aborted open unhealthy terminatedwitherrors rollbackcompleted rollbackfailed deletefailed "
    "createfailed timeout".split()
)
_FINE = frozenset("inservice succeeded success completed passed closed ready active healthy approved".split())

_STATES = (
    "EndpointStatus", "DeploymentStatus", "currentPipelineExecutionStatus", "currentStepStatus", "TrainingJobStatus",
    "ProcessingJobStatus", "TransformJobStatus", "HyperParameterTuningJobStatus", "MonitoringExecutionStatus",
    "MonitoringStatus", "LabelingJobStatus", "FeatureGroupStatus", "ModelPackageStatus", "ClusterStatus",
    "HealthSummary.HealthStatus", "EventDetails.EventLevel", "build-status", "statusCode", "state", "State",
    "status", "Status", "lastStatus", "jobStatus",
)  # fmt: skip
_ALARM = "CloudWatch Alarm State Change"
_MONITOR = "Model Monitor violations"
# Which failing thing comes back well: the name that stays the same from run to run, from the surest to the least.
_NAMED = (
    "MonitoringScheduleArn", "MonitoringScheduleName", "EndpointArn", "EndpointName", "pipelineArn", "ModelPackageArn",
    "FeatureGroupArn", "FeatureGroupName", "ClusterArn", "EventDetails.ClusterArn", "eventArn", "stateMachineArn",
    "jobName", "pipeline", "project-name", "application", "deploymentGroup",
)  # fmt: skip
# What tells the parts of such a thing apart.
_PARTS = (
    "stepName", "stage", "action", "deploymentGroup", "instanceId", "InstanceId", "EventDetails.InstanceGroupName",
    "EventDetails.InstanceId",
)  # fmt: skip
_NO_ISSUE = ("accountNotification", "scheduledChange")
_COMPONENT = (
    "component", "EndpointName", "ModelPackageGroupName", "FeatureGroupName", "MonitoringScheduleName", "pipeline",
    "application", "project-name", "jobName", "TrainingJobName", "ProcessingJobName", "TransformJobName",
)  # fmt: skip
_REASONS = (
    "FailureReason", "failureReason", "ExitMessage", "statusReason", "message", "cause", "errorCode",
    "eventDescription.0.latestDescription", "HealthSummary.HealthStatusReason", "EventDetails.Description",
)  # fmt: skip


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed(body)
    if cloudwatch.is_alarm(data):
        return each(Came(headers, source, received_at), [data], cloudwatch.alarm)
    events = [event for event in map(_of_action, rows(data)) if is_event(event)]
    if not events or len(events) < len(rows(data)):
        raise not_mappable("it is no EventBridge event: it has no `detail-type` and `detail`")
    key = ",".join(text(event, "id") for event in events)
    return each(Came(headers, source, received_at, key), events, event_alert)


def _of_action(message: Any) -> Any:
    """An alarm's action on a Lambda function tells the same as its event, by other names."""
    if not isinstance(message, Mapping) or "detail" in message or not isinstance(message.get("alarmData"), Mapping):
        return message
    told = {"detail-type": _ALARM, "detail": message["alarmData"], "account": message.get("accountId")}
    return {**message, **told, "resources": rows(message.get("alarmArn"))}


def is_event(message: object) -> bool:
    """Whether a body, or a message of SNS, is an event."""
    return isinstance(message, Mapping) and "detail-type" in message and isinstance(message.get("detail"), Mapping)


def event_alert(came: Came, event: Mapping[str, Any]) -> Alert:
    """The alert of an event. Raises NoAlert for one that tells of no failure and of no end of one."""
    if text(event, "detail-type") == _ALARM:
        return _alarm(came, event)
    told = _finding(event) if text(event, "detail-type") == "GuardDuty Finding" else _told(event)
    state = _plain(told.state)
    if state not in _FAILED and state not in _FINE:
        raise NoAlert(f"{told.kind} says {told.state or 'nothing of a state'}, which is no failure and no end of one")
    firing = state in _FAILED
    at = when(event, "time") or when(event["detail"], "time", "startTime")
    return alert(
        came,
        fingerprint=identity(text(event, "source", "source.0"), told.series or told.kind, told.thing),
        name=told.kind,
        firing=firing,
        known=Known.BY_TURN,
        severity=told.severity,
        began=at if firing else None,
        ended=at,
        summary=told.summary,
        component=told.component,
        labels={
            **told.labels,
            "alertname": told.kind,
            "event_source": text(event, "source", "source.0"),
            "account": text(event, "account"),
            "region": text(event, "region"),
            "state": told.state,
            "resource": text(event, "resources.0"),
        },
    )


@dataclass(frozen=True, slots=True)
class _Told:
    kind: str
    state: str
    thing: str
    component: str
    summary: str
    labels: Mapping[str, str]
    severity: str = ""
    series: str = ""  # where words of several kinds are about one series


def _told(event: Mapping[str, Any]) -> _Told:
    detail = event["detail"]
    kind = text(event, "detail-type")
    state = text(detail, *_STATES)
    thing = _thing(event, detail)
    summary = text(detail, *_REASONS) or f"{kind}: {state}"
    component = text({**tags(detail.get("Tags")), **tags(detail.get("tags")), **detail}, *_COMPONENT)
    labels = {key: value for key, value in shallow(detail).items() if len(value) <= 128}
    severity = text(detail, "severity", "EventDetails.EventLevel").lower()
    named = _last(text(detail, *_NAMED) or thing)
    found = _Told(kind or "EventBridge event", state, thing, component or named, summary, labels, severity)
    if kind == "AWS Health Event":
        return _health(found, detail)
    if _is_monitor(detail):
        return _monitor(found, detail)
    if "ModelApprovalStatus" in detail and _plain(state) not in _FAILED:
        # An approval is a decision of somebody, no end of a failure.
        return replace(found, state=f"approval {text(detail, 'ModelApprovalStatus')}")
    return found


def _thing(event: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    named = text(detail, *_NAMED)
    if not named:
        resources = ":".join(sorted(str(each_) for each_ in rows(event.get("resources"))))
        return resources or text(event, "id")  # what names nothing is known by itself: no other's success ends it
    where = () if named.startswith("arn:") else (text(event, "account"), text(event, "region"))
    return ":".join(filter(None, (*where, named, *(text(detail, name) for name in _PARTS))))


def _health(found: _Told, detail: Mapping[str, Any]) -> _Told:
    """AWS Health: without `statusCode` an end time says it; notices and planned changes are no issues."""
    if text(detail, "eventTypeCategory") in _NO_ISSUE:
        raise NoAlert(f"AWS Health tells a {text(detail, 'eventTypeCategory')}, no issue")
    state = found.state or ("closed" if detail.get("endTime") else "open")
    return replace(found, state=state, component=text(detail, "service") or found.component)


def _finding(event: Mapping[str, Any]) -> _Told:
    """GuardDuty: every finding is one, until it is archived there; 7 and above is high, 9 critical."""
    detail = event["detail"]
    try:
        level = float(text(detail, "severity") or 0)
    except ValueError:
        level = 0.0
    words = ((9, "critical"), (7, "error"), (4, "warning"))
    return _Told(
        "GuardDuty Finding",
        "closed" if dig(detail, "service.archived") is True else "open",
        text(detail, "arn", "id"),
        text(detail, "resource.resourceType"),
        text(detail, "title", "description"),
        {"type": text(detail, "type"), "count": text(detail, "service.count")},
        next((word for least, word in words if level >= least), "info"),
    )


def _is_monitor(detail: Mapping[str, Any]) -> bool:
    exit_message = text(detail, "ExitMessage")
    return bool(text(detail, "MonitoringScheduleArn", "MonitoringScheduleName")) or exit_message.startswith(
        "CompletedWithViolations"
    )


def _monitor(found: _Told, detail: Mapping[str, Any]) -> _Told:
    """A run of Model Monitor: known by its schedule, violated where its exit message says so."""
    schedule = text(detail, "MonitoringScheduleArn", "MonitoringScheduleName") or found.thing
    endpoint = text(detail, "EndpointName") or text(detail, "Environment.sagemaker_endpoint_name")
    violated = text(detail, "ExitMessage").startswith("CompletedWithViolations")
    return replace(
        found,
        series=_MONITOR,
        kind=_MONITOR if violated or _plain(found.state) in _FINE else found.kind,
        state="CompletedWithViolations" if violated else found.state,
        thing=schedule,
        component=endpoint or _last(schedule),
    )


def _alarm(came: Came, event: Mapping[str, Any]) -> Alert:
    detail = event["detail"]
    state = text(detail, "state.value")
    if state not in cloudwatch.STATES:
        raise BadAlert(f"the alarm's state {state[:40]!r} is none of {', '.join(cloudwatch.STATES)}")
    metrics = cloudwatch.metrics_of(dig(detail, "configuration.metrics"))
    arn = text(event, "resources.0")
    name = text(detail, "alarmName")
    return cloudwatch.build(
        came,
        arn=arn or ":".join(filter(None, (text(event, "account"), text(event, "region"), name))),
        name=name,
        state=state,
        at=when(detail, "state.timestamp") or when(event, "time"),
        reason=text(detail, "state.reason"),
        description=text(detail, "configuration.description"),
        account=text(event, "account"),
        region=text(event, "region"),
        dimensions=metrics.dimensions,
        metric=metrics.name,
        namespace=metrics.namespace,
        threshold="",
        before=text(detail, "previousState.value"),
        rule=text(detail, "configuration.alarmRule"),
        where=text(event, "region"),
    )


def _plain(state: str) -> str:
    """`IN_SERVICE`, `InService` and `in service` are one."""
    return "".join(sign for sign in state.lower() if sign.isalnum())


def _last(arn: str) -> str:
    """The name at the end of an ARN."""
    return arn.rsplit("/", 1)[-1].rsplit(":", 1)[-1] if arn.startswith("arn:") else arn


SOURCE = AlertSource(read, plain=("x-api-key",))
