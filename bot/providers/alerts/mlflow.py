"""MLflow's one webhook that is an alert: a budget that is exceeded. All others are changes, and read as such.

Fields: mlflow 3.18, mlflow/webhooks/types.py, `BudgetPolicyExceededPayload`; it is sent once in a window, which makes
the window the episode, and tells no end. Signed like MLflow's changes (`bot.providers.changes.mlflow`); the delivery id
stays the same over retries.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import TELLS_CHANGES, AlertSource, Headers, ReadResult
from bot.providers.alerts.telling import Came, alert, each, identity, parsed_object, text, when
from playbooks.domain.alerts import Alert, Known
from playbooks.errors import InputError
from playbooks.plugin import header_of


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`. Raises InputError `tells_changes` for every other event."""
    data = parsed_object(body, "MLflow", "entity")
    if (text(data, "entity"), text(data, "action")) != ("budget_policy", "exceeded"):
        raise InputError("The body is JSON, but it tells a change and no alert.", code=TELLS_CHANGES)
    return each(Came(headers, source, received_at, header_of(headers, "X-MLflow-Delivery-Id")), [data], _budget)


def _budget(came: Came, event: Mapping[str, Any]) -> Alert:
    data = event.get("data")
    policy = text(data, "budget_policy_id", "policy_id", "name", "id")
    window = text(data, "window_start", "period_start", "start_time")
    scope, target = text(data, "target_scope", "scope"), text(data, "target_value")
    workspace = text(data, "workspace")
    endpoint = target if scope.upper() == "ENDPOINT" else ""
    spent, limit, unit = text(data, "current_spend"), text(data, "budget_amount"), text(data, "budget_unit")
    lasts = f"{text(data, 'duration_value')} {text(data, 'duration_unit').lower()}".strip()
    figures = f": {spent} of {limit} {unit}".rstrip() if spent and limit else ""
    return alert(
        came,
        fingerprint=identity("budget", policy, window),
        name="budget exceeded",
        firing=True,
        known=Known.WHILE_OPEN,
        began=when(event, "timestamp"),
        severity="critical",
        summary=f"budget policy {policy} is exceeded{figures}{f' in {lasts}' if lasts else ''}".replace("  ", " "),
        component=text(data, "component", "endpoint_name") or endpoint or workspace,
        labels={"policy": policy, "scope": scope, "target": target, "workspace": workspace},
        signal={"metric": "spend", "value": spent, "limit": limit, "window": lasts},
    )


SOURCE = AlertSource(read)
