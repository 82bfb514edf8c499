"""Google Cloud Monitoring's webhook notification channels: one `incident`, open or closed, in versions 1.0 to 1.2.

Format: cloud.google.com, monitoring/support/notification-options. `incident_id` is one episode; times are epoch seconds
and 0 where there is none; the case of `state` differs between versions. The channel proves itself by basic
authentication, or by a token in the address (`auth_token`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, shallow, text, when
from playbooks.domain.alerts import Alert, Known

_STATES = {"open": True, "closed": False}


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Google Cloud Monitoring", "incident")
    return each(Came(headers, source, received_at), [data["incident"]], _incident)


def _incident(came: Came, told: Any) -> Alert:
    if not isinstance(told, dict):
        raise BadAlert("its `incident` is no mapping")
    state = text(told, "state").lower()
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
        component=labels.get("component")
        or labels.get("service", "")
        or text(told, "resource_name").rsplit("/", 1)[-1],
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
