"""Langfuse's alerts (monitors): a metric of traces or scores that left its range, by webhook; and its own failures.

Signed in `x-langfuse-signature` as `t=<epoch seconds>,v1=<hex HMAC-SHA256 of "{t}.{body}">` (langfuse/langfuse,
packages/shared/src/encryption/signature.ts). `monitor-alert` (features/monitors/types.ts): severity OK ends what fires;
NO_DATA fires as a warning; PAUSED and UNKNOWN say nothing. `project-notification` (server/notifications/types.ts): an
evaluator that is blocked, an export that failed; no end is told. Prompt webhooks open nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, rows, tags, text, when
from bot.providers.signatures import Stamped
from playbooks.domain.alerts import Alert, Known

_SEVERITIES = {"alert": "critical", "warning": "warning", "no_data": "warning", "ok": ""}
_QUIET = {"paused": "the monitor is paused", "unknown": "the monitor was not evaluated yet"}
_NOTICES = {"alert": "error", "warning": "warning", "info": "info"}
_SEVERITY_MARK = re.compile(r"^\[[A-Z_]+\]\s*")
_FIGURES = re.compile(r"^(.{1,120}?) is (-?[\d.]+)[^(]{0,40}\(threshold: (-?[\d.]+)")
_QUOTED = re.compile(r"`([^`]+)`")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Langfuse", "payload", "type", "monitorId", "alertId")
    came = Came(headers, source, received_at, text(data, "id"))
    return each(came, [data], _notice if isinstance(data.get("event"), dict) else _alert)


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data.get("payload") if isinstance(data.get("payload"), dict) else data
    monitor = text(told, "monitorId", "alertId", "monitor.id", "alert.id")
    severity = text(told, "severity", "newSeverity", "state").lower()
    if not monitor:
        raise NoAlert(f"{text(data, 'type') or 'the event'} is about no monitor")
    if severity in _QUIET:
        raise NoAlert(_QUIET[severity])
    if severity not in _SEVERITIES:
        raise BadAlert(f"its severity {severity[:40]!r} is none of OK, WARNING, ALERT, NO_DATA and PAUSED")
    labels = _narrowed(dig(told, "filters")) | tags(dig(told, "tags"))
    named = text(told, "monitorName", "name", "alertName", "monitor.name", "message.title", "title")
    name = _SEVERITY_MARK.sub("", named)
    sentence = text(told, "message.body", "message", "description")
    at = when(told, "timestamp", "evaluatedAt", "triggeredAt", "toTimestamp") or when(data, "timestamp", "createdAt")
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
        summary=re.sub(r"[`*]", "", sentence) or name,
        component=labels.get("component") or labels.get("service", "") or text(told, "projectName", "project.name"),
        labels={
            **labels,
            "project": text(told, "projectId", "project.id") or text(data, "projectId"),
            "monitor": monitor,
            "severity": severity,
            "view": text(told, "view"),
        },
        links=(dig(told, "permalink"), dig(told, "dataPermalink"), dig(told, "url"), dig(told, "link")),
        signal=_signal(told, sentence),
    )


def _signal(told: object, sentence: str) -> dict[str, str]:
    """Metric, value and limit stand in the sentence alone.

    It is written as "`p95(observations.latency)` is **above** `3000` over the last **1h**" (renderAlertMessage.ts), or
    as "avg latency is 1234 ms (threshold: 1000 ms) over the last 1 hour" (langfuse.com/docs, alerts).
    """
    figures = _FIGURES.match(sentence)
    quoted = [*_QUOTED.findall(sentence), "", ""]
    metric, value, limit = figures.groups() if figures else (quoted[0], "", quoted[1])
    return {
        "metric": text(told, "metric", "metric.measure", "metricName") or metric,
        "value": text(told, "value", "currentValue", "metricValue", "observedValue") or value,
        "limit": text(told, "threshold", "alertThreshold", "threshold.value") or limit,
        "window": text(told, "window", "windowSize"),
    }


def _narrowed(filters: object) -> dict[str, str]:
    """Labels of the filters that leave one value: what the monitor looks at. Of metadata the key is the name."""
    found = {}
    for each_ in rows(filters):
        told = rows(dig(each_, "value"))
        name = text(each_, "key", "column")
        if name and len(told) == 1 and text(each_, "operator") in ("", "=", "any of", "all of"):
            found[name] = text({"value": told[0]}, "value")
    return {name: value for name, value in found.items() if value}


def _notice(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data["event"]
    kind, thing, severity = text(told, "eventType"), text(told, "resourceId"), text(told, "severity").lower()
    if not kind:
        raise NoAlert(f"{text(data, 'type') or 'the event'} is about no monitor")
    return alert(
        came,
        fingerprint=identity(kind, text(told, "projectId"), thing),
        name=" ".join(part for part in (kind.replace("-", " "), text(told, "resourceName")) if part),
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(data, "timestamp"),
        severity=_NOTICES.get(severity, severity),
        summary=text(told, "message"),
        component=text(told, "projectName"),
        labels={
            "project": text(told, "projectId"),
            "event": kind,
            "resource": text(told, "resourceName"),
            "reason": text(told, "blockReason"),
        },
        links=(told.get("url"),),
    )


SOURCE = AlertSource(read, Stamped("x-langfuse-signature", tolerance=300))
