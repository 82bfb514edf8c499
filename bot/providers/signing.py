"""Signs outgoing requests as Standard Webhooks 1.0 does: id, timestamp and HMAC-SHA256 over both and the raw body."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Generator, Sequence
from hashlib import sha256

import httpx

from playbooks.plugin import Clock

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key behind a secret: base64 after `whsec_`, else the text itself. Raises ValueError for bad base64."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("what follows whsec_ is not base64") from None


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>` over `id.timestamp.body`; `timestamp` in seconds since 1970."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.new(key, content, sha256).digest()).decode()


class SignedRequests(httpx.Auth):
    """Puts the three headers on each request.

    A request that has an id keeps it, so that one sent again can be recognised; any other gets the next of a row.

    Args:
        secrets: the one in force first; a second one signs too while it is being replaced.
    """

    requires_request_body = True

    def __init__(self, secrets: Sequence[str], clock: Clock) -> None:
        self._keys = [key_of(secret) for secret in secrets if secret]
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`."""
        now = int(self._clock.now().timestamp())
        if ID not in request.headers:
            asked = f"{request.method} {request.url} {now}".encode()
            request.headers[ID] = f"msg_{sha256(asked).hexdigest()[:32]}"
        message_id = request.headers[ID]
        request.headers[TIMESTAMP] = str(now)
        request.headers[SIGNATURE] = " ".join(signature(key, message_id, now, request.content) for key in self._keys)
        yield request
