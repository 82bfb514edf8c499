"""Unleash's webhook integration: flags switched on and off, and their strategies.

It authenticates by a static `Authorization` header and sends the event as JSON (Unleash 8.2.0, addons/webhook). Our
own switch comes back as `feature-environment-disabled` or `-enabled`; a repeated one causes no event.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from playbooks.plugin import Change, InputError, datetime_of, header_of, json_object

TURNS = {"feature-environment-enabled": ("off", "on"), "feature-environment-disabled": ("on", "off")}


def signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
    """Whether the Authorization header is one of the secrets, plain or as a bearer token."""
    given = header_of(headers, "Authorization").removeprefix("Bearer ").encode()
    return any(hmac.compare_digest(secret.removeprefix("Bearer ").encode(), given) for secret in secrets if secret)


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> list[Change]:
    """The change of one event. Raises InputError when it is no Unleash event."""
    event = json_object(body, source=source)
    type_ = event.get("type")
    if not isinstance(type_, str) or not type_:
        raise InputError(f"The body from {source} has no type, so it is no Unleash event.")
    kind, before, after = _read(type_, event)
    project, flag = _text(event, "project"), _text(event, "featureName")
    if kind == "flag" and not flag:
        raise InputError(f"The Unleash event from {source} names no flag.")
    number, created = event.get("id"), _text(event, "createdAt")
    return [
        Change(
            source=source,
            # Ids begin at 1 again in a new database; with the time they stay apart.
            key=f"{number}@{created}" if isinstance(number, int | str) and created else sha256(body).hexdigest(),
            kind=kind,
            subject=f"{project or 'default'}/{flag}" if flag else project or "unleash",
            before=before,
            after=after,
            environment=_text(event, "environment"),
            occurred_at=datetime_of(created) or received_at,
            by=_text(event, "createdBy"),
        )
    ]


def _read(type_: str, event: Mapping[str, Any]) -> tuple[str, str, str]:
    """Kind, before and after."""
    if type_ in TURNS:
        before, after = TURNS[type_]
        return "flag", before, after
    if type_.startswith("feature-strategy-"):
        return "flag_strategy", _strategy(event.get("preData")), _strategy(event.get("data"))
    return "flag_setting", "", type_


def _strategy(data: object) -> str:
    """A strategy in a few words: its name and share."""
    if not isinstance(data, dict):
        return ""
    parameters = data.get("parameters")
    rollout = parameters.get("rollout") if isinstance(parameters, dict) else None
    return f"{data.get('name', 'strategy')} {rollout} %" if rollout else str(data.get("name", "strategy"))


def _text(event: Mapping[str, Any], key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""
