"""A Slack without a network, for simulations: the world is plain data and outlives every messenger object."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.slack import refusals
from playbooks.ports import Clock, Posted

BOT = "U0MUSTER"
_SKEW = timedelta(minutes=1)


class SlackFault(StrEnum):
    """What goes wrong with a call."""

    RATE_LIMITED = "rate_limited"  # 429 with retry_after, nothing happened
    SERVER_ERROR = "server_error"  # 503, nothing happened
    UNREACHABLE = "unreachable"  # no connection stood: nothing happened
    DROP_BEFORE = "drop_before"  # the connection broke before Slack did anything: a writer cannot know
    DROP_AFTER = "drop_after"  # Slack did it, the answer was lost
    REFUSE = "refuse"  # `ok: false` with a code


@dataclass
class FakeMessage:
    """A message as Slack keeps it; `versions` are its texts so far, the newest last."""

    ts: str
    channel: str
    text: str
    blocks: list[Any]
    delivery: str
    thread: str = ""
    versions: list[str] = field(default_factory=list)


@dataclass
class FakeChannel:
    """A channel or a direct conversation."""

    id: str
    name: str
    creator: str
    members: set[str]
    archived: bool = False
    is_im: bool = False
    topic: str = ""
    topics: list[str] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)
    messages: list[FakeMessage] = field(default_factory=list)


@dataclass(frozen=True)
class FakeFile:
    """A shared file."""

    id: str
    channel: str
    filename: str
    title: str
    text: str
    comment: str


@dataclass(frozen=True)
class FakeEphemeral:
    """What one person saw for a moment."""

    channel: str
    user: str
    text: str


@dataclass
class _Trouble:
    fault: SlackFault
    on: str
    channel: str
    times: int | None
    code: str
    needed: str
    retry_after: float


@dataclass
class FakeSlack:
    """Implements `ports.Messenger`, and is the workspace behind it.

    Attributes:
        users: Slack ids of the people there; others are refused one by one. calls: (method, channel) of every call.
        strict: whether the bot must be a member to post.
    """

    clock: Clock
    users: set[str] = field(default_factory=set)
    channels: dict[str, FakeChannel] = field(default_factory=dict)
    files: list[FakeFile] = field(default_factory=list)
    ephemerals: list[FakeEphemeral] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    strict: bool = True
    _troubles: list[_Trouble] = field(default_factory=list)
    _numbers: int = 0
    _last: int = 0

    def gone(self, slack: str) -> str:
        """See `ports.Directory`."""
        self.calls.append(("users.info", slack))
        return "" if slack in self.users else "has left Slack: the account is deactivated."

    # ------------------------------------------------------------ scripting

    def add_channel(self, channel: str, name: str, *members: str, bot: bool = True, creator: str = "U00ADMIN") -> None:
        """A channel that is there already."""
        inside = {*members, BOT} if bot else set(members)
        self.channels[channel] = FakeChannel(channel, name, creator, inside)

    def fail(
        self,
        fault: SlackFault,
        *,
        on: str = "",
        channel: str = "",
        times: int | None = None,
        code: str = "",
        needed: str = "",
        retry_after: float = 1.0,
    ) -> None:
        """Put a fault in force, for one method or channel only, so many times (None: until cleared)."""
        self._troubles.append(_Trouble(fault, on, channel, times, code, needed, retry_after))

    def clear(self) -> None:
        """End all faults."""
        self._troubles.clear()

    def archive(self, channel: str) -> None:
        """Somebody archives a channel."""
        self.channels[channel].archived = True

    def delete(self, posted: Posted) -> None:
        """Somebody deletes a message."""
        place = self.channels[posted.channel]
        place.messages = [m for m in place.messages if m.ts != posted.ts]
        place.pins = [ts for ts in place.pins if ts != posted.ts]

    def by_delivery(self, delivery: str) -> list[FakeMessage]:
        """All messages posted under a delivery id, wherever they are."""
        return [m for c in self.channels.values() for m in c.messages if m.delivery == delivery]

    def created(self) -> list[FakeChannel]:
        """Channels the bot made."""
        return [c for c in self.channels.values() if c.creator == BOT and not c.is_im]

    def dm_of(self, user: str) -> FakeChannel | None:
        """The bot's conversation with a person."""
        return next((c for c in self.channels.values() if c.is_im and user in c.members), None)

    def texts(self, channel: str) -> list[str]:
        """What stands in a channel now, oldest first."""
        return [m.text for m in self.channels[channel].messages]

    # ------------------------------------------------------------ ports.Messenger

    def post(self, channel: str, message: Mapping[str, Any], *, delivery: str, thread: str = "") -> Posted:
        """See `ports.Messenger`."""
        with_effect = self._begin("chat.postMessage", channel, write=True)
        place = self._place("chat.postMessage", channel)
        self._may_write("chat.postMessage", place)
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown("chat.postMessage")
        text, blocks = _content(message)
        posted = FakeMessage(self._next_ts(), place.id, text, blocks, delivery, thread, [text])
        place.messages.append(posted)
        self._end("chat.postMessage", with_effect)
        return Posted(place.id, posted.ts)

    def update(self, posted: Posted, message: Mapping[str, Any], *, delivery: str) -> None:
        """See `ports.Messenger`."""
        with_effect = self._begin("chat.update", posted.channel, write=True)
        place = self._place("chat.update", posted.channel)
        found = next((m for m in place.messages if m.ts == posted.ts), None)
        if found is None:
            raise refusals.told("chat.update", "message_not_found")
        if place.archived:
            raise refusals.told("chat.update", "is_archived")
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown("chat.update")
        found.text, found.blocks = _content(message)
        found.versions.append(found.text)
        found.delivery = delivery
        self._end("chat.update", with_effect)

    def post_ephemeral(self, channel: str, user: str, message: Mapping[str, Any]) -> None:
        """See `ports.Messenger`."""
        with_effect = self._begin("chat.postEphemeral", channel, write=True)
        place = self._place("chat.postEphemeral", channel)
        if place.archived:
            raise refusals.told("chat.postEphemeral", "is_archived")
        if user not in place.members:
            raise refusals.told("chat.postEphemeral", "user_not_in_channel")
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown("chat.postEphemeral")
        self.ephemerals.append(FakeEphemeral(place.id, user, _content(message)[0]))
        self._end("chat.postEphemeral", with_effect)

    def find_delivery(self, channel: str, delivery: str, *, since: datetime, thread: str = "") -> Posted | None:
        """See `ports.Messenger`."""
        self._begin("conversations.history", channel, write=False)
        place = self._place("conversations.history", channel)
        oldest = (since - _SKEW).timestamp()
        for message in reversed(place.messages):
            if message.delivery == delivery and float(message.ts) >= oldest and message.thread == thread:
                return Posted(place.id, message.ts)
        return None

    def open_dm(self, user: str) -> str:
        """See `ports.Messenger`."""
        self._begin("conversations.open", user, write=False)
        if user not in self.users:
            raise refusals.told("conversations.open", "user_not_found")
        there = self.dm_of(user)
        if there is not None:
            return there.id
        number = self._new("D")
        self.channels[number] = FakeChannel(number, "", BOT, {BOT, user}, is_im=True)
        return number

    def create_channel(self, name: str) -> str:
        """See `ports.Messenger`."""
        with_effect = self._begin("conversations.create", "", write=True)
        if any(c.name == name for c in self.channels.values() if not c.is_im):
            raise refusals.told("conversations.create", "name_taken")
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown("conversations.create")
        number = self._new("C")
        self.channels[number] = FakeChannel(number, name, BOT, {BOT})
        self._end("conversations.create", with_effect)
        return number

    def find_channel(self, name: str) -> tuple[str, bool] | None:
        """See `ports.Messenger`."""
        self._begin("conversations.list", "", write=False)
        found = next((c for c in self.channels.values() if c.name == name and not c.is_im), None)
        return (found.id, found.creator == BOT) if found else None

    def set_topic(self, channel: str, topic: str) -> None:
        """See `ports.Messenger`."""
        with_effect = self._begin("conversations.setTopic", channel, write=True)
        place = self._place("conversations.setTopic", channel)
        self._may_write("conversations.setTopic", place)
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown("conversations.setTopic")
        place.topic = topic if len(topic) <= 250 else topic[:249] + "…"
        place.topics.append(place.topic)
        self._end("conversations.setTopic", with_effect)

    def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """See `ports.Messenger`."""
        wanted = list(dict.fromkeys(u for u in users if u))
        if not wanted:
            return {}
        with_effect = self._begin("conversations.invite", channel, write=True)
        place = self._place("conversations.invite", channel)
        self._may_write("conversations.invite", place)
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown("conversations.invite")
        refused = {user: "user_not_found" for user in wanted if user not in self.users and user != BOT}
        place.members.update(u for u in wanted if u not in refused)
        self._end("conversations.invite", with_effect)
        return refused

    def pin(self, posted: Posted) -> None:
        """See `ports.Messenger`."""
        with_effect = self._begin("pins.add", posted.channel, write=True)
        place = self._place("pins.add", posted.channel)
        if all(m.ts != posted.ts for m in place.messages):
            raise refusals.told("pins.add", "message_not_found")
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown("pins.add")
        if posted.ts not in place.pins:
            place.pins.append(posted.ts)
        self._end("pins.add", with_effect)

    def upload(self, channel: str, *, filename: str, title: str, text: str, comment: str) -> str:
        """See `ports.Messenger`."""
        method = "files.completeUploadExternal"
        with_effect = self._begin(method, channel, write=True)
        self._may_write(method, self._place(method, channel))
        if with_effect is SlackFault.DROP_BEFORE:
            raise refusals.unknown(method)
        shared = FakeFile(self._new("F"), channel, filename, title, text, comment)
        self.files.append(shared)
        self._end(method, with_effect)
        return shared.id

    def permalink(self, posted: Posted) -> str:
        """See `ports.Messenger`."""
        self._begin("chat.getPermalink", posted.channel, write=False)
        place = self._place("chat.getPermalink", posted.channel)
        if all(m.ts != posted.ts for m in place.messages):
            raise refusals.told("chat.getPermalink", "message_not_found")
        return f"https://slack.example.com/archives/{posted.channel}/p{posted.ts.replace('.', '')}"

    # ------------------------------------------------------------ inside

    def _begin(self, method: str, channel: str, *, write: bool) -> SlackFault | None:
        """Count the call; raise the fault that strikes before any effect, or return the one that comes later."""
        self.calls.append((method, channel))
        trouble = self._strike(method, channel)
        if trouble is None:
            return None
        if trouble.fault is SlackFault.RATE_LIMITED:
            raise refusals.limited(method, trouble.retry_after)
        if trouble.fault is SlackFault.SERVER_ERROR:
            raise refusals.failed(method, 503)
        if trouble.fault is SlackFault.REFUSE:
            raise refusals.told(method, trouble.code, needed=trouble.needed)
        if trouble.fault is SlackFault.UNREACHABLE or not write:
            raise refusals.unreachable(method)
        return trouble.fault

    def _strike(self, method: str, channel: str) -> _Trouble | None:
        for trouble in self._troubles:
            if trouble.on in ("", method) and trouble.channel in ("", channel):
                if trouble.times is not None:
                    trouble.times -= 1
                    if trouble.times <= 0:
                        self._troubles.remove(trouble)
                return copy.copy(trouble)
        return None

    def _end(self, method: str, fault: SlackFault | None) -> None:
        if fault is SlackFault.DROP_AFTER:
            raise refusals.unknown(method)

    def _place(self, method: str, channel: str) -> FakeChannel:
        found = self.channels.get(channel)
        if found is None:
            raise refusals.told(method, "channel_not_found")
        return found

    def _may_write(self, method: str, place: FakeChannel) -> None:
        if place.archived:
            raise refusals.told(method, "is_archived")
        if self.strict and BOT not in place.members:
            raise refusals.told(method, "not_in_channel")

    def _new(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}{self._numbers:08d}"

    def _next_ts(self) -> str:
        """Never the same twice and never going back, also when the clock stands still."""
        self._last = max(int(self.clock.now().timestamp() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"


def _content(message: Mapping[str, Any]) -> tuple[str, list[Any]]:
    return str(message.get("text", "")), list(message.get("blocks") or [])


def all_messages(slack: FakeSlack) -> Iterator[FakeMessage]:
    """Every message of every channel and conversation."""
    for channel in slack.channels.values():
        yield from channel.messages
