"""Grafana's webhook contact point: unified alerting (versions 8 to 13), and the legacy alerts of version 8 and before.

Unified alerting sends the body of Alertmanager with more in it, such as `values` and `panelURL`. Its signature is the
hex HMAC-SHA256 of the body in `X-Grafana-Alerting-Signature`, or of `{time}:{body}` where the contact point also sends
a time (grafana/alerting, http/hmac.go); name that header `X-Grafana-Alerting-Timestamp`. A legacy alert tells no
times: it is known by its rule, and by whether that fires.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.providers.alerts import alertmanager
from bot.providers.alerts.reading import (
    MAX_ANNOTATION,
    AlertSource,
    BadAlert,
    Headers,
    NoAlert,
    ReadResult,
    cut,
    link,
)
from bot.providers.alerts.telling import MAX_FIGURE, Came, alert, each, known_as, parsed, rows, shallow, tags, text
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known

_LEGACY = {"alerting": True, "no_data": True, "ok": False}
_LINKS = ("generatorURL", "panelURL", "dashboardURL", "silenceURL")
# `[ var='B' metric='…' labels={…} value=17 ]`, which versions 8 to 10 send in place of `values`.
_VALUE = re.compile(r"\[ (?:var='([^']*)' )?(?:metric='([^']*)' )?labels=\{[^}]*\} value=([^\s\]]+) \]")
_TURN = re.compile(r"^\[[^\]]*\] *")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed(body)
    if isinstance(data, dict) and "alerts" not in data and ("ruleId" in data or "evalMatches" in data):
        return each(Came(headers, source, received_at), [data], _legacy)
    return alertmanager.read_with(body, source=source, received_at=received_at, more=_more)


def _more(known: Alert, item: Mapping[str, Any], group: Mapping[str, Any]) -> Alert:
    """With Grafana's own figures, and a link where the rule's own is only half an address."""
    figures = shallow(item.get("values")) or _stated(item.get("valueString"))
    told = {"value": next(iter(figures.values()))} if len(figures) == 1 else {}
    if len(figures) > 1:
        told = {"values": ", ".join(f"{name} = {value}" for name, value in figures.items())}
    return replace(
        known,
        link=next(filter(None, (link(item.get(name)) for name in _LINKS)), "") or link(group.get("externalURL")),
        signal=cut({**told, **known.signal}, MAX_FIGURE) if told else known.signal,
    )


def _stated(value: object) -> dict[str, str]:
    found = _VALUE.findall(value[:MAX_ANNOTATION]) if isinstance(value, str) else []
    return {variable or metric or "value": figure for variable, metric, figure in found}


def _legacy(came: Came, data: Mapping[str, Any]) -> Alert:
    state = text(data, "state").lower()
    if state in ("paused", "pending", "unknown"):
        raise NoAlert(f"its rule is {state}")
    if state not in _LEGACY:
        raise BadAlert(f"its state {state[:40]!r} is neither alerting nor ok")
    matches = [match for match in rows(data.get("evalMatches")) if isinstance(match, dict)]
    labels = tags(matches[0].get("tags")) if len(matches) == 1 else {}
    labels |= tags(data.get("tags"))
    name = text(data, "ruleName") or _TURN.sub("", text(data, "title"))
    rule = (text(data, "orgId"), text(data, "ruleId") or name) if text(data, "ruleId") or name else ()
    figures = {text(match, "metric") or "value": text(match, "value") for match in matches}
    return alert(
        came,
        fingerprint=known_as("rule", *rule),
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
