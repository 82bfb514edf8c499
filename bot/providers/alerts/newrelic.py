"""New Relic's webhooks: issues as a workflow's default template tells them, and the legacy notification channel.

An issue (docs.newrelic.com, alerts, webhook payload) has `id`, `state` (CREATED, ACTIVATED, ACKNOWLEDGED, CLOSED),
`priority` and times in epoch ms; the legacy channel `incident_id`, `current_state` or `event_type` (INCIDENT_OPEN) and
`timestamp`; a workflow may write that form, too. Both are numbers of one episode, which also ends the issue's address.
Templates are the user's own: lists may come as texts, and a placeholder that was not filled in is absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, tags, text, when
from playbooks.domain.alerts import Alert, Known

_ENDED = ("closed", "deactivated", "resolved")
_OPEN = ("created", "activated", "acknowledged", "open", "active", "opened", "updated")
_KEYS = ("state", "current_state", "issueUrl", "issueId", "issue_id", "incident_id")
_ISSUE = re.compile(r"/(?:issues|incidents)/([\w-]+)")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "New Relic", *_KEYS)
    legacy = "current_state" in data or ("incident_id" in data and "state" not in data)
    return each(Came(headers, source, received_at), [data], _legacy if legacy else _issue)


def _firing(state: str) -> bool:
    low = state.lower().removeprefix("incident_").removeprefix("incident ")
    if low in _ENDED:
        return False
    if low in _OPEN:
        return True
    if low == "test":
        raise NoAlert("a test call")
    raise BadAlert(f"its state {state[:40]!r} is neither open nor closed")


def _issue(came: Came, data: Mapping[str, Any]) -> Alert:
    entities = _names(data, "impactedEntities", "entitiesData.names", "impacted_entities", "entities")
    conditions = _names(data, "alertConditionNames", "conditionNames", "condition_names") or _one(
        data, "condition_name", "conditionName"
    )
    policies = _names(data, "alertPolicyNames", "policyNames", "policy_names") or _one(
        data, "policy_name", "policyName"
    )
    labels = tags(dig(data, "tags")) | tags(dig(data, "labels"))
    firing = _firing(text(data, "state", "status"))
    title = text(data, "title", "title.0", "issueTitle", "issueTitle.0", "annotations.title.0", "details")
    return alert(
        came,
        fingerprint=identity("issue", text(data, "id", "issueId", "issue_id") or _number(data)),
        name=conditions[0] if conditions else title,
        firing=firing,
        known=Known.BY_ID,
        began=when(data, "createdAt", "activatedAt", "created_at", "openedAt"),
        ended=when(data, "closedAt", "closed_at", "updatedAt", "updated_at"),
        severity=text(data, "priority", "severity").lower(),
        summary=title,
        component=_owned(labels) or (entities[0] if len(entities) == 1 else ""),
        labels={
            **labels,
            "entity": ", ".join(entities),
            "policy": ", ".join(policies),
            "condition": ", ".join(conditions),
            "state": text(data, "state", "status"),
            "workflow": text(data, "workflowName", "workflow_name"),
        },
        annotations={"runbook": text(data, "runbookUrl", "runbookUrl.0", "runbook_url")},
        links=(data.get("issueUrl"), data.get("issueLink"), data.get("issue_url"), data.get("chartLink")),
        signal={"incidents": text(data, "totalIncidents", "total_incidents")},
    )


def _owned(labels: Mapping[str, str]) -> str:
    """The component or service of tags, whose keys may have capitals."""
    low = {key.lower(): value for key, value in labels.items()}
    return low.get("component") or low.get("service", "")


def _number(data: Mapping[str, Any]) -> str:
    """The number of the issue or incident, as its address has it."""
    found = _ISSUE.search(text(data, "issueUrl", "issue_url", "issueLink", "incident_url"))
    return found[1] if found else ""


def _one(data: Mapping[str, Any], *paths: str) -> list[str]:
    """A name that may hold commas, as a list."""
    name = text(data, *paths)
    return [name] if name else []


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
    state = text(data, "current_state") or text(data, "event_type")
    firing = _firing(state)
    at = when(data, "timestamp")
    target = _target(data)
    labels = tags(dig(target, "labels"))
    number = text(data, "incident_id") or _number(data)
    if not number:
        raise BadAlert("it has no `incident_id`, so that its end could not be told")
    return alert(
        came,
        fingerprint=identity("incident", text(data, "account_id"), number),
        name=text(data, "condition_name", "policy_name"),
        firing=firing,
        known=Known.BY_ID,
        began=_opened(at, dig(data, "duration")),
        ended=at,
        severity=text(data, "severity").lower(),
        summary=" ".join(text(data, "details", "condition_name").split()),
        component=_owned(labels) or text(target, "name"),
        labels={
            **labels,
            "policy": text(data, "policy_name"),
            "condition": text(data, "condition_name"),
            "account": text(data, "account_name", "account_id"),
            "entity": text(target, "name"),
            "state": state,
        },
        annotations={"runbook": text(data, "runbook_url")},
        links=(data.get("incident_url"), data.get("violation_chart_url"), data.get("policy_url")),
    )


def _opened(at: datetime | None, lasted: object) -> datetime | None:
    """When it opened: its time, less the ms that it has lasted."""
    told = text({"ms": lasted}, "ms")
    if at is None or not (told.isascii() and told.isdigit() and len(told) <= 12):
        return at
    since = timedelta(milliseconds=int(told))
    return at - since if since < at - datetime(1970, 1, 2, tzinfo=at.tzinfo) else at


def _target(data: Mapping[str, Any]) -> object:
    """The first target; a template may have written the list as text."""
    targets = data.get("targets")
    if isinstance(targets, str) and targets.startswith("["):
        try:
            targets = from_json(targets)
        except ValueError:
            return None
    return dig({"targets": targets}, "targets.0")


SOURCE = AlertSource(read, plain=("x-api-key",))
