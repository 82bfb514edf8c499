"""Langfuse's alerts (monitors): a metric of traces or scores that left its range, by webhook.

Signed in `x-langfuse-signature` as `t=<epoch seconds>,v1=<hex HMAC-SHA256 of "{t}.{body}">` (langfuse/langfuse, worker
and shared/src/encryption/signature). Severity OK ends what fires; NO_DATA fires as a warning; PAUSED says nothing. Its
prompt webhooks come to the same address and open nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, tags, text, when
from bot.providers.signatures import Stamped
from playbooks.domain.alerts import Alert, Known

_SEVERITIES = {"alert": "critical", "warning": "warning", "no_data": "warning", "ok": ""}


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Langfuse", "payload", "type", "monitorId", "alertId")
    return each(Came(headers, source, received_at, text(data, "id")), [data], _alert)


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data.get("payload") if isinstance(data.get("payload"), dict) else data
    monitor = text(told, "monitorId", "alertId", "monitor.id", "alert.id")
    severity = text(told, "severity", "newSeverity", "state").lower()
    if not monitor:
        raise NoAlert(f"{text(data, 'type') or 'the event'} is about no monitor")
    if severity == "paused":
        raise NoAlert("the monitor is paused")
    if severity not in _SEVERITIES:
        raise BadAlert(f"its severity {severity[:40]!r} is none of OK, WARNING, ALERT, NO_DATA and PAUSED")
    labels = tags(dig(told, "tags"))
    name = text(told, "monitorName", "name", "alertName", "monitor.name", "title")
    at = when(told, "timestamp", "evaluatedAt", "triggeredAt") or when(data, "timestamp", "createdAt")
    firing = severity != "ok"
    return alert(
        came,
        fingerprint=identity("monitor", monitor),
        name=name or f"Langfuse monitor {monitor}",
        firing=firing,
        known=Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=_SEVERITIES[severity],
        summary=text(told, "message", "description") or name,
        component=labels.get("component") or labels.get("service", "") or text(told, "projectName", "project.name"),
        labels={
            **labels,
            "project": text(told, "projectId", "project.id") or text(data, "projectId"),
            "monitor": monitor,
            "severity": severity,
        },
        links=(dig(told, "url"), dig(told, "link"), dig(told, "monitorUrl"), dig(told, "permalink")),
        signal={
            "metric": text(told, "metric", "metric.measure", "metricName"),
            "value": text(told, "value", "currentValue", "metricValue", "observedValue"),
            "limit": text(told, "threshold", "alertThreshold", "threshold.value"),
            "window": text(told, "window", "windowSize"),
        },
    )


SOURCE = AlertSource(read, Stamped("x-langfuse-signature", tolerance=300))
