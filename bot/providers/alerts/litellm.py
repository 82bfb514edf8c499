"""LiteLLM's proxy: budgets that were crossed or soon will be, by its webhook alerts.

Fields: docs.litellm.ai, proxy/alerting, `WebhookEvent`. Nothing is signed, no time and no recovery is told: the same
budget crossed again repeats what is open. The spend of a key is known by the key's hash, never by the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, text, when
from playbooks.domain.alerts import Alert, Known

_SEVERITIES = {
    "budget_crossed": "critical",
    "max_budget_crossed": "critical",
    "soft_budget_crossed": "warning",
    "threshold_crossed": "warning",
    "projected_limit_exceeded": "warning",
}
_TOLD = ("spend_tracked", "internal_user_created", "key_created", "key_updated", "key_deleted")


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "LiteLLM", "event", "event_group")
    return each(Came(headers, source, received_at), [data], _event)


def _event(came: Came, data: Mapping[str, Any]) -> Alert:
    event, group = text(data, "event"), text(data, "event_group")
    if event in _TOLD:
        raise NoAlert(f"{event} crosses no budget")
    if not event:
        raise BadAlert("it has no `event`")
    token = text(data, "token")
    hashed = token if len(token) == 64 else sha256(token.encode("utf-8", "replace")).hexdigest() if token else ""
    whose = {
        "key_alias": text(data, "key_alias"),
        "team": text(data, "team_alias", "team_id"),
        "user": text(data, "user_id"),
        "customer": text(data, "customer_id", "end_user_id"),
        "organization": text(data, "organization_alias", "organization_id"),
    }
    return alert(
        came,
        fingerprint=identity(event, group, hashed or whose["key_alias"], *list(whose.values())[1:]),
        name=event,
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(data, "timestamp", "created_at"),
        severity=_SEVERITIES.get(event, "warning"),
        summary=text(data, "event_message") or event.replace("_", " "),
        component=text(dig(data, "metadata"), "component", "service") or whose["key_alias"] or whose["team"],
        labels={**whose, "event": event, "event_group": group},
        signal={
            "metric": "spend",
            "value": text(data, "spend"),
            "limit": text(data, "max_budget", "soft_budget"),
            "projected": text(data, "projected_spend"),
        },
    )


SOURCE = AlertSource(read, plain=("x-api-key",), in_address=("token",))
