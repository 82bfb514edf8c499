"""Google Cloud Monitoring's webhook notification channels: one `incident`, open or closed, in versions 1.0 to 1.2.

Format: cloud.google.com, monitoring/support/notification-options. `incident_id` is one episode; times are epoch seconds
and 0 where there is none; the case of `state` differs between versions; version `test` is the console's test
notification. A channel proves itself by basic authentication, or by a token in the address (`auth_token`). A Pub/Sub
channel's push subscription wraps the same body in `message.data` (cloud.google.com, pubsub/docs/push).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, shallow, text, when
from playbooks.domain.alerts import Alert, Known

_NAMES = (
    "container_name", "job_name", "function_name", "endpoint_id", "database_id", "instance_name", "cluster_name",
    "host",
)  # fmt: skip
_STATES = {"open": True, "closed": False}


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Google Cloud Monitoring", "incident", "message")
    delivery = ""
    if "incident" not in data:
        delivery, data = text(data, "message.messageId", "message.message_id"), _pushed(data)
    return each(Came(headers, source, received_at, delivery), [data], _incident)


def _pushed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The notification in a message of Pub/Sub. Raises InputError `not_mappable`."""
    try:
        told = from_json(b64decode(text(data, "message.data"), validate=True))
    except ValueError:
        told = None
    if not isinstance(told, dict) or "incident" not in told:
        raise not_mappable("it is no body of Google Cloud Monitoring: it has no `incident`")
    return told


def _incident(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data["incident"]
    if not isinstance(told, dict):
        raise BadAlert("its `incident` is no mapping")
    if text(data, "version").lower() == "test":
        raise NoAlert("it is the test notification of Google Cloud Monitoring")
    state = text(told, "state").lower()
    if state == "acknowledged":
        raise NoAlert("the incident was acknowledged")
    if state not in _STATES:
        raise BadAlert(f"its state {state[:40]!r} is neither open nor closed")
    labels = _labels(told)
    condition = text(told, "condition_name", "condition.displayName")
    policy = text(told, "policy_name")
    return alert(
        came,
        fingerprint=identity(text(told, "incident_id")),
        name=condition or policy,
        firing=_STATES[state],
        known=Known.BY_ID,
        began=when(told, "started_at"),
        ended=when(told, "ended_at"),
        severity=_severity(told),
        summary=text(told, "summary", "documentation.subject"),
        component=labels.get("component") or labels.get("service", "") or _resource(told, labels),
        labels={
            **labels,
            "policy": policy,
            "condition": condition,
            "resource": text(told, "resource_name", "resource_id"),
            "resource_type": text(told, "resource.type", "resource_type_display_name"),
            "project": text(told, "scoping_project_id", "resource.labels.project_id"),
        },
        annotations={"documentation": text(told, "documentation.content", "documentation")},
        links=(told.get("url"),),
        signal={
            "metric": text(told, "metric.displayName", "metric.type"),
            "value": text(told, "observed_value"),
            "limit": text(told, "threshold_value", "condition.conditionThreshold.thresholdValue"),
        },
    )


def _resource(told: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """What is watched, by its name: `resource_name` is a path, a name, or words with the project and labels in them."""
    whole, shown = text(told, "resource_name"), text(told, "resource_display_name")
    if "/" in whole and "{" not in whole:
        return whole.rstrip("/").rsplit("/", 1)[-1]
    named = next((labels[key] for key in _NAMES if key in labels), "") if not shown or "{" in shown else shown
    return labels.get("service_name") or named or ("" if "{" in whole else whole)


def _labels(told: Mapping[str, Any]) -> dict[str, str]:
    """Of the resource and the metric, then of what people set, which counts more."""
    places = (
        "resource.labels", "metric.labels", "metadata.system_labels", "metadata.user_labels", "policy_user_labels",
    )  # fmt: skip
    found: dict[str, str] = {}
    for place in places:
        found |= shallow(dig(told, place))
    return found


def _severity(told: Mapping[str, Any]) -> str:
    """The policy's severity, which says "No severity" for none; else the label of that name."""
    own = text(told, "severity").lower()
    if own and own != "no severity":
        return own
    return text(told, "policy_user_labels.severity", "metadata.user_labels.severity", "metadata.system_labels.severity")


SOURCE = AlertSource(read, in_address=("auth_token", "token"))
