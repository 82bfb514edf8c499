"""Vendors' status pages (Statuspage): incidents and changes of a component, as their webhook subscribers get them.

Format: support.atlassian.com/statuspage, webhook notifications. Nothing is signed: put a token into the address. An
incident is known by its id until it is resolved; maintenance that was planned is kept and opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, known_as, parsed_object, rows, text, when
from playbooks.domain.alerts import Alert, Known

_SEVERITIES = {"critical": "critical", "major": "error", "minor": "warning", "none": "info", "maintenance": "info"}
_OF_COMPONENT = {
    "major_outage": "critical",
    "partial_outage": "error",
    "degraded_performance": "warning",
    "under_maintenance": "info",
}
_OPEN = ("investigating", "identified", "monitoring")
_ENDED = ("resolved", "postmortem")
_PLANNED = ("scheduled", "in_progress", "verifying", "completed")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Statuspage", "incident", "component_update", "component")
    update = text(data, "component_update.id", "incident.incident_updates.0.id")
    key = f"{update}:{text(data, 'component_update.new_status', 'incident.status')}" if update else ""
    came = Came(headers, source, received_at, key)
    return each(came, [data], _incident if "incident" in data else _component)


def _page(data: Mapping[str, Any]) -> str:
    """The page's host, or its id."""
    address = text(data, "meta.unsubscribe", "meta.documentation")
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    return host or text(data, "page.id")


def _incident(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data["incident"]
    if not isinstance(told, dict):
        raise BadAlert("`incident` is no mapping")
    status = text(told, "status")
    if status in _PLANNED:
        raise NoAlert(f"planned maintenance is {status}")
    if status not in (*_OPEN, *_ENDED):
        raise BadAlert(f"its status {status[:40]!r} is none of {', '.join((*_OPEN, *_ENDED))}")
    parts = rows(told.get("components")) or rows(dig(told, "incident_updates.0.affected_components"))
    names = [name for name in (text(each_, "name") for each_ in parts) if name]
    page = _page(data)
    return alert(
        came,
        fingerprint=identity(text(told, "id")),
        name=text(told, "name"),
        firing=status in _OPEN,
        known=Known.BY_ID,
        began=when(told, "created_at"),
        ended=when(told, "resolved_at", "updated_at"),
        severity=_SEVERITIES.get(str(dig(told, "impact")), ""),  # "none" is a word of theirs
        summary=text(told, "incident_updates.0.body", "name"),
        component=names[0] if len(names) == 1 else page,
        labels={
            "page": text(data, "page.id"),
            "page_host": page,
            "status": status,
            "impact": str(dig(told, "impact") or "")[:40],
            "components": ", ".join(names),
        },
        links=(told.get("shortlink"),),
    )


def _component(came: Came, data: Mapping[str, Any]) -> Alert:
    update = data.get("component_update")
    status = text(update, "new_status") or text(data, "component.status")
    if status != "operational" and status not in _OF_COMPONENT:
        raise BadAlert(f"the component's status {status[:40]!r} is none that Statuspage has")
    if status == "under_maintenance":
        raise NoAlert("the component is under maintenance")
    at = when(update, "created_at") or when(data, "component.updated_at", "component.created_at")
    firing = status != "operational"
    name = text(data, "component.name")
    return alert(
        came,
        fingerprint=known_as("component", text(data, "component.id") or text(update, "component_id")),
        name=f"{name or 'component'} {status.replace('_', ' ')}" if firing else name or "component",
        firing=firing,
        known=Known.BY_TURN,
        began=at if firing else None,
        ended=at,
        severity=_OF_COMPONENT.get(status, ""),
        summary=f"{name}: {text(update, 'old_status') or 'unknown'} to {status}".replace("_", " "),
        component=name,
        labels={"page": text(data, "page.id"), "page_host": _page(data), "status": status},
        links=(dig(data, "meta.documentation"),),
    )


SOURCE = AlertSource(read, in_address=("token",))
