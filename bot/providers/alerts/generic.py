"""Muster's own alert format, for everything that can send JSON.

One alert, several in a list or as `{"alerts": [...]}`; only `name` must be there:

    {"name": "PSI of score", "component": "fraud-scorer", "status": "firing", "severity": "critical",
     "summary": "PSI 0.34", "labels": {"window": "1h"}, "starts_at": "2026-11-21T02:31:00Z", "ends_at": null,
     "fingerprint": "psi-score", "link": "https://…",
     "signal": {"metric": "PSI of score", "value": 0.34, "limit": 0.2, "samples": 18240,
                "windows": "4 of the last 4 windows", "first_breach": "2026-11-21T01:40:00Z"}}

`component` becomes the label `component`. Without `fingerprint` the name and labels are the identity. An episode is
(fingerprint, starts_at): send the same `starts_at` again, and it is known; a resolved alert must name it.
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

MAX_NAME = 200
MAX_FIGURE = 200


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """Alerts of a body; arguments and errors as in `alertmanager.read`. Without `starts_at` it is `received_at`."""
    try:
        data = from_json(body, cache_strings="keys")
    except ValueError as error:
        raise not_json(str(error)) from None
    alerts: list[Alert] = []
    refused: list[Rejected] = []
    for index, item in enumerate(_items(data)):
        try:
            alerts.append(_alert(item, source, received_at))
        except BadAlert as error:
            refused.append(rejected(index, error, item))
    return ReadResult(alerts, refused)


def _items(data: object) -> list[Any]:
    if isinstance(data, dict) and isinstance(data.get("alerts"), list):
        return list(data["alerts"])
    if isinstance(data, list) and data and all(isinstance(item, dict) and "name" in item for item in data):
        return data
    if isinstance(data, dict) and "name" in data:
        return [data]
    raise not_mappable("it is neither an alert with a `name` nor a list `alerts`")


def _alert(item: object, source: str, received_at: datetime) -> Alert:
    if not isinstance(item, dict):
        raise BadAlert("it is no mapping")
    name = _text(item, "name", MAX_NAME)
    if not name:
        raise BadAlert("it has no `name`")
    labels = texts(item.get("labels"), "labels", MAX_LABEL)
    component = _text(item, "component", MAX_LABEL)
    if component:
        labels = {**labels, "component": component}
    status = _status(item.get("status"))
    starts_at = read_time(item.get("starts_at"))
    if starts_at is None and status is AlertStatus.RESOLVED:
        raise BadAlert("a resolved alert must say which episode ended (`starts_at`)")
    starts_at = starts_at or received_at
    ends_at = read_time(item.get("ends_at"))
    return Alert(
        source=source,
        fingerprint=_text(item, "fingerprint", MAX_FINGERPRINT) or label_fingerprint({"": name, **labels}),
        name=name,
        status=status,
        starts_at=starts_at,
        ends_at=max(starts_at, ends_at or received_at) if status is AlertStatus.RESOLVED else None,
        severity=_text(item, "severity", MAX_NAME),
        summary=_text(item, "summary", MAX_ANNOTATION),
        labels=labels,
        annotations=texts(item.get("annotations"), "annotations", MAX_ANNOTATION),
        link=link(item.get("link")),
        signal=texts(item.get("signal"), "signal", MAX_FIGURE),
    )


def _text(item: Mapping[str, Any], key: str, limit: int) -> str:
    value = item.get(key)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise BadAlert(f"`{key}` is no text")
    return line(scalar(value).strip(), limit)


def _status(value: object) -> AlertStatus:
    if value is None:
        return AlertStatus.FIRING
    try:
        return AlertStatus(scalar(value).lower())
    except ValueError:
        raise BadAlert(f"its status {scalar(value)[:40]!r} is neither firing nor resolved") from None


SOURCE = AlertSource(read)
