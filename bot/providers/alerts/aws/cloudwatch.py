"""CloudWatch alarms as SNS carries them: `AlarmName`, `NewStateValue`, `StateChangeTime`, `Trigger`.

An alarm tells each change of its state with the time, so words are turns. INSUFFICIENT_DATA ends what was in alarm: the
condition is no longer known to hold; that nothing is measured any more is an alarm's own setting (missing data). What
was measured stands in the reason alone. Bodies of before 2020 have no ARN: their topic, which is in the alarm's
region, tells where the link leads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.providers.alerts.reading import BadAlert
from bot.providers.alerts.telling import Came, alert, dig, identity, rows, tags, text, when
from playbooks.domain.alerts import Alert, Known

_MEASURED = re.compile(r"datapoints? \[(-?\d[\d.]*(?:E[-+]?\d+)?)[ ,\]]")
_LIMIT = re.compile(r"threshold \((-?\d[\d.]*(?:E[-+]?\d+)?)\)")
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


def alarm(came: Came, message: Mapping[str, Any], topic: str = "") -> Alert:
    """The alert of an alarm's message. `topic`: the ARN of the topic that carried it."""
    state = text(message, "NewStateValue")
    if state not in STATES:
        raise BadAlert(f"its state {state[:40]!r} is none of {', '.join(STATES)}")
    name, arn = text(message, "AlarmName"), text(message, "AlarmArn")
    trigger = message.get("Trigger")
    region = _region(arn) or text(message, "Region")
    metrics = metrics_of(dig(trigger, "Metrics"))
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
        dimensions={**metrics.dimensions, **tags(dig(trigger, "Dimensions"))},
        metric=text(trigger, "MetricName") or metrics.name,
        namespace=text(trigger, "Namespace") or metrics.namespace,
        threshold=text(trigger, "Threshold"),
        before=text(message, "OldStateValue"),
        rule=text(message, "AlarmRule"),
        where=_region(arn) or _region(topic),
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
    where: str,
    rule: str = "",
) -> Alert:
    """An alarm's alert, from SNS's message or EventBridge's event alike. `where`: the region, for the link."""
    measured, limit = _MEASURED.search(reason), _LIMIT.search(reason)
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
        annotations={"reason": reason, "state_before": before, "rule": rule},
        links=(_link(where, name),),
        signal={
            "metric": metric,
            "value": measured[1] if measured else "",
            "limit": threshold or (limit[1] if limit else ""),
        },
    )


@dataclass(frozen=True, slots=True)
class Metrics:
    """What an alarm on several metrics, or on a formula of them, is about."""

    name: str
    namespace: str
    dimensions: Mapping[str, str]


def metrics_of(listed: object) -> Metrics:
    """The metrics of an alarm, as SNS (`MetricStat`) or EventBridge (`metricStat`) writes them.

    What is judged has `ReturnData`; a band of expected values has it too, so the first counts.
    """
    found = [_lower(metric) for metric in rows(listed) if isinstance(metric, Mapping)]
    measured = [metric for metric in (dig(each_, "metricstat.metric") for each_ in found) if metric]
    judged = next((each_ for each_ in found if each_.get("returndata") is not False), {})
    name = text(judged, "label", "metricstat.metric.metricname", "metricstat.metric.name")
    dimensions: dict[str, str] = {}
    for metric in measured:
        dimensions = {**tags(metric.get("dimensions")), **dimensions}
    return Metrics(name, next(filter(None, (text(metric, "namespace") for metric in measured)), ""), dimensions)


def _lower(value: Mapping[str, Any]) -> dict[str, Any]:
    """With the keys of the structure in small letters; dimensions keep theirs."""
    told = {key.lower(): each_ for key, each_ in value.items()}
    for key in ("metricstat", "metric"):
        if isinstance(told.get(key), Mapping):
            told[key] = _lower(told[key])
    return told


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else ""


def _link(region: str, name: str) -> str:
    if not region:
        return ""
    host = "console.amazonaws.cn" if region.startswith("cn-") else f"{region}.console.aws.amazon.com"
    return f"https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/{quote(name, safe='')}"
