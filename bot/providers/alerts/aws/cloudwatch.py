"""CloudWatch alarms as SNS carries them: `AlarmName`, `NewStateValue`, `StateChangeTime`, `Trigger`.

An alarm tells each change of its state with the time, so words are turns. INSUFFICIENT_DATA ends what was in alarm: the
condition is no longer known to hold; that nothing is measured any more is an alarm's own setting (missing data).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.providers.alerts.reading import BadAlert
from bot.providers.alerts.telling import Came, alert, dig, identity, rows, tags, text, when
from playbooks.domain.alerts import Alert, Known

STATES = {"ALARM": True, "OK": False, "INSUFFICIENT_DATA": False}
# What a model, a function or a service is called by, in the dimensions of the namespaces that measure it.
_NAMES = (
    "component", "Component", "EndpointName", "Endpoint", "MonitoringSchedule", "PipelineName", "ModelId",
    "FunctionName", "ServiceName", "Service", "TransformJobName", "TrainingJobName", "JobName", "StateMachineArn",
    "QueueName", "DBInstanceIdentifier", "TableName", "LoadBalancer", "InstanceId",
)  # fmt: skip


def is_alarm(message: object) -> bool:
    """Whether a message of SNS is an alarm's."""
    return isinstance(message, Mapping) and "AlarmName" in message and "NewStateValue" in message


def alarm(came: Came, message: Mapping[str, Any]) -> Alert:
    """The alert of an alarm's message."""
    state = text(message, "NewStateValue")
    if state not in STATES:
        raise BadAlert(f"its state {state[:40]!r} is none of {', '.join(STATES)}")
    name, arn = text(message, "AlarmName"), text(message, "AlarmArn")
    trigger = message.get("Trigger")
    region = _region(arn) or text(message, "Region")
    dimensions = dimensions_of(trigger)
    return build(
        came,
        arn=arn or ":".join((text(message, "AWSAccountId"), region, name)),
        name=name,
        state=state,
        at=when(message, "StateChangeTime"),
        reason=text(message, "NewStateReason"),
        description=text(message, "AlarmDescription"),
        account=text(message, "AWSAccountId"),
        region=region,
        dimensions=dimensions,
        metric=text(trigger, "MetricName")
        or text(trigger, "Metrics.0.Label", "Metrics.0.MetricStat.Metric.MetricName"),
        namespace=text(trigger, "Namespace", "Metrics.0.MetricStat.Metric.Namespace"),
        threshold=text(trigger, "Threshold"),
        before=text(message, "OldStateValue"),
    )


def build(
    came: Came,
    *,
    arn: str,
    name: str,
    state: str,
    at: Any,
    reason: str,
    description: str,
    account: str,
    region: str,
    dimensions: Mapping[str, str],
    metric: str,
    namespace: str,
    threshold: str,
    before: str,
    value: str = "",
) -> Alert:
    """An alarm's alert, from SNS's message or EventBridge's event alike."""
    component = next((dimensions[key] for key in _NAMES if key in dimensions), "")
    return alert(
        came,
        fingerprint=identity(arn),
        name=name,
        firing=STATES[state],
        known=Known.BY_TURN,
        began=at if STATES[state] else None,
        ended=at,
        summary=description or reason,
        component=component,
        labels={
            **dimensions,
            "alertname": name,
            "namespace": namespace,
            "metric": metric,
            "account": account,
            "region": region,
            "state": state,
        },
        annotations={"reason": reason, "state_before": before},
        links=(_link(arn, name),),
        signal={"metric": metric, "limit": threshold, "value": value},
    )


def dimensions_of(trigger: object) -> dict[str, str]:
    """Dimensions of an alarm, of its only metric or of the first of its metrics."""
    found = tags(dig(trigger, "Dimensions"))
    for metric in rows(dig(trigger, "Metrics")):
        found = {**tags(dig(metric, "MetricStat.Metric.Dimensions")), **found}
    return found


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 6 and parts[0] == "arn" else ""


def _link(arn: str, name: str) -> str:
    region = _region(arn)
    if not region:
        return ""
    host = "console.amazonaws.cn" if region.startswith("cn-") else f"{region}.console.aws.amazon.com"
    return f"https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(name, safe='')}"
