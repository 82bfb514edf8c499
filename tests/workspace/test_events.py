"""Events: what is sent, when it is sent again, and what a disconnect or a bad signature does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.workspace import Delivery, Workspace, example_seed
from tests.workspace.conftest import (
    FRAUD,
    GENERAL,
    Answer,
    Clock,
    Stage,
    connect,
    endpoint,
    make_app,
)


def events(workspace: Workspace) -> list[str]:
    """The types (with subtypes) of all events so far."""
    sent = [d.payload["event"] for d in workspace.deliveries if d.kind == "events_api"]
    return [f"{e['type']}.{e['subtype']}" if e.get("subtype") else e["type"] for e in sent]


def last_event(workspace: Workspace) -> dict[str, Any]:
    return dict(workspace.deliveries[-1].payload["event"])


def test_every_act_has_its_event(workspace: Workspace, client: WebClient) -> None:
    space = workspace
    said = space.say("@dana", FRAUD, "hello @muster")
    space.edit_message("@dana", said, "hello")
    space.say("@omar", FRAUD, "in a thread", thread_ts=said.ts)
    space.react("@omar", said, "eyes")
    space.unreact("@omar", said, "eyes")
    space.pin("@omar", said)
    space.unpin("@omar", said)
    space.delete_message("@dana", said)
    space.open_home("@dana")
    assert events(space) == [
        "message",
        "app_mention",
        "message.message_changed",
        "message",
        "reaction_added",
        "reaction_removed",
        "pin_added",
        "pin_removed",
        "message.message_deleted",
        "app_home_opened",
    ]


def test_channel_events(workspace: Workspace, client: WebClient) -> None:
    channel = client.conversations_create(name="inc-1")["channel"]["id"]
    client.conversations_invite(channel=channel, users="U01DANA")
    workspace.leave("@dana", channel)
    client.conversations_rename(channel=channel, name="inc-2")
    client.conversations_archive(channel=channel)
    assert [e for e in events(workspace) if not e.startswith("message")] == [
        "channel_created",
        "member_joined_channel",
        "member_left_channel",
        "channel_rename",
        "channel_archive",
    ]


def test_people_events(workspace: Workspace) -> None:
    workspace.add_user("U77NEW", "nina", tz="Europe/Paris")
    workspace.change_user("U77NEW", deleted=True)
    assert events(workspace) == ["team_join", "user_change"]
    assert last_event(workspace)["user"]["deleted"] is True


def test_the_envelope(workspace: Workspace, clock: Clock) -> None:
    said = workspace.say("@dana", FRAUD, "a @omar & #general https://example.com.")
    envelope = workspace.deliveries[-1].payload
    assert envelope["type"] == "event_callback"
    assert envelope["event_time"] == int(clock.now)
    assert envelope["authorizations"][0]["user_id"] == workspace.seed.bot_user_id
    event = envelope["event"]
    assert event["text"].startswith("a <@U02OMAR> &amp; <#C00GENERAL> <https://example.com")
    assert (event["ts"], event["channel"], event["channel_type"]) == (said.ts, FRAUD, "channel")


def test_only_channels_of_the_bot_and_subscribed_events(clock: Clock) -> None:
    seed = example_seed()
    seed.events = ["message.channels", "message.im", "reaction_added"]
    space = Workspace(seed, clock=clock)
    space.say("@dana", GENERAL, "the bot is not in here")
    said = space.say("@dana", FRAUD, "here it is, @muster")
    space.react("@dana", said, "eyes")
    space.pin("@dana", said)
    dm = space.open_dm("@dana")
    space.say("@dana", dm.id, "psst")
    assert events(space) == ["message", "reaction_added", "message"]


def test_bolt_hears_events(stage: Stage) -> None:
    heard: list[str] = []

    @stage.app.event("app_mention")
    def mention(event: dict[str, Any], client: WebClient) -> None:
        heard.append(event["text"])
        client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="here")

    @stage.app.event("message")
    def message(event: dict[str, Any]) -> None:
        pass

    said = stage.workspace.say("@dana", FRAUD, "@muster status?")
    stage.workspace.wait_for(lambda: stage.workspace.thread(FRAUD, said.ts))
    assert heard == ["<@U0MUSTER> status?"]


class Flaky:
    """An app that fails until it is told not to."""

    def __init__(self, failures: int, status: int = 500, headers: dict[str, str] | None = None) -> None:
        self.failures = failures
        self.status = status
        self.headers = headers or {}
        self.seen: list[dict[str, str]] = []

    def __call__(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.seen.append({name.lower(): value for name, value in headers.items()})
        if len(self.seen) <= self.failures:
            return self.status, self.headers, b""
        return 200, {}, b""


def deliver(workspace: Workspace, app: Callable[[str, dict[str, str], bytes], Answer]) -> Delivery:
    """One event to this app, until it is done."""
    with ExitStack() as stack:
        served = endpoint(app)
        stack.callback(served.close)
        workspace.deliver_to(served.url)
        workspace.say("@dana", FRAUD, "hello")
        delivery = workspace.deliveries[-1]
        workspace.wait_for(lambda: delivery.done)
    return delivery


def test_a_failed_event_is_sent_again_three_times(workspace: Workspace) -> None:
    app = Flaky(failures=9)
    assert deliver(workspace, app).state == "failed"
    assert [(h.get("x-slack-retry-num"), h.get("x-slack-retry-reason")) for h in app.seen] == [
        (None, None),
        ("1", "http_error"),
        ("2", "http_error"),
        ("3", "http_error"),
    ]


def test_a_retry_that_is_taken_ends_it(workspace: Workspace) -> None:
    app = Flaky(failures=1)
    assert deliver(workspace, app).state == "delivered"
    assert len(app.seen) == 2


def test_an_app_may_refuse_retries(workspace: Workspace) -> None:
    app = Flaky(failures=9, headers={"x-slack-no-retry": "1"})
    assert deliver(workspace, app).state == "failed"
    assert len(app.seen) == 1


def test_an_app_too_slow_is_a_timeout(workspace: Workspace) -> None:
    release = threading.Event()
    workspace.courier.ack_seconds = 0.1

    def slow(path: str, headers: dict[str, str], body: bytes) -> Answer:
        release.wait(5)
        return 200, {}, b""

    with ExitStack() as stack:
        served = endpoint(slow)
        stack.callback(served.close)
        stack.callback(release.set)
        workspace.deliver_to(served.url)
        workspace.say("@dana", FRAUD, "hello")
        delivery = workspace.deliveries[-1]
        workspace.wait_for(lambda: delivery.done)
        assert [a.reason for a in delivery.attempts] == ["http_timeout"] * 4
        reply = workspace.slash("@dana", FRAUD, "/inc x")
        assert reply.failure == "operation_timeout"
        assert len(reply.delivery.attempts if reply.delivery else []) == 1
    assert any("did not respond" in m.text for m in workspace.ephemerals("@dana"))


def test_nobody_there_is_a_failed_connection(workspace: Workspace) -> None:
    workspace.say("@dana", FRAUD, "hello")
    delivery = workspace.deliveries[-1]
    workspace.wait_for(lambda: delivery.done)
    assert {a.reason for a in delivery.attempts} == {"connection_failed"}


def test_redirects_are_followed_twice(workspace: Workspace) -> None:
    def loop(path: str, headers: dict[str, str], body: bytes) -> Answer:
        return 307, {"Location": "/again"}, b""

    assert {a.reason for a in deliver(workspace, loop).attempts} == {"too_many_redirects"}


def test_the_request_url_is_verified(http_stage: Stage) -> None:
    assert http_stage.workspace.verify_url()


@pytest.mark.parametrize("kind", ["forged_signature", "stale_signature"])
def test_bolt_refuses_bad_signatures(http_stage: Stage, kind: str) -> None:
    heard: list[Any] = []

    @http_stage.app.event("message")
    def message(event: dict[str, Any]) -> None:
        heard.append(event)

    getattr(http_stage.workspace.faults, kind)("events_api", times=None)
    http_stage.workspace.say("@dana", FRAUD, "hello")
    delivery = http_stage.workspace.deliveries[-1]
    http_stage.workspace.wait_for(lambda: delivery.done)
    assert {a.status for a in delivery.attempts} == {401}
    assert heard == []


# ---------------------------------------------------------------------- Socket Mode


def test_an_event_goes_to_one_of_several_connections(workspace: Workspace) -> None:
    heard: list[tuple[int, str]] = []

    def hearer(n: int) -> Callable[[dict[str, Any]], None]:
        def message(event: dict[str, Any]) -> None:
            heard.append((n, event["text"]))

        return message

    with ExitStack() as stack:
        for n in range(3):
            app = make_app(workspace)
            app.event("message")(hearer(n))
            connect(stack, workspace, app, "socket")
        workspace.wait_for_app(3)
        for n in range(6):
            workspace.say("@dana", FRAUD, str(n))
        workspace.wait_until_quiet()
    assert sorted(words for _, words in heard) == list("012345")
    assert {n for n, _ in heard} == {0, 1, 2}


def test_an_app_comes_back_after_a_disconnect(workspace: Workspace) -> None:
    with ExitStack() as stack:
        app = make_app(workspace)

        @app.command("/inc")
        def inc(ack: Any) -> None:
            ack("still here")

        connect(stack, workspace, app, "socket")
        assert workspace.disconnect_sockets() == 1
        workspace.wait_for(lambda: workspace.connections() == len(workspace.sockets.connections) == 1)
        assert workspace.slash("@dana", FRAUD, "/inc x").text == "still here"
        workspace.cut_sockets()
        workspace.wait_for(lambda: workspace.connections() == 0)
        workspace.wait_for_app()
        assert workspace.slash("@dana", FRAUD, "/inc x").ok


def test_an_unacknowledged_envelope_is_sent_again(workspace: Workspace) -> None:
    heard: list[Any] = []
    workspace.courier.ack_seconds = 0.15
    with ExitStack() as stack:
        app = make_app(workspace)

        @app.event("message")
        def message(request: Any) -> None:
            heard.append(request.headers.get("x-slack-retry-num"))
            if len(heard) < 3:
                raise RuntimeError("not yet")

        @app.error
        def quiet(error: Exception) -> None:
            raise error

        connect(stack, workspace, app, "socket")
        workspace.say("@dana", FRAUD, "hello")
        delivery = workspace.deliveries[-1]
        workspace.wait_for(lambda: delivery.done)
    assert [(a.ok, a.reason) for a in delivery.attempts] == [(False, "timeout"), (False, "timeout"), (True, "")]
    assert [value[0] for value in heard] == ["0", "1", "2"]


def test_a_ticket_opens_one_connection(workspace: Workspace) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect as connect_to

    url = WebClient(base_url=workspace.api_url).apps_connections_open(app_token=workspace.app_token)["url"]
    with connect_to(url) as socket:
        assert '"hello"' in socket.recv(timeout=5)
        with pytest.raises(InvalidStatus):
            connect_to(url)
