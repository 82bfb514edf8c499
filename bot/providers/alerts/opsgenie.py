"""Opsgenie's outgoing webhooks, and Jira Service Management's, which took them over: one action on one alert.

Fields: docs.opsgenie.com, webhook integration. `alertId` is one episode; `alias` is what the client called it. Close
and Delete end it, every other action only says that it is there; an escalation names it by its id alone. Times are
epoch ms, `updatedAt` also ns; `priority` was a number once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, shallow, tags, text, when
from playbooks.domain.alerts import Alert, Known

_ENDED = ("close", "delete", "resolve")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Opsgenie", "alert", "action")
    parts = (text(data, "alert.alertId", "alert.id"), text(data, "action"), text(data, "alert.updatedAt"))
    key = ":".join(parts) if all(parts) else ""
    return each(Came(headers, source, received_at, key), [data], _alert)


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    told = data.get("alert")
    action = text(data, "action")
    if not isinstance(told, dict):
        raise NoAlert(f"the action {action[:40]!r} is about no alert")
    if not action:
        raise BadAlert("it has no `action`")
    labels = tags(told.get("tags")) | shallow(told.get("details"))
    firing = action.lower() not in _ENDED
    return alert(
        came,
        fingerprint=identity(text(told, "alertId", "id", "alias")),
        name=text(told, "message", "alias") or f"Opsgenie alert {text(told, 'tinyId', 'alertId', 'id')}",
        firing=firing,
        known=Known.BY_ID,
        began=when(told, "createdAt", "insertedAt"),
        ended=when(told, "updatedAt"),
        severity=f"P{priority}" if (priority := text(told, "priority")) in tuple("12345") else priority,
        summary=text(told, "message"),
        component=labels.get("component") or labels.get("service", "") or text(told, "entity"),
        labels={
            **labels,
            "alias": text(told, "alias"),
            "entity": text(told, "entity"),
            "number": text(told, "tinyId"),
            "source": text(told, "source"),
            "team": text(told, "team", "teams.0.name", "teams.0"),
            "action": action,
        },
        annotations={"description": text(told, "description")},
        links=(told.get("detailsUrl"), dig(data, "alert.links.web")),
    )


SOURCE = AlertSource(read, plain=("x-api-key",), in_address=("token",))
