"""Grafana's webhook contact point: unified alerting (versions 8 to 13), and the legacy alerts of version 8 and before.

Unified alerting sends the body of Alertmanager with more in it, such as `values` and `panelURL`. Its signature is the
hex HMAC-SHA256 of the body in `X-Grafana-Alerting-Signature`, or of `{time}:{body}` where the contact point also sends
a time (grafana/alerting, http/hmac.go); name that header `X-Grafana-Alerting-Timestamp`. A legacy alert tells no
times: it is known by its rule, and by whether that fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.providers.alerts import alertmanager
from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, link
from bot.providers.alerts.telling import Came, alert, each, identity, parsed, rows, shallow, tags, text
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known

_LEGACY = {"alerting": True, "no_data": True, "ok": False}
_LINKS = ("generatorURL", "panelURL", "dashboardURL", "silenceURL")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed(body)
    if isinstance(data, dict) and "alerts" not in data and ("ruleId" in data or "evalMatches" in data):
        return each(Came(headers, source, received_at), [data], _legacy)
    result = alertmanager.read(headers, body, source=source, received_at=received_at)
    sent = {id_of(item): item for item in _items(data)}
    return replace(result, alerts=[_more(each_, sent.get(each_.fingerprint)) for each_ in result.alerts])


def _items(data: Any) -> list[Mapping[str, Any]]:
    found = data.get("alerts") if isinstance(data, dict) else data
    return [item for item in rows(found) if isinstance(item, dict)]


def id_of(item: Mapping[str, Any]) -> str:
    """The fingerprint an item states, empty where it has none."""
    value = item.get("fingerprint")
    return value if isinstance(value, str) else ""


def _more(known: Alert, item: Mapping[str, Any] | None) -> Alert:
    """With Grafana's own figures, and a link where the rule's own is only half an address."""
    if item is None:
        return known
    values = item.get("values")
    figures = shallow(values)
    told = {"value": next(iter(figures.values()))} if len(figures) == 1 else {}
    if len(figures) > 1:
        told = {"values": ", ".join(f"{name} = {value}" for name, value in figures.items())}
    return replace(
        known,
        link=next(filter(None, (link(item.get(name)) for name in _LINKS)), ""),
        signal={**told, **known.signal} if told else known.signal,
    )


def _legacy(came: Came, data: Mapping[str, Any]) -> Alert:
    state = text(data, "state").lower()
    if state in ("paused", "pending", "unknown"):
        raise NoAlert(f"its rule is {state}")
    if state not in _LEGACY:
        raise BadAlert(f"its state {state[:40]!r} is neither alerting nor ok")
    matches = [match for match in rows(data.get("evalMatches")) if isinstance(match, dict)]
    labels = tags(matches[0].get("tags")) if len(matches) == 1 else {}
    labels |= tags(data.get("tags"))
    name = text(data, "ruleName", "title")
    figures = {text(match, "metric") or "value": text(match, "value") for match in matches}
    return alert(
        came,
        fingerprint=identity("rule", text(data, "orgId"), text(data, "ruleId") or name),
        name=name,
        firing=_LEGACY[state],
        known=Known.WHILE_OPEN,
        severity=labels.get("severity", ""),
        summary=text(data, "message", "title"),
        labels={"alertname": name, "state": state, **labels},
        links=(data.get("ruleUrl"), data.get("imageUrl")),
        signal=_figures(figures, matches),
    )


def _figures(figures: Mapping[str, str], matches: list[dict[str, Any]]) -> dict[str, str]:
    if len(matches) == 1:
        return {"metric": text(matches[0], "metric"), "value": text(matches[0], "value")}
    return {"values": ", ".join(f"{name} = {value}" for name, value in figures.items())} if figures else {}


SOURCE = AlertSource(
    read,
    Hmac(
        "X-Grafana-Alerting-Signature",
        stamp="X-Grafana-Alerting-Timestamp",
        template="{stamp}:",
        optional_stamp=True,
        tolerance=300,
    ),
)
