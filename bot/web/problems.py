"""Refusals of the HTTP edge, told as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.responses import Response


class Refused(Exception):
    """A request that is answered with an error, by the routes alone."""

    def __init__(self, status: int, code: str, detail: str, *, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.retry_after = status, code, detail, retry_after


def problem(
    status: int, code: str, detail: str, *, retry_after: int = 0, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer: type, title, status and detail."""
    title = code.replace("_", " ")
    body = json.dumps({"type": f"urn:muster:{code}", "title": title, "status": status, "detail": detail})
    known = dict(headers or {}) | ({"Retry-After": str(retry_after)} if retry_after else {})
    return Response(body, status, known, media_type="application/problem+json")
