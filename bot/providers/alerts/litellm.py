"""LiteLLM's proxy: budgets that were crossed or soon will be, by its webhook alerts.

Fields: BerriAI/litellm, litellm/types/integrations/slack_alerting.py, `WebhookEvent`. Nothing is signed, no time and no
recovery is told: the same budget crossed again repeats what is open. Whose budget it is says `event_group`; the key of
the call that crossed it comes with any group. A key is known by its hash, never as itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, text, when
from playbooks.domain.alerts import Alert, Known

_SEVERITIES = {
    "budget_crossed": "critical",
    "max_budget_alert": "critical",
    "max_budget_crossed": "critical",
    "soft_budget_crossed": "warning",
    "threshold_crossed": "warning",
    "projected_limit_exceeded": "warning",
}
_TOLD = ("spend_tracked", "internal_user_created", "key_created", "key_rotated", "key_updated", "key_deleted")
_OWNERS = {
    "key": ("token",),
    "user": ("user",),
    "internal_user": ("user",),
    "end_user": ("customer",),
    "customer": ("customer",),
    "team": ("team_id",),
    "team_member": ("team_id", "user"),
    "organization": ("organization",),
    "organization_member": ("organization", "user"),
}
"""Groups by what names their budget; of another group everything does."""


_HASH = re.compile("[0-9a-f]{64}")


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
    hashed = token if not token or _HASH.fullmatch(token) else sha256(token.encode("utf-8", "replace")).hexdigest()
    whose = {
        "key_alias": text(data, "key_alias"),
        "team": text(data, "team_alias", "team_id"),
        "user": text(data, "user_id"),
        "customer": text(data, "customer_id", "end_user_id"),
        "organization": text(data, "organization_alias", "organization_id"),
    }
    ids = {
        "token": hashed or whose["key_alias"],
        "team_id": text(data, "team_id", "team_alias"),
        "organization": text(data, "organization_id", "organization_alias"),
        "user": whose["user"],
        "customer": whose["customer"],
    }
    shared = group.startswith(("team", "organization"))
    named = ("team", "organization", "key_alias") if shared else ("key_alias", "team", "organization")
    limits = ("soft_budget", "max_budget") if event.startswith("soft") else ("max_budget", "soft_budget")
    owner = [ids[name] for name in _OWNERS.get(group, ())]
    return alert(
        came,
        fingerprint=identity(event, group, *(owner if owner and all(owner) else ids.values())),
        name=event,
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(data, "timestamp", "created_at"),
        severity=_SEVERITIES.get(event, "warning"),
        summary=" ".join(text(data, "event_message").replace("`", "").split()) or event.replace("_", " "),
        component=text(dig(data, "metadata"), "component", "service") or text(whose, *named),
        labels={**whose, "event": event, "event_group": group},
        signal={
            "metric": "spend",
            "value": text(data, "spend"),
            "limit": text(data, *limits),
            "projected": text(data, "projected_spend"),
            "exceeded_on": text(data, "projected_exceeded_date", "projected_exceeded_data"),
        },
    )


SOURCE = AlertSource(read, plain=("x-api-key",), in_address=("token",))
