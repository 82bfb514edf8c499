"""The workspace driven from Python: the same acts for tests and demos, blocking and thread-safe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .acts import Acts
from .delivery import Courier, Delivery
from .faults import Faults
from .forms import Forms
from .hub import Call, Hub
from .replies import Reply
from .state import Channel, Json, Message, State, User, View

T = TypeVar("T")
WAIT = 10.0


class Driving:
    """People's acts and what can be seen of their effect. Users may be ids or ``@names``, channels ids or names."""

    state: State
    hub: Hub
    courier: Courier
    faults: Faults
    acts: Acts
    forms: Forms

    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = self.courier.loop
        if loop is None:
            raise RuntimeError("the workspace is not running; call start() first")
        return loop

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop()).result(self.courier.ack_seconds + WAIT)

    # ------------------------------------------------------------------ messages

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Post a message as a person."""
        return self.acts.say(user, channel, text, thread_ts)

    def edit_message(self, user: str, message: str | Message, text: str) -> Message:
        """Edit one's own message."""
        return self.acts.edit_message(user, message, text)

    def delete_message(self, user: str, message: str | Message) -> None:
        """Delete a message."""
        self.acts.delete_message(user, message)

    def react(self, user: str, message: str | Message, name: str) -> None:
        """Add a reaction."""
        self.acts.react(user, message, name)

    def unreact(self, user: str, message: str | Message, name: str) -> None:
        """Remove a reaction."""
        self.acts.unreact(user, message, name)

    def pin(self, user: str, message: str | Message) -> None:
        """Pin a message."""
        self.acts.pin(user, message)

    def unpin(self, user: str, message: str | Message) -> None:
        """Unpin a message."""
        self.acts.unpin(user, message)

    # ------------------------------------------------------------------ people

    def add_user(self, user_id: str, name: str, **more: Any) -> User:
        """Somebody joins the workspace; ``more`` is ``real_name``, ``email``, ``tz``, ``is_admin`` …"""
        return self.acts.add_user(user_id, name, **more)

    def change_user(self, user_id: str, **changes: Any) -> User:
        """Somebody's profile changes, or with ``deleted=True`` their account ends."""
        return self.acts.change_user(user_id, **changes)

    # ------------------------------------------------------------------ places

    def join(self, user: str, channel: str) -> Channel:
        """Join a public channel."""
        return self.acts.join(user, channel)

    def invite(self, user: str, channel: str, invited: str) -> Channel:
        """Invite somebody, or the bot."""
        return self.acts.invite(user, channel, invited)

    def leave(self, user: str, channel: str) -> None:
        """Leave a channel."""
        self.acts.leave(user, channel)

    def open_dm(self, user: str) -> Channel:
        """The person's DM with the bot."""
        return self.acts.open_dm(user)

    def open_home(self, user: str) -> Json:
        """Open the Home tab; returns the event that was sent."""
        return self.acts.open_home(user)

    # ------------------------------------------------------------------ asking the app

    def slash(self, user: str, channel: str, line: str) -> Reply:
        """Run a slash command; returns after the acknowledgement (or its absence)."""
        return self._wait(self.acts.slash(user, channel, line))

    def shortcut(self, user: str, callback_id: str, message: str | Message | Json | None = None) -> Reply:
        """Use a global shortcut, or a message shortcut on ``message``."""
        return self._wait(self.acts.shortcut(user, callback_id, message))

    def click(self, user: str, target: str | Message | View | Json, action_id: str, value: Any = None) -> Reply:
        """Use an element of a message (or its ts) or of a view (or its id)."""
        return self._wait(self.forms.click(user, target, action_id, value))

    def submit_view(self, user: str, view: str | View | None = None, values: Json | None = None) -> Reply:
        """Fill in and submit a modal, by default the one on top."""
        return self._wait(self.forms.submit_view(user, view, values))

    def close_view(self, user: str, view: str | View | None = None, *, all_views: bool = False) -> None:
        """Cancel a modal, or with ``all_views`` its whole stack."""
        self._wait(self.forms.close_view(user, view, all_views=all_views))

    # ------------------------------------------------------------------ looking

    @property
    def calls(self) -> list[Call]:
        """Every Web API call so far, in order."""
        with self.state.lock:
            return list(self.hub.calls)

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything sent (or to be sent) to the app, in order."""
        with self.state.lock:
            return list(self.courier.deliveries)

    def channel(self, channel: str) -> Channel:
        """A channel by id or name, private ones too."""
        with self.state.lock:
            return self.hub.any_channel(channel)

    def history(self, channel: str) -> list[Message]:
        """Every message of a channel, replies too, oldest first; system lines left out."""
        with self.state.lock:
            messages = list(self.hub.any_channel(channel).messages.values())
        return [m for m in messages if not (m.subtype or "").startswith("channel_")]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The replies to a message, oldest first."""
        return [m for m in self.history(channel) if m.thread_ts == ts and m.ts != ts]

    def ephemerals(self, user: str, channel: str | None = None) -> list[Message]:
        """What only this person sees, oldest first."""
        with self.state.lock:
            who = self.hub.user(user).id
            places = [self.hub.any_channel(channel)] if channel else list(self.state.contents.channels.values())
            found = [m for place in places for m in place.ephemerals.values() if m.ephemeral_to == who]
        return sorted(found, key=lambda m: float(m.ts))

    def message(self, ts: str) -> Message | None:
        """A message or ephemeral by its ts."""
        with self.state.lock:
            return self.state.message(ts)

    def top_view(self, user: str) -> View | None:
        """The modal a person sees."""
        with self.state.lock:
            return self.forms.top_view(user)

    def home(self, user: str) -> View | None:
        """A person's Home tab."""
        with self.state.lock:
            return self.forms.home(user)

    def file_text(self, file_id: str) -> str | None:
        """The text of an uploaded file."""
        with self.state.lock:
            file = self.state.contents.files.get(file_id)
            return file.text if file else None

    # ------------------------------------------------------------------ waiting

    def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0, what: str = "") -> T:
        """Wait until ``predicate()`` is truthy and return its value; it is asked again after every change."""
        with self.state.changed_now:
            value = self.state.changed_now.wait_for(predicate, timeout)
        if not value:
            raise TimeoutError(f"waited {timeout} s in vain{f' for {what}' if what else ''}")
        return value

    def wait_until_quiet(self, timeout: float = 5.0) -> None:
        """Wait until nothing is on its way to the app (what faults hold back does not count)."""
        self.wait_for(lambda: not any(d.state == "pending" for d in self.courier.deliveries), timeout, "quiet")

    def verify_url(self) -> bool:
        """Send Slack's url_verification challenge to the HTTP address; True when it was answered."""
        return self._wait(self.courier.verify_url())

    def connections(self) -> int:
        """How many Socket Mode connections the app has open."""
        return self.courier.sockets.open_count

    def wait_for_app(self, count: int = 1, timeout: float = 10.0) -> None:
        """Wait until the app is connected over Socket Mode."""
        self.wait_for(lambda: self.connections() >= count, timeout, "a Socket Mode connection")

    def disconnect_sockets(self, reason: str = "refresh_requested") -> int:
        """Send ``disconnect`` to every connection, as Slack does before it closes one."""
        return self._wait(self.courier.sockets.disconnect(reason))

    def cut_sockets(self) -> int:
        """Close every connection without a word."""
        return self._wait(self.courier.sockets.cut())
