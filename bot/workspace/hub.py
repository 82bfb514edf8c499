"""The workspace without its network: state, time, and where events go."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .refusals import Refused
from .seed import Seed
from .shapes import message_json
from .state import Channel, Json, Message, ResponseUrl, State, Trigger, User

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


@dataclass
class Call:
    """One Web API call as it was received and answered."""

    method: str
    args: dict[str, Any]
    at: float
    result: Json = field(default_factory=dict)
    status: int = 200
    fault: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it took effect as far as the caller was told."""
        return bool(self.result.get("ok"))


class Hub:
    """What every Web API method and every act of a person works on."""

    def __init__(self, seed: Seed, state: State, clock: Callable[[], float]) -> None:
        self.seed = seed
        self.state = state
        self.clock = clock
        self.base_url = "http://127.0.0.1/"
        self.calls: list[Call] = []
        self.sink: Callable[[Json], None] = lambda payload: None
        self.triggers_expire_at_once = 0

    # ------------------------------------------------------------------ looking up

    @property
    def bot(self) -> str:
        """The bot user's id."""
        return self.seed.bot_user_id

    def channel(self, wanted: str) -> Channel:
        """The channel the bot may see; ``#name`` works as in chat.postMessage."""
        channels = self.state.contents.channels
        found = channels.get(wanted)
        if found is None:
            name = wanted.removeprefix("#")
            found = next((c for c in channels.values() if c.name == name and not c.is_im and name), None)
        if found is None or (found.is_private and self.bot not in found.members):
            raise Refused("channel_not_found")
        return found

    def any_channel(self, wanted: str) -> Channel:
        """The channel by id or name, whoever asks: for acts of people."""
        channels = self.state.contents.channels
        name = wanted.removeprefix("#")
        found = channels.get(wanted) or next((c for c in channels.values() if name and c.name == name), None)
        if found is None:
            raise Refused("channel_not_found")
        return found

    def user(self, wanted: str, code: str = "user_not_found") -> User:
        """The user by id, or by ``@name`` for acts of people."""
        users = self.state.contents.users
        found = users.get(wanted)
        if found is None and wanted.startswith("@"):
            found = next((u for u in users.values() if u.name == wanted[1:]), None)
        if found is None:
            raise Refused(code)
        return found

    def json(self, message: Message, *, metadata: bool = False) -> Json:
        """A message with the workspace's URLs in it."""
        return message_json(self.state, message, self.base_url, metadata=metadata)

    # ------------------------------------------------------------------ events

    def emit(self, event: Json, channel: Channel | None = None) -> None:
        """Hand an event to the app if it subscribes to it and is in the channel."""
        wanted = self.seed.events
        if wanted is not None and not any(_subscribes(name, event) for name in wanted):
            return
        if channel is not None and self.bot not in channel.members:
            return
        event = {"event_ts": self.state.next_ts(), **event}
        self.sink(self.envelope(event))

    def envelope(self, event: Json) -> Json:
        """The outer body of an Events API request."""
        seed = self.seed
        who = {
            "enterprise_id": None,
            "team_id": seed.team_id,
            "user_id": seed.bot_user_id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": "local",
            "team_id": seed.team_id,
            "context_team_id": seed.team_id,
            "context_enterprise_id": None,
            "api_app_id": seed.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": self.state.new_id("Ev"),
            "event_time": int(self.clock()),
            "authorizations": [who],
            "is_ext_shared_channel": False,
            "event_context": secrets.token_hex(8),
        }

    def emit_message(self, channel: Channel, message: Message) -> None:
        """The ``message`` event of a new message, and ``app_mention`` when it names the bot."""
        body = self.json(message, metadata=True)
        place: Json = {"channel": channel.id, "channel_type": channel.kind, "event_ts": message.ts}
        self.emit(body | place, channel)
        by_the_bot = message.user == self.bot
        if not by_the_bot and not channel.is_im and re.search(rf"<@{self.bot}(\|[^>]*)?>", message.text):
            self.emit(body | {"type": "app_mention"} | {"channel": channel.id, "event_ts": message.ts}, channel)

    def emit_system(self, channel: Channel, user: str, subtype: str, text: str, **extra: Any) -> None:
        """A grey line in the channel such as "set the channel topic"."""
        message = Message(self.state.next_ts(), channel.id, user, text, subtype=subtype, extra=extra)
        channel.messages[message.ts] = message
        self.emit_message(channel, message)

    def emit_changed(self, channel: Channel, message: Message, before: Json) -> None:
        """``message_changed`` with the message as it is and as it was."""
        event: Json = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "channel": channel.id,
            "channel_type": channel.kind,
            "ts": self.state.next_ts(),
            "message": self.json(message, metadata=True),
            "previous_message": before,
        }
        self.emit(event, channel)

    # ------------------------------------------------------------------ tickets handed to the app

    def new_trigger(self, user: str, view_id: str | None = None) -> str:
        """A trigger id for one interaction."""
        made = Trigger(f"{secrets.randbelow(10**12)}.{secrets.token_hex(12)}", user, self.clock(), view_id=view_id)
        if self.triggers_expire_at_once > 0:
            self.triggers_expire_at_once -= 1
            made.created -= TRIGGER_SECONDS + 1
        self.state.contents.triggers[made.id] = made
        return made.id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """The trigger, spent; refused when unknown, used or older than three seconds."""
        trigger = self.state.contents.triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.clock() - trigger.created > TRIGGER_SECONDS:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(self, user: str, channel: str, message: Message | None = None) -> ResponseUrl:
        """A response_url; its address is ``hub.response_address(it)``."""
        made = ResponseUrl(
            secrets.token_urlsafe(18),
            user,
            channel,
            self.clock(),
            message_ts=message.ts if message else None,
            thread_ts=message.thread_ts if message else None,
            ephemeral=bool(message and message.ephemeral_to),
        )
        self.state.contents.response_urls[made.id] = made
        return made

    def response_address(self, made: ResponseUrl) -> str:
        """The address the app posts to."""
        return f"{self.base_url}response/{made.id}"


def _subscribes(name: str, event: Json) -> bool:
    kind = str(event["type"])
    place = str(event.get("channel_type"))
    suffix = {"channel": "channels", "group": "groups"}.get(place, place)
    return name == kind or (kind == "message" and name == f"message.{suffix}")
