"""Changes in our own words, for whatever has no reader: one JSON object, or several under `changes`.

    {"kind": "deploy", "subject": "payments-api", "before": "1.8.2", "after": "1.9.0", "environment": "production",
     "at": "2026-11-21T02:10:00Z", "by": "ci", "link": "https://ci.example.com/4711", "id": "4711"}

Required: `kind`, `subject`, `after`. `kind` `model_alias` with the subject `model@alias`, and `flag` with the subject
`project/flag` and an environment, are the two that a lever's own echo is recognised by. `at` is ISO 8601 with a zone,
default the time of arrival; `id` identifies the change for repeated deliveries, default a digest of the rest (and of
the minute of arrival where there is no `at`, so that the same deploy next week is another change).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from pydantic import Field, ValidationError, field_validator

from bot.providers.signatures import bearer
from playbooks.plugin import Change, InputError, Strict, datetime_of, json_object

MOST = 500
signed = bearer


class Told(Strict):
    """One change as sent."""

    kind: str = Field(min_length=1, max_length=60)
    subject: str = Field(min_length=1, max_length=300)
    after: str = Field(max_length=300)
    before: str = Field(default="", max_length=300)
    environment: str = Field(default="", max_length=100)
    at: str = ""
    by: str = Field(default="", max_length=200)
    link: str = Field(default="", max_length=2000)
    id: str = Field(default="", max_length=200)

    @field_validator("at")
    @classmethod
    def _zoned(cls, value: str) -> str:
        if value and datetime_of(value) is None:
            raise ValueError("is ISO 8601 with a zone, like 2026-11-21T02:10:00Z")
        return value

    @field_validator("link")
    @classmethod
    def _web(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("begins with http:// or https://")
        return value


def read(headers: Mapping[str, str], body: bytes, *, source: str, received_at: datetime) -> list[Change]:
    """The changes of one body, in its order. Raises InputError that names the first wrong key."""
    data = json_object(body, source=source)
    rows = data["changes"] if set(data) == {"changes"} else [data]
    if not isinstance(rows, list) or not rows or len(rows) > MOST:
        raise InputError(f"`changes` from {source} is no list of 1 to {MOST} changes.")
    return [_change(row, number, source, received_at) for number, row in enumerate(rows, start=1)]


def _change(row: object, number: int, source: str, received_at: datetime) -> Change:
    try:
        told = Told.model_validate(row)
    except ValidationError as bad:
        first = bad.errors(include_url=False, include_input=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "it"
        raise InputError(
            f"Change {number} from {source} cannot be used: `{key}` {first['msg'].removeprefix('Value error, ')}.",
            "A change has kind, subject and after; before, environment, at, by, link and id are optional.",
        ) from None
    when = told.at or received_at.isoformat(timespec="minutes")
    digest = sha256(json.dumps([row, when], sort_keys=True).encode()).hexdigest()
    return Change(
        source=source,
        key=told.id or digest,
        kind=told.kind,
        subject=told.subject,
        before=told.before,
        after=told.after,
        environment=told.environment,
        occurred_at=datetime_of(told.at) or received_at,
        by=told.by,
        link=told.link,
    )
