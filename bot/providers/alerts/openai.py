"""OpenAI's webhooks: jobs that failed, and whatever else signs as Standard Webhooks and has `type` and `data`.

Signature: Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`), within five minutes. Event
types (openai/openai-openapi, openapi.yaml; openai-python, types/webhooks) end in what happened: `.failed`, `.expired`,
`.incomplete`, `.cancelled` open, since each is the end of one job, and so do the safety notices to an account; nothing
tells of a recovery. Successes, calls and the life of agents' environments are kept and open nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.providers.alerts.reading import AlertSource, BadAlert, Headers, NoAlert, ReadResult
from bot.providers.alerts.telling import Came, alert, dig, each, identity, parsed_object, shallow, text, when
from bot.providers.signatures import Hmac
from bot.providers.signing import PREFIX, key_of
from playbooks.domain.alerts import Alert
from playbooks.plugin import header_of

_FAILED = ("failed", "expired", "incomplete", "cancelled", "canceled", "error", "errored")
_NOTICES = {"safety.warning_issued": "warning", "safety.deactivation_issued": "critical"}
_LIFE = "agent.environment."  # an environment that is not used expires


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`."""
    data = parsed_object(body, "Standard Webhooks", "type")
    key = header_of(headers, "webhook-id") or text(data, "id")
    return each(Came(headers, source, received_at, key), [data], _event)


def _event(came: Came, event: Mapping[str, Any]) -> Alert:
    kind = text(event, "type")
    if not kind:
        raise BadAlert("it has no `type`")
    ending = kind.rsplit(".", 1)[-1].lower()
    if (ending not in _FAILED and kind not in _NOTICES) or kind.startswith(_LIFE):
        raise NoAlert(f"{kind} is no failure")
    data = event.get("data")
    thing = text(data, "id") or text(event, "id")
    labels = {**shallow(data), **shallow(dig(data, "metadata"))}
    return alert(
        came,
        fingerprint=identity(kind, thing),
        name=kind,
        firing=True,
        known=None,
        began=when(event, "created_at", "timestamp"),
        severity=_NOTICES.get(kind, ""),
        summary=text(data, "error.message", "incomplete_details.reason", "message") or f"{kind}: {thing}",
        component=labels.get("component") or labels.get("service", ""),
        labels={**labels, "event": kind, "object": thing},
    )


def _key(secret: str) -> bytes:
    """The key behind a secret; one that is badly written fits nothing."""
    try:
        return key_of(secret)
    except ValueError:
        return b"\x00" + secret.removeprefix(PREFIX).encode()


SOURCE = AlertSource(
    read,
    Hmac(
        "webhook-signature",
        prefix="v1,",
        separator=" ",
        encoding="base64",
        stamp="webhook-timestamp",
        identifier="webhook-id",
        template="{id}.{stamp}.",
        tolerance=300,
        key=_key,
    ),
)
