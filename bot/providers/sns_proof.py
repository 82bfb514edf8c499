"""Proves that Amazon signed a message of SNS, and answers a topic that asks whether it may send.

What is signed, and where a certificate may come from: aws/aws-js-sns-message-validator, index.js, and the guide
docs.aws.amazon.com, sns/latest/dg/sns-verify-signature-of-message. Version 1 signs with SHA-1, version 2 with SHA-256,
both RSA with PKCS #1 v1.5 padding. Anybody's topic can sign, so only messages of listed topics count.
"""

from __future__ import annotations

import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from pydantic_core import from_json

from bot.providers.alerts.aws.sns import CONFIRMATION
from bot.providers.signatures import Unreached
from bot.trust import trusted

HOST = re.compile(r"^sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?$")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_DIGESTS = {"1": SHA1, "2": SHA256}
_MOST_CERTIFICATES = 16
_MOST_BYTES = 65_536

Fetch = Callable[[str], bytes]


def fetch(url: str) -> bytes:
    """What stands at an address. Raises Unreached."""
    try:
        answer = httpx.get(url, timeout=5, follow_redirects=False, verify=trusted())
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise Unreached(f"{urlsplit(url).hostname} did not answer: {type(error).__name__}") from None
    return answer.content[:_MOST_BYTES]


class SnsProof:
    """Verifies messages of some topics; certificates are fetched once."""

    def __init__(self, topics: Sequence[str], fetch: Fetch = fetch) -> None:
        self._topics = frozenset(topics)
        self._fetch = fetch
        self._keys: dict[str, rsa.RSAPublicKey] = {}
        self._lock = threading.Lock()

    def __call__(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime) -> bool:
        """Whether the body is a signed message of a listed topic; the secrets play no part. Raises Unreached."""
        return self.message(body) is not None

    def message(self, body: bytes) -> dict[str, Any] | None:
        """The message of a body where Amazon signed it for a listed topic, else None. Raises Unreached."""
        try:
            told = from_json(body)
        except ValueError:
            return None
        if not isinstance(told, dict) or told.get("TopicArn") not in self._topics or not self._signed(told):
            return None
        return told

    def confirm(self, message: Mapping[str, Any]) -> None:
        """Tell a topic that it may send here. Raises Unreached, ValueError for an address that is not Amazon's."""
        url = message.get("SubscribeURL")
        if not isinstance(url, str) or not _amazon(url):
            raise ValueError("its SubscribeURL is no address of SNS")
        self._fetch(url)

    def _signed(self, told: Mapping[str, Any]) -> bool:
        digest = _DIGESTS.get(str(told.get("SignatureVersion")))
        url = told.get("SigningCertURL")
        content = signed_text(told)
        if (
            digest is None
            or content is None
            or not isinstance(url, str)
            or not _amazon(url)
            or not url.endswith(".pem")
        ):
            return False
        try:
            given = str(told.get("Signature"))
            signature = b64decode(given, validate=True)
            if b64encode(signature).decode() != given:  # base64 has several texts for the same bytes
                return False
            self._key(url).verify(signature, content, padding.PKCS1v15(), digest())
        except (ValueError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def _key(self, url: str) -> rsa.RSAPublicKey:
        """The key of the certificate at an address. Raises Unreached, ValueError for what is no RSA certificate."""
        with self._lock:
            if url not in self._keys:
                key = x509.load_pem_x509_certificate(self._fetch(url)).public_key()
                if not isinstance(key, rsa.RSAPublicKey):
                    raise ValueError("the certificate holds no RSA key")
                if len(self._keys) >= _MOST_CERTIFICATES:
                    self._keys.clear()
                self._keys[url] = key
            return self._keys[url]


def signed_text(told: Mapping[str, Any]) -> bytes | None:
    """The text that Amazon signs, None where a part of it is missing."""
    confirms = told.get("Type") in (CONFIRMATION, "UnsubscribeConfirmation")
    names = _CONFIRMATION if confirms else _NOTIFICATION
    parts = [(name, told.get(name)) for name in names if name != "Subject" or told.get(name) is not None]
    if not all(isinstance(value, str) for _, value in parts):
        return None
    return "".join(f"{name}\n{value}\n" for name, value in parts).encode("utf-8", "surrogatepass")


def _amazon(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and parts.password is None and port in (None, 443)
    return parts.scheme == "https" and plain and HOST.match(parts.hostname or "") is not None
