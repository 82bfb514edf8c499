"""Alertmanager's webhook, version 4, and what speaks like it: Grafana's unified alerting, single alerts, bare lists.

Identity is per alert: `fingerprint` and `startsAt`. The status of the whole body and its common labels are not used:
a firing group may carry resolved alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from playbooks.domain.alerts import Alert, AlertStatus, label_fingerprint

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
    items, truncated = _items(body)
    alerts: list[Alert] = []
    refused: list[Rejected] = []
    for index, item in enumerate(items):
        try:
            alerts.append(_alert(item, source, received_at))
        except BadAlert as error:
            refused.append(rejected(index, error, item))
    return ReadResult(alerts, refused, max(0, truncated))


def _items(body: bytes) -> tuple[list[Any], int]:
    try:
        data = from_json(body)
    except ValueError as error:
        raise not_json(str(error)) from None
    if isinstance(data, list) and data and all(isinstance(item, dict) and "labels" in item for item in data):
        return data, 0
    if not isinstance(data, dict):
        raise not_mappable("it is no Alertmanager body: it has no `alerts`")
    if "alerts" not in data and isinstance(data.get("labels"), dict):
        return [data], 0
    if not isinstance(data.get("alerts"), list):
        raise not_mappable("it is no Alertmanager body: it has no list `alerts`")
    left_out = data.get("truncatedAlerts", 0)
    return data["alerts"], left_out if isinstance(left_out, int) else 0


def _alert(item: Any, source: str, received_at: datetime) -> Alert:
    if not isinstance(item, dict):
        raise BadAlert("it is no mapping")
    labels = texts(item.get("labels"), "labels", MAX_LABEL)
    if not labels:
        raise BadAlert("it has no labels")
    annotations = texts(item.get("annotations"), "annotations", MAX_ANNOTATION)
    starts_at = read_time(item.get("startsAt"))
    if starts_at is None:
        raise BadAlert("it does not say when it started (`startsAt`)")
    ends_at = read_time(item.get("endsAt"))
    status = _status(item.get("status"), ends_at, received_at)
    fingerprint = item.get("fingerprint")
    if not isinstance(fingerprint, str) or not fingerprint:
        fingerprint = label_fingerprint(labels)
    return Alert(
        source=source,
        fingerprint=line(fingerprint, MAX_FINGERPRINT),
        name=labels.get("alertname") or labels.get("rulename") or "unnamed alert",
        status=status,
        starts_at=starts_at,
        ends_at=max(starts_at, ends_at or received_at) if status is AlertStatus.RESOLVED else None,
        severity=labels.get("severity", ""),
        summary=annotations.get("summary") or annotations.get("description") or annotations.get("message") or "",
        labels=labels,
        annotations=annotations,
        link=link(item.get("generatorURL")),
    )


def _status(value: object, ends_at: datetime | None, received_at: datetime) -> AlertStatus:
    if value is None or value == "":
        over = ends_at is not None and ends_at <= received_at
        return AlertStatus.RESOLVED if over else AlertStatus.FIRING
    status = _STATUS.get(scalar(value).lower())
    if status is None:
        raise BadAlert(f"its status {scalar(value)[:40]!r} is neither firing nor resolved")
    return status


SOURCE = AlertSource(read)
