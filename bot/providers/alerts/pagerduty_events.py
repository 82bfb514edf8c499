"""Events of PagerDuty's Events API v2, for every tool that can page PagerDuty: trigger, acknowledge, resolve.

Format and checks: PagerDuty/api-schema, reference/events-v2/openapiv3.json. An open alert is known by its `dedup_key`;
a trigger without one gets a key of its own, made of the event, so that the same event sent again is the same alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult, scalar
from bot.providers.alerts.telling import (
    Came,
    alert,
    dig,
    each,
    identity,
    parsed_object,
    rows,
    shallow,
    tags,
    text,
    when,
)
from playbooks.domain.alerts import Alert, Known

ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")
_MOST_KEY = 255


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "the Events API v2", "event_action")
    return each(Came(headers, source, received_at), [data], _alert)


def faults(event: Mapping[str, Any]) -> list[str]:
    """What PagerDuty would say against an event, in its words; empty for a good one."""
    action = event.get("event_action")
    if not action:
        return ["'event_action' is missing or blank"]
    if action not in ACTIONS:
        return ["'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"]
    key = event.get("dedup_key")
    found = []
    if key is not None and (not isinstance(key, str) or len(key) > _MOST_KEY):
        found.append(f"'dedup_key' is invalid (must be a string of at most {_MOST_KEY} characters)")
    if action != "trigger":
        return found if key else [*found, "'dedup_key' is missing or blank"]
    payload = event.get("payload")
    if not isinstance(payload, dict) or not payload:
        return [*found, "'payload' is missing or blank"]
    found += [
        f"'payload.{name}' is missing or blank" for name in ("summary", "source", "severity") if _blank(payload, name)
    ]
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        one_of = "'critical', 'warning', 'error' or 'info'"
        found.append(f"'payload.severity' is invalid (must be one of the following: {one_of})")
    return found


def _blank(payload: Mapping[str, Any], name: str) -> bool:
    value = payload.get(name)
    return not isinstance(value, str) or not value.strip()


def dedup_key(event: Mapping[str, Any]) -> str:
    """The key of an event; for a trigger without one, made of what it says."""
    given = event.get("dedup_key")
    if isinstance(given, str) and given:
        return given
    told = {name: value for name, value in event.items() if name != "routing_key"}
    return sha256(scalar(dict(sorted(told.items()))).encode("utf-8", "replace")).hexdigest()[:32]


def _alert(came: Came, event: Mapping[str, Any]) -> Alert:
    wrong = faults(event)
    if wrong:
        raise BadAlert("; ".join(wrong))
    action, payload = event["event_action"], event.get("payload")
    if action == "acknowledge":
        raise NoAlert("an acknowledgement over there changes nothing here")
    details = dig(payload, "custom_details")
    component = text(payload, "component")
    summary = text(payload, "summary")
    key = dedup_key(event)
    return alert(
        came,
        fingerprint=identity(key),
        name=text(payload, "class") or summary or key,
        firing=action == "trigger",
        known=Known.WHILE_OPEN,
        began=when(payload, "timestamp"),
        ended=None,
        severity=text(payload, "severity"),
        summary=summary,
        component=component,
        labels={
            **tags(details if isinstance(details, list) else None),
            **shallow(details),
            "source": text(payload, "source"),
            "component": component or text(details, "component", "service"),
            "group": text(payload, "group"),
            "class": text(payload, "class"),
            "dedup_key": key,
            "client": text(event, "client"),
        },
        annotations={"details": details} if isinstance(details, str) else {},
        links=(*(dig(link, "href") for link in rows(event.get("links"))), event.get("client_url")),
    )


SOURCE = AlertSource(read)
