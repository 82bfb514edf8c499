"""A server that answers every request in the same wrong way."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from playbooks.plugin import Kind
from tests.loopback import LoopbackServer


@dataclass(frozen=True)
class Wrong:
    """An answer, and which kind of error it is: None where each lever knows better what it means.

    Attributes:
        body: sent `times` times over.
    """

    status: int
    body: bytes = b'{"message": "no"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: Kind | None = Kind.PERMANENT
    times: int = 1
    content_type: str = "application/json"


PAGE = b"<!doctype html>\n<title>Sign in</title>\n<p>Welcome"
WRONG: Mapping[str, Wrong] = {
    "unknown credential": Wrong(401),
    "credential without permission": Wrong(403),
    "nothing there": Wrong(404),
    "conflict": Wrong(409, kind=None),
    "too many calls": Wrong(429, headers={"Retry-After": "17"}, kind=Kind.RATE_LIMITED),
    "failed": Wrong(500, kind=Kind.TRANSIENT),
    "failed with a page": Wrong(503, PAGE, kind=Kind.TRANSIENT, content_type="text/html"),
    "elsewhere": Wrong(302, b"", {"Location": "https://sso.example.com/login"}),
    "a page": Wrong(200, PAGE, content_type="text/html"),
    "nothing": Wrong(200, b""),
    "a list": Wrong(200, b"[]"),
    "another object": Wrong(200, b'{"unexpected": true}'),
    "a text": Wrong(200, b'"ok"'),
    "endless": Wrong(200, b" " * (1 << 16), kind=Kind.TRANSIENT, times=17),
    "no text": Wrong(200, b"\xff\xfe\x00{"),
}


def _self_signed() -> bytes:
    """A key and a certificate that it signed itself, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begun).not_valid_after(begun + timedelta(days=36_500))
    signed = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    return signed + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class WrongServer:
    """Serves until its `with` ends; `wrong` is what it answers. With `tls` by a certificate that nobody signed."""

    def __init__(self, *, tls: bool = False) -> None:
        self.wrong = WRONG["failed"]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                wrong = outer.wrong
                self.send_response(wrong.status)
                self.send_header("Content-Type", wrong.content_type)
                self.send_header("Content-Length", str(len(wrong.body) * wrong.times))
                for key, value in wrong.headers.items():
                    self.send_header(key, value)
                self.end_headers()
                for _ in range(wrong.times):
                    self.wfile.write(wrong.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = LoopbackServer(Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.NamedTemporaryFile() as file:
                file.write(_self_signed())
                file.flush()
                context.load_cert_chain(file.name)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
