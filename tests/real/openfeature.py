"""A service that uses feature flags: OpenFeature's SDK with its flagd provider, watching a flag file."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.real.environments import python_environment
from tests.real.processes import Server, free_port, running

_SERVICE = '''\
"""Answers GET /?file=…&flag=…&default=…&fresh=…&KEY=VALUE… with what the provider evaluates for that context."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

PROVIDERS = {}


def client(file, fresh):
    if file not in PROVIDERS:
        # The deadline is how often it looks at the file.
        PROVIDERS[file] = FlagdProvider(
            resolver_type=ResolverType.FILE, offline_flag_source_path=file, deadline_ms=50
        )
        api.set_provider_and_wait(PROVIDERS[file], domain=file)
    if fresh:
        PROVIDERS[file].resolver.connector.safe_load_data()
    return api.get_client(domain=file)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = dict(parse_qsl(urlsplit(self.path).query))
        body = {}
        if "file" in asked:
            file, flag, default = asked.pop("file"), asked.pop("flag"), asked.pop("default") == "true"
            fresh = asked.pop("fresh") == "true"
            found = client(file, fresh).get_boolean_details(flag, default, EvaluationContext(attributes=asked))
            body = {"value": found.value, "variant": found.variant, "reason": str(found.reason)}
        answer = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *arguments):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
'''


@dataclass(frozen=True)
class OpenFeature:
    """A running service that evaluates flags."""

    url: str
    server: Server

    def evaluates(
        self, file: Path, flag: str, *, default: bool, fresh: bool = True, **context: str
    ) -> tuple[bool, str | None, str]:
        """Value, variant and reason for a service whose code has this default.

        `fresh`: look at the file before answering, instead of when its watch does.
        """
        words = {"file": str(file), "flag": flag, "default": str(default).lower(), "fresh": str(fresh).lower()}
        found: dict[str, Any] = httpx.get(f"{self.url}/?{urlencode({**words, **context})}", timeout=10.0).json()
        return bool(found["value"]), found["variant"], str(found["reason"])


@contextmanager
def openfeature() -> Iterator[OpenFeature]:
    """The service; it opens a file when first asked about one of its flags."""
    program = python_environment("flagd") / "bin" / "python"
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(url, timeout=5.0).is_success
        except httpx.TransportError:
            return False

    with tempfile.TemporaryDirectory(prefix="muster-openfeature-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "service.py").write_text(_SERVICE)
        with running("openfeature", [program, "service.py", str(port)], answers, Path(folder)) as server:
            yield OpenFeature(url, server)
