"""`POST /v2/enqueue`: the Events API v2 of PagerDuty with its answers, so that its senders need only an address.

The `routing_key` is a source's secret. Answers: 202 `{status, message, dedup_key}`, 400 `{status, message, errors}`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic_core import from_json
from starlette.responses import Response

from bot.providers.alerts import pagerduty_events
from bot.providers.alerts.reading import ReadResult
from bot.web.sources import Source

PATH = "/v2/enqueue"
_KIND = "pagerduty_events"
_NO_EVENT = "Event object format is unrecognized"


class InvalidEvent(Exception):
    """An event that PagerDuty would refuse. `source` is the sender's name, None where it did not prove who it is."""

    def __init__(self, code: str, errors: list[str], source: str | None = None, message: str = "") -> None:
        super().__init__("; ".join(errors))
        self.code, self.errors, self.source = code, errors, source
        self.message = message or "Event object is invalid"


@dataclass(frozen=True, slots=True)
class Event:
    """A good event of a known sender. `body` is what is kept of it: without the routing key."""

    source: Source
    body: bytes
    dedup_key: str

    def read(self, now: datetime) -> tuple[Source, ReadResult]:
        """Its sender and its alerts."""
        return self.source, pagerduty_events.read({}, self.body, source=self.source.name, received_at=now)


def event_of(body: bytes, sources: Mapping[str, Source]) -> Event:
    """The event of a body. Raises InvalidEvent."""
    try:
        event = from_json(body)
    except ValueError:
        raise InvalidEvent(
            "not_json", ["The body is not JSON"], message="Event object format is unrecognized"
        ) from None
    if not isinstance(event, dict):
        raise InvalidEvent("not_json", ["The body is no object"], message="Event object format is unrecognized")
    given = event.pop("routing_key", None)
    if not isinstance(given, str) or not given:
        raise InvalidEvent("wrong_secret", ["'routing_key' is missing or blank"])
    source = _sender(given, sources)
    if source is None:
        raise InvalidEvent("wrong_secret", ["Invalid routing key"])
    wrong = pagerduty_events.faults(event)
    if wrong:
        raise InvalidEvent("invalid_event", wrong, source.name)
    key = pagerduty_events.dedup_key(event)
    return Event(source, json.dumps({**event, "dedup_key": key}).encode(), key)


def _sender(given: str, sources: Mapping[str, Source]) -> Source | None:
    """The source whose secret this is: one of this kind before any other, then in the order of the configuration."""
    token = given.encode("utf-8", "replace")
    fitting = [s for s in sources.values() if any(hmac.compare_digest(token, own.encode()) for own in s.secrets)]
    own_kind = [source for source in fitting if source.kind == _KIND]
    chosen = next(iter(own_kind or fitting), None)
    return None if chosen is None else replace(chosen, alerts=pagerduty_events.read)


def processed(event: Event) -> Response:
    """202."""
    return _answer(202, {"status": "success", "message": "Event processed", "dedup_key": event.dedup_key})


def invalid(error: InvalidEvent) -> Response:
    """400."""
    return _answer(400, {"status": "invalid event", "message": error.message, "errors": error.errors})


def _answer(status: int, told: Mapping[str, Any]) -> Response:
    return Response(json.dumps(told), status, media_type="application/json")
