"""Azure Monitor's schemas before the common one: metric, activity log and log alerts, and what budgets post.

Format: learn.microsoft.com, azure-monitor/alerts/alerts-non-common-schema-definitions, activity-log-alerts-webhook,
alerts-log-webhook and alerts-webhooks (classic metric alerts). A metric alert is known by its rule, resource and
dimensions; a service health event by its tracking id and a resource's health by the resource, so that their later
stages end them; any other activity by itself. A log alert tells neither an identity nor an end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.providers.alerts.reading import BadAlert, NoAlert
from bot.providers.alerts.telling import Came, alert, dig, identity, rows, shallow, tags, text, when
from playbooks.domain.alerts import Alert, Known

Told = Mapping[str, Any]
_WORDS = ("critical", "error", "warning", "info", "info")
_SEVERITIES = {f"{form}{number}": word for number, word in enumerate(_WORDS) for form in ("", "sev")} | {
    "informational": "info",
    "verbose": "info",
}
_STATES = {"activated": True, "deactivated": False, "resolved": False, "succeeded": False}
_STAGES_OVER = ("resolved", "complete", "completed", "canceled", "rca")


def reader_of(told: Told) -> Callable[[Came, Told], Alert] | None:
    """What reads this body, None where it is of none of these schemas."""
    if isinstance(dig(told, "context.activityLog"), dict):
        return _activity
    if isinstance(told.get("context"), dict):
        return _metric
    if text(told, "AlertRuleName"):
        return _log
    return _budget if text(told, "BudgetName") else None


def severity(said: str) -> str:
    """Our word for Azure's `Sev2`, `2` or `Warning`; another one as it is."""
    return _SEVERITIES.get(said.lower(), said.lower() if said.lower() in _WORDS else said)


def last(resource: str) -> str:
    """The name at the end of a resource's id."""
    return resource.rstrip("/").rsplit("/", 1)[-1]


def _state(data: Told, told: Told) -> bool:
    state = (text(data, "status") or text(told, "status")).lower()
    if state not in _STATES:
        raise BadAlert(f"its status {state[:40]!r} is neither Activated nor Deactivated")
    return _STATES[state]


def _split(dimensions: Mapping[str, str]) -> str:
    """One text for the dimensions that an alert is split by."""
    return ",".join(f"{key}={value}" for key, value in sorted(dimensions.items()))


def _metric(came: Came, data: Told) -> Alert:
    told = data["context"]
    firing = _state(data, told)
    if text(told, "newCapacity") or text(data, "operation").lower().startswith("scale"):
        raise NoAlert("it tells that a resource was scaled")
    condition = dig(told, "condition")
    first = dig(condition, "allOf.0") or condition
    dimensions = {key: value for part in rows(dig(condition, "allOf")) for key, value in _dimensions(part).items()}
    return alert(
        came,
        fingerprint=identity(text(told, "id"), text(told, "resourceId"), _split(dimensions)),
        name=text(told, "name"),
        firing=firing,
        known=Known.WHILE_OPEN,
        began=when(told, "timestamp") if firing else None,
        ended=when(told, "timestamp"),
        severity=severity(text(told, "severity")),
        summary=text(told, "description", "name"),
        component=text(data, "properties.component", "properties.service") or text(told, "resourceName"),
        labels={
            **dimensions,
            **shallow(data.get("properties")),
            "alertname": text(told, "name"),
            "resource_group": text(told, "resourceGroupName"),
            "resource_type": text(told, "resourceType"),
            "target": text(told, "resourceName"),
        },
        links=(told.get("portalLink"),),
        signal={
            "metric": text(first, "metricName"),
            "value": text(first, "metricValue"),
            "limit": text(first, "threshold"),
        },
    )


def _dimensions(part: object) -> dict[str, str]:
    return tags(dig(part, "dimensions"))


def _activity(came: Came, data: Told) -> Alert:
    told: Told = data["context"]["activityLog"]
    custom, facts = shallow(data.get("properties")), shallow(told.get("properties"))
    health = text(told, "eventSource").lower()
    series, over = "", False
    if health == "servicehealth":
        series, over = text(facts, "trackingId"), text(facts, "stage").lower() in _STAGES_OVER
    elif health == "resourcehealth":
        series, over = text(told, "resourceId"), text(facts, "currentHealthStatus").lower() == "available"
    at = when(told, "eventTimestamp", "submissionTimestamp")
    firing = _state(data, told) and not over
    operation = text(told, "operationName")
    title = text(facts, "title", "defaultLanguageTitle", "recommendationName")
    return alert(
        came,
        fingerprint=identity(health, series) if series else identity(text(told, "eventDataId", "operationId")),
        name=text(data, "context.name") or title or operation,
        firing=firing,
        known=Known.BY_TURN if series and at else Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=severity(text(told, "level")),
        summary=text(told, "description") or title or operation,
        component=custom.get("component") or custom.get("service") or _named(told, facts),
        labels={
            **facts,
            **custom,
            "event_source": text(told, "eventSource"),
            "operation": operation,
            "target": last(text(told, "resourceId")),
            "resource_group": text(told, "resourceGroupName"),
            "resource_type": text(told, "resourceType"),
        },
        links=(facts.get("recommendationResourceLink"),),
    )


def _named(told: Told, facts: Mapping[str, str]) -> str:
    return facts.get("compromisedEntity") or last(text(told, "resourceId")) or facts.get("service", "")


def _log(came: Came, data: Told) -> Alert:
    name = text(data, "AlertRuleName")
    dimensions = tags(data.get("Dimensions"))
    resource = text(data, "ResourceId", "SearchResult.dataSources.0.resourceId")
    target = text(data, "AffectedConfigurationItems.0") or last(resource)
    return alert(
        came,
        fingerprint=identity(text(data, "SubscriptionId"), name, _split(dimensions)),
        name=name,
        firing=True,
        known=Known.WHILE_OPEN,
        began=_log_time(data),
        severity=severity(text(data, "Severity")),
        summary=text(data, "Description") or name,
        component=dimensions.get("component") or target,
        labels={**dimensions, "alertname": name, "target": target, "signal_type": "Log"},
        annotations={"query": text(data, "SearchQuery")},
        links=(data.get("LinkToFilteredSearchResultsUI"), data.get("LinkToSearchResults")),
        signal={
            "metric": text(data, "AlertType"),
            "value": text(data, "ResultCount"),
            "limit": text(data, "AlertThresholdValue"),
        },
    )


def _log_time(data: Told) -> datetime | None:
    """The end of the interval that was searched; older ones are written as `3/22/2019 1:51:33 PM`, UTC."""
    said = text(data, "SearchIntervalEndtimeUtc")
    try:
        return datetime.strptime(said, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    except ValueError:
        return when(data, "SearchIntervalEndtimeUtc")


def _budget(came: Came, data: Told) -> Alert:
    budget, limit = text(data, "BudgetName"), text(data, "NotificationThresholdAmount", "Budget")
    spent, unit = text(data, "SpendingAmount", "SpentAmount"), text(data, "Unit")
    return alert(
        came,
        fingerprint=identity("budget", text(data, "SubscriptionId"), text(data, "ResourceGroup"), budget, limit),
        name=f"budget {budget}",
        firing=True,
        known=Known.WHILE_OPEN,
        summary=f"{spent} {unit} of {text(data, 'Budget')} {unit} are spent",
        labels={
            "budget": budget,
            "subscription": text(data, "SubscriptionName", "SubscriptionId"),
            "resource_group": text(data, "ResourceGroup"),
        },
        signal={"metric": "spend", "value": spent, "limit": limit},
    )
