"""The same calls against our workspace and against `emulate`, a stand-in somebody else wrote: both must agree."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.workspace import Seed, SeedChannel, SeedUser, Workspace
from tests.real import servers
from tests.workspace.conftest import field, modal, text


@dataclass
class Slack:
    """One of the two, with what a test needs to know of it."""

    client: WebClient
    people: dict[str, str]
    general: str
    numbers: Iterator[int]
    new_trigger: Callable[[], str]

    def new_channel(self) -> str:
        """A channel of this test's own."""
        return str(self.client.conversations_create(name=f"inc-{next(self.numbers)}")["channel"]["id"])

    def refusal(self, method: str, **arguments: Any) -> str:
        """The error code a call is refused with."""
        with pytest.raises(SlackApiError) as caught:
            getattr(self.client, method)(**arguments)
        return str(caught.value.response["error"])


@pytest.fixture(scope="module")
def ours() -> Iterator[Slack]:
    """Our workspace with emulate's people."""
    people = [
        SeedUser(id=f"U0{name.upper()}", name=name, email=f"{name}@example.com") for name in ("dana", "omar", "lin")
    ]
    members = [person.id for person in people]
    seed = Seed(users=people, channels=[SeedChannel(id="C0GENERAL", name="general", members=members)])
    with Workspace(seed) as space:
        client = WebClient(space.bot_token, base_url=space.api_url, retry_handlers=[])
        ids = {person.name: person.id for person in people}
        yield Slack(client, ids, "C0GENERAL", itertools.count(1), lambda: space.hub.new_trigger("U0DANA"))


@pytest.fixture(scope="module")
def theirs() -> Iterator[Slack]:
    """emulate 0.12.2, installed from its lock file into the cache folder the first time."""
    with servers.emulate() as server:
        client = WebClient(server.bot_token, base_url=server.api, retry_handlers=[])
        people = {user["name"]: user["id"] for user in client.users_list()["members"]}
        channels = {c["name"]: c["id"] for c in client.conversations_list()["channels"]}

        def new_trigger() -> str:
            made = client.api_call("views.generateTriggerId", params={"user_id": people["dana"]})
            return str(made["trigger_id"])

        yield Slack(client, people, channels["general"], itertools.count(1), new_trigger)


@pytest.fixture(params=["ours", "emulate"])
def slack(request: pytest.FixtureRequest) -> Slack:
    """Each test runs on both."""
    found: Slack = request.getfixturevalue("ours" if request.param == "ours" else "theirs")
    return found


def test_identity(slack: Slack) -> None:
    who = slack.client.auth_test()
    assert who["user_id"] == "U0MUSTER"
    assert who["bot_id"].startswith("B")
    assert who["team_id"].startswith("T")


def test_post_update_delete(slack: Slack) -> None:
    channel = slack.new_channel()
    posted = slack.client.chat_postMessage(channel=channel, text="one")
    assert (posted["channel"], posted["message"]["text"]) == (channel, "one")
    assert slack.client.chat_update(channel=channel, ts=posted["ts"], text="two")["text"] == "two"
    link = slack.client.chat_getPermalink(channel=channel, message_ts=posted["ts"])["permalink"]
    assert f"/archives/{channel}/p{posted['ts'].replace('.', '')}" in link
    assert slack.client.chat_delete(channel=channel, ts=posted["ts"])["ts"] == posted["ts"]
    assert slack.refusal("chat_update", channel=channel, ts=posted["ts"], text="x") == "message_not_found"
    assert slack.refusal("chat_delete", channel=channel, ts=posted["ts"]) == "message_not_found"


@pytest.mark.filterwarnings("ignore:The top-level `text`")
def test_posting_is_refused(slack: Slack) -> None:
    channel = slack.new_channel()
    assert slack.refusal("chat_postMessage", channel=channel, text="") == "no_text"
    assert slack.refusal("chat_postMessage", channel="C0NOWHERE", text="x") == "channel_not_found"
    slack.client.conversations_archive(channel=channel)
    assert slack.refusal("chat_postMessage", channel=channel, text="x") == "is_archived"


def test_ephemerals(slack: Slack) -> None:
    channel = slack.new_channel()
    slack.client.conversations_invite(channel=channel, users=slack.people["dana"])
    assert slack.client.chat_postEphemeral(channel=channel, user=slack.people["dana"], text="psst")["message_ts"]
    said = [m["text"] for m in slack.client.conversations_history(channel=channel)["messages"]]
    assert "psst" not in said


def test_threads_and_history(slack: Slack) -> None:
    channel = slack.new_channel()
    root = slack.client.chat_postMessage(channel=channel, text="root")["ts"]
    slack.client.chat_postMessage(channel=channel, text="reply", thread_ts=root)
    metadata = {"event_type": "delivery", "event_payload": {"id": "d-1"}}
    slack.client.chat_postMessage(channel=channel, text="last", metadata=metadata)
    replies = slack.client.conversations_replies(channel=channel, ts=root)["messages"]
    assert [m["text"] for m in replies] == ["root", "reply"]
    history = slack.client.conversations_history(channel=channel, include_all_metadata=True)["messages"]
    assert [m["text"] for m in history if "subtype" not in m] == ["last", "root"]
    assert history[0]["metadata"]["event_payload"] == {"id": "d-1"}


def test_history_pages(slack: Slack) -> None:
    channel = slack.new_channel()
    for n in range(5):
        slack.client.chat_postMessage(channel=channel, text=str(n))
    first = slack.client.conversations_history(channel=channel, limit=2)
    assert first["has_more"] is True
    cursor = first["response_metadata"]["next_cursor"]
    second = slack.client.conversations_history(channel=channel, limit=2, cursor=cursor)
    assert [m["text"] for m in [*first["messages"], *second["messages"]]] == ["4", "3", "2", "1"]


def test_a_channel_from_birth_to_archive(slack: Slack) -> None:
    channel = slack.new_channel()
    info = slack.client.conversations_info(channel=channel)["channel"]
    assert info["is_member"] is True
    assert info["is_archived"] is False
    assert slack.refusal("conversations_create", name=info["name"]) == "name_taken"
    assert slack.refusal("conversations_create", name="fraud!ml") == "invalid_name_specials"
    assert slack.refusal("conversations_create", name="x" * 81) == "invalid_name_maxlength"
    slack.client.conversations_setTopic(channel=channel, topic="SEV2")
    slack.client.conversations_setPurpose(channel=channel, purpose="why")
    assert slack.refusal("conversations_setTopic", channel=channel, topic="x" * 251) == "too_long"
    after = slack.client.conversations_info(channel=channel)["channel"]
    assert (after["topic"]["value"], after["purpose"]["value"]) == ("SEV2", "why")
    slack.client.conversations_archive(channel=channel)
    assert slack.client.conversations_info(channel=channel)["channel"]["is_archived"] is True
    assert slack.refusal("conversations_archive", channel=channel) == "already_archived"
    assert slack.refusal("conversations_invite", channel=channel, users=slack.people["lin"]) == "is_archived"


def test_members(slack: Slack) -> None:
    channel = slack.new_channel()
    dana, omar = slack.people["dana"], slack.people["omar"]
    slack.client.conversations_invite(channel=channel, users=[dana, omar])
    assert set(slack.client.conversations_members(channel=channel)["members"]) >= {dana, omar, "U0MUSTER"}
    assert slack.refusal("conversations_invite", channel=channel, users=dana) == "already_in_channel"
    assert slack.client.conversations_join(channel=slack.general)["channel"]["id"] == slack.general


def test_listing_channels(slack: Slack) -> None:
    channel = slack.new_channel()
    known = {c["id"] for c in slack.client.conversations_list(limit=200)["channels"]}
    assert {channel, slack.general} <= known
    page = slack.client.conversations_list(limit=1)
    assert len(page["channels"]) == 1
    assert page["response_metadata"]["next_cursor"]


def test_direct_messages(slack: Slack) -> None:
    opened = slack.client.conversations_open(users=slack.people["dana"])["channel"]["id"]
    assert opened.startswith("D")
    assert slack.client.conversations_open(users=slack.people["dana"])["channel"]["id"] == opened
    assert slack.client.chat_postMessage(channel=opened, text="psst")["channel"] == opened


def test_pins(slack: Slack) -> None:
    channel = slack.new_channel()
    ts = slack.client.chat_postMessage(channel=channel, text="card")["ts"]
    slack.client.pins_add(channel=channel, timestamp=ts)
    assert slack.refusal("pins_add", channel=channel, timestamp=ts) == "already_pinned"
    assert [i["message"]["ts"] for i in slack.client.pins_list(channel=channel)["items"]] == [ts]
    slack.client.pins_remove(channel=channel, timestamp=ts)
    assert slack.refusal("pins_remove", channel=channel, timestamp=ts) == "no_pin"


def test_reactions(slack: Slack) -> None:
    channel = slack.new_channel()
    ts = slack.client.chat_postMessage(channel=channel, text="card")["ts"]
    slack.client.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert slack.refusal("reactions_add", channel=channel, timestamp=ts, name="eyes") == "already_reacted"
    (reaction,) = slack.client.reactions_get(channel=channel, timestamp=ts)["message"]["reactions"]
    assert (reaction["name"], reaction["count"]) == ("eyes", 1)
    slack.client.reactions_remove(channel=channel, timestamp=ts, name="eyes")
    assert slack.refusal("reactions_remove", channel=channel, timestamp=ts, name="eyes") == "no_reaction"


def test_bookmarks(slack: Slack) -> None:
    channel = slack.new_channel()
    made = slack.client.bookmarks_add(channel_id=channel, title="Runbook", type="link", link="https://example.com")
    (listed,) = slack.client.bookmarks_list(channel_id=channel)["bookmarks"]
    assert (listed["id"], listed["title"], listed["link"]) == (made["bookmark"]["id"], "Runbook", "https://example.com")


def test_people(slack: Slack) -> None:
    dana = slack.people["dana"]
    assert slack.client.users_info(user=dana)["user"]["name"] == "dana"
    assert slack.client.users_lookupByEmail(email="dana@example.com")["user"]["id"] == dana
    assert slack.refusal("users_lookupByEmail", email="nobody@example.com") == "users_not_found"
    assert slack.refusal("users_info", user="U0NOBODY") == "user_not_found"
    assert {"dana", "omar", "lin"} <= {user["name"] for user in slack.client.users_list()["members"]}


def test_views(slack: Slack) -> None:
    trigger = slack.new_trigger()
    view = slack.client.views_open(trigger_id=trigger, view=modal(private_metadata="INC-42"))["view"]
    assert (view["callback_id"], view["private_metadata"]) == ("form", "INC-42")
    assert slack.refusal("views_open", trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
    assert slack.refusal("views_open", trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"
    newer = slack.client.views_update(view_id=view["id"], hash=view["hash"], view=modal(field("c")))["view"]
    assert newer["id"] == view["id"]
    assert newer["hash"] != view["hash"]
    assert slack.refusal("views_update", view_id=view["id"], hash=view["hash"], view=modal()) == "hash_conflict"


def test_home_tabs(slack: Slack) -> None:
    blocks = [{"type": "section", "text": text("hello")}]
    home = {"type": "home", "blocks": blocks}
    first = slack.client.views_publish(user_id=slack.people["dana"], view=home)["view"]
    assert first["type"] == "home"
    again = slack.client.views_publish(user_id=slack.people["dana"], view=home, hash=first["hash"])["view"]
    assert again["hash"] != first["hash"]
    assert slack.refusal("views_publish", user_id=slack.people["dana"], view=home, hash="0.old") == "hash_conflict"


def test_files(slack: Slack) -> None:
    channel = slack.new_channel()
    step = slack.client.files_getUploadURLExternal(filename="draft.md", length=7)
    assert httpx.post(step["upload_url"], content=b"# Draft").status_code == 200
    done = slack.client.files_completeUploadExternal(
        files=[{"id": step["file_id"], "title": "Draft"}], channel_id=channel, initial_comment="here"
    )
    assert done["files"][0]["id"] == step["file_id"]
    file = slack.client.files_info(file=step["file_id"])["file"]
    assert (file["title"], file["name"], file["size"]) == ("Draft", "draft.md", 7)
    (message,) = [m for m in slack.client.conversations_history(channel=channel)["messages"] if m.get("files")]
    assert message["text"] == "here"
