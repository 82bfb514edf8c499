"""PagerDuty's webhooks: V3 subscriptions, and the V2 and V1 extensions that some accounts still have.

V3 (PagerDuty/developer-docs, docs/webhooks): one `event` with `event_type`, `occurred_at` and `data`; signed in
`X-PagerDuty-Signature` as `v1=<hex>`, several by commas while a secret is replaced. An incident that was resolved may
be reopened, so words are turns at their own time. Older bodies hold `messages` and are not signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, each, identity, parsed_object, rows, text, when
from bot.providers.signatures import Hmac
from playbooks.domain.alerts import Alert, Known

_TURNS = ("incident.triggered", "incident.reopened", "incident.trigger", "incident.unresolve")
_ENDED = ("resolved", "closed")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "PagerDuty", "event", "messages")
    if "messages" in data:
        messages = rows(data["messages"])
        key = ",".join(text(message, "id") for message in messages)
        return each(Came(headers, source, received_at, key), messages, _message)
    key = text(data, "event.id")
    return each(Came(headers, source, received_at, key), [data["event"]], _event)


def _event(came: Came, event: Any) -> Alert:
    if not isinstance(event, dict):
        raise BadAlert("`event` is no mapping")
    kind = text(event, "event_type")
    incident = event.get("data")
    if not isinstance(incident, dict) or text(incident, "type") not in ("incident", ""):
        raise NoAlert(f"{kind or 'the event'} is about no incident's state")
    if not kind.startswith("incident."):
        raise NoAlert(f"{kind or 'the event'} is about no incident")
    return _incident(came, incident, kind, when(event, "occurred_at"))


def _message(came: Came, message: Any) -> Alert:
    incident = (text(message, "incident.id") and message["incident"]) or None
    if incident is None and text(message, "data.incident.id"):
        incident = message["data"]["incident"]
    if incident is None:
        raise BadAlert("it has no `incident`")
    kind = text(message, "event", "type")
    return _incident(came, incident, kind, when(incident, "last_status_change_at", "last_status_change_on"))


def _incident(came: Came, incident: Mapping[str, Any], kind: str, at: datetime | None) -> Alert:
    status = text(incident, "status").lower()
    ended = status in _ENDED or kind in ("incident.resolved", "incident.resolve")
    service = text(incident, "service.summary", "service.name")
    name = text(incident, "title", "summary", "description", "trigger_summary_data.subject")
    name = name or text(incident, "trigger_summary_data.description")
    reopened = kind in ("incident.reopened", "incident.unresolve")
    created = None if reopened else when(incident, "created_at", "created_on")
    return alert(
        came,
        fingerprint=identity(text(incident, "id")),
        name=name or f"PagerDuty incident {text(incident, 'number', 'incident_number')}".strip(),
        firing=not ended,
        known=Known.BY_TURN if ended or kind in _TURNS else Known.BY_ID,
        began=created if created and not ended else None if ended else at,
        ended=at,
        severity=text(incident, "priority.summary", "priority.name", "urgency"),
        summary=name,
        component=service,
        labels={
            "service": service,
            "service_id": text(incident, "service.id"),
            "incident_key": text(incident, "incident_key"),
            "urgency": text(incident, "urgency"),
            "priority": text(incident, "priority.summary", "priority.name"),
            "status": status,
            "number": text(incident, "number", "incident_number"),
            "team": text(incident, "teams.0.summary", "teams.0.name"),
            "escalation_policy": text(incident, "escalation_policy.summary", "escalation_policy.name"),
        },
        links=(incident.get("html_url"), incident.get("self")),
    )


SOURCE = AlertSource(read, Hmac("X-PagerDuty-Signature", prefix="v1=", separator=","))
