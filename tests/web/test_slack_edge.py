"""`/slack/events`: whose word is taken, the challenge, and one effect however often Slack repeats itself."""

from __future__ import annotations

import hmac
import json
import time
from hashlib import sha256
from urllib.parse import urlencode

import httpx

from tests.end_to_end.scene import DANA, HOME, Scene


def signed(
    scene: Scene, body: bytes, *, age: int = 0, secret: str = "", kind: str = "application/json"
) -> httpx.Response:
    """A request as Slack signs it."""
    stamp = str(int(time.time()) - age)
    key = (secret or scene.workspace.signing_secret).encode()
    digest = hmac.new(key, b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    headers = {
        "Content_Type": kind,
        "X_Slack_Request_Timestamp": stamp,
        "X_Slack_Signature": f"v0={digest}",
    }
    return scene.send("/slack/events", content=body, secret="", **headers)


def command(scene: Scene, text: str, **more: object) -> httpx.Response:
    """A slash command by hand."""
    form = {"command": "/inc", "text": text, "user_id": DANA, "channel_id": HOME, "trigger_id": "1.2.3", "team_id": "T"}
    kind = "application/x-www-form-urlencoded"
    return signed(scene, urlencode(form).encode(), kind=kind, **more)  # type: ignore[arg-type]


def test_the_challenge_is_answered(web: Scene) -> None:
    assert web.workspace.verify_url()


def test_a_forged_or_old_request_does_nothing(web: Scene) -> None:
    for answer in (
        command(web, "new fraud-scorer forged", secret="not the secret"),
        command(web, "new fraud-scorer old", age=6 * 60),
        command(web, "new fraud-scorer from tomorrow", age=-6 * 60),
        web.send("/slack/events", {"type": "event_callback"}, secret=""),
    ):
        assert answer.status_code == 401, answer.text
    with web.service.house.store.read() as uow:
        assert uow.incidents(open_only=False) == []


def test_four_minutes_are_young_enough(web: Scene) -> None:
    assert command(web, "help", age=4 * 60).status_code == 200


def test_a_repeated_event_acts_once(web: Scene) -> None:
    """Slack repeats an event that was answered late, with the same event id."""
    web.drift()
    channel = web.incident_channel(member=DANA)
    event = {
        "type": "app_mention",
        "user": DANA,
        "channel": channel,
        "text": "<@U0MUSTER> note the queue drains",
        "ts": "1795228260.000100",
        "event_ts": "1795228260.000100",
    }
    body = json.dumps({"type": "event_callback", "event_id": "Ev01", "team_id": "T", "event": event}).encode()
    assert [signed(web, body).status_code for _ in range(4)] == [200] * 4
    with web.service.house.store.read() as uow:
        assert len([e for e in uow.events(1) if "the queue drains" in e.text]) == 1


def test_events_delivered_twice_and_backwards(web: Scene) -> None:
    web.drift()
    channel = web.incident_channel(member=DANA)
    said = web.workspace.say(DANA, channel, "queue at 4,000")
    web.workspace.faults.duplicate("reaction_added")
    web.workspace.react(DANA, said, "pushpin")
    web.until(lambda: _noted(web, "queue at 4,000") == 1, "the message stands in the timeline")
    web.workspace.wait_until_quiet()
    assert _noted(web, "queue at 4,000") == 1


def _noted(scene: Scene, words: str) -> int:
    with scene.service.house.store.read() as uow:
        return len([e for e in uow.events(1) if words in e.text])


def test_nonsense_is_answered_and_changes_nothing(web: Scene) -> None:
    for body in (b"", b"{}", b"[]", b"payload=%7B", b'{"type": "event_callback"}', b"\xff\xfe"):
        assert signed(web, body).status_code < 600
        assert web.http.get(f"{web.service.url}/healthz").text == "ok"
