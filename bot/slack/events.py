"""Events: pins, emoji, edits, deletions, mentions, App Home. Each is recorded once by its event id."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from structlog import get_logger

from bot.slack.alert_messages import read_alert
from bot.slack.calls import Call, Desk
from bot.slack.messenger import EVENT_TYPE
from bot.slack.stamps import at_of
from playbooks import errors
from playbooks.domain.routing import Router
from playbooks.domain.timeline import EventSource
from playbooks.messages import Home, Message
from playbooks.plays import capture, handoff, home
from playbooks.plays.house import actor_for
from playbooks.plays.receive import keep_raw, receive

log = get_logger(__name__)
Event = Mapping[str, Any]
Render = Callable[[Message], Mapping[str, Any]]


def handle(desk: Desk, client: WebClient, render: Render, event: Event, event_id: str) -> None:
    """One event of the Events API. Raises what the store raises, so that Slack delivers it again."""
    handler = _HANDLERS.get(str(event.get("type", "")))
    if handler is None:
        return
    try:
        handler(desk, client, render, event, event_id)
    except errors.Conflict as known:
        if known.code != "already_done":  # a repeat of what is recorded: answered, or Slack would repeat it again
            raise


def _call(desk: Desk, user: str, channel: str, event_id: str, source: EventSource, link: str = "") -> Call:
    return Call(user, channel, f"event:{event_id}", source, desk.zone_of(user), link)


def _known_channel(desk: Desk, channel: str) -> bool:
    with desk.house.store.read() as uow:
        return uow.incident_by_channel(channel) is not None


def _reaction(desk: Desk, client: WebClient, render: Render, event: Event, event_id: str) -> None:
    item = event.get("item", {})
    channel, ts = str(item.get("channel", "")), str(item.get("ts", ""))
    if event.get("reaction") not in desk.house.rules.reactions or not ts or not _known_channel(desk, channel):
        return
    user = str(event.get("user", ""))
    call = _call(desk, user, channel, event_id, EventSource.REACTION)
    if event["type"] == "reaction_removed":
        capture.remove_message(desk.house, desk.order(call), channel, ts, "reaction")
    else:
        _capture(desk, client, call, channel, ts, "reaction")


def _pin(desk: Desk, client: WebClient, render: Render, event: Event, event_id: str) -> None:
    item = event.get("item", {})
    channel = str(event.get("channel_id") or item.get("channel", ""))
    ts = str(item.get("message", {}).get("ts", "") or item.get("ts", ""))
    user = str(event.get("user", ""))
    if user == desk.self_user() or not ts or not _known_channel(desk, channel):
        return  # the card that Muster pins itself is no observation of a person
    call = _call(desk, user, channel, event_id, EventSource.PIN)
    if event["type"] == "pin_removed":
        capture.remove_message(desk.house, desk.order(call), channel, ts, "pin")
    else:
        _capture(desk, client, call, channel, ts, "pin")


def _capture(desk: Desk, client: WebClient, call: Call, channel: str, ts: str, way: str) -> None:
    found = read_message(client, channel, ts)
    if found is None:
        log.warning("message_not_readable", channel=channel, ts=ts, way=way)
        with desk.house.store.begin() as uow:
            text = f"I couldn't read the message {ts} to add it to the timeline; add a note instead."
            uow.notice(f"capture:{channel}:{ts}", text, now=desk.now())
        return
    author = actor_for(desk.house.registry(), str(found.get("user") or call.user))
    link = permalink(client, channel, ts)
    message = capture.Message(
        channel, ts, str(found.get("text", "")), author, at_of(ts), link, bool(found.get("files"))
    )
    capture.add_message(desk.house, desk.order(call), message, way)


def read_message(client: WebClient, channel: str, ts: str) -> Event | None:
    """The message of this ts, in the channel or in a thread; None when it cannot be read."""
    try:
        answer = client.conversations_history(channel=channel, oldest=ts, latest=ts, inclusive=True, limit=1)
        for message in answer.get("messages") or ():
            if message.get("ts") == ts:
                return dict(message)
        thread = client.conversations_replies(channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=1)
    except SlackApiError as error:
        log.warning("history_refused", channel=channel, error=error.response.get("error"))
        return None
    return next((dict(m) for m in thread.get("messages") or () if m.get("ts") == ts), None)


def permalink(client: WebClient, channel: str, ts: str) -> str:
    """A link to the message; empty when Slack gives none."""
    try:
        return str(client.chat_getPermalink(channel=channel, message_ts=ts).get("permalink") or "")
    except SlackApiError:
        return ""


def _message(desk: Desk, client: WebClient, render: Render, event: Event, event_id: str) -> None:
    """Alerts of other apps; edits and deletions of messages that stand in the timeline; everything else is not ours."""
    channel = str(event.get("channel", ""))
    if channel in desk.alert_channels:
        _alert(desk, channel, event)
    if event.get("subtype") == "message_changed":
        message = event.get("message", {})
        edited = str(message.get("edited", {}).get("ts", "") or event.get("ts", ""))
        user = str(message.get("user", "") or message.get("edited", {}).get("user", ""))
        call = _call(desk, user, channel, event_id, EventSource.MESSAGE)
        if message.get("edited") and user != desk.self_user():
            capture.message_edited(
                desk.house, desk.order(call), channel, str(message.get("ts", "")), str(message.get("text", "")), edited
            )
    elif event.get("subtype") == "message_deleted":
        user = str(event.get("previous_message", {}).get("user", ""))
        call = _call(desk, user, channel, event_id, EventSource.MESSAGE)
        capture.message_deleted(desk.house, desk.order(call), channel, str(event.get("deleted_ts", "")))


def _alert(desk: Desk, channel: str, event: Event) -> None:
    """A message of another app, new or changed; people's words and our own messages are none."""
    changed = event.get("subtype") == "message_changed"
    message = event.get("message", {}) if changed else event
    if event.get("subtype") not in (None, "bot_message", "message_changed") or not message.get("bot_id"):
        return
    own = desk.self_user()
    if (own and message.get("user") == own) or (message.get("metadata") or {}).get("event_type") == EVENT_TYPE:
        return
    edited = str(message.get("edited", {}).get("ts", "") or event.get("ts", "")) if changed else ""
    entry = desk.alert_channels[channel]
    try:
        alert = read_alert(entry, channel, message, edited=edited)
    except errors.InputError as error:
        keep_raw(desk.house, source=entry.source, body=json.dumps(message)[:100_000], why=error.sentence)
        return
    if alert is not None:
        receive(desk.house, Router(desk.house.registry()), [[alert]])
    elif not entry.apps:
        keep_raw(desk.house, source=entry.source, body=json.dumps(message)[:100_000], why="it has no words")


def _home(desk: Desk, client: WebClient, render: Render, event: Event, event_id: str) -> None:
    user = str(event.get("user", ""))
    if not user or event.get("tab", "home") != "home":
        return
    publish_home(desk, client, render, user)


def publish_home(desk: Desk, client: WebClient, render: Render, user: str) -> None:
    """Show somebody's Home tab as it is now. Raises Slack's errors."""
    view: Home = home.home_of(desk.house, actor_for(desk.house.registry(), user).id)
    client.views_publish(user_id=user, view={"type": "home", "blocks": render(view)["blocks"]})


def _left(desk: Desk, client: WebClient, render: Render, event: Event, event_id: str) -> None:
    """The lead left the incident's channel: asked to hand off."""
    channel, user = str(event.get("channel", "")), str(event.get("user", ""))
    if _known_channel(desk, channel):
        call = _call(desk, user, channel, event_id, EventSource.MESSAGE)
        handoff.lead_left(desk.house, desk.order(call), channel)


Handler = Callable[[Desk, WebClient, Render, Event, str], None]
_HANDLERS: Mapping[str, Handler] = {
    "reaction_added": _reaction,
    "reaction_removed": _reaction,
    "pin_added": _pin,
    "pin_removed": _pin,
    "message": _message,
    "app_home_opened": _home,
    "member_left_channel": _left,
}
