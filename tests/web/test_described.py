"""Schemathesis walks whatever `/openapi.json` describes: no 5xx, answers as described, a 400 leaves what was sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from starlette.routing import Route

from bot.providers.sources import ALERTS, CHANGES
from bot.web.app import Front
from playbooks.domain.links import Room
from tests.end_to_end.scene import TOKEN, Scene, scene

READ = "read-5d1c77e0"
INTAKE = ("/alerts/", "/changes/", "/v2/enqueue")
PROBES = ("/healthz", "/readyz", "/metrics")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
]
# The same requests in every run: what fails here fails for everybody.
FIXED = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service with one source of each kind, and the read API on."""
    with scene(tmp_path_factory.mktemp("described"), environ={"MUSTER_API_TOKEN": READ}) as started:
        yield started


@pytest.fixture(scope="module")
def described(running: Scene) -> BaseSchema:
    """The document as it is served, with the names of this service's sources."""
    document = httpx.get(f"{running.service.url}/openapi.json").raise_for_status().json()
    for path, kinds in (("/alerts/{source}", ALERTS), ("/changes/{source}", CHANGES)):
        (parameter,) = document["paths"][path]["post"]["parameters"]
        parameter["schema"] = {"enum": sorted(set(kinds) - {"mapped"})}
    loaded = schemathesis.openapi.from_dict(document)
    loaded.config.update(base_url=running.service.url)
    return loaded


def kept(running: Scene) -> int:
    """How many bodies stand in quarantine with a reason."""
    with running.service.house.store.read() as uow:
        return len([each for each in uow.quarantined(limit=100_000) if each.reason and each.source])


def operations_of(described: BaseSchema) -> list[Any]:
    """Everything the document describes; a description that cannot be read is an error."""
    found = list(described.get_all_operations())
    assert all(isinstance(each, Ok) for each in found), found
    return [each.ok() for each in found if isinstance(each, Ok)]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_what_is_described_is_what_is_answered(running: Scene, described: BaseSchema, mode: GenerationMode) -> None:
    """Requests as described, and requests that break one rule of the description."""
    operations = operations_of(described)
    assert len(operations) >= 8

    for operation in operations:
        if mode is GenerationMode.NEGATIVE and operation.path in PROBES:
            continue  # which take nothing that could be wrong

        @FIXED
        @given(case=operation.as_strategy(generation_mode=mode))
        def walked(case: Case) -> None:
            asked(running, case)

        walked()


def asked(running: Scene, case: Case) -> None:
    """Send it as somebody who knows the secrets, and hold the answer against the description."""
    if isinstance(case.body, dict) and isinstance(case.body.get("routing_key"), str):
        case.body["routing_key"] = TOKEN
    if any(value in ([], {}) for value in (case.query or {}).values()):
        return  # sent as nothing, so the request is not the wrong one it was meant to be
    before = kept(running)
    secret = READ if case.path.startswith("/api/") else TOKEN
    answer = case.call(headers={"Authorization": f"Bearer {secret}"}, timeout=15)
    case.validate_response(answer, checks=CHECKS)
    wrong_secret = "routing" in answer.text  # as PagerDuty tells it: a 400
    if answer.status_code == 400 and case.path.startswith(INTAKE) and not wrong_secret:
        assert kept(running) == before + 1, answer.text


@FIXED
@given(kind=st.sampled_from(sorted(CHANGES)), body=st.binary(max_size=200) | st.text(max_size=40).map(str.encode))
def test_any_bytes_to_a_change_source_are_kept_or_recorded(running: Scene, kind: str, body: bytes) -> None:
    before = kept(running)
    answer = running.send(f"/changes/{kind}", content=body)
    assert answer.status_code in (202, 400, 401), answer.text
    if answer.status_code != 401:
        assert kept(running) == before + 1


@FIXED
@given(body=st.binary(max_size=300) | st.dictionaries(st.text(max_size=12), st.text(max_size=20)).map(json.dumps))
@pytest.mark.parametrize("media", ["application/json", "application/x-www-form-urlencoded"])
def test_anything_that_slack_would_have_signed_is_answered(running: Scene, media: str, body: bytes | str) -> None:
    raw = body.encode() if isinstance(body, str) else body
    stamp = str(int(running.clock.now().timestamp()))
    made = hmac.new(running.workspace.signing_secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256)
    headers = {
        "Content-Type": media,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={made.hexdigest()}",
    }
    answer = httpx.post(f"{running.service.url}/slack/events", content=raw, headers=headers)
    assert answer.status_code < 500, answer.text


def test_every_route_but_the_pages_is_described(running: Scene, described: BaseSchema) -> None:
    """A route that nobody describes is walked by nobody."""
    known = {operation.path for operation in operations_of(described)}
    assert isinstance(running.service.web, Front)
    routes = {route.path for route in running.service.web.routes.routes if isinstance(route, Route)}
    pages = tuple(f"/{room}" for room in Room)
    assert {path for path in routes - known if not path.startswith(pages)} == {"/openapi.json"}
