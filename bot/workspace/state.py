"""What the workspace remembers, and the lock that guards it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .seed import Seed

Json = dict[str, Any]


@dataclass
class User:
    """A person or bot."""

    id: str
    name: str
    real_name: str
    email: str
    tz: str
    deleted: bool = False
    is_bot: bool = False
    is_admin: bool = False
    updated: int = 0


@dataclass
class Reaction:
    """One emoji on a message and who put it there."""

    name: str
    users: list[str]


@dataclass
class Message:
    """A message, ephemeral when ``ephemeral_to`` is set."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    bot_id: str | None = None
    username: str | None = None
    icon_emoji: str | None = None
    thread_ts: str | None = None
    subtype: str | None = None
    metadata: Json | None = None
    edited: Json | None = None
    files: list[str] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    extra: Json = field(default_factory=dict)
    ephemeral_to: str | None = None


@dataclass
class Pin:
    """A pinned message."""

    ts: str
    user: str
    created: int


@dataclass
class Note:
    """A topic or purpose, with who set it."""

    value: str = ""
    creator: str = ""
    last_set: int = 0


@dataclass
class Channel:
    """A channel or direct message with everything in it."""

    id: str
    name: str
    creator: str
    created: int
    members: list[str] = field(default_factory=list)
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    archived: bool = False
    topic: Note = field(default_factory=Note)
    purpose: Note = field(default_factory=Note)
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: dict[str, Message] = field(default_factory=dict)
    pins: list[Pin] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    previous_names: list[str] = field(default_factory=list)
    canvas: str = ""
    tabs: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Slack's ``channel_type``."""
        if self.is_im:
            return "im"
        if self.is_mpim:
            return "mpim"
        return "group" if self.is_private else "channel"


@dataclass
class StoredFile:
    """An upload: its URL is handed out first, its bytes and its channels come later."""

    id: str
    name: str
    length: int
    user: str
    created: int
    title: str = ""
    text: str | None = None
    content_hex: str = ""
    uploaded: bool = False
    complete: bool = False
    shares: dict[str, list[str]] = field(default_factory=dict)
    kind: str = ""  # `canvas` for one


@dataclass
class View:
    """A modal or a Home tab as it stands."""

    id: str
    type: str
    body: Json
    user: str
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    state: Json = field(default_factory=lambda: {"values": {}})


@dataclass
class Trigger:
    """A trigger id: three seconds, one use."""

    id: str
    user: str
    created: float
    used: bool = False
    view_id: str | None = None
    opened: str | None = None


@dataclass
class ResponseUrl:
    """A response_url: five uses in thirty minutes."""

    id: str
    user: str
    channel: str
    created: float
    message_ts: str | None = None
    thread_ts: str | None = None
    ephemeral: bool = False
    uses: int = 0
    posts: list[Json] = field(default_factory=list)
    results: list[Json] = field(default_factory=list)


@dataclass
class Contents:
    """All that is kept across a restart."""

    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    usergroups: dict[str, Json] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    stacks: dict[str, list[str]] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    read_marks: dict[str, dict[str, str]] = field(default_factory=dict)
    last_ts: int = 0
    last_id: int = 0


class State:
    """The contents, one lock, and a condition that wakes who waits for a change."""

    def __init__(self, seed: Seed, clock: Callable[[], float]) -> None:
        self.seed = seed
        self.clock = clock
        self.lock = threading.RLock()
        self.changed_now = threading.Condition(self.lock)
        self.version = 0
        self.contents = Contents()
        self.watchers: list[Callable[[], None]] = []
        self._fill()

    def _fill(self) -> None:
        now = int(self.clock())
        seed = self.seed
        bot = User(seed.bot_user_id, seed.bot_name, seed.bot_real_name, "", "UTC", is_bot=True, updated=now)
        self.contents.users[bot.id] = bot
        for u in seed.users:
            self.contents.users[u.id] = User(
                u.id, u.name, u.real_name or u.name, u.email, u.tz, u.deleted, u.is_bot, u.is_admin, now
            )
        for c in seed.channels:
            creator = c.members[0] if c.members else "USLACKBOT"
            self.contents.channels[c.id] = Channel(
                c.id,
                c.name,
                creator,
                now,
                list(c.members),
                c.is_private,
                archived=c.archived,
                topic=Note(c.topic),
                purpose=Note(c.purpose),
            )
        for g in seed.usergroups:
            self.contents.usergroups[g.id] = {
                "id": g.id,
                "handle": g.handle,
                "name": g.name or g.handle,
                "users": g.users,
            }

    def changed(self) -> None:
        """Say that something changed: wakes waiters and the page."""
        with self.lock:
            self.version += 1
            self.changed_now.notify_all()
            watchers = list(self.watchers)
        for wake in watchers:
            wake()

    def next_ts(self) -> str:
        """A new timestamp: never the same twice, never going back, even when the clock stands still."""
        with self.lock:
            micros = max(int(self.clock() * 1_000_000), self.contents.last_ts + 1)
            self.contents.last_ts = micros
            return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """A new id such as ``C0000000A1``."""
        with self.lock:
            self.contents.last_id += 1
            return f"{prefix}{self.contents.last_id:09X}"

    def direct_channel(self, members: list[str]) -> Channel:
        """The DM (or group DM) of these members, opened if there is none."""
        with self.lock:
            wanted = set(members)
            for channel in self.contents.channels.values():
                if (channel.is_im or channel.is_mpim) and set(channel.members) == wanted:
                    return channel
            many = len(wanted) > 2
            made = Channel(
                self.new_id("G" if many else "D"),
                "mpdm-" + "--".join(sorted(wanted)).lower() if many else "",
                self.seed.bot_user_id,
                int(self.clock()),
                list(members),
                is_private=True,
                is_im=not many,
                is_mpim=many,
            )
            self.contents.channels[made.id] = made
            return made

    def message(self, ts: str, channel: str | None = None) -> Message | None:
        """The message or ephemeral with this ts; timestamps are unique in the whole workspace."""
        for place in self._places(channel):
            found = place.messages.get(ts) or place.ephemerals.get(ts)
            if found is not None:
                return found
        return None

    def _places(self, channel: str | None) -> Iterator[Channel]:
        if channel is None:
            yield from self.contents.channels.values()
        elif channel in self.contents.channels:
            yield self.contents.channels[channel]
