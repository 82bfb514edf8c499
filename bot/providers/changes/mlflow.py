"""MLflow's registry webhooks: aliases, versions and tags, signed with `X-MLflow-Signature`.

Signature (mlflow 3.17.2, mlflow/webhooks/delivery.py): `v1,` and the base64 HMAC-SHA256 of
`{delivery id}.{timestamp}.{body}`. The delivery id stays the same over retries. A rollback of ours comes back as
`model_version_alias.created`.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from playbooks.plugin import Change, InputError, alias_target, datetime_of, header_of, json_object

TOLERANCE = timedelta(minutes=5)


def signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
    """Whether one of the secrets signed these raw bytes within five minutes of `now`."""
    given = header_of(headers, "X-MLflow-Signature")
    delivery = header_of(headers, "X-MLflow-Delivery-Id")
    stamp = header_of(headers, "X-MLflow-Timestamp")
    fresh = stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
    if not given or not fresh or abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return False
    content = f"{delivery}.{stamp}.".encode() + body
    return any(
        hmac.compare_digest(_signature(secret, content).encode(), given.encode()) for secret in secrets if secret
    )


def _signature(secret: str, content: bytes) -> str:
    return "v1," + b64encode(hmac.new(secret.encode(), content, sha256).digest()).decode()


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> list[Change]:
    """The change of one webhook. Raises InputError when it says neither what nor where."""
    event = json_object(body, source=source)
    entity, action, data = event.get("entity"), event.get("action"), event.get("data")
    if not isinstance(entity, str) or not isinstance(action, str) or not isinstance(data, dict):
        raise InputError(f"The body from {source} has no entity, action and data, so it is no MLflow webhook.")
    if not isinstance(data.get("name"), str) or not data["name"]:
        raise InputError(f"The MLflow webhook from {source} names no model.")
    kind, subject, before, after = _read(entity, action, data)
    stamp = event.get("timestamp")
    return [
        Change(
            source=source,
            key=header_of(headers, "X-MLflow-Delivery-Id") or sha256(body).hexdigest(),
            kind=kind,
            subject=subject,
            before=before,
            after=after,
            occurred_at=datetime_of(stamp if isinstance(stamp, str) else None) or received_at,
        )
    ]


def _read(entity: str, action: str, data: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Kind, subject, before and after."""
    name = str(data["name"])
    version = str(data.get("version") or "")
    what = "prompt" if entity.startswith("prompt") else "model"
    if entity.endswith("_alias"):
        # An event of a deletion, and one of setting an alias anew, say nothing of the version before.
        return f"{what}_alias", alias_target(name, str(data.get("alias") or "")), "", version
    if entity.endswith("_tag"):
        key, value = str(data.get("key") or ""), str(data.get("value") or "")
        subject = f"{name}/{version}" if version else name
        return (
            (f"{what}_tag", subject, key, "") if action == "deleted" else (f"{what}_tag", subject, "", f"{key}={value}")
        )
    if entity.endswith("_version") and version:
        return f"{what}_version", name, "", version
    return entity, name, "", action
