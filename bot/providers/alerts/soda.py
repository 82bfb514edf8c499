"""Soda Cloud's webhooks: evaluated checks (`checkEvaluation`, also called `validate`) and its incidents.

Fields: docs.soda.io, reference/webhook-api, and sodadata/docs soda/integrate-webhooks.md (Soda v3; times are called
`…Timestamp` there, severities major and minor). A check is known by its id; `fail`, `error` and `warn` fire, `pass`
ends. An incident is known by its id until it is resolved. How a signature of Soda's looks is nowhere said: give the
webhook the secret as a header, or in the address. Agreements and contracts open nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, rows, tags, text, when
from playbooks.domain.alerts import Alert, Known

_OUTCOMES = {"fail": ("error", True), "failed": ("error", True), "error": ("error", True), "warn": ("warning", True),
             "warning": ("warning", True), "pass": ("", False), "passed": ("", False)}  # fmt: skip
_SEVERITIES = {"major": "error", "minor": "warning", "critical": "critical", "high": "error", "medium": "warning",
               "low": "info"}  # fmt: skip


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Soda", "event", "checkResults", "incident")
    inner = data["data"] if isinstance(data.get("data"), dict) and "event" in data["data"] else data
    came = Came(headers, source, received_at, text(inner, "eventId", "id"))
    if isinstance(inner.get("incident"), dict):
        return each(came, [inner], _incident)
    checks = rows(inner.get("checkResults") or inner.get("checks"))
    return each(came, checks, _check) if checks else each(came, [inner], _other)


def _other(_came: Came, data: Mapping[str, Any]) -> Alert:
    raise NoAlert(f"{text(data, 'event') or 'the event'} is about no check and no incident")


def _check(came: Came, check: Any) -> Alert:
    outcome = text(check, "outcome", "evaluationStatus", "evaluation.outcome", "status", "level").lower()
    if outcome in ("not evaluated", "notevaluated", "not_evaluated"):
        raise NoAlert("the check was not evaluated")
    if outcome not in _OUTCOMES:
        raise BadAlert(f"its outcome {outcome[:40]!r} is none of pass, warn and fail")
    severity, firing = _OUTCOMES[outcome]
    dataset = text(check, "dataset.name", "datasets.0.name", "table", "datasetName", "dataset")
    name = _name(check)
    attributes = _attributes(check)
    at = when(check, "dataTimestamp", "lastCheckResultTimestamp", "evaluationTimestamp", "timestamp")
    return alert(
        came,
        fingerprint=identity("check", text(check, "id", "checkId", "identity", "check.id") or f"{dataset}:{name}"),
        name=name,
        firing=firing,
        known=Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=severity,
        summary=text(check, "description", "definition", "name"),
        component=attributes.get("component") or attributes.get("service") or dataset,
        labels={
            **attributes,
            "dataset": dataset,
            "column": text(check, "column.name", "column"),
            "owner": text(check, "owner.email", "dataset.owner.email", "datasets.0.owner.email"),
            "datasource": text(check, "datasets.0.datasource.name", "dataset.datasource.name"),
            "outcome": outcome,
        },
        links=(dig(check, "cloudUrl"), dig(check, "sodaCloudUrl"), dig(check, "url")),
        signal={
            "metric": text(check, "metricName", "definition"),
            "value": text(check, "diagnostics.value", "metricValue", "value"),
        },
    )


def _name(check: Any) -> str:
    """A check's name; without one its definition, of which the first line names only the dataset."""
    lines = [line.strip() for line in text(check, "definition").splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("checks for "):
        lines = lines[1:]
    return text(check, "name", "check.name") or " ".join(lines)


def _attributes(check: Any) -> dict[str, str]:
    """Attributes of the dataset and, before those, of the check; tags of the dataset beside them."""
    places = ("datasets.0.tags", "datasets.0.attributes", "dataset.attributes", "resourceAttributes", "attributes")
    found: dict[str, str] = {}
    for place in places:
        found |= tags(dig(check, place))
    return found


def _incident(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data["incident"]
    status = text(told, "status").lower()
    severity = text(told, "severity").lower()
    checks = rows(dig(told, "checkResults"))
    dataset = text(dig(checks, "0"), "dataset.name", "datasets.0.name", "dataset")
    attributes = _attributes(dig(checks, "0"))
    return alert(
        came,
        fingerprint=identity("incident", text(told, "id")),
        name=text(told, "title", "description"),
        firing=status not in ("resolved", "closed", "fixed"),
        known=Known.BY_ID,
        began=when(told, "createdTimestamp", "created"),
        ended=when(told, "resolutionTimestamp", "lastUpdatedTimestamp", "lastUpdated"),
        severity=_SEVERITIES.get(severity, severity),
        summary=text(told, "description", "title"),
        component=attributes.get("component") or attributes.get("service") or dataset,
        labels={
            **attributes,
            "number": text(told, "number"),
            "status": status,
            "dataset": dataset,
            "lead": text(told, "lead.email"),
        },
        links=(told.get("sodaCloudUrl"), told.get("cloudUrl")),
    )


SOURCE = AlertSource(read, plain=("x-api-key",), in_address=("token",))
