"""Slack as the jobs need it: every call once, every refusal typed and in words, every post findable again."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import httpx
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.slack import refusals
from bot.slack.pauses import Pauses
from bot.trust import trusted
from playbooks import errors
from playbooks.ports import Posted, Probe

EVENT_TYPE = "muster_delivery"
TOPIC = 250
AT_ONCE = 100
PAGE = 200
# Slack's clock and ours may differ; looking a little further back costs nothing.
SKEW = timedelta(minutes=1)

# What one person's refusal looks like, as opposed to one of the whole call.
_ONE_PERSON = frozenset(
    {
        "already_in_channel",
        "cant_invite",
        "cant_invite_self",
        "no_user",
        "not_in_team",
        "org_user_not_in_team",
        "user_disabled",
        "user_is_bot",
        "user_is_restricted",
        "user_is_ultra_restricted",
        "user_not_found",
        "users_not_found",
        "account_inactive",
    }
)
_THERE_ALREADY = frozenset({"already_in_channel", "cant_invite_self"})

Call = Callable[..., Any]


def build_client(token: str, base_url: str = "", timeout: float = 10.0) -> WebClient:
    """A client that never sends a call twice by itself: retries are the engine's, which looks first."""
    address = base_url or WebClient.BASE_URL
    if not address.endswith("/"):
        address += "/"
    authorities = _authorities() if address.startswith("https:") else None
    return WebClient(token=token, base_url=address, timeout=max(1, round(timeout)), retry_handlers=[], ssl=authorities)


@cache
def _authorities() -> ssl.SSLContext:
    """Those of this machine; without it the SDK reads them anew at every call, which takes longer than the call."""
    return ssl.create_default_context()


class SlackMessenger:
    """Implements `ports.Messenger` over Slack's Web API."""

    def __init__(self, client: WebClient, *, probe: Probe | None = None, pauses: Pauses | None = None) -> None:
        self._client = client
        self._probe = probe
        self._pauses = pauses or Pauses()
        self._me = ""

    # ------------------------------------------------------------ messages

    def post(self, channel: str, message: Mapping[str, Any], *, delivery: str, thread: str = "") -> Posted:
        """Post; the delivery id stands in the message's metadata, so that it can be found again."""
        answer = self._write(
            "chat.postMessage",
            self._client.chat_postMessage,
            channel=channel,
            metadata=_metadata(delivery),
            unfurl_links=False,
            unfurl_media=False,
            **({"thread_ts": thread} if thread else {}),
            **message,
        )
        return Posted(answer["channel"], answer["ts"])

    def update(self, posted: Posted, message: Mapping[str, Any], *, delivery: str) -> None:
        """Edit a message in place."""
        self._write(
            "chat.update",
            self._client.chat_update,
            channel=posted.channel,
            ts=posted.ts,
            metadata=_metadata(delivery),
            **message,
        )

    def post_ephemeral(self, channel: str, user: str, message: Mapping[str, Any]) -> None:
        """Show something to one person; cannot be found again."""
        self._write("chat.postEphemeral", self._client.chat_postEphemeral, channel=channel, user=user, **message)

    def find_delivery(self, channel: str, delivery: str, *, since: datetime, thread: str = "") -> Posted | None:
        """The message that carries this delivery id, if Slack has it; in a thread only when `thread` names it.

        A public channel may be posted to without being in it, but not read: the bot joins to look.
        """
        try:
            return self._look(channel, delivery, since, thread)
        except errors.SlackError as error:
            if error.code != "not_in_channel":
                raise
        self._write("conversations.join", self._client.conversations_join, channel=channel)
        return self._look(channel, delivery, since, thread)

    def _look(self, channel: str, delivery: str, since: datetime, thread: str) -> Posted | None:
        oldest = f"{(since - SKEW).timestamp():.6f}"
        given: dict[str, Any] = {"channel": channel, "oldest": oldest, "include_all_metadata": True, "limit": PAGE}
        if thread:
            pages = self._pages("conversations.replies", self._client.conversations_replies, ts=thread, **given)
        else:
            pages = self._pages("conversations.history", self._client.conversations_history, **given)
        for page in pages:
            for found in page.get("messages", ()):
                metadata = found.get("metadata") or {}
                if metadata.get("event_type") == EVENT_TYPE and metadata.get("event_payload", {}).get("id") == delivery:
                    return Posted(channel, found["ts"])
        return None

    def open_dm(self, user: str) -> str:
        """Id of the direct conversation with a user."""
        answer = self._read("conversations.open", self._client.conversations_open, users=user)
        return str(answer["channel"]["id"])

    def permalink(self, posted: Posted) -> str:
        """Slack's address of a message."""
        answer = self._read(
            "chat.getPermalink", self._client.chat_getPermalink, channel=posted.channel, message_ts=posted.ts
        )
        return str(answer["permalink"])

    # ------------------------------------------------------------ channels

    def create_channel(self, name: str) -> str:
        """Id of the new channel. Raises SlackError with code `name_taken` and kind CONFLICT."""
        answer = self._write("conversations.create", self._client.conversations_create, name=name)
        return str(answer["channel"]["id"])

    def find_channel(self, name: str) -> tuple[str, bool] | None:
        """Id of the channel of exactly this name, and whether Muster created it; reads the whole list."""
        pages = self._pages(
            "conversations.list",
            self._client.conversations_list,
            types="public_channel,private_channel",
            exclude_archived=False,
            limit=1000,
        )
        for page in pages:
            for channel in page.get("channels", ()):
                if channel.get("name") == name:
                    return str(channel["id"]), channel.get("creator") == self._self()
        return None

    def set_topic(self, channel: str, topic: str) -> None:
        """Set the topic, cut to Slack's 250 characters."""
        short = topic if len(topic) <= TOPIC else topic[: TOPIC - 1] + "…"
        self._write("conversations.setTopic", self._client.conversations_setTopic, channel=channel, topic=short)

    def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """Invite; returns user -> Slack's code for those who could not be. One person's refusal stops nobody else."""
        refused: dict[str, str] = {}
        wanted = list(dict.fromkeys(u for u in users if u))
        for start in range(0, len(wanted), AT_ONCE):
            refused.update(self._invite(channel, wanted[start : start + AT_ONCE]))
        return refused

    def _invite(self, channel: str, users: list[str]) -> dict[str, str]:
        try:
            self._write(
                "conversations.invite", self._client.conversations_invite, channel=channel, users=",".join(users)
            )
        except errors.SlackError as refused:
            if refused.code not in _ONE_PERSON:
                raise
            if len(users) == 1:
                return {} if refused.code in _THERE_ALREADY else {users[0]: refused.code}
            each = [self._invite(channel, [user]) for user in users]
            return {user: code for one in each for user, code in one.items()}
        return {}

    def pin(self, posted: Posted) -> None:
        """Pin a message; pinned already is as good."""
        try:
            self._write("pins.add", self._client.pins_add, channel=posted.channel, timestamp=posted.ts)
        except errors.SlackError as refused:
            if refused.code != "already_pinned":
                raise

    # ------------------------------------------------------------ files

    def upload(self, channel: str, *, filename: str, title: str, text: str, comment: str) -> str:
        """Share a text file; returns its file id. Only the last of its three steps can be seen by anybody."""
        body = text.encode()
        place = self._read(
            "files.getUploadURLExternal",
            self._client.files_getUploadURLExternal,
            filename=filename,
            length=len(body),
        )
        self._send(str(place["upload_url"]), body)
        self._write(
            "files.completeUploadExternal",
            self._client.files_completeUploadExternal,
            files=[{"id": place["file_id"], "title": title}],
            channel_id=channel,
            initial_comment=comment or None,
        )
        return str(place["file_id"])

    def _send(self, url: str, body: bytes) -> None:
        self._hit("slack upload")
        try:
            answer = httpx.post(url, content=body, timeout=self._client.timeout, verify=trusted())
        except httpx.HTTPError as why:
            raise refusals.unreachable("files.upload") from why
        self._hit("slack upload")
        if answer.status_code != 200:
            raise refusals.failed("files.upload", answer.status_code)

    # ------------------------------------------------------------ calls

    def _self(self) -> str:
        if not self._me:
            self._me = str(self._read("auth.test", self._client.auth_test)["user_id"])
        return self._me

    def _pages(self, method: str, call: Call, **given: Any) -> Iterator[Any]:
        cursor = ""
        while True:
            page = self._read(method, call, **given, **({"cursor": cursor} if cursor else {}))
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return

    def _read(self, method: str, call: Call, **given: Any) -> Any:
        """A call without an effect that could be doubled: tried once more after a fault on the way."""
        try:
            return self._once(method, call, write=False, **given)
        except errors.SlackError as fault:
            if fault.kind is not errors.Kind.TRANSIENT:
                raise
        return self._once(method, call, write=False, **given)

    def _write(self, method: str, call: Call, **given: Any) -> Any:
        return self._once(method, call, write=True, **given)

    def _once(self, method: str, call: Call, *, write: bool, **given: Any) -> Any:
        channel = str(given.get("channel", ""))
        left = self._pauses.left(method, channel)
        if left > 0:
            raise refusals.limited(method, left)
        self._hit(f"slack {method}")
        try:
            answer = call(**given)
        except SlackApiError as refused:
            fault = refusals.refused(method, refused.response, write=write)
            if fault.retry_after is not None:
                self._pauses.told(method, channel, fault.retry_after)
            raise fault from refused
        except (OSError, http.client.HTTPException, SlackClientError) as why:
            if write and _may_have_been_sent(why):
                raise refusals.unknown(method) from why
            raise refusals.unreachable(method) from why
        self._hit(f"slack {method}")
        return answer

    def _hit(self, label: str) -> None:
        if self._probe is not None:
            self._probe.hit(label)


def _metadata(delivery: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"id": delivery}}


def _may_have_been_sent(why: Exception) -> bool:
    """Whether Slack may have got the request: everything but a connection that never stood."""
    reason = why.reason if isinstance(why, urllib.error.URLError) else why
    return not isinstance(reason, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)
