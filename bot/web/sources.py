"""Configured senders: how each proves who it is and how its bodies are read."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from bot.providers.alerts.reading import Read, Signed
from bot.providers.sources import ReadChanges, alert_source, change_source

if TYPE_CHECKING:  # brings `cryptography`, which only a source with topics needs
    from bot.providers.sns_proof import SnsProof


@dataclass(frozen=True, slots=True)
class Source:
    """A configured instance of a provider kind. `secrets` empty: the source is closed.

    Attributes:
        alerts: reads alert bodies, None for a source that only tells changes. changes: reads change bodies.
        signed: verify a body's own signature, in the ways of the kind. plain, in_address: headers and query
            parameters that carry the secret as it is. proof: of messages of SNS, which need no secret of ours but
            have to fetch a certificate; None for every other kind.
    """

    name: str
    kind: str
    secrets: tuple[str, ...]
    alerts: Read | None = None
    changes: ReadChanges | None = None
    signed: tuple[Signed, ...] = ()
    plain: tuple[str, ...] = ()
    in_address: tuple[str, ...] = ()
    proof: SnsProof | None = None

    @property
    def open(self) -> bool:
        """Whether anything sent here can be admitted at all."""
        return bool(self.secrets) or self.proof is not None

    def admits(self, headers: Mapping[str, str], body: bytes, *, now: datetime, query: str = "") -> bool:
        """Whether the sender proved who it is: the secret itself, or the kind's own signature over the raw bytes.

        Raises sns_proof.Unreached where the certificate of a message cannot be fetched.
        """
        return self._secret_fits(headers, body, now, query) or (
            self.proof is not None and self.proof(headers, body, self.secrets, now=now)
        )

    def _secret_fits(self, headers: Mapping[str, str], body: bytes, now: datetime, query: str) -> bool:
        if not self.secrets:
            return False
        if bearer_fits(headers, self.secrets) or _basic_fits(headers, self.secrets):
            return True
        if any(_fits(headers.get(name.lower(), ""), self.secrets) for name in self.plain):
            return True
        if self.in_address and query:
            given = parse_qsl(query[:4096], max_num_fields=50) if query.count("&") < 50 else []
            if any(_fits(value, self.secrets) for name, value in given if name in self.in_address):
                return True
        return any(signed(headers, body, self.secrets, now=now) for signed in self.signed)


def source(
    name: str, kind: str, secrets: Sequence[str], *, proof: SnsProof | None = None, mapped: Read | None = None
) -> Source:
    """A source of a known kind; `proof` for one of SNS whose topics are listed, `mapped` for one with a mapping."""
    alerts, changes = alert_source(kind), change_source(kind)
    signed = (alerts.signed if alerts else None, changes.signed if changes else None)
    return Source(
        name,
        kind,
        tuple(s for s in secrets if s),
        mapped or (alerts.read if alerts else None),
        changes.read if changes else None,
        tuple(each for each in signed if each is not None),
        alerts.plain if alerts else (),
        alerts.in_address if alerts else (),
        proof,
    )


def bearer_fits(headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Constant-time comparison of the `Authorization: Bearer` header with each secret."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and _fits(given.strip(), secrets)


def _basic_fits(headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """Whether the password of basic authentication is a secret; the name in front of it is the sender's own affair."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        _, colon, password = b64decode(given.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return False
    return bool(colon) and _fits(password, secrets)


def _fits(given: str, secrets: Sequence[str]) -> bool:
    token = given.encode("utf-8", "replace")
    return bool(token) and any(hmac.compare_digest(token, secret.encode()) for secret in secrets if secret)
