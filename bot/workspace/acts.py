"""What people do: talk, react, run commands, click, fill in forms. Asynchronous where the app must answer."""

from __future__ import annotations

from typing import Any

from .answers import show_answer
from .api_chat import remove_message, store_reply
from .api_marks import pin_it, react_with, unpin_it, unreact_with
from .api_members import enter, go
from .delivery import Courier
from .hub import Hub
from .payloads import global_shortcut, message_shortcut, slash_payload
from .refusals import Refused
from .replies import Reply
from .shapes import user_json, view_json
from .state import Channel, Json, Message, User
from .typed_text import typed


class Acts:
    """One method per thing a person can do in Slack."""

    def __init__(self, hub: Hub, courier: Courier) -> None:
        self.hub = hub
        self.courier = courier

    def _who(self, user: str) -> User:
        found = self.hub.user(user)
        if found.deleted:
            raise Refused("account_inactive")
        return found

    def _in(self, user: User, channel: str) -> Channel:
        place = self.hub.any_channel(channel)
        if user.id not in place.members:
            raise Refused("not_in_channel")
        return place

    def seen(self, message: str | Message | Json) -> tuple[Channel, Message]:
        """The message meant by a ts, a message or its JSON."""
        ts = message.ts if isinstance(message, Message) else message["ts"] if isinstance(message, dict) else message
        found = self.hub.state.message(str(ts))
        if found is None:
            raise Refused("message_not_found")
        return self.hub.state.contents.channels[found.channel], found

    # ------------------------------------------------------------------ messages

    def say(
        self, user: str, channel: str, text: str, thread_ts: str | None = None, files: list[str] | None = None
    ) -> Message:
        """Post a message; typed ``@names`` and ``#channels`` become mentions."""
        hub = self.hub
        with hub.state.lock:
            who = self._who(user)
            place = self._in(who, channel)
            if place.archived:
                raise Refused("is_archived")
            message = Message(
                hub.state.next_ts(),
                place.id,
                who.id,
                typed(hub, text),
                thread_ts=thread_ts,
                files=files or [],
                subtype="file_share" if files else None,
                extra={"client_msg_id": hub.state.new_id("m")},
            )
            store_reply(place, message)
            hub.emit_message(place, message)
        hub.state.changed()
        return message

    def edit_message(self, user: str, message: str | Message, text: str) -> Message:
        """Change one's own message."""
        hub = self.hub
        with hub.state.lock:
            place, found = self.seen(message)
            if found.user != self._who(user).id:
                raise Refused("cant_update_message")
            before = hub.json(found, metadata=True)
            found.text = typed(hub, text)
            found.edited = {"user": found.user, "ts": hub.state.next_ts()}
            hub.emit_changed(place, found, before)
        hub.state.changed()
        return found

    def delete_message(self, user: str, message: str | Message) -> None:
        """Delete a message; people may delete their own, admins any."""
        with self.hub.state.lock:
            place, found = self.seen(message)
            who = self._who(user)
            if found.ephemeral_to == who.id:
                del place.ephemerals[found.ts]
            elif found.user == who.id or who.is_admin:
                remove_message(self.hub, place, found)
            else:
                raise Refused("cant_delete_message")
        self.hub.state.changed()

    def react(self, user: str, message: str | Message, name: str) -> None:
        """Put an emoji on a message."""
        with self.hub.state.lock:
            place, found = self.seen(message)
            react_with(self.hub, place, found, self._who(user).id, name)
        self.hub.state.changed()

    def unreact(self, user: str, message: str | Message, name: str) -> None:
        """Take an emoji back."""
        with self.hub.state.lock:
            place, found = self.seen(message)
            unreact_with(self.hub, place, found, self._who(user).id, name)
        self.hub.state.changed()

    def pin(self, user: str, message: str | Message) -> None:
        """Pin a message."""
        with self.hub.state.lock:
            place, found = self.seen(message)
            pin_it(self.hub, place, found, self._who(user).id)
        self.hub.state.changed()

    def unpin(self, user: str, message: str | Message) -> None:
        """Unpin a message."""
        with self.hub.state.lock:
            place, found = self.seen(message)
            unpin_it(self.hub, place, found, self._who(user).id)
        self.hub.state.changed()

    # ------------------------------------------------------------------ people

    def add_user(self, user_id: str, name: str, **more: Any) -> User:
        """Somebody joins the workspace."""
        hub = self.hub
        with hub.state.lock:
            fields: Json = {"real_name": name.title(), "email": f"{name}@example.com", "tz": "UTC", **more}
            made = User(user_id, name, updated=int(hub.clock()), **fields)
            hub.state.contents.users[user_id] = made
            hub.emit({"type": "team_join", "user": user_json(hub.state, made)})
        hub.state.changed()
        return made

    def change_user(self, user_id: str, **changes: Any) -> User:
        """Somebody's profile changes, or with ``deleted=True`` their account ends."""
        hub = self.hub
        with hub.state.lock:
            found = hub.user(user_id)
            for name, value in changes.items():
                if not hasattr(found, name):
                    raise TypeError(f"a user has no {name}")
                setattr(found, name, value)
            found.updated = int(hub.clock())
            hub.emit({"type": "user_change", "user": user_json(hub.state, found)})
        hub.state.changed()
        return found

    # ------------------------------------------------------------------ places

    def join(self, user: str, channel: str) -> Channel:
        """Enter a public channel."""
        with self.hub.state.lock:
            place = self.hub.any_channel(channel)
            who = self._who(user)
            if who.id not in place.members:
                if place.is_private:
                    raise Refused("channel_not_found")
                enter(self.hub, place, who.id)
        self.hub.state.changed()
        return place

    def invite(self, user: str, channel: str, invited: str) -> Channel:
        """Bring somebody (the bot too) into a channel."""
        with self.hub.state.lock:
            who = self._who(user)
            place = self._in(who, channel)
            guest = self._who(invited)
            if guest.id not in place.members:
                enter(self.hub, place, guest.id, who.id)
        self.hub.state.changed()
        return place

    def leave(self, user: str, channel: str) -> None:
        """Leave a channel."""
        with self.hub.state.lock:
            who = self._who(user)
            go(self.hub, self._in(who, channel), who.id)
        self.hub.state.changed()

    def open_dm(self, user: str) -> Channel:
        """The person's DM with the bot."""
        with self.hub.state.lock:
            channel = self.hub.state.direct_channel([self.hub.bot, self._who(user).id])
        self.hub.state.changed()
        return channel

    def open_home(self, user: str) -> Json:
        """Open the app's Home tab; sends app_home_opened."""
        hub = self.hub
        with hub.state.lock:
            who = self._who(user)
            dm = hub.state.direct_channel([hub.bot, who.id])
            view = hub.state.contents.views.get(hub.state.contents.homes.get(who.id, ""))
            event: Json = {"type": "app_home_opened", "user": who.id, "channel": dm.id, "tab": "home"}
            if view is not None:
                event["view"] = view_json(hub.state, view)
            hub.emit(event)
        hub.state.changed()
        return event

    # ------------------------------------------------------------------ asking the app

    async def slash(self, user: str, channel: str, line: str) -> Reply:
        """Run a slash command as typed, such as ``/inc new fraud-scorer``."""
        hub = self.hub
        command, _, text = line.strip().partition(" ")
        if not command.startswith("/"):
            raise ValueError(f"a command starts with a slash: {line!r}")
        with hub.state.lock:
            who = self._who(user)
            place = self._in(who, channel)
            trigger_id = hub.new_trigger(who.id)
            response = hub.new_response_url(who.id, place.id)
            known = next((c for c in hub.seed.commands if c.command == command), None)
            escaped = known is None or known.should_escape
            sent = typed(hub, text.strip(), labels=True) if escaped else text.strip()
            address = hub.response_address(response)
            payload = slash_payload(hub, who, place, command, sent, trigger_id, address)
        delivery = await self.courier.ask("slash_commands", payload)
        reply = Reply(hub.state, delivery, trigger_id, response, address)
        show_answer(hub, reply, who.id, place, command)
        return reply

    async def shortcut(self, user: str, callback_id: str, message: str | Message | Json | None = None) -> Reply:
        """A global shortcut, or with ``message`` a message shortcut."""
        hub = self.hub
        with hub.state.lock:
            who = self._who(user)
            trigger_id = hub.new_trigger(who.id)
            reply = Reply(hub.state, None, trigger_id)
            if message is None:
                payload = global_shortcut(hub, who, callback_id, trigger_id)
            else:
                place, found = self.seen(message)
                reply.response = hub.new_response_url(who.id, place.id, found)
                # A message shortcut's response_url answers the person; it never replaces somebody's message.
                reply.response.message_ts = None
                reply.response_url = hub.response_address(reply.response)
                payload = message_shortcut(hub, who, callback_id, found, trigger_id, reply.response_url)
        reply.delivery = await self.courier.ask("interactive", payload)
        reply.failure = None if reply.ok else "the app did not respond"
        return reply
