"""Azure Monitor's common alert schema; the schemas before it are read by `azure_older`.

Format: learn.microsoft.com, azure-monitor/alerts/alerts-common-schema and alerts-payload-samples. `originAlertId` names
the alert and `firedDateTime` the episode, in both the fired and the resolved body; alerts of logs, of activity and of
budgets may never resolve. Azure signs nothing: give the action group an address with a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bot.providers.alerts import azure_older
from bot.providers.alerts.azure_older import last
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

_STATES = {"fired": True, "resolved": False}
_PORTAL = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade/alertId/"


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Azure Monitor", "data", "context", "AlertRuleName", "essentials")
    came = Came(headers, source, received_at)
    told = data["data"] if isinstance(data.get("data"), dict) else data
    if isinstance(told.get("essentials"), dict):
        return each(came, [told], _common)
    older = azure_older.reader_of(told)
    if older is not None:
        return each(came, [told], older)
    raise not_mappable("it is no alert of Azure Monitor: it has neither `data.essentials` nor a `context`")


def _common(came: Came, data: Mapping[str, Any]) -> Alert:
    told, context = data["essentials"], data.get("alertContext")
    condition = text(told, "monitorCondition").lower()
    if text(context, "AlertCategory").lower() == "budgets":
        return _budget(came, told, context)
    if condition not in _STATES:
        raise BadAlert(f"its monitorCondition {condition[:40]!r} is neither Fired nor Resolved")
    began = when(told, "firedDateTime")
    custom = {
        **shallow(dig(context, "labels")),  # of a Prometheus rule group
        **shallow(dig(context, "properties")),
        **shallow(data.get("customProperties")),
    }
    first = dig(context, "condition.allOf.0")
    target = last(text(told, "configurationItems.0") or text(told, "alertTargetIDs.0"))
    targets = [last(each_) for each_ in rows(told.get("alertTargetIDs")) if isinstance(each_, str)]
    return alert(
        came,
        fingerprint=identity(text(told, "originAlertId", "alertId")),
        name=text(told, "alertRule"),
        firing=_STATES[condition],
        known=None if began else Known.WHILE_OPEN,
        began=began,
        ended=when(told, "resolvedDateTime"),
        severity=azure_older.severity(text(told, "severity")),
        summary=text(told, "description")
        or text(context, "DetectionSummary", "annotations.summary", "annotations.description")
        or text(told, "alertRule"),
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
        annotations={
            **shallow(dig(context, "annotations")),
            "alert_id": text(told, "alertId"),
            "query": text(first, "searchQuery") or text(context, "SearchQuery", "expression"),
        },
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


def _budget(came: Came, told: Mapping[str, Any], context: object) -> Alert:
    """Of costs: known by the budget and the threshold that was passed; it never tells an end."""
    budget, kind = text(context, "AlertData.BudgetName"), text(context, "AlertData.ThresholdType")
    limit = text(context, "AlertData.NotificationThresholdAmount", "AlertData.BudgetThreshold")
    alert_id = text(told, "originAlertId", "alertId")
    return alert(
        came,
        fingerprint=identity("budget", text(context, "AlertData.BudgetId") or alert_id, kind, limit),
        name=text(told, "alertRule") or f"budget {budget}".strip(),
        firing=text(told, "monitorCondition").lower() != "resolved",
        known=Known.WHILE_OPEN,
        began=when(told, "firedDateTime"),
        ended=when(told, "resolvedDateTime"),
        severity=azure_older.severity(text(told, "severity")),
        summary=text(told, "description"),
        labels={
            "budget": budget,
            "threshold_type": kind,
            "service_name": text(told, "monitoringService"),
            "scope": text(context, "AlertData.Scope"),
        },
        annotations={"alert_id": text(told, "alertId")},
        signal={"metric": "spend", "value": text(context, "AlertData.SpentAmount"), "limit": limit},
    )


def _signal(first: object, context: object) -> dict[str, str]:
    return {
        "metric": text(first, "metricName", "metricMeasureColumn") or text(context, "AlertType"),
        "value": text(first, "metricValue") or text(context, "ResultCount", "DetectedValue", "expressionValue"),
        "limit": text(first, "threshold") or text(context, "Threshold", "NormalValue"),
    }


SOURCE = AlertSource(read, in_address=("token", "code"))
