"""Azure Monitor's common alert schema, and the older schemas of metric alerts.

Format: learn.microsoft.com, azure-monitor/alerts/alerts-common-schema. `originAlertId` names the alert and
`firedDateTime` the episode, in both the fired and the resolved body; alerts of logs and of activity may never resolve.
Azure signs nothing: give the action group an address with a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, ReadResult, not_mappable
from bot.providers.alerts.telling import (
    Came,
    alert,
    dig,
    each,
    identity,
    parsed_object,
    rows,
    shallow,
    tags,
    text,
    when,
)
from playbooks.domain.alerts import Alert, Known

_SEVERITIES = {"sev0": "critical", "sev1": "error", "sev2": "warning", "sev3": "info", "sev4": "info"}
_STATES = {"fired": True, "resolved": False}
_OLD_STATES = {"activated": True, "deactivated": False, "resolved": False, "succeeded": False}
_PORTAL = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade/alertId/"


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Azure Monitor", "data", "context")
    came = Came(headers, source, received_at)
    if isinstance(dig(data, "data.essentials"), dict):
        return each(came, [data["data"]], _common)
    if isinstance(dig(data, "data.context"), dict):
        return each(came, [data["data"]], _older)
    if isinstance(data.get("context"), dict):
        return each(came, [data], _older)
    raise not_mappable("it is no alert of Azure Monitor: it has neither `data.essentials` nor a `context`")


def _common(came: Came, data: Mapping[str, Any]) -> Alert:
    told, context = data["essentials"], data.get("alertContext")
    condition = text(told, "monitorCondition").lower()
    if condition not in _STATES:
        raise BadAlert(f"its monitorCondition {condition[:40]!r} is neither Fired nor Resolved")
    began = when(told, "firedDateTime")
    custom = {**shallow(dig(context, "properties")), **shallow(data.get("customProperties"))}
    first = dig(context, "condition.allOf.0")
    target = _last(text(told, "configurationItems.0") or text(told, "alertTargetIDs.0"))
    targets = [_last(each_) for each_ in rows(told.get("alertTargetIDs")) if isinstance(each_, str)]
    return alert(
        came,
        fingerprint=identity(text(told, "originAlertId", "alertId")),
        name=text(told, "alertRule"),
        firing=_STATES[condition],
        known=None if began else Known.WHILE_OPEN,
        began=began,
        ended=when(told, "resolvedDateTime"),
        severity=_SEVERITIES.get(text(told, "severity").lower(), text(told, "severity")),
        summary=text(told, "description") or text(context, "DetectionSummary") or text(told, "alertRule"),
        component=custom.get("component") or custom.get("service", "") or target,
        labels={
            **tags(dig(first, "dimensions")),
            **tags(dig(context, "Dimensions")),
            **custom,
            "alertname": text(told, "alertRule"),
            "azure_severity": text(told, "severity"),
            "signal_type": text(told, "signalType"),
            "service_name": text(told, "monitoringService"),
            "target": ", ".join(targets),
            "resource_group": text(told, "targetResourceGroup"),
            "resource_type": text(told, "targetResourceType"),
        },
        annotations={"alert_id": text(told, "alertId"), "query": text(first, "searchQuery")},
        links=(
            dig(first, "linkToFilteredSearchResultsUI"),
            dig(first, "linkToSearchResultsUI"),
            dig(context, "LinkToFilteredSearchResultsUI"),
            dig(context, "LinkToSearchResults"),
            text(told, "investigationLink"),
            _PORTAL + quote(text(told, "alertId"), safe="") if text(told, "alertId") else "",
        ),
        signal=_signal(first, context),
    )


def _signal(first: object, context: object) -> dict[str, str]:
    return {
        "metric": text(first, "metricName", "metricMeasureColumn") or text(context, "AlertType"),
        "value": text(first, "metricValue") or text(context, "ResultCount", "DetectedValue"),
        "limit": text(first, "threshold") or text(context, "Threshold", "NormalValue"),
    }


def _older(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data["context"]
    state = (text(data, "status") or text(told, "status")).lower()
    if state not in _OLD_STATES:
        raise BadAlert(f"its status {state[:40]!r} is neither Activated nor Deactivated")
    condition = dig(told, "condition")
    first = dig(condition, "allOf.0") or condition
    severity = text(told, "severity")
    return alert(
        came,
        fingerprint=identity(text(told, "id", "activityLog.eventDataId"), text(told, "resourceId")),
        name=text(told, "name", "activityLog.operationName"),
        firing=_OLD_STATES[state],
        known=Known.WHILE_OPEN,
        began=when(told, "timestamp", "activityLog.eventTimestamp") if _OLD_STATES[state] else None,
        ended=when(told, "timestamp"),
        severity=_SEVERITIES.get(f"sev{severity}", severity),
        summary=text(told, "description", "name"),
        component=text(data, "properties.component", "properties.service") or text(told, "resourceName"),
        labels={
            **shallow(data.get("properties")),
            "resource_group": text(told, "resourceGroupName"),
            "resource_type": text(told, "resourceType"),
            "target": text(told, "resourceName"),
        },
        links=(told.get("portalLink"),),
        signal=_signal(first, {}),
    )


def _last(resource: str) -> str:
    """The name at the end of a resource's id."""
    return resource.rstrip("/").rsplit("/", 1)[-1]


SOURCE = AlertSource(read, in_address=("token", "code"))
