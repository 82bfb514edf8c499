"""What the routes refuse: secrets before names, sizes, methods; always told as problem+json, never with a 429."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.end_to_end.scene import TOKEN, Scene
from tests.web.conftest import ENVIRON

PROBLEM = "application/problem+json"


def problem(answer: httpx.Response, status: int, code: str) -> None:
    """Assert RFC 9457's shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    told = answer.json()
    assert told["status"] == status
    assert told["type"] == f"urn:muster:{code}"
    assert told["title"]
    assert told["detail"]


@pytest.mark.parametrize("source", ["alertmanager", "second", "closed", "no-such-source"])
@pytest.mark.parametrize("secret", ["", "wrong", TOKEN[:-1], TOKEN + "x"])
def test_a_wrong_secret_says_nothing_about_names(web_once: Scene, source: str, secret: str) -> None:
    answers = [web_once.send(f"/{kind}/{source}", {}, secret=secret) for kind in ("alerts", "changes")]
    for answer in answers:
        problem(answer, 401, "wrong_secret")
    told = {a.text for a in answers} | {web_once.send("/alerts/alertmanager", {}, secret="other").text}
    assert len(told) == 1  # the same words whether the source exists or not


def test_headers_that_are_no_bearer_are_refused(web_once: Scene) -> None:
    for header in (TOKEN, f"Basic {TOKEN}", "Bearer", f"Token {TOKEN}"):
        answer = web_once.send("/alerts/alertmanager", {}, secret="", Authorization=header)
        problem(answer, 401, "wrong_secret")


def test_each_source_has_its_own_secret(web_once: Scene) -> None:
    alerts: dict[str, list[str]] = {"alerts": []}
    assert web_once.send("/alerts/alertmanager", alerts).status_code == 202
    problem(web_once.send("/alerts/second", alerts), 401, "wrong_secret")
    own = ENVIRON["SECOND_SECRET"]
    assert web_once.send("/alerts/second", alerts, secret=own).status_code == 202
    problem(web_once.send("/alerts/alertmanager", alerts, secret=own), 401, "wrong_secret")


def test_a_source_whose_secret_is_unset_is_closed(web_once: Scene) -> None:
    for secret in (TOKEN, "NEVER_SET", "None"):
        problem(web_once.send("/alerts/closed", {"alerts": []}, secret=secret), 401, "wrong_secret")


def test_an_unknown_source_is_told_to_who_knows_the_secret(web_once: Scene) -> None:
    answer = web_once.send("/alerts/prometheus-eu", {"alerts": []})
    problem(answer, 404, "unknown_source")
    assert "prometheus-eu" in answer.json()["detail"]
    problem(web_once.send("/changes/prometheus-eu", {}), 404, "unknown_source")


def test_changes_of_a_source_that_tells_alerts(web_once: Scene) -> None:
    problem(web_once.send("/changes/alertmanager", {}), 404, "no_changes")


def test_what_is_no_json(web_once: Scene) -> None:
    for body in (b"", b"{", b"alerts: []", b"\xff\xfe", b"[" * 100_000):
        problem(web_once.send("/alerts/alertmanager", content=body), 400, "not_json")
        problem(web_once.send("/alerts/generic", content=body), 400, "not_json")


def test_other_methods_and_paths(web_once: Scene) -> None:
    url = web_once.service.url
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = httpx.request(method, f"{url}/alerts/alertmanager")
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "POST"
    problem(httpx.get(f"{url}/nothing/here"), 404, "not_found")
    problem(httpx.post(f"{url}/healthz"), 405, "method_not_allowed")


def test_a_length_over_one_mebibyte_is_refused_before_the_body(web_once: Scene) -> None:
    """Only the head is sent: the answer comes without waiting for a body."""
    head = (
        "POST /alerts/alertmanager HTTP/1.1\r\nHost: muster\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: {1024 * 1024 + 1}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", web_once.service.port), timeout=5) as line:
        line.sendall(head.encode())
        answer = line.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert PROBLEM in answer


def test_a_streamed_body_over_one_mebibyte_is_refused(web_once: Scene) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(18):
            yield b" " * 65536

    answer = httpx.post(
        f"{web_once.service.url}/alerts/alertmanager",
        content=chunks(),
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    )
    problem(answer, 413, "too_large")


def test_a_body_of_exactly_one_mebibyte_is_read(web_once: Scene) -> None:
    empty = json.dumps({"alerts": []}).encode()
    body = empty + b" " * (1024 * 1024 - len(empty))
    assert web_once.send("/alerts/alertmanager", content=body).status_code == 202
    problem(web_once.send("/alerts/alertmanager", content=body + b" "), 413, "too_large")


def test_a_secret_is_asked_for_before_the_body_is_judged(web_once: Scene) -> None:
    problem(web_once.send("/alerts/alertmanager", content=b"{", secret="wrong"), 401, "wrong_secret")
