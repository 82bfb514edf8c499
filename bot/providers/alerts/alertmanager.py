"""Alertmanager's webhook, version 4, and what speaks like it: Grafana's unified alerting, single alerts, bare lists.

Identity is per alert: `fingerprint` and `startsAt`. The status of the whole body is not used, and its group's labels
only name what has no name: a firing group may carry resolved alerts. Without `startsAt` (templates of one's own, older
senders) an alert is known by its series, and by whether that fires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from bot.providers.alerts.reading import (
    MAX_ANNOTATION,
    MAX_FINGERPRINT,
    MAX_LABEL,
    AlertSource,
    BadAlert,
    ReadResult,
    Rejected,
    line,
    link,
    not_json,
    not_mappable,
    read_time,
    rejected,
    scalar,
    texts,
)
from bot.providers.alerts.telling import text
from playbooks.domain.alerts import Alert, AlertStatus, Known, Said, label_fingerprint

More = Callable[[Alert, Mapping[str, Any], Mapping[str, Any]], Alert]
"""`(alert, item, body)`: the alert with what else its item and the whole body tell."""

_STATUS = {
    "firing": AlertStatus.FIRING,
    "alerting": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
    "ok": AlertStatus.RESOLVED,
    "normal": AlertStatus.RESOLVED,
}


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """Alerts of a body; one that cannot be used is told in `rejected` and does not spoil the others.

    Args:
        headers: of the request, unused. body: raw bytes. source: name of the configured source instance.
        received_at: tz-aware; the end of a resolved alert that names none, and what decides a missing status.
    Raises:
        InputError: `not_json`, or `not_mappable` where the JSON is no Alertmanager body.
    """
    return read_with(body, source=source, received_at=received_at)


def read_with(body: bytes, *, source: str, received_at: datetime, more: More | None = None) -> ReadResult:
    """As `read`; `more` adds what a dialect tells beside it."""
    items, group = _items(body)
    alerts: list[Alert] = []
    refused: list[Rejected] = []
    for index, item in enumerate(items):
        try:
            alert = _alert(item, group, source, received_at)
            alerts.append(more(alert, item, group) if more else alert)
        except BadAlert as error:
            refused.append(rejected(index, error, item))
    left_out = group.get("truncatedAlerts", 0)
    return ReadResult(alerts, refused, max(0, left_out) if isinstance(left_out, int) else 0)


def _items(body: bytes) -> tuple[list[Any], Mapping[str, Any]]:
    """The alerts of a body, and the group that holds them: empty for bare ones."""
    try:
        data = from_json(body, cache_strings="keys")  # what they hold is seldom seen again, and would be kept
    except ValueError as error:
        raise not_json(str(error)) from None
    if isinstance(data, list) and data and all(isinstance(item, dict) and "labels" in item for item in data):
        return data, {}
    if not isinstance(data, dict):
        raise not_mappable("it is no Alertmanager body: it has no `alerts`")
    if "alerts" not in data and isinstance(data.get("labels"), dict):
        return [data], {}
    if not isinstance(data.get("alerts"), list):
        raise not_mappable("it is no Alertmanager body: it has no list `alerts`")
    return data["alerts"], data


def _alert(item: Any, group: Mapping[str, Any], source: str, received_at: datetime) -> Alert:
    if not isinstance(item, dict):
        raise BadAlert("it is no mapping")
    labels = texts(item.get("labels"), "labels", MAX_LABEL)
    fingerprint = item.get("fingerprint")
    if not isinstance(fingerprint, str) or not fingerprint:
        if not labels:
            raise BadAlert("it has no labels")
        fingerprint = label_fingerprint(labels)
    annotations = texts(item.get("annotations"), "annotations", MAX_ANNOTATION)
    starts_at, ends_at = read_time(item.get("startsAt")), read_time(item.get("endsAt"))
    status = _status(item.get("status"), ends_at, received_at)
    over = status is AlertStatus.RESOLVED
    began = starts_at or (over and ends_at) or received_at
    return Alert(
        source=source,
        fingerprint=line(fingerprint, MAX_FINGERPRINT),
        name=labels.get("alertname") or labels.get("rulename") or _name(group),
        status=status,
        starts_at=began,
        ends_at=max(began, ends_at or received_at) if over else None,
        severity=labels.get("severity", ""),
        summary=annotations.get("summary") or annotations.get("description") or annotations.get("message") or "",
        labels=labels,
        annotations=annotations,
        link=link(item.get("generatorURL")) or link(group.get("externalURL")),
        said=None if starts_at else Said(Known.WHILE_OPEN),
    )


def _name(group: Mapping[str, Any]) -> str:
    return line(text(group, "groupLabels.alertname", "commonLabels.alertname"), MAX_LABEL) or "unnamed alert"


def _status(value: object, ends_at: datetime | None, received_at: datetime) -> AlertStatus:
    if value is None or value == "":
        over = ends_at is not None and ends_at <= received_at
        return AlertStatus.RESOLVED if over else AlertStatus.FIRING
    status = _STATUS.get(scalar(value).lower())
    if status is None:
        raise BadAlert(f"its status {scalar(value)[:40]!r} is neither firing nor resolved")
    return status


SOURCE = AlertSource(read)
