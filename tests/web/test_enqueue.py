"""`POST /v2/enqueue` as PagerDuty answers it, and what is kept of events that cannot be used."""

from __future__ import annotations

import httpx
import pytest

from bot.console.offline import opened
from tests.end_to_end.scene import TOKEN, Scene
from tests.web.conftest import ENVIRON


def event(action: str = "trigger", **more: object) -> dict[str, object]:
    payload = {"summary": "PSI 0.34", "source": "drift-job", "severity": "critical", "component": "manual-review-queue"}
    body: dict[str, object] = {"routing_key": TOKEN, "event_action": action, "dedup_key": "psi"}
    return body | ({"payload": payload} if action == "trigger" else {}) | more


def enqueue(scene: Scene, body: object = None, *, content: bytes | None = None) -> httpx.Response:
    return scene.send("/v2/enqueue", body, content=content, secret="")


def kept(scene: Scene) -> list[tuple[str, str]]:
    with opened(scene.settings, migrate=False) as books, books.house.store.read() as uow:
        return [(row.source, row.reason) for row in uow.quarantined(limit=10)]


def test_an_alert_is_opened_repeated_and_resolved(web_once: Scene) -> None:
    for action in ("trigger", "trigger", "acknowledge", "resolve", "resolve"):
        answer = enqueue(web_once, event(action))
        assert answer.status_code == 202, answer.text
        assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "psi"}
    row = web_once.send("/alerts/pagerduty_events", event("resolve")).json()["alerts"][0]
    assert (row["decision"], row["status"]) == ("duplicate", "resolved")
    again = web_once.send("/alerts/pagerduty_events", event()).json()["alerts"][0]
    assert again["status"] == "firing"
    assert again["decision"] == "attached"  # a new episode of the same failure


def test_a_trigger_without_a_key_gets_one_and_is_the_same_when_sent_again(web_once: Scene) -> None:
    body = {name: value for name, value in event().items() if name != "dedup_key"}
    first, second = enqueue(web_once, body).json(), enqueue(web_once, body).json()
    assert first["dedup_key"] == second["dedup_key"] != ""


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"routing_key": TOKEN}, ["'event_action' is missing or blank"]),
        (event("resolve", dedup_key=None), ["'dedup_key' is missing or blank"]),
        (event(payload=None), ["'payload' is missing or blank"]),
        (
            event(payload={"summary": "x", "source": "y", "severity": "bad"}),
            ["'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"],
        ),
        (
            event(payload={"severity": "info"}),
            ["'payload.summary' is missing or blank", "'payload.source' is missing or blank"],
        ),
    ],
)
def test_what_pagerduty_refuses(web_once: Scene, body: dict[str, object], errors: list[str]) -> None:
    answer = enqueue(web_once, body)
    assert answer.status_code == 400
    assert answer.json() == {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
    source, reason = kept(web_once)[0]
    assert source == "pagerduty_events"
    assert errors[0] in reason


@pytest.mark.parametrize("key", ["", "wrong", None, 7, TOKEN[:-1]])
def test_a_wrong_routing_key_is_refused_and_nothing_is_kept(web_once: Scene, key: object) -> None:
    before = kept(web_once)
    answer = enqueue(web_once, event(routing_key=key))
    assert answer.status_code == 400
    assert answer.json()["errors"] in (["Invalid routing key"], ["'routing_key' is missing or blank"])
    assert kept(web_once) == before


def test_the_key_of_another_source_is_that_source(web_once: Scene) -> None:
    answer = enqueue(web_once, event(routing_key=ENVIRON["SECOND_SECRET"], dedup_key="of-second"))
    assert answer.status_code == 202
    row = web_once.send("/alerts/pagerduty_events", event(dedup_key="of-second")).json()["alerts"][0]
    assert row["decision"] == "attached"  # an alert of its own: the other one is the other source's


def test_what_is_no_event(web_once: Scene) -> None:
    for content in (b"", b"{", b"[]", b"7", b"\xff"):
        assert enqueue(web_once, content=content).status_code == 400
    assert enqueue(web_once, content=b" " * (1024 * 1024 + 1)).status_code == 413


def test_a_400_leaves_the_body_with_its_reason(web_once: Scene) -> None:
    assert web_once.send("/alerts/generic", content=b"{broken").status_code == 400
    source, reason = kept(web_once)[0]
    assert source == "generic"
    assert "not JSON" in reason


def test_a_source_without_a_mapping_refuses_nothing(web_once: Scene) -> None:
    for content in (b"", b"{", b"<xml/>", b"\xff\x00", b'{"any": "thing"}'):
        answer = web_once.send("/alerts/unmapped", content=content)
        assert answer.status_code == 202, answer.text
        assert answer.json()["alerts"][0]["decision"] == "raw"
    assert kept(web_once)[0][1] == "The body is JSON, but `unmapped` has no mapping yet."


def test_what_is_no_json_is_kept_with_its_reason_but_not_without_end(web_once: Scene) -> None:
    from bot.web.kept import STRANGERS

    for number in range(STRANGERS + 5):
        answer = enqueue(web_once, content=b"event_action: trigger %d" % number)
        assert (answer.status_code, answer.json()["errors"]) == (400, ["The body is not JSON"])
    with opened(web_once.settings, migrate=False) as books, books.house.store.read() as uow:
        held = uow.quarantined(source="v2/enqueue", limit=1000)
    told = [row.body for row in held if row.reason == "The body is not JSON"]
    assert len(held) == STRANGERS
    assert "event_action: trigger 0" in told
