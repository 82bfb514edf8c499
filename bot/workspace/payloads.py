"""The bodies Slack sends for commands, clicks, submissions and shortcuts."""

from __future__ import annotations

from .elements import every_element, initial_value
from .hub import Hub
from .shapes import view_json
from .state import Channel, Json, Message, User, View


def _person(hub: Hub, user: User) -> Json:
    return {"id": user.id, "username": user.name, "name": user.name, "team_id": hub.seed.team_id}


def _frame(hub: Hub, kind: str, user: User, trigger_id: str) -> Json:
    seed = hub.seed
    return {
        "type": kind,
        "user": _person(hub, user),
        "api_app_id": seed.app_id,
        "token": "local",
        "trigger_id": trigger_id,
        "team": {"id": seed.team_id, "domain": seed.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def channel_name(channel: Channel) -> str:
    """``directmessage`` for DMs and ``privategroup`` for private channels, as Slack writes."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def slash_payload(
    hub: Hub, user: User, channel: Channel, command: str, text: str, trigger_id: str, address: str
) -> Json:
    """A slash command's form."""
    seed = hub.seed
    return {
        "token": "local",
        "team_id": seed.team_id,
        "team_domain": seed.team_domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": seed.app_id,
        "is_enterprise_install": "false",
        "response_url": address,
        "trigger_id": trigger_id,
    }


def click_in_message(
    hub: Hub, user: User, message: Message, action: Json, values: Json, trigger_id: str, address: str
) -> Json:
    """block_actions from a message or an ephemeral."""
    channel = hub.state.contents.channels[message.channel]
    body = _frame(hub, "block_actions", user, trigger_id)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": bool(message.ephemeral_to),
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    body |= {
        "container": container,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": values},
        "response_url": address,
        "actions": [action],
    }
    if not message.ephemeral_to:
        body["message"] = hub.json(message, metadata=True)
    return body


def message_values(blocks: list[Json], picked: Json) -> Json:
    """``state.values``: every menu and picker of a message, as one person sees them now."""
    values: Json = {}
    for block, element in every_element(blocks):
        if element["type"] not in ("button", "overflow", "workflow_button"):
            held = picked.get(block["block_id"], {}).get(element["action_id"]) or initial_value(element)
            values.setdefault(block["block_id"], {})[element["action_id"]] = held
    return values


def click_in_view(hub: Hub, user: User, view: View, action: Json, trigger_id: str) -> Json:
    """block_actions from a modal or the Home tab."""
    body = _frame(hub, "block_actions", user, trigger_id)
    return body | {
        "container": {"type": "view", "view_id": view.id},
        "view": view_json(hub.state, view),
        "actions": [action],
    }


def submission(hub: Hub, user: User, view: View, trigger_id: str) -> Json:
    """view_submission."""
    body = _frame(hub, "view_submission", user, trigger_id)
    return body | {"view": view_json(hub.state, view), "response_urls": []}


def closing(hub: Hub, user: User, view: View, cleared: bool) -> Json:
    """view_closed."""
    body = _frame(hub, "view_closed", user, "")
    del body["trigger_id"]
    return body | {"view": view_json(hub.state, view), "is_cleared": cleared}


def global_shortcut(hub: Hub, user: User, callback_id: str, trigger_id: str) -> Json:
    """A shortcut from the composer's menu."""
    return _frame(hub, "shortcut", user, trigger_id) | {"callback_id": callback_id, "action_ts": hub.state.next_ts()}


def message_shortcut(hub: Hub, user: User, callback_id: str, message: Message, trigger_id: str, address: str) -> Json:
    """A shortcut from a message's menu."""
    channel = hub.state.contents.channels[message.channel]
    return _frame(hub, "message_action", user, trigger_id) | {
        "callback_id": callback_id,
        "action_ts": hub.state.next_ts(),
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message": hub.json(message, metadata=True),
        "response_url": address,
    }
