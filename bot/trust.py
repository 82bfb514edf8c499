"""Whom the HTTP clients of this process trust."""

from __future__ import annotations

from functools import cache
from ssl import SSLContext

import httpx


@cache
def trusted() -> SSLContext:
    """The usual authorities, or those of SSL_CERT_FILE, read once: reading them takes longer than most calls."""
    return httpx.create_ssl_context()
