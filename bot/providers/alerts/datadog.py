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
_KEYS = ("transition", "alerttransition", "alertid", "monitorid", "alertcyclekey", "eventtype", "title", "alerttitle")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed(body)
    items = [_flat(item) for item in rows(data) if isinstance(item, dict)]
    if not items or len(items) < len(rows(data)) or not all(any(key in item for key in _KEYS) for item in items):
        raise not_mappable("it is no body of Datadog: it names no monitor, no transition and no title")
    key = ",".join(filter(None, (text(item, "id", "eventid") for item in items)))
    return each(Came(headers, source, received_at, key), items, _alert)


def _flat(item: Mapping[str, Any]) -> dict[str, Any]:
    """A template's keys are the user's own: `ALERT_ID`, `alertId` and `alert: {id: …}` are one."""
    found: dict[str, Any] = {}
    for key, value in item.items():
        name = "".join(sign for sign in key.lower() if sign.isalnum())
        found.setdefault(name, value)
        if isinstance(value, Mapping) and name in ("alert", "event", "monitor"):
            for inner, told in value.items():
                found.setdefault(name + "".join(sign for sign in inner.lower() if sign.isalnum()), told)
    return found


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    title = text(data, "alerttitle", "title", "eventtitle", "monitorname", "name")
    found = _TITLE.match(title)
    turn = text(data, "transition", "alerttransition", "alertstatustransition")
    turn = turn or (found["turn"] if found else "") or text(data, "alerttype", "typeofalert")
    name = found["rest"].strip() if found and found["rest"].strip() else title
    labels = {**tags(data.get("scopes")), **tags(_of(data, "alertscope", "scope")), **tags(_of(data, "tags"))}
    firing = _firing(turn)
    cycle = text(data, "alertcyclekey", "cyclekey", "cycle")
    monitor = text(data, "alertid", "monitorid", "aggregkey", "aggregationkey")
    scope = text(data, "alertscope", "scope") or ",".join(str(each_) for each_ in rows(data.get("scopes")))
    at = when(data, "date", "lastupdated", "timestamp", "eventtime")
    return alert(
        came,
        fingerprint=identity("cycle", cycle) if cycle else identity("monitor", monitor, scope or name),
        name=name or f"Datadog monitor {monitor}",
        firing=firing,
        known=Known.BY_ID if cycle else Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=_severity(text(data, "alertpriority", "priority"), turn, text(data, "alerttype", "severity")),
        summary=text(data, "alertstatus", "textonlymsg", "message", "body", "description", "eventmsg"),
        component=labels.get("component") or labels.get("service", ""),
        labels={
            **labels,
            "monitor": monitor,
            "transition": turn,
            "metric": text(data, "alertmetric", "metric"),
            "host": text(data, "hostname", "host"),
        },
        annotations={"query": text(data, "alertquery", "query"), "message": text(data, "message", "body")},
        links=(data.get("link"), data.get("url"), data.get("eventlink"), data.get("snapshot")),
        signal={
            "metric": text(data, "alertmetric", "metric"),
            "value": text(data, "value", "alertvalue"),
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
