"""Recorded bodies as their readers read them, compared field by field with where in the body each value stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.providers.alerts.reading import ReadResult
from bot.providers.sources import alert_source
from playbooks.domain.alerts import Alert

PAYLOADS = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
FIRING, RESOLVED = "firing", "resolved"


@dataclass(frozen=True)
class At:
    """The value at a path of the body (`event.data.0.id`), and what is written there, so that both are checked."""

    path: str
    written: object


@dataclass(frozen=True)
class Time:
    """The time at a path of the body, and which moment that is."""

    path: str
    written: object
    moment: datetime


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def since_1970(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def body_of(file: str) -> Any:
    return json.loads((PAYLOADS / file).read_bytes())


def read(kind: str, body: object, headers: Mapping[str, str] | None = None) -> ReadResult:
    """A body (bytes, or what JSON makes of it) as the kind's reader reads it."""
    source = alert_source(kind)
    assert source is not None
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return source.read(headers or {}, raw, source=kind, received_at=NOW)


def only(kind: str, body: object, headers: Mapping[str, str] | None = None) -> Alert:
    """The one alert of a body that has nothing else."""
    result = read(kind, body, headers)
    assert result.rejected == []
    assert len(result.alerts) == 1
    return result.alerts[0]


def value_at(body: Any, path: str) -> Any:
    for key in path.split("."):
        body = body[int(key)] if isinstance(body, list) else body[key]
    return body


def check(alert: Alert, body: Any, expected: Mapping[str, object]) -> None:
    """Compare the alert's fields (`labels.team` is one) with where they stand in the body."""
    for name, value in expected.items():
        field, _, key = name.partition(".")
        got = getattr(alert, field)
        got = got.get(key) if key else got
        if isinstance(value, At):
            assert value_at(body, value.path) == value.written, (name, value.path)
            value = value.written if isinstance(value.written, str) else json.dumps(value.written)
        elif isinstance(value, Time):
            assert value_at(body, value.path) == value.written, (name, value.path)
            value = value.moment
        assert got == value, name


def check_file(kind: str, file: str, expected: Sequence[Mapping[str, object]]) -> None:
    """A recorded body gives exactly these alerts."""
    body = body_of(file)
    result = read(kind, (PAYLOADS / file).read_bytes())
    assert [rejected.reason for rejected in result.rejected] == []
    assert len(result.alerts) == len(expected)
    for alert, row in zip(result.alerts, expected, strict=True):
        check(alert, body, row)
