"""Signatures of incoming requests: one verifier, a table entry for each vendor's way. Always over the raw bytes."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from playbooks.plugin import header_of

_MOST_GIVEN = 20  # signatures of one header: two or three while a secret is replaced


class Unreached(Exception):
    """What a signature is proved with cannot be fetched now; the same message sent again may be proved then."""


@dataclass(frozen=True, slots=True)
class Hmac:
    """How a vendor signs: an HMAC of the body, or of a text that holds it.

    Attributes:
        header: that carries the signature. prefix: before each signature (`v1=`). separator: between several, of
            which one must fit. encoding: `hex` or `base64`. digest: hashlib's name.
        stamp: header with the time of signing, empty where none is signed. template: what is signed; `{stamp}` and
            `{id}` stand for headers, the body follows. identifier: header for `{id}`.
        tolerance: seconds that the stamp may be off; 0 where its age is not judged.
        optional_stamp: the template counts only where the stamp is sent.
        key: the key of a secret.
    """

    header: str
    prefix: str = ""
    separator: str = ""
    encoding: str = "hex"
    digest: str = "sha256"
    stamp: str = ""
    identifier: str = ""
    template: str = ""
    tolerance: int = 0
    optional_stamp: bool = False
    key: Callable[[str], bytes] = str.encode

    def __call__(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
        """Whether one of the secrets made one of the signatures of the header."""
        given = list(self._given(header_of(headers, self.header)))
        stamp = header_of(headers, self.stamp) if self.stamp else ""
        if not given or (self.stamp and not self.optional_stamp and not stamp):
            return False
        if self.tolerance and stamp and not _fresh(stamp, now, self.tolerance):
            return False
        template = "" if self.optional_stamp and not stamp else self.template
        told = template.format(stamp=stamp, id=header_of(headers, self.identifier) if self.identifier else "")
        signed = told.encode("utf-8", "replace") + body
        made = [self._written(hmac.digest(self.key(secret), signed, self.digest)) for secret in secrets if secret]
        return any(hmac.compare_digest(one, each) for one in made for each in given)

    def _written(self, digest: bytes) -> bytes:
        """As the header writes it: compared as text, since base64 has several texts for the same bytes."""
        return digest.hex().encode() if self.encoding == "hex" else b64encode(digest)

    def _given(self, value: str) -> Iterator[bytes]:
        parts = value.split(self.separator) if self.separator else [value]
        for part in parts[:_MOST_GIVEN]:
            each = part.strip()
            if each.startswith(self.prefix):
                yield each.removeprefix(self.prefix).encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Stamped:
    """One header with the time and the signatures, `t=1795228260,v1=<hex>`: HMAC-SHA256 of `{t}.{body}`."""

    header: str
    tolerance: int = 300
    names: tuple[str, ...] = ("v1", "s")

    def __call__(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
        """Whether one of the secrets made one of the signatures of the header."""
        parts = [part.strip().partition("=") for part in header_of(headers, self.header).split(",")[:_MOST_GIVEN]]
        stamps = [value for name, _, value in parts if name == "t"]
        given = [value.encode("utf-8", "replace") for name, _, value in parts if name in self.names]
        if len(stamps) != 1 or not _fresh(stamps[0], now, self.tolerance):
            return False
        signed = f"{stamps[0]}.".encode() + body
        made = [hmac.digest(secret.encode(), signed, "sha256").hex().encode() for secret in secrets if secret]
        return any(hmac.compare_digest(one, each) for one in made for each in given)


def bearer(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
    """Whether `Authorization: Bearer` carries one of the secrets."""
    scheme, _, given = header_of(headers, "Authorization").partition(" ")
    known = [secret.encode() for secret in secrets if secret]
    token = given.strip().encode("utf-8", "replace")
    return scheme.lower() == "bearer" and any(hmac.compare_digest(secret, token) for secret in known)


def _fresh(stamp: str, now: datetime, tolerance: int) -> bool:
    plain = stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
    return plain and abs(now.timestamp() - int(stamp)) <= tolerance
