"""New Relic's webhooks: issues as a workflow's default template tells them, and the legacy notification channel.

An issue (docs.newrelic.com, alerts, webhook payload) has `id`, `state` (CREATED, ACTIVATED, ACKNOWLEDGED, CLOSED),
`priority` and times in epoch ms; the legacy channel `incident_id`, `current_state` and `timestamp`. Both are numbers of
one episode. Templates are the user's own: lists may come as texts, and a placeholder that was not filled in is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, tags, text, when
from playbooks.domain.alerts import Alert, Known

_ENDED = ("closed", "deactivated", "resolved")
_OPEN = ("created", "activated", "acknowledged", "open", "active", "opened", "updated")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "New Relic", "state", "current_state", "issueUrl", "issueId", "issue_id")
    return each(Came(headers, source, received_at), [data], _legacy if "current_state" in data else _issue)


def _firing(state: str) -> bool:
    low = state.lower()
    if low in _ENDED:
        return False
    if low in _OPEN:
        return True
    if low == "test":
        raise NoAlert("a test call")
    raise BadAlert(f"its state {state[:40]!r} is neither open nor closed")


def _issue(came: Came, data: Mapping[str, Any]) -> Alert:
    entities = _names(data, "impactedEntities", "entitiesData.names", "impacted_entities", "entities")
    conditions = _names(data, "alertConditionNames", "conditionNames", "condition_names")
    policies = _names(data, "alertPolicyNames", "policyNames", "policy_names")
    labels = tags(dig(data, "tags")) | tags(dig(data, "labels"))
    firing = _firing(text(data, "state", "status"))
    title = text(data, "title", "issueTitle", "annotations.title.0")
    return alert(
        came,
        fingerprint=identity("issue", text(data, "id", "issueId", "issue_id")),
        name=conditions[0] if conditions else title,
        firing=firing,
        known=Known.BY_ID,
        began=when(data, "createdAt", "activatedAt", "created_at", "openedAt"),
        ended=when(data, "closedAt", "closed_at", "updatedAt", "updated_at"),
        severity=text(data, "priority", "severity").lower(),
        summary=title,
        component=labels.get("component") or labels.get("service", "") or (entities[0] if len(entities) == 1 else ""),
        labels={
            **labels,
            "entity": ", ".join(entities),
            "policy": ", ".join(policies),
            "condition": ", ".join(conditions),
            "state": text(data, "state", "status"),
            "workflow": text(data, "workflowName", "workflow_name"),
        },
        links=(data.get("issueUrl"), data.get("issueLink"), data.get("issue_url"), data.get("chartLink")),
        signal={"incidents": text(data, "totalIncidents", "total_incidents")},
    )


def _names(data: Mapping[str, Any], *paths: str) -> list[str]:
    """A list of names, which a template may have written as text."""
    for path in paths:
        value = dig(data, path)
        if isinstance(value, str) and value.startswith("["):
            try:
                value = from_json(value)
            except ValueError:
                value = [value]
        if isinstance(value, str) and value:
            value = [part.strip() for part in value.split(",")]
        if isinstance(value, list) and value:
            return [found for found in (text({"name": name}, "name") for name in value) if found]
    return []


def _legacy(came: Came, data: Mapping[str, Any]) -> Alert:
    firing = _firing(text(data, "current_state"))
    at = when(data, "timestamp")
    lasted = dig(data, "duration")
    since = timedelta(milliseconds=lasted) if isinstance(lasted, int) and 0 <= lasted < 10**12 else timedelta()
    opened = at - since if at is not None and since < at - datetime(1970, 1, 2, tzinfo=at.tzinfo) else at
    target = dig(data, "targets.0")
    return alert(
        came,
        fingerprint=identity("incident", text(data, "account_id"), text(data, "incident_id")),
        name=text(data, "condition_name", "policy_name"),
        firing=firing,
        known=Known.BY_ID,
        began=opened,
        ended=at,
        severity=text(data, "severity").lower(),
        summary=text(data, "details", "condition_name"),
        component=text(dig(target, "labels"), "component", "service") or text(target, "name"),
        labels={
            **tags(dig(target, "labels")),
            "policy": text(data, "policy_name"),
            "condition": text(data, "condition_name"),
            "account": text(data, "account_name", "account_id"),
            "entity": text(target, "name"),
            "state": text(data, "current_state"),
        },
        annotations={"runbook": text(data, "runbook_url")},
        links=(data.get("incident_url"), data.get("violation_chart_url"), data.get("policy_url")),
    )


SOURCE = AlertSource(read, plain=("x-api-key",))
