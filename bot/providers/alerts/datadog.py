"""Datadog's webhooks integration. The body is the user's own template: docs/alert-sources.md has the one to use.

Variables: docs.datadoghq.com, integrations/webhooks. `$ALERT_CYCLE_KEY` is the same from trigger to recovery; where a
template has none, an alert is known by its monitor and scope. A variable that was not filled in counts as absent.
Datadog's default body is read too: it tells the transition in the title only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, alert, each, identity, parsed, rows, tags, text, when
from playbooks.domain.alerts import Alert, Known

_TITLE = re.compile(r"^\s*\[(?P<turn>[^\]]{1,40})\]\s*(?:\[(?P<second>[^\]]{1,40})\]\s*)?(?P<rest>.*)$", re.DOTALL)
_PRIORITY = re.compile(r"^p?([1-5])$", re.IGNORECASE)
_FIRES = frozenset("triggered retriggered warn rewarn alert nodata renodata error warning failed".split())
_ENDS = frozenset(("recovered", "resolved", "ok", "success"))
_KEYS = ("alert_transition", "transition", "alert_id", "monitor_id", "alert_cycle_key", "event_type", "title")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed(body)
    items = rows(data)
    if not items or not all(isinstance(item, dict) and any(key in item for key in _KEYS) for item in items):
        raise not_mappable(f"it is no body of Datadog: it has none of {', '.join(_KEYS)}")
    key = ",".join(filter(None, (text(item, "id", "event_id") for item in items)))
    return each(Came(headers, source, received_at, key), items, _alert)


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    title = text(data, "alert_title", "title", "event_title", "name", "monitor_name")
    found = _TITLE.match(title)
    turn = text(data, "transition", "alert_transition", "alert_status_transition")
    turn = turn or (found["turn"] if found else "") or text(data, "alert_type", "type_of_alert")
    name = found["rest"].strip() if found and found["rest"].strip() else title
    labels = {**tags(data.get("scopes")), **tags(_of(data, "alert_scope", "scope")), **tags(_of(data, "tags"))}
    firing = _firing(turn)
    cycle = text(data, "alert_cycle_key", "cycle_key", "cycle")
    monitor = text(data, "alert_id", "monitor_id", "aggreg_key", "aggregation_key")
    scope = text(data, "alert_scope", "scope") or ",".join(str(each_) for each_ in rows(data.get("scopes")))
    at = when(data, "date", "last_updated", "timestamp", "event_time")
    return alert(
        came,
        fingerprint=identity("cycle", cycle) if cycle else identity("monitor", monitor, scope or name),
        name=name or f"Datadog monitor {monitor}",
        firing=firing,
        known=Known.BY_ID if cycle else Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=_severity(text(data, "alert_priority", "priority"), turn, text(data, "alert_type", "severity")),
        summary=text(data, "alert_status", "text_only_msg", "message", "body", "description", "event_msg"),
        component=labels.get("component") or labels.get("service", ""),
        labels={
            **labels,
            "monitor": monitor,
            "transition": turn,
            "metric": text(data, "alert_metric", "metric"),
            "host": text(data, "hostname", "host"),
        },
        annotations={"query": text(data, "alert_query", "query"), "message": text(data, "message", "body")},
        links=(data.get("link"), data.get("url"), data.get("snapshot")),
        signal={
            "metric": text(data, "alert_metric", "metric"),
            "value": text(data, "value"),
            "limit": text(data, "threshold"),
        },
    )


def _of(data: Mapping[str, Any], *names: str) -> object:
    return next((data[name] for name in names if data.get(name)), None)


def _firing(turn: str) -> bool:
    plain = turn.lower().split(" on ")[0].split(":")[0]
    plain = "".join(sign for sign in plain if sign.isalnum())
    if plain in _ENDS:
        return False
    if plain.startswith(("muted", "unmuted", "test")):
        raise NoAlert(f"its transition is {turn[:40]!r}")
    if not plain or plain in _FIRES or plain.startswith(("triggered", "alert", "p1", "p2", "p3", "p4", "p5")):
        return True
    if plain == "info":
        raise NoAlert("it is an event that only informs")
    raise BadAlert(f"its transition {turn[:40]!r} is neither a trigger nor a recovery")


def _severity(priority: str, turn: str, kind: str) -> str:
    found = _PRIORITY.match(priority)
    if found:
        return f"P{found[1]}"
    if priority:
        return priority
    low = f"{turn} {kind}".lower()
    return "warning" if "warn" in low else "error" if "error" in low else ""


SOURCE = AlertSource(read, plain=("x-muster-secret",))
