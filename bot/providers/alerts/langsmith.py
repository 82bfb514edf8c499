"""LangSmith's alerts: a project's errors, latency, cost or feedback that crossed a threshold, by webhook.

Fields: docs.langchain.com, langsmith/alerts-webhook; they are added to a body of the user's own. Nothing is signed and
no recovery is told: the same rule firing again repeats what is open. Give the webhook the secret as a header.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, Headers, ReadResult
from bot.providers.alerts.telling import Came, alert, each, identity, parsed_object, shallow, text, when
from playbooks.domain.alerts import Alert, Known


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "LangSmith", "alert_rule_id")
    return each(Came(headers, source, received_at), [data], _alert)


def _alert(came: Came, data: Mapping[str, Any]) -> Alert:
    rule, project = text(data, "alert_rule_name"), text(data, "project_name")
    attribute = text(data, "alert_rule_attribute")
    return alert(
        came,
        fingerprint=identity(text(data, "alert_rule_id")),
        name=rule or f"LangSmith {attribute}".strip(),
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(data, "timestamp"),
        severity=text(data, "severity"),
        summary=text(data, "alert_rule_description", "description", "text") or rule,
        component=text(data, "component", "service") or project,
        labels={
            **shallow({key: value for key, value in data.items() if isinstance(value, str) and len(value) <= 128}),
            "project": project,
            "attribute": attribute,
        },
        links=(data.get("alert_rule_url"), data.get("runs_url")),
        signal={
            "metric": attribute,
            "value": text(data, "triggered_metric_value"),
            "limit": text(data, "triggered_threshold"),
        },
    )


SOURCE = AlertSource(read, plain=("x-webhook-secret",), in_address=("token",))
