"""What `/openapi.json` says of the routes that take something in, and of the probes: their answers as closed models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bot.providers.alerts.pagerduty_events import ACTIONS, SEVERITIES
from bot.providers.changes.generic import Told
from bot.web import enqueue
from playbooks.domain.alerts import Decision, Reason


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


class Decided(_Closed):
    """What was decided on one alert or change of a body, and why."""

    id: str
    fingerprint: str
    status: str
    decision: Decision
    reason: Reason
    incident: str | None
    """`INC-42`, or null."""


class Accepted(_Closed):
    """The answer to alerts and changes: everything it names is on disk."""

    accepted: int
    duplicates: int
    alerts: tuple[Decided, ...]


class Enqueued(_Closed):
    """PagerDuty's own answer to an event."""

    status: Literal["success"]
    message: str
    dedup_key: str


class InvalidEvent(_Closed):
    """PagerDuty's own answer to an event it would refuse."""

    status: Literal["invalid event"]
    message: str
    errors: tuple[str, ...]


class Beat(_Closed):
    """An expected signal came; `missing_from` is when the next one counts as missing."""

    component: str
    signal: str
    missing_from: datetime


class Ready(_Closed):
    """Each check by its name: `ok`, or what is wrong."""

    ready: bool
    checks: dict[str, str]


ANSWERS: tuple[type[BaseModel], ...] = (Accepted, Enqueued, InvalidEvent, Beat, Ready)
SECURITY: Mapping[str, Any] = {
    "intake": {"type": "http", "scheme": "bearer", "description": "The source's secret; many sign in their own way."},
    "slack": {"type": "apiKey", "in": "header", "name": "X-Slack-Signature", "description": "As Slack signs."},
}

_JSON, _PROBLEM = "application/json", "application/problem+json"
_BUSY = {"503": "The database is behind or does not answer; send it again after `Retry-After` seconds."}
_SENT = {
    "400": "The body is not JSON. It is kept in quarantine with the reason.",
    "401": "The secret is wrong or missing.",
    "404": "No such source, or it tells no such thing.",
    "413": "The body is over 1 MiB.",
    **_BUSY,
}


def paths() -> dict[str, Any]:
    """The paths with their operations; references go to `#/components/schemas/NAME` of `ANSWERS` and `Problem`."""
    alerts, changes = "Alerts, as their source sends them.", "Changes, as their source sends them."
    return {
        "/alerts/{source}": {"post": _taken("alerts", alerts, {"description": "Any JSON."})},
        "/changes/{source}": {"post": _taken("changes", changes, _change_body())},
        "/heartbeats/{component}/{signal}": {"post": _beat()},
        enqueue.PATH: {"post": _event()},
        "/slack/events": {"post": _slack()},
        "/healthz": {"get": _probe("alive", "Whether the process is alive.", "text/plain", {"type": "string"})},
        "/readyz": {"get": _ready()},
        "/metrics": {"get": _probe("metrics", "Prometheus's text format.", "text/plain", {"type": "string"})},
    }


def _ref(model: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model}"}


def _told(status: Mapping[str, str], media: str = _PROBLEM, model: str = "Problem") -> dict[str, Any]:
    return {code: {"description": why, "content": {media: {"schema": _ref(model)}}} for code, why in status.items()}


def _named(*names: str) -> list[dict[str, Any]]:
    shape = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^/]+$"}
    return [{"name": name, "in": "path", "required": True, "schema": shape} for name in names]


def _taken(name: str, summary: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "operationId": name,
        "parameters": _named("source"),
        "requestBody": {"required": True, "content": {_JSON: {"schema": body}}},
        "responses": _told({"202": "Everything is on disk; each row says what was decided."}, _JSON, "Accepted")
        | _told(_SENT),
        "security": [{"intake": []}],
    }


def _change_body() -> dict[str, Any]:
    """A change in Muster's own words, or whatever the source sends."""
    one = {key: value for key, value in Told.model_json_schema().items() if key != "title"}
    several = {"type": "object", "required": ["changes"], "properties": {"changes": {"type": "array", "items": one}}}
    return {"anyOf": [one, several, {"description": "Any JSON, where the source has a format of its own."}]}


def _beat() -> dict[str, Any]:
    refused = {code: why for code, why in _SENT.items() if code in ("401", "413", "503")}
    return {
        "summary": "An expected signal came. The body is not read.",
        "operationId": "heartbeat",
        "parameters": _named("component", "signal"),
        "responses": _told({"202": "It is on disk."}, _JSON, "Beat")
        | _told({**refused, "404": "The registry expects no such signal."}),
        "security": [{"intake": []}],
    }


def _event() -> dict[str, Any]:
    """The Events API v2 (PagerDuty/api-schema, reference/events-v2/openapiv3.json)."""
    said = {"type": "string", "pattern": r"\S"}
    key = {"type": "string", "maxLength": 255}
    payload = {
        "type": "object",
        "required": ["summary", "source", "severity"],
        "properties": {"summary": said, "source": said, "severity": {"type": "string", "enum": list(SEVERITIES)}},
    }
    trigger = {"event_action": {"const": ACTIONS[0]}, "payload": payload, "dedup_key": key}
    later = {"event_action": {"enum": list(ACTIONS[1:])}, "dedup_key": {**key, "minLength": 1}}
    routing = {"routing_key": {"type": "string", "minLength": 1, "description": "The source's secret."}}
    body = {
        "anyOf": [
            {
                "type": "object",
                "required": ["routing_key", "event_action", "payload"],
                "properties": {**routing, **trigger},
            },
            {
                "type": "object",
                "required": ["routing_key", "event_action", "dedup_key"],
                "properties": {**routing, **later},
            },
        ]
    }
    refused = {code: why for code, why in _SENT.items() if code in ("413", "503")}
    why = "PagerDuty would refuse it. Of a known routing key it is kept in quarantine with the reason."
    return {
        "summary": "PagerDuty's Events API v2.",
        "operationId": "enqueue",
        "requestBody": {"required": True, "content": {_JSON: {"schema": body}}},
        "responses": _told({"202": "It is on disk."}, _JSON, "Enqueued")
        | _told({"400": why}, _JSON, "InvalidEvent")
        | _told(refused),
        "security": [],
    }


def _slack() -> dict[str, Any]:
    refused = {"400": "It is no request of Slack.", "404": "Slack is reached by Socket Mode.", "413": _SENT["413"]}
    anything: Mapping[str, Any] = {"description": "What Slack expects."}
    return {
        "summary": "Everything Slack sends: events, commands, interactivity.",
        "operationId": "slack",
        "requestBody": {
            "required": True,
            "content": {
                _JSON: {"schema": {"type": "object"}},
                "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            },
        },
        "responses": {
            "200": {"description": "Taken.", "content": {"*/*": {"schema": anything}}},
            "401": {"description": "The signature is wrong.", "content": {"*/*": {"schema": anything}}},
            **_told(refused),
        },
        "security": [{"slack": []}],
    }


def _probe(name: str, summary: str, media: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    answered = {"200": {"description": "It answers.", "content": {media: {"schema": shape}}}}
    return {"summary": summary, "operationId": name, "responses": answered, "security": []}


def _ready() -> dict[str, Any]:
    answered = _told({"200": "Ready.", "503": "Not ready; `checks` says why."}, _JSON, "Ready")
    return {"summary": "Whether it can work.", "operationId": "ready", "responses": answered, "security": []}
