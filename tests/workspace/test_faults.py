"""Faults on demand, seen from Slack's own client and from Bolt."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from slack_bolt import Ack
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.workspace import Workspace
from tests.workspace.conftest import FRAUD, RISK, Stage


def test_429_with_retry_after(client: WebClient, workspace: Workspace) -> None:
    workspace.faults.rate_limited("chat.postMessage", retry_after=7, channel=FRAUD)
    assert client.chat_postMessage(channel=RISK, text="elsewhere")["ok"]
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=FRAUD, text="x")
    answer = caught.value.response
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "7")
    assert workspace.history(FRAUD) == []
    assert client.chat_postMessage(channel=FRAUD, text="x")["ok"]


def test_the_sdks_rate_limit_handler_waits_and_repeats(workspace: Workspace) -> None:
    patient = WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[RateLimitErrorRetryHandler()])
    workspace.faults.rate_limited("auth.test", retry_after=0)
    assert patient.auth_test()["ok"]
    assert [c.status for c in workspace.calls_of("auth.test")] == [429, 200]


def test_500_is_no_json(client: WebClient, workspace: Workspace) -> None:
    workspace.faults.server_error("*", 2, status=503)
    for call in (client.auth_test, client.users_list):
        with pytest.raises(SlackApiError):
            call()
    assert client.auth_test()["ok"]
    assert [c.status for c in workspace.calls] == [503, 503, 200]


def test_the_sdks_default_posts_twice_after_a_drop(workspace: Workspace) -> None:
    default = WebClient(workspace.bot_token, base_url=workspace.api_url)
    workspace.faults.drop_after_receive("chat.postMessage")
    assert default.chat_postMessage(channel=FRAUD, text="once?")["ok"]
    assert [m.text for m in workspace.history(FRAUD)] == ["once?", "once?"]
    assert [c.fault for c in workspace.calls] == ["drop", None]


def test_without_retry_handlers_a_drop_is_an_unknown_outcome(client: WebClient, workspace: Workspace) -> None:
    workspace.faults.drop_after_receive("chat.postMessage")
    with pytest.raises(OSError):
        client.chat_postMessage(channel=FRAUD, text="once")
    assert [m.text for m in workspace.history(FRAUD)] == ["once"]
    workspace.faults.drop_before("chat.postMessage")
    with pytest.raises(OSError):
        client.chat_postMessage(channel=FRAUD, text="never")
    assert len(workspace.history(FRAUD)) == 1


def test_slow_answers(workspace: Workspace) -> None:
    workspace.faults.slow("auth.test", 0.5)
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(workspace.api_url + "auth.test", headers=headers, timeout=0.1)
    assert httpx.post(workspace.api_url + "auth.test", headers=headers, timeout=2).json()["ok"]


def test_any_error_code(client: WebClient, workspace: Workspace) -> None:
    workspace.faults.refuse("conversations.invite", "missing_scope", None, needed="channels:manage", provided="")
    for _ in range(3):
        with pytest.raises(SlackApiError) as caught:
            client.conversations_invite(channel=FRAUD, users="U04MEI")
        assert caught.value.response["needed"] == "channels:manage"
    workspace.faults.clear()
    assert client.conversations_invite(channel=FRAUD, users="U04MEI")["ok"]


def heard_by(stage: Stage) -> list[str]:
    """Texts of the messages the app hears, in order."""
    heard: list[str] = []

    @stage.app.event("message")
    def message(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    return heard


def test_a_duplicate_has_the_same_event_id(stage: Stage) -> None:
    heard = heard_by(stage)
    stage.workspace.faults.duplicate()
    stage.workspace.say("@dana", FRAUD, "twice")
    stage.workspace.wait_for(lambda: len(heard) == 2)
    first, second = stage.workspace.deliveries
    assert first.payload["event_id"] == second.payload["event_id"]


def test_events_out_of_order(http_stage: Stage) -> None:
    heard = heard_by(http_stage)
    http_stage.workspace.faults.out_of_order(3)
    for word in "abc":
        http_stage.workspace.say("@dana", FRAUD, word)
    http_stage.workspace.wait_for(lambda: len(heard) == 3)
    assert heard == ["c", "b", "a"]


def test_late_and_lost_events(http_stage: Stage) -> None:
    heard = heard_by(http_stage)
    space = http_stage.workspace
    space.faults.hold("message")
    space.say("@dana", FRAUD, "late 1")
    space.say("@dana", FRAUD, "late 2")
    space.wait_for(lambda: [d.state for d in space.deliveries] == ["held", "held"])
    assert heard == []
    assert space.faults.release(backwards=True) == 2
    space.wait_for(lambda: len(heard) == 2)
    assert heard == ["late 2", "late 1"]
    space.faults.lose()
    space.say("@dana", FRAUD, "never")
    space.wait_for(lambda: space.deliveries[-1].state == "lost")
    space.say("@dana", FRAUD, "on time")
    space.wait_for(lambda: len(heard) == 3)
    assert heard[-1] == "on time"


def test_a_command_twice(http_stage: Stage) -> None:
    triggers: list[str] = []

    @http_stage.app.command("/inc")
    def inc(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        triggers.append(body["trigger_id"])

    http_stage.workspace.faults.duplicate("slash_commands")
    assert http_stage.workspace.slash("@dana", FRAUD, "/inc new").ok
    assert len(triggers) == 2
    assert len(set(triggers)) == 1


def test_a_forged_command_is_refused(http_stage: Stage) -> None:
    @http_stage.app.command("/inc")
    def inc(ack: Ack) -> None:
        ack("never")

    http_stage.workspace.faults.forged_signature()
    reply = http_stage.workspace.slash("@dana", FRAUD, "/inc new")
    assert (reply.status, reply.failure) == (401, "dispatch_failed")
    assert http_stage.workspace.slash("@dana", FRAUD, "/inc new").text == "never"
