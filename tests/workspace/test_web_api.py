"""Every Web API method, called with Slack's own client: shapes, refusals, pages, scopes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.workspace import Seed, SeedUser, Workspace, example_seed
from tests.workspace.conftest import FRAUD, GENERAL, OLD, RISK, SECRET, Clock, modal


def refusal(call: Any, *args: Any, **kwargs: Any) -> str:
    """The error code a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        call(*args, **kwargs)
    return str(caught.value.response["error"])


def test_identity(client: WebClient, workspace: Workspace, seed: Seed) -> None:
    who = client.auth_test()
    assert (who["user_id"], who["bot_id"], who["team_id"]) == (seed.bot_user_id, seed.bot_id, seed.team_id)
    assert client.team_info()["team"]["domain"] == seed.team_domain
    assert client.bots_info(bot=seed.bot_id)["bot"]["app_id"] == seed.app_id
    assert client.emoji_list()["emoji"] == {}
    assert client.api_test(foo="bar")["args"]["foo"] == "bar"
    assert refusal(client.api_test, error="some_error") == "some_error"


def test_tokens(workspace: Workspace) -> None:
    def error(token: str, method: str = "auth.test") -> str:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return str(httpx.post(workspace.api_url + method, headers=headers).json()["error"])

    assert error("") == "not_authed"
    assert error("xoxb-wrong") == "invalid_auth"
    assert error(workspace.app_token, "chat.postMessage") == "not_allowed_token_type"
    assert error(workspace.bot_token, "apps.connections.open") == "not_allowed_token_type"
    assert error(workspace.bot_token, "chat.unheardOf") == "unknown_method"


def test_form_json_and_query_are_read_alike(workspace: Workspace) -> None:
    url = workspace.api_url + "chat.postMessage"
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    content = {"channel": FRAUD, "text": "hello"}
    for given in ({"data": content}, {"json": content}, {"params": content}):
        assert httpx.post(url, headers=headers, **given).json()["ok"] is True  # type: ignore[arg-type]
    in_body = httpx.post(url, data=content | {"token": workspace.bot_token})
    assert in_body.json()["ok"] is True
    assert len(workspace.history(FRAUD)) == 4


def test_missing_scope_says_what_is_needed(clock: Clock) -> None:
    seed = example_seed()
    seed.bot_scopes = ["channels:read", "channels:history"]
    with Workspace(seed, clock=clock) as space:
        client = WebClient(space.bot_token, base_url=space.api_url)
        with pytest.raises(SlackApiError) as caught:
            client.pins_add(channel=FRAUD, timestamp="1.0")
        answer = caught.value.response
        assert (answer["error"], answer["needed"]) == ("missing_scope", "pins:write")
        assert answer["provided"] == "channels:read,channels:history"
        assert answer.headers["x-oauth-scopes"] == "channels:read,channels:history"
        assert refusal(client.conversations_create, name="x") == "missing_scope"
        seed.bot_scopes.append("groups:history")
        assert client.conversations_history(channel=FRAUD)["ok"]


def test_scope_depends_on_the_kind_of_channel(clock: Clock) -> None:
    seed = example_seed()
    seed.channels[3].members.append(seed.bot_user_id)
    seed.bot_scopes = ["channels:history", "channels:manage"]
    with Workspace(seed, clock=clock) as space:
        client = WebClient(space.bot_token, base_url=space.api_url)
        with pytest.raises(SlackApiError) as caught:
            client.conversations_history(channel=SECRET)
        assert caught.value.response["needed"] == "groups:history"
        with pytest.raises(SlackApiError) as caught:
            client.conversations_create(name="private", is_private=True)
        assert caught.value.response["needed"] == "groups:write"


# ---------------------------------------------------------------------- chat


def test_post_update_delete(client: WebClient, workspace: Workspace) -> None:
    posted = client.chat_postMessage(channel=FRAUD, text="one")
    assert posted["message"]["bot_id"] == workspace.seed.bot_id
    client.chat_update(channel=FRAUD, ts=posted["ts"], text="two")
    (message,) = workspace.history(FRAUD)
    assert message.text == "two"
    assert message.edited is not None
    client.chat_delete(channel=FRAUD, ts=posted["ts"])
    assert workspace.history(FRAUD) == []
    assert refusal(client.chat_update, channel=FRAUD, ts=posted["ts"], text="x") == "message_not_found"
    assert refusal(client.chat_delete, channel=FRAUD, ts=posted["ts"]) == "message_not_found"


@pytest.mark.filterwarnings("ignore:The top-level `text`")
def test_an_update_with_text_alone_drops_the_blocks(client: WebClient, workspace: Workspace) -> None:
    blocks = [{"type": "divider"}]
    ts = client.chat_postMessage(channel=FRAUD, text="x", blocks=blocks, attachments=[{"text": "a"}])["ts"]
    client.chat_update(channel=FRAUD, ts=ts, attachments=[{"text": "b", "fallback": "b"}])
    (message,) = workspace.history(FRAUD)
    assert ([b["type"] for b in message.blocks], message.attachments[0]["text"]) == (["divider"], "b")
    client.chat_update(channel=FRAUD, ts=ts, text="plain")
    assert (message.blocks, message.attachments[0]["text"]) == ([], "b")


@pytest.mark.filterwarnings("ignore:The top-level `text`")
def test_posting_is_refused(client: WebClient, workspace: Workspace) -> None:
    assert refusal(client.chat_postMessage, channel=FRAUD, text="") == "no_text"
    assert refusal(client.chat_postMessage, channel="C0NONE", text="x") == "channel_not_found"
    assert refusal(client.chat_postMessage, channel=SECRET, text="x") == "channel_not_found"
    assert refusal(client.chat_postMessage, channel=OLD, text="x") == "is_archived"
    assert refusal(client.chat_postMessage, channel="U06GONE", text="x") == "channel_not_found"
    assert refusal(client.chat_postMessage, channel=FRAUD, text="x", thread_ts="1.2") == "thread_not_found"
    own = workspace.say("@dana", FRAUD, "mine")
    assert refusal(client.chat_update, channel=FRAUD, ts=own.ts, text="x") == "cant_update_message"
    assert refusal(client.chat_delete, channel=FRAUD, ts=own.ts) == "cant_delete_message"


def test_public_channels_need_no_membership_with_the_scope(client: WebClient, workspace: Workspace) -> None:
    assert client.chat_postMessage(channel=GENERAL, text="x")["ok"]
    assert client.chat_postMessage(channel="#general", text="by name")["channel"] == GENERAL
    workspace.seed.bot_scopes.remove("chat:write.public")
    assert refusal(client.chat_postMessage, channel=GENERAL, text="x") == "not_in_channel"


def test_long_text_is_cut(client: WebClient, workspace: Workspace) -> None:
    client.chat_postMessage(channel=FRAUD, text="x" * 40_001)
    assert len(workspace.history(FRAUD)[0].text) == 40_000


def test_direct_messages(client: WebClient, workspace: Workspace) -> None:
    channel = client.chat_postMessage(channel="U01DANA", text="psst")["channel"]
    assert channel.startswith("D")
    opened = client.conversations_open(users="U01DANA")
    assert opened["channel"]["id"] == channel
    assert opened["already_open"] is True
    assert client.conversations_open(users=["U01DANA", "U02OMAR"], return_im=True)["channel"]["is_mpim"] is True
    assert refusal(client.conversations_open, users="U0NOBODY") == "user_not_found"
    assert refusal(client.conversations_open, users="U06GONE") == "user_disabled"


def test_ephemerals_are_in_no_history(client: WebClient, workspace: Workspace) -> None:
    ts = client.chat_postEphemeral(channel=FRAUD, user="U01DANA", text="only you")["message_ts"]
    assert [m.ts for m in workspace.ephemerals("@dana", FRAUD)] == [ts]
    assert workspace.ephemerals("@omar") == []
    assert client.conversations_history(channel=FRAUD)["messages"] == []
    assert refusal(client.chat_postEphemeral, channel=FRAUD, user="U05RAVI", text="x") == "user_not_in_channel"
    assert refusal(client.chat_update, channel=FRAUD, ts=ts, text="x") == "message_not_found"


def test_threads(client: WebClient, workspace: Workspace) -> None:
    root = client.chat_postMessage(channel=FRAUD, text="root")["ts"]
    first = client.chat_postMessage(channel=FRAUD, text="a", thread_ts=root)["ts"]
    client.chat_postMessage(channel=FRAUD, text="b", thread_ts=first)
    client.chat_postMessage(channel=FRAUD, text="c", thread_ts=root, reply_broadcast=True)
    replies = client.conversations_replies(channel=FRAUD, ts=root)["messages"]
    assert [m["text"] for m in replies] == ["root", "a", "b", "c"]
    assert replies[0]["reply_count"] == 3
    assert [m["text"] for m in client.conversations_history(channel=FRAUD)["messages"]] == ["c", "root"]
    link = client.chat_getPermalink(channel=FRAUD, message_ts=first)["permalink"]
    assert link.startswith(workspace.base_url)
    assert f"thread_ts={root}" in link
    assert refusal(client.conversations_replies, channel=FRAUD, ts="1.2") == "thread_not_found"


def test_metadata_comes_back_when_asked_for(client: WebClient) -> None:
    metadata = {"event_type": "muster_delivery", "event_payload": {"id": "d-1"}}
    client.chat_postMessage(channel=FRAUD, text="x", metadata=metadata)
    (plain,) = client.conversations_history(channel=FRAUD)["messages"]
    (full,) = client.conversations_history(channel=FRAUD, include_all_metadata=True)["messages"]
    assert "metadata" not in plain
    assert full["metadata"] == metadata
    bad = {"event_type": "x"}
    assert refusal(client.chat_postMessage, channel=FRAUD, text="x", metadata=bad) == "invalid_metadata_schema"
    huge = {"event_type": "x", "event_payload": {"x": "y" * 9000}}
    assert refusal(client.chat_postMessage, channel=FRAUD, text="x", metadata=huge) == "metadata_too_large"


# ---------------------------------------------------------------------- conversations


def test_history_pages_and_bounds(client: WebClient, clock: Clock) -> None:
    stamps = []
    for n in range(7):
        clock.advance(1)
        stamps.append(client.chat_postMessage(channel=FRAUD, text=str(n))["ts"])
    pages = [
        ("".join(m["text"] for m in page["messages"]), page["has_more"])
        for page in client.conversations_history(channel=FRAUD, limit=3)
    ]
    assert pages == [("654", True), ("321", True), ("0", False)]

    def between(**bounds: Any) -> list[str]:
        return [m["text"] for m in client.conversations_history(channel=FRAUD, **bounds)["messages"]]

    assert between(oldest=stamps[2], latest=stamps[4]) == ["3"]
    assert between(oldest=stamps[2], latest=stamps[4], inclusive=True) == ["4", "3", "2"]
    assert refusal(client.conversations_history, channel=FRAUD, cursor="nonsense") == "invalid_cursor"
    assert refusal(client.conversations_history, channel=GENERAL) == "not_in_channel"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("Upper", "invalid_name_specials"),
        ("with space", "invalid_name_specials"),
        ("--", "invalid_name_punctuation"),
        ("general", "name_taken"),
        ("old-incidents", "name_taken"),
        ("model-risk-private", "name_taken"),
    ],
)
def test_channel_names(client: WebClient, name: str, code: str) -> None:
    assert refusal(client.conversations_create, name=name) == code


def test_a_channel_from_birth_to_archive(client: WebClient, workspace: Workspace) -> None:
    channel = client.conversations_create(name="inc-42")["channel"]["id"]
    assert client.conversations_setTopic(channel=channel, topic="SEV2")["topic"] == "SEV2"
    assert client.conversations_setPurpose(channel=channel, purpose="why")["purpose"] == "why"
    assert refusal(client.conversations_setTopic, channel=channel, topic="x" * 251) == "too_long"
    assert client.conversations_rename(channel=channel, name="inc-43")["channel"]["name"] == "inc-43"
    info = client.conversations_info(channel=channel, include_num_members=True)["channel"]
    assert (info["topic"]["value"], info["num_members"], info["previous_names"]) == ("SEV2", 1, ["inc-42"])
    client.conversations_archive(channel=channel)
    assert refusal(client.conversations_archive, channel=channel) == "already_archived"
    for call, more in [
        (client.chat_postMessage, {"text": "x"}),
        (client.conversations_setTopic, {"topic": "x"}),
        (client.conversations_invite, {"users": "U01DANA"}),
        (client.conversations_join, {}),
    ]:
        assert refusal(call, channel=channel, **more) == "is_archived"
    client.conversations_unarchive(channel=channel)
    assert refusal(client.conversations_unarchive, channel=channel) == "not_archived"


def test_invitations(client: WebClient, workspace: Workspace) -> None:
    channel = client.conversations_create(name="inc-1")["channel"]["id"]
    client.conversations_invite(channel=channel, users=["U01DANA", "U02OMAR"])
    with pytest.raises(SlackApiError) as caught:
        client.conversations_invite(channel=channel, users=["U01DANA", "U03LIN"])
    assert caught.value.response["errors"] == [{"user": "U01DANA", "ok": False, "error": "already_in_channel"}]
    assert "U03LIN" not in client.conversations_members(channel=channel)["members"]
    partly = client.conversations_invite(channel=channel, users=["U01DANA", "U03LIN"], force=True)
    assert partly["errors"][0]["error"] == "already_in_channel"
    assert "U03LIN" in client.conversations_members(channel=channel)["members"]
    assert refusal(client.conversations_invite, channel=channel, users="U0MUSTER") == "cant_invite_self"
    assert refusal(client.conversations_invite, channel=channel, users="U06GONE") == "user_not_found"
    assert refusal(client.conversations_invite, channel=GENERAL, users="U01DANA") == "not_in_channel"
    crowd = [f"U{n}" for n in range(101)]
    assert refusal(client.conversations_invite, channel=channel, users=crowd) == "too_many_users"
    client.conversations_kick(channel=channel, user="U03LIN")
    assert refusal(client.conversations_kick, channel=channel, user="U03LIN") == "not_in_channel"
    assert refusal(client.conversations_kick, channel=channel, user="U0MUSTER") == "cant_kick_self"


def test_joining_and_leaving(client: WebClient) -> None:
    assert client.conversations_join(channel=GENERAL)["channel"]["is_member"] is True
    assert client.conversations_join(channel=GENERAL)["warning"] == "already_in_channel"
    assert refusal(client.conversations_join, channel=SECRET) == "channel_not_found"
    client.conversations_leave(channel=RISK)
    assert client.conversations_leave(channel=RISK)["not_in_channel"] is True


def test_lists_are_paged(client: WebClient, workspace: Workspace) -> None:
    for n in range(5):
        client.conversations_create(name=f"inc-{n}")
    names = [c["name"] for page in client.conversations_list(limit=2) for c in page["channels"]]
    assert len(names) == len(set(names)) == 9
    kept = client.conversations_list(exclude_archived=True, types="public_channel,private_channel")["channels"]
    assert not {"old-incidents", "model-risk-private"} & {c["name"] for c in kept}
    assert refusal(client.conversations_list, types="odd") == "invalid_types"
    assert refusal(client.conversations_list, limit=1001) == "invalid_limit"
    members = [m for page in client.conversations_members(channel=FRAUD, limit=2) for m in page["members"]]
    assert members == ["U01DANA", "U02OMAR", "U03LIN", "U0MUSTER"]
    mine = client.users_conversations(user="U01DANA")["channels"]
    assert {c["name"] for c in mine} == {"general", "fraud-ml", "old-incidents"}


# ---------------------------------------------------------------------- people


def test_people(client: WebClient, workspace: Workspace) -> None:
    dana = client.users_info(user="U01DANA")["user"]
    assert (dana["profile"]["email"], dana["tz"], dana["tz_offset"]) == ("dana@example.com", "Europe/Berlin", 3600)
    assert client.users_lookupByEmail(email="DANA@example.com")["user"]["id"] == "U01DANA"
    assert refusal(client.users_lookupByEmail, email="gone@example.com") == "users_not_found"
    assert refusal(client.users_info, user="U0NOBODY") == "user_not_found"
    everyone = [user for page in client.users_list(limit=3) for user in page["members"]]
    assert len(everyone) == 7
    assert [u["id"] for u in everyone if u["deleted"]] == ["U06GONE"]
    workspace.seed.bot_scopes.remove("users:read.email")
    assert "email" not in client.users_info(user="U01DANA")["user"]["profile"]


def test_usergroups(client: WebClient) -> None:
    (group,) = client.usergroups_list(include_users=True)["usergroups"]
    assert (group["handle"], group["users"]) == ("ml-oncall", ["U01DANA", "U02OMAR"])
    assert client.usergroups_users_list(usergroup=group["id"])["users"] == ["U01DANA", "U02OMAR"]
    assert refusal(client.usergroups_users_list, usergroup="S0NONE") == "no_such_subteam"


# ---------------------------------------------------------------------- marks


def test_pins(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=FRAUD, text="card")["ts"]
    client.pins_add(channel=FRAUD, timestamp=ts)
    assert refusal(client.pins_add, channel=FRAUD, timestamp=ts) == "already_pinned"
    (item,) = client.pins_list(channel=FRAUD)["items"]
    assert item["message"]["ts"] == ts
    client.pins_remove(channel=FRAUD, timestamp=ts)
    assert refusal(client.pins_remove, channel=FRAUD, timestamp=ts) == "no_pin"
    assert refusal(client.pins_add, channel=FRAUD, timestamp="1.0") == "message_not_found"


def test_reactions(client: WebClient, workspace: Workspace) -> None:
    ts = client.chat_postMessage(channel=FRAUD, text="card")["ts"]
    client.reactions_add(channel=FRAUD, timestamp=ts, name="eyes")
    assert refusal(client.reactions_add, channel=FRAUD, timestamp=ts, name="eyes") == "already_reacted"
    assert refusal(client.reactions_add, channel=FRAUD, timestamp=ts, name="no such") == "invalid_name"
    workspace.react("@dana", ts, "eyes")
    (reaction,) = client.reactions_get(channel=FRAUD, timestamp=ts)["message"]["reactions"]
    assert reaction == {"name": "eyes", "users": ["U0MUSTER", "U01DANA"], "count": 2}
    client.reactions_remove(channel=FRAUD, timestamp=ts, name="eyes")
    assert refusal(client.reactions_remove, channel=FRAUD, timestamp=ts, name="eyes") == "no_reaction"


def test_bookmarks(client: WebClient) -> None:
    made = client.bookmarks_add(channel_id=FRAUD, title="Runbook", type="link", link="https://example.com")["bookmark"]
    client.bookmarks_edit(channel_id=FRAUD, bookmark_id=made["id"], title="New")
    assert [b["title"] for b in client.bookmarks_list(channel_id=FRAUD)["bookmarks"]] == ["New"]
    assert refusal(client.bookmarks_add, channel_id=FRAUD, title="x", type="link", link="no") == "invalid_link"
    client.bookmarks_remove(channel_id=FRAUD, bookmark_id=made["id"])
    assert refusal(client.bookmarks_remove, channel_id=FRAUD, bookmark_id=made["id"]) == "not_found"


# ---------------------------------------------------------------------- files


def test_upload_and_download(client: WebClient, workspace: Workspace) -> None:
    done = client.files_upload_v2(
        content="# Draft\n", filename="draft.md", title="Draft", channel=FRAUD, initial_comment="Here"
    )
    file = done["file"]
    assert (file["title"], file["size"], file["filetype"]) == ("Draft", 8, "markdown")
    assert workspace.file_text(file["id"]) == "# Draft\n"
    assert client.files_info(file=file["id"])["content"] == "# Draft\n"
    assert [f["id"] for f in client.files_list(channel=FRAUD)["files"]] == [file["id"]]
    (message,) = workspace.history(FRAUD)
    assert (message.subtype, message.text, message.files) == ("file_share", "Here", [file["id"]])
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}
    assert httpx.get(file["url_private"], headers=headers).text == "# Draft\n"
    assert httpx.get(file["url_private"]).status_code == 403
    client.files_delete(file=file["id"])
    assert refusal(client.files_info, file=file["id"]) == "file_not_found"


def test_upload_in_steps_is_checked(client: WebClient) -> None:
    step = client.files_getUploadURLExternal(filename="a.txt", length=3)
    assert httpx.post(step["upload_url"], content=b"toolong").status_code == 400
    early = [{"id": step["file_id"], "title": "a"}]
    assert refusal(client.files_completeUploadExternal, files=early, channel_id=FRAUD) == "file_not_found"
    assert httpx.post(step["upload_url"], content=b"abc").text == "OK - 3"
    assert refusal(client.files_completeUploadExternal, files=early, channel_id=GENERAL) == "not_in_channel"
    assert client.files_completeUploadExternal(files=early, channel_id=FRAUD)["files"][0]["title"] == "a"


# ---------------------------------------------------------------------- views


def test_triggers_are_short_and_single(client: WebClient, workspace: Workspace, clock: Clock) -> None:
    trigger = workspace.hub.new_trigger("U01DANA")
    client.views_open(trigger_id=trigger, view=modal())
    assert refusal(client.views_open, trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
    assert refusal(client.views_open, trigger_id="12.34", view=modal()) == "invalid_trigger_id"
    late = workspace.hub.new_trigger("U01DANA")
    clock.advance(3.1)
    assert refusal(client.views_open, trigger_id=late, view=modal()) == "expired_trigger_id"
    workspace.faults.expired_triggers()
    late = workspace.hub.new_trigger("U01DANA")
    assert refusal(client.views_open, trigger_id=late, view=modal()) == "expired_trigger_id"


def test_views_are_updated_and_pushed(client: WebClient, workspace: Workspace) -> None:
    view = client.views_open(trigger_id=workspace.hub.new_trigger("U01DANA"), view=modal(external_id="one"))["view"]
    newer = client.views_update(view_id=view["id"], hash=view["hash"], view=modal(external_id="one"))["view"]
    assert newer["hash"] != view["hash"]
    assert refusal(client.views_update, view_id=view["id"], hash=view["hash"], view=modal()) == "hash_conflict"
    assert refusal(client.views_update, view_id="V0", view=modal()) == "not_found"
    assert client.views_update(external_id="one", view=modal())["view"]["id"] == view["id"]
    for _ in range(2):
        client.views_push(trigger_id=workspace.hub.new_trigger("U01DANA"), view=modal())
    over = workspace.hub.new_trigger("U01DANA")
    assert refusal(client.views_push, trigger_id=over, view=modal()) == "push_limit_reached"


def test_home_tabs(client: WebClient, workspace: Workspace) -> None:
    home: dict[str, Any] = {"type": "home", "blocks": []}
    first = client.views_publish(user_id="U01DANA", view=home)["view"]
    second = client.views_publish(user_id="U01DANA", view=home, hash=first["hash"])["view"]
    assert second["id"] == first["id"]
    assert refusal(client.views_publish, user_id="U01DANA", view=home, hash=first["hash"]) == "hash_conflict"
    assert refusal(client.views_publish, user_id="U01DANA", view=modal()) == "invalid_arguments"
    shown = workspace.home("@dana")
    assert shown is not None
    assert shown.id == first["id"]


# ---------------------------------------------------------------------- the rest


def test_calls_are_logged_in_order(client: WebClient, workspace: Workspace) -> None:
    client.auth_test()
    refusal(client.chat_postMessage, channel="C0NONE", text="x")
    assert [(c.method, c.ok) for c in workspace.calls] == [("auth.test", True), ("chat.postMessage", False)]
    assert workspace.calls[-1].args == {"channel": "C0NONE", "text": "x"}


def test_timestamps_never_repeat(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel=FRAUD, text="x")["ts"] for _ in range(20)]
    assert stamps == sorted(set(stamps), key=float)


def test_strict_limits(clock: Clock) -> None:
    with Workspace(example_seed(), clock=clock, strict_limits=True) as space:
        client = WebClient(space.bot_token, base_url=space.api_url, retry_handlers=[])
        for n in range(20):
            client.conversations_create(name=f"inc-{n}")
        with pytest.raises(SlackApiError) as caught:
            client.conversations_create(name="one-too-many")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "60"
        clock.advance(60)
        client.conversations_create(name="inc-20")
        for _ in range(5):
            client.chat_postMessage(channel=FRAUD, text="burst")
        assert refusal(client.chat_postMessage, channel=FRAUD, text="x") == "ratelimited"
        assert client.chat_postMessage(channel=RISK, text="another channel")["ok"]


def test_history_survives_a_restart(tmp_path: Any, clock: Clock) -> None:
    seed = example_seed()
    kept = tmp_path / "workspace.json"
    with Workspace(seed, clock=clock, state_path=kept) as space:
        WebClient(space.bot_token, base_url=space.api_url).chat_postMessage(channel=FRAUD, text="kept")
    seed.users.append(SeedUser(id="U99NEW", name="new"))
    with Workspace(seed, clock=clock, state_path=kept) as space:
        assert [m.text for m in space.history(FRAUD)] == ["kept"]
        assert WebClient(space.bot_token, base_url=space.api_url).users_info(user="U99NEW")["ok"]
