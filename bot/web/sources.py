"""Configured senders: how each proves who it is and how its bodies are read."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.providers.alerts import alertmanager
from bot.providers.alerts import generic as generic_alerts
from bot.providers.alerts.reading import ReadResult
from bot.providers.changes import generic as generic_changes
from bot.providers.changes import mlflow, unleash
from playbooks.domain.alerts import Change

ReadAlerts = Callable[..., ReadResult]
ReadChanges = Callable[..., list[Change]]
Signed = Callable[..., bool]

_ALERTS: Mapping[str, ReadAlerts] = {"alertmanager": alertmanager.read, "generic": generic_alerts.read}
_CHANGES: Mapping[str, tuple[Signed, ReadChanges]] = {
    "mlflow": (mlflow.signed, mlflow.read),
    "unleash": (unleash.signed, unleash.read),
    "generic": (generic_changes.signed, generic_changes.read),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A configured instance of a provider kind. `secrets` empty: the source is closed.

    Attributes:
        alerts: reads alert bodies, None for a source that only tells changes. changes: reads change bodies.
        signed: verifies a change body's own signature.
    """

    name: str
    kind: str
    secrets: tuple[str, ...]
    alerts: ReadAlerts | None
    changes: ReadChanges | None
    signed: Signed | None

    def admits(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Whether the sender proved who it is: bearer secret, or the kind's own signature over the raw bytes."""
        if bearer_fits(headers, self.secrets):
            return True
        return self.signed is not None and bool(self.secrets) and self.signed(headers, body, self.secrets, now=now)


def source(name: str, kind: str, secrets: Sequence[str]) -> Source:
    """A source of a known kind."""
    signed, changes = _CHANGES.get(kind, (None, None))
    return Source(name, kind, tuple(s for s in secrets if s), _ALERTS.get(kind), changes, signed)


def bearer_fits(headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Constant-time comparison of the `Authorization: Bearer` header with each secret."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        return False
    token = given.strip().encode()
    return any(hmac.compare_digest(token, secret.encode()) for secret in secrets if secret)
