"""Slack over real HTTP: what works, what it refuses, and what nobody answers."""

import http.server
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.slack import blocks, refusals
from bot.slack.messenger import SlackMessenger, build_client
from bot.slack.pauses import Pauses
from bot.workspace import Workspace
from playbooks import errors, ports
from playbooks.errors import Kind
from tests.loopback import LoopbackServer
from tests.slack import story

HELLO = {"text": "hello", "blocks": []}
CHANNEL = "C01FRAUDML"


def long_ago() -> datetime:
    """Before anything was posted."""
    return datetime.now(UTC) - timedelta(minutes=5)


def test_it_is_a_messenger(messenger: SlackMessenger) -> None:
    """The port, as types see it."""
    port: ports.Messenger = messenger
    assert port is messenger


def test_a_post_can_be_found_and_edited(workspace: Workspace, messenger: SlackMessenger) -> None:
    """By its delivery id, in a channel, a thread and a direct message."""
    posted = messenger.post(CHANNEL, blocks.render(story.OWNER), delivery="owner:1")
    assert messenger.find_delivery(CHANNEL, "owner:1", since=long_ago()) == posted
    assert messenger.find_delivery(CHANNEL, "owner:2", since=long_ago()) is None
    messenger.update(posted, blocks.render(story.CARD), delivery="owner:1")
    assert messenger.find_delivery(CHANNEL, "owner:1", since=long_ago()) == posted
    [message] = [m for m in workspace.history(CHANNEL) if m.ts == posted.ts]
    assert message.text.startswith("INC-42 · fraud-scorer is drifting")
    reply = messenger.post(CHANNEL, HELLO, delivery="thread:1", thread=posted.ts)
    assert messenger.find_delivery(CHANNEL, "thread:1", since=long_ago(), thread=posted.ts) == reply
    dm = messenger.open_dm("U02OMAR")
    asked = messenger.post(dm, blocks.render(story.ASK), delivery="ask:1")
    assert messenger.find_delivery(dm, "ask:1", since=long_ago()) == asked
    assert posted.ts.replace(".", "") in messenger.permalink(posted)


def test_a_delivery_is_found_beyond_the_first_page(messenger: SlackMessenger) -> None:
    """In a busy channel, too."""
    first = messenger.post(CHANNEL, HELLO, delivery="first")
    for n in range(205):
        messenger.post(CHANNEL, HELLO, delivery=f"later:{n}")
    assert messenger.find_delivery(CHANNEL, "first", since=long_ago()) == first


def test_every_message_of_the_story_is_taken(messenger: SlackMessenger) -> None:
    """Slack's own validation, or the nearest thing to it."""
    for name, message in story.STORY.items():
        assert messenger.post(CHANNEL, blocks.render(message), delivery=name).ts


def test_an_answer_that_is_lost_leaves_one_message(workspace: Workspace, messenger: SlackMessenger) -> None:
    """Sent, unanswered: the outcome is unknown, nothing is sent twice, and looking finds it."""
    workspace.faults.drop_after_receive("chat.postMessage")
    with pytest.raises(errors.OutcomeUnknown):
        messenger.post(CHANNEL, HELLO, delivery="lost:1")
    found = messenger.find_delivery(CHANNEL, "lost:1", since=long_ago())
    assert found is not None
    assert len([m for m in workspace.history(CHANNEL) if m.text == "hello"]) == 1


def test_a_post_that_never_arrived_is_not_found(workspace: Workspace, messenger: SlackMessenger) -> None:
    """The same error, the other truth."""
    workspace.faults.drop_before("chat.postMessage")
    with pytest.raises(errors.OutcomeUnknown):
        messenger.post(CHANNEL, HELLO, delivery="lost:2")
    assert messenger.find_delivery(CHANNEL, "lost:2", since=long_ago()) is None


def test_a_slow_answer_is_an_unknown_outcome(workspace: Workspace) -> None:
    """A timeout after sending says nothing about the effect."""
    workspace.faults.slow("chat.postMessage", 1)
    client = build_client(workspace.bot_token, workspace.api_url.rstrip("/"), 1)
    client.timeout = 0.2  # type: ignore[assignment]  # the SDK names whole seconds and hands on any
    hasty = SlackMessenger(client)
    with pytest.raises(errors.OutcomeUnknown):
        hasty.post(CHANNEL, HELLO, delivery="slow:1")


def test_all_calls_to_slack_share_what_is_trusted() -> None:
    """Read anew it would cost more than the call."""
    shared = build_client("xoxb-1").ssl
    assert shared is not None
    assert shared is build_client("xoxb-2").ssl
    assert shared.check_hostname
    assert shared.verify_mode is ssl.CERT_REQUIRED
    assert build_client("xoxb-1", "http://127.0.0.1:1/api/").ssl is None


def test_nobody_listens() -> None:
    """Refused before anything was sent: simply again later."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    alone = SlackMessenger(build_client("xoxb-1", f"http://127.0.0.1:{port}/api/", 1))
    with pytest.raises(errors.SlackError) as caught:
        alone.post(CHANNEL, HELLO, delivery="x")
    assert (caught.value.kind, caught.value.code) == (Kind.TRANSIENT, "unreachable")


def test_slack_asks_to_wait(workspace: Workspace, messenger: SlackMessenger) -> None:
    """429: how long is Slack's word."""
    workspace.faults.rate_limited("chat.postMessage", retry_after=7)
    with pytest.raises(errors.SlackError) as caught:
        messenger.post(CHANNEL, HELLO, delivery="x")
    assert (caught.value.kind, caught.value.retry_after) == (Kind.RATE_LIMITED, 7.0)


def test_what_slack_asks_for_holds_for_the_calls_behind(workspace: Workspace) -> None:
    """The limit of posting is each channel's own, the others are the workspace's."""
    at = [100.0]
    client = build_client(workspace.bot_token, workspace.api_url, 5)
    messenger = SlackMessenger(client, pauses=Pauses(lambda: at[0]))
    posted = messenger.post(CHANNEL, HELLO, delivery="first")
    for method in ("chat.postMessage", "chat.update"):
        workspace.faults.rate_limited(method, retry_after=7)
    calls: list[Callable[[], object]] = [
        lambda: messenger.post(CHANNEL, HELLO, delivery="x"),
        lambda: messenger.update(posted, HELLO, delivery="first"),
    ]
    for call in calls:
        with pytest.raises(errors.SlackError):
            call()
    asked = len(workspace.calls)
    at[0] += 3
    for call in calls:
        with pytest.raises(errors.SlackError) as told:
            call()
        assert (told.value.kind, told.value.retry_after) == (Kind.RATE_LIMITED, 4.0)
    assert len(workspace.calls) == asked
    messenger.post(messenger.open_dm("U02OMAR"), HELLO, delivery="elsewhere")
    at[0] += 4
    for call in calls:
        call()


def test_slack_fails(workspace: Workspace, messenger: SlackMessenger) -> None:
    """A write is left to the engine; a read is tried once more by itself."""
    workspace.faults.server_error("chat.postMessage")
    with pytest.raises(errors.SlackError) as caught:
        messenger.post(CHANNEL, HELLO, delivery="x")
    assert caught.value.kind is Kind.TRANSIENT
    workspace.faults.server_error("conversations.history")
    assert messenger.find_delivery(CHANNEL, "x", since=long_ago()) is None
    workspace.faults.drop_before("conversations.history", times=2)
    with pytest.raises(errors.SlackError) as caught:
        messenger.find_delivery(CHANNEL, "x", since=long_ago())
    assert caught.value.code == "unreachable"


def test_a_missing_scope_is_named(workspace: Workspace, messenger: SlackMessenger) -> None:
    """In one sentence, with who can mend it."""
    workspace.faults.refuse("conversations.invite", "missing_scope", needed="channels:manage")
    with pytest.raises(errors.SlackError) as caught:
        messenger.invite(CHANNEL, ["U05RAVI"])
    assert caught.value.told == (
        "I couldn't invite people (missing scope `channels:manage`). "
        "Ask an admin to reinstall with the manifest from `muster manifest`."
    )
    assert caught.value.kind is Kind.PERMANENT


@pytest.mark.parametrize(
    ("channel", "code"),
    [("C03OLD", "is_archived"), ("C0NOWHERE", "channel_not_found"), ("G01SECRET", "channel_not_found")],
)
def test_channels_that_take_nothing(messenger: SlackMessenger, channel: str, code: str) -> None:
    """Archived, unknown, or private and without us."""
    with pytest.raises(errors.SlackError) as caught:
        messenger.post(channel, HELLO, delivery="x")
    assert caught.value.kind is Kind.PERMANENT
    assert caught.value.code in (code, "not_in_channel")
    assert caught.value.next_step


@pytest.mark.parametrize(
    "code", ["invalid_auth", "token_revoked", "account_inactive", "msg_too_long", "invalid_blocks"]
)
def test_what_stays_refused(workspace: Workspace, messenger: SlackMessenger, code: str) -> None:
    """Until a person mends something."""
    workspace.faults.refuse("chat.postMessage", code)
    with pytest.raises(errors.SlackError) as caught:
        messenger.post(CHANNEL, HELLO, delivery="x")
    assert (caught.value.kind, caught.value.code) == (Kind.PERMANENT, code)
    assert caught.value.next_step


def test_an_internal_error_may_have_done_it(workspace: Workspace, messenger: SlackMessenger) -> None:
    """Slack says of these that part of it may have happened."""
    workspace.faults.refuse("chat.postMessage", "fatal_error")
    with pytest.raises(errors.OutcomeUnknown):
        messenger.post(CHANNEL, HELLO, delivery="x")


def test_an_edit_of_a_message_that_is_gone(messenger: SlackMessenger) -> None:
    """The surface is posted again then."""
    with pytest.raises(errors.SlackError) as caught:
        messenger.update(ports.Posted(CHANNEL, "1700000000.000001"), HELLO, delivery="x")
    assert (caught.value.kind, caught.value.code) == (Kind.PERMANENT, "message_not_found")


def test_a_channels_name_is_taken_once(workspace: Workspace, messenger: SlackMessenger) -> None:
    """And found again, with whose it is."""
    made = messenger.create_channel("inc-42-fraud-scorer-drift")
    with pytest.raises(errors.SlackError) as caught:
        messenger.create_channel("inc-42-fraud-scorer-drift")
    assert (caught.value.kind, caught.value.code) == (Kind.CONFLICT, "name_taken")
    assert messenger.find_channel("inc-42-fraud-scorer-drift") == (made, True)
    assert messenger.find_channel("general") == ("C00GENERAL", False)
    assert messenger.find_channel("inc-43") is None
    messenger.set_topic(made, "t" * 400)


def test_a_lost_create_is_found(workspace: Workspace, messenger: SlackMessenger) -> None:
    """Exactly one channel after an unclear answer."""
    workspace.faults.drop_after_receive("conversations.create")
    with pytest.raises(errors.OutcomeUnknown):
        messenger.create_channel("inc-44-x")
    found = messenger.find_channel("inc-44-x")
    assert found is not None
    assert found[1]


def test_one_person_who_left_keeps_nobody_out(workspace: Workspace, messenger: SlackMessenger) -> None:
    """The others are invited; who could not be is named."""
    channel = messenger.create_channel("inc-45-x")
    refused = messenger.invite(channel, ["U01DANA", "U06GONE", "U02OMAR", "U0NOBODY"])
    assert set(refused) == {"U06GONE", "U0NOBODY"}
    client = build_client(workspace.bot_token, workspace.api_url)
    assert {"U01DANA", "U02OMAR"} <= set(client.conversations_members(channel=channel)["members"])
    assert messenger.invite(channel, ["U01DANA", "U03LIN"]) == {}
    assert "U03LIN" in client.conversations_members(channel=channel)["members"]
    assert messenger.invite(channel, []) == {}


def test_pinning_twice_is_pinning(messenger: SlackMessenger) -> None:
    """A job that runs again finds its work done."""
    posted = messenger.post(CHANNEL, HELLO, delivery="x")
    messenger.pin(posted)
    messenger.pin(posted)


def test_only_one_person_sees_it(workspace: Workspace, messenger: SlackMessenger) -> None:
    """Ephemeral answers."""
    messenger.post_ephemeral(CHANNEL, "U01DANA", blocks.render(story.REFUSAL))
    assert len(workspace.ephemerals("U01DANA")) == 1
    assert workspace.ephemerals("U02OMAR") == []


def test_a_file_is_shared(workspace: Workspace, messenger: SlackMessenger) -> None:
    """The draft; losing the last answer is an unknown outcome, losing an earlier one is not."""
    given = {"filename": "INC-42.md", "title": "INC-42", "text": "# Draft\nä", "comment": "The draft."}
    assert messenger.upload(CHANNEL, **given).startswith("F")
    workspace.faults.drop_after_receive("files.completeUploadExternal")
    with pytest.raises(errors.OutcomeUnknown):
        messenger.upload(CHANNEL, **given)
    workspace.faults.server_error("files.getUploadURLExternal", times=2)
    with pytest.raises(errors.SlackError) as caught:
        messenger.upload(CHANNEL, **given)
    assert caught.value.kind is Kind.TRANSIENT


class _Page(http.server.BaseHTTPRequestHandler):
    """A proxy's sign-in page, with status 200."""

    def do_POST(self) -> None:
        """The same for every call."""
        body = b"<html>Please sign in</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def test_something_else_answers_in_slacks_place() -> None:
    """A page where JSON belongs: nobody knows what became of a write."""
    with LoopbackServer(_Page) as server:
        lost = SlackMessenger(build_client("xoxb-1", f"http://127.0.0.1:{server.port}/api/", 5))
        with pytest.raises(errors.OutcomeUnknown):
            lost.post(CHANNEL, HELLO, delivery="x")
        with pytest.raises(errors.SlackError) as caught:
            lost.open_dm("U01DANA")
        assert caught.value.code == "unreachable"


class Labels:
    """Writes down where it was stopped at."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def hit(self, label: str) -> None:
        """One stop."""
        self.seen.append(label)


def test_the_probe_stands_before_and_after(workspace: Workspace) -> None:
    """Every outgoing call can be a place to die."""
    labels = Labels()
    messenger = SlackMessenger(build_client(workspace.bot_token, workspace.api_url), probe=labels)
    messenger.post(CHANNEL, HELLO, delivery="x")
    assert labels.seen == ["slack chat.postMessage"] * 2


def test_a_person_is_named_in_a_refusal() -> None:
    """As the story says it."""
    told = refusals.told("conversations.invite", "missing_scope", needed="channels:manage", whom="@ravi")
    assert told.sentence == "I couldn't invite @ravi (missing scope `channels:manage`)."
