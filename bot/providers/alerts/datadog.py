"""Datadog's webhooks integration. The body is the user's own template: docs/alert-sources.md has the one to use.

Variables: docs.datadoghq.com, integrations/webhooks. `$ALERT_CYCLE_KEY` is the same from trigger to recovery; where a
template has none, an alert is known by its monitor and scope. A variable that was not filled in counts as absent.
Datadog's default body is read too: priority, transition and scope stand in its title only (`[P2] [Triggered on
{host:gpu-7}] …`), the monitor's number in the addresses of its text. `$ID` is the event's, of 16 digits or more; what
templates call `id` may be the monitor's, which is no delivery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, not_mappable
from bot.providers.alerts.telling import Came, alert, each, known_as, parsed, rows, tags, text, when
from playbooks.domain.alerts import Alert, Known

_TITLE = re.compile(
    r"^\s*(?:\[P(?P<priority>[1-5])\]\s*)?\[(?P<turn>[^\]{}]{1,40})(?:\{(?P<scope>[^}]*)\})?\]\s*(?P<rest>.*)$",
    re.DOTALL | re.IGNORECASE,
)
_MONITOR = re.compile(r"https?://[\w.-]*(?:datadoghq\.(?:com|eu)|ddog-gov\.com)/monitors[/#](\d+)")
_EVENT = re.compile(r"^\d{16,}$")
_WORD = re.compile(r"^[A-Za-z -]{2,20}$")
_PRIORITY = re.compile(r"^p?([1-5])$", re.IGNORECASE)
_FIRES = frozenset("triggered retriggered warn rewarn alert nodata renodata renotify error warning failed".split())
_ENDS = frozenset(("recovered", "resolved", "ok", "success", "manuallyresolved", "autoresolved"))
_KEYS = (
    "transition", "alerttransition", "alertid", "monitorid", "alertcyclekey", "eventtype", "title", "alerttitle",
    "eventtitle",
)  # fmt: skip
_TYPES = ("error", "warning", "success", "info")  # `$ALERT_TYPE`
_EVENT_PRIORITIES = ("normal", "low")  # of `$PRIORITY`, an event's own, which says nothing of the monitor


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed(body)
    items = [_flat(item) for item in rows(data) if isinstance(item, dict)]
    if not items or len(items) < len(rows(data)) or not all(any(key in item for key in _KEYS) for item in items):
        raise not_mappable("it is no body of Datadog: it names no monitor, no transition and no title")
    key = ",".join(filter(None, (_delivery(item) for item in items)))
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


def _delivery(item: Mapping[str, Any]) -> str:
    return next((name for name in (text(item, "eventid"), text(item, "id")) if _EVENT.match(name)), "")


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    titles = [text(data, name) for name in ("alerttitle", "title", "eventtitle", "monitorname", "name")]
    title = next(filter(None, titles), "")
    found = next(filter(None, map(_TITLE.match, titles)), None)
    if found and found["rest"].startswith("[TEST]"):
        raise NoAlert("it is a test notification of a monitor")
    turn = text(data, "transition", "alerttransition", "alertstatustransition")
    turn = turn or (found["turn"].strip().removesuffix(" on") if found else "") or _kind(data)
    turn = turn or next(filter(_WORD.match, (text(data, "monitorstatus", "status"),)), "")
    name = found["rest"].strip() if found and found["rest"].strip() else title
    braces = (found["scope"] or "") if found else ""
    labels = {**tags(data.get("scopes")), **tags(braces), **tags(_of(data, "alertscope", "scope"))}
    labels |= tags(_of(data, "tags", "eventtags", "alerttags"))
    firing = _firing(turn)
    cycle = text(data, "alertcyclekey", "cyclekey", "cycle")
    monitor = _monitor(data)
    scope = text(data, "alertscope", "scope") or braces or ",".join(str(each_) for each_ in rows(data.get("scopes")))
    at = when(data, "date", "lastupdated", "timestamp", "eventtime", "dateposix", "lastupdatedposix")
    summary = text(data, "alertstatus", "textonlymsg", "message", "body", "description", "eventmsg", "msg", "text")
    return alert(
        came,
        fingerprint=known_as("cycle", cycle) if cycle else known_as("monitor", monitor or name, scope or name),
        name=name or f"Datadog monitor {monitor}",
        firing=firing,
        known=Known.BY_ID if cycle else Known.WHILE_OPEN,
        began=at if firing else None,
        ended=at,
        severity=_severity(data, (found["priority"] or "") if found else "", turn),
        summary=summary,
        component=labels.get("component") or labels.get("service", ""),
        labels={
            **labels,
            "monitor": monitor,
            "transition": turn,
            "metric": text(data, "alertmetric", "metric"),
            "host": text(data, "hostname", "host") or labels.get("host", ""),
        },
        annotations={"query": text(data, "alertquery", "query"), "message": text(data, "message", "body", "msg")},
        links=(data.get("link"), data.get("url"), data.get("eventlink"), data.get("snapshot")),
        signal={
            "metric": text(data, "alertmetric", "metric"),
            "value": text(data, "value", "alertvalue"),
            "limit": text(data, "threshold"),
        },
    )


def _monitor(data: Mapping[str, Any]) -> str:
    """The monitor's number; where no key has it, of an `id` that is no event's or of an address."""
    stated = text(data, "alertid", "monitorid", "aggregkey", "aggregationkey")
    own = text(data, "id")
    if stated or (own and not _EVENT.match(own) and own.isdigit()):
        return stated or own
    told = (text(data, name) for name in ("link", "url", "body", "message", "msg", "textonlymsg", "eventmsg"))
    found = next(filter(None, map(_MONITOR.search, told)), None)
    return found[1] if found else ""


def _kind(data: Mapping[str, Any]) -> str:
    """`$ALERT_TYPE`; what is called `type` alone may be the monitor's own type (`metric alert`)."""
    bare = text(data, "type")
    return text(data, "alerttype", "typeofalert") or (bare if bare.lower() in _TYPES else "")


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


def _severity(data: Mapping[str, Any], in_title: str, turn: str) -> str:
    given = [text(data, name) for name in ("alertpriority", "priority", "monitorpriority")]
    numbers = [found[1] for found in map(_PRIORITY.match, given) if found]
    if numbers or in_title:
        return f"P{(numbers or [in_title])[0]}"
    words = [text(data, "severity"), *(word for word in given if word.lower() not in _EVENT_PRIORITIES)]
    low = f"{turn} {_kind(data)}".lower()
    return next(filter(None, words), "") or ("warning" if "warn" in low else "error" if "error" in low else "")


SOURCE = AlertSource(read, plain=("x-muster-secret",))
