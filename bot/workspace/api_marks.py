"""pins.*, reactions.* and bookmarks.*: marks on messages and channels."""

from __future__ import annotations

import re

from .args import Args
from .hub import Hub
from .method import Method
from .refusals import Refused
from .state import Channel, Json, Message, Pin, Reaction


def _place(hub: Hub, args: Args, ts_name: str = "timestamp") -> tuple[Channel, Message]:
    channel = hub.channel(args.text("channel"))
    message = channel.messages.get(args.text(ts_name))
    if message is None:
        raise Refused("message_not_found")
    if hub.bot not in channel.members:
        raise Refused("not_in_channel")
    return channel, message


def _item(channel: Channel, message: Message) -> Json:
    return {"type": "message", "channel": channel.id, "ts": message.ts}


def pin_it(hub: Hub, channel: Channel, message: Message, user: str) -> None:
    """Pin for anybody."""
    if any(pin.ts == message.ts for pin in channel.pins):
        raise Refused("already_pinned")
    pin = Pin(message.ts, user, int(hub.clock()))
    channel.pins.append(pin)
    item: Json = {
        "type": "message",
        "channel": channel.id,
        "created": pin.created,
        "created_by": user,
        "message": hub.json(message),
    }
    hub.emit(
        {
            "type": "pin_added",
            "user": user,
            "channel_id": channel.id,
            "item": item,
            "item_user": message.user,
            "pin_count": str(len(channel.pins)),
        },
        channel,
    )


def unpin_it(hub: Hub, channel: Channel, message: Message, user: str) -> None:
    """Unpin for anybody."""
    pin = next((pin for pin in channel.pins if pin.ts == message.ts), None)
    if pin is None:
        raise Refused("no_pin")
    channel.pins.remove(pin)
    item: Json = {
        "type": "message",
        "channel": channel.id,
        "created": pin.created,
        "created_by": pin.user,
        "message": hub.json(message),
    }
    hub.emit(
        {
            "type": "pin_removed",
            "user": user,
            "channel_id": channel.id,
            "item": item,
            "item_user": message.user,
            "pin_count": str(len(channel.pins)),
            "has_pins": bool(channel.pins),
        },
        channel,
    )


def pins_add(hub: Hub, args: Args) -> Json:
    """pins.add."""
    channel, message = _place(hub, args)
    if channel.archived:
        raise Refused("is_archived")
    pin_it(hub, channel, message, hub.bot)
    return {}


def pins_remove(hub: Hub, args: Args) -> Json:
    """pins.remove."""
    channel, message = _place(hub, args)
    unpin_it(hub, channel, message, hub.bot)
    return {}


def pins_list(hub: Hub, args: Args) -> Json:
    """pins.list: newest first."""
    channel = hub.channel(args.text("channel"))
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "created": pin.created,
            "created_by": pin.user,
            "message": hub.json(channel.messages[pin.ts]),
        }
        for pin in reversed(channel.pins)
        if pin.ts in channel.messages
    ]
    return {"items": items}


def react_with(hub: Hub, channel: Channel, message: Message, user: str, name: str) -> None:
    """React for anybody."""
    name = name.strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise Refused("invalid_name")
    reaction = next((r for r in message.reactions if r.name == name), None)
    if reaction is None:
        reaction = Reaction(name, [])
        message.reactions.append(reaction)
    if user in reaction.users:
        raise Refused("already_reacted")
    reaction.users.append(user)
    _tell(hub, "reaction_added", channel, message, user, name)


def unreact_with(hub: Hub, channel: Channel, message: Message, user: str, name: str) -> None:
    """Take a reaction back for anybody."""
    name = name.strip(":")
    reaction = next((r for r in message.reactions if r.name == name and user in r.users), None)
    if reaction is None:
        raise Refused("no_reaction")
    reaction.users.remove(user)
    if not reaction.users:
        message.reactions.remove(reaction)
    _tell(hub, "reaction_removed", channel, message, user, name)


def _tell(hub: Hub, kind: str, channel: Channel, message: Message, user: str, name: str) -> None:
    event: Json = {
        "type": kind,
        "user": user,
        "reaction": name,
        "item_user": message.user,
        "item": _item(channel, message),
    }
    hub.emit(event, channel)


def reactions_add(hub: Hub, args: Args) -> Json:
    """reactions.add."""
    name = args.text("name")
    if not name:
        raise Refused("invalid_name")
    channel, message = _place(hub, args)
    if channel.archived:
        raise Refused("is_archived")
    react_with(hub, channel, message, hub.bot, name)
    return {}


def reactions_remove(hub: Hub, args: Args) -> Json:
    """reactions.remove."""
    channel, message = _place(hub, args)
    unreact_with(hub, channel, message, hub.bot, args.text("name"))
    return {}


def reactions_get(hub: Hub, args: Args) -> Json:
    """reactions.get."""
    channel, message = _place(hub, args)
    return {"type": "message", "channel": channel.id, "message": hub.json(message)}


def bookmarks_add(hub: Hub, args: Args) -> Json:
    """bookmarks.add: links only."""
    channel = hub.channel(args.text("channel_id"))
    if channel.archived:
        raise Refused("is_archived")
    if hub.bot not in channel.members:
        raise Refused("not_in_channel")
    title, link = args.required("title"), args.text("link")
    if args.text("type", "link") != "link":
        raise Refused("invalid_bookmark_type")
    if not re.match(r"https?://\S+$", link):
        raise Refused("invalid_link")
    now = int(hub.clock())
    made: Json = {
        "id": hub.state.new_id("Bk"),
        "channel_id": channel.id,
        "title": title,
        "link": link,
        "emoji": args.text("emoji") or None,
        "icon_url": None,
        "type": "link",
        "entity_id": args.text("entity_id") or None,
        "date_created": now,
        "date_updated": 0,
        "rank": str(len(channel.bookmarks)),
        "last_updated_by_user_id": hub.bot,
        "last_updated_by_team_id": hub.seed.team_id,
        "shortcut_id": None,
        "app_id": hub.seed.app_id,
    }
    channel.bookmarks.append(made)
    return {"bookmark": made}


def _bookmark(hub: Hub, args: Args) -> tuple[Channel, Json]:
    channel = hub.channel(args.text("channel_id"))
    for bookmark in channel.bookmarks:
        if bookmark["id"] == args.text("bookmark_id"):
            return channel, bookmark
    raise Refused("not_found")


def bookmarks_edit(hub: Hub, args: Args) -> Json:
    """bookmarks.edit."""
    _, bookmark = _bookmark(hub, args)
    for name in ("title", "link", "emoji"):
        if args.has(name):
            bookmark[name] = args.text(name)
    bookmark["date_updated"] = int(hub.clock())
    return {"bookmark": bookmark}


def bookmarks_remove(hub: Hub, args: Args) -> Json:
    """bookmarks.remove."""
    channel, bookmark = _bookmark(hub, args)
    channel.bookmarks.remove(bookmark)
    return {}


def bookmarks_list(hub: Hub, args: Args) -> Json:
    """bookmarks.list."""
    return {"bookmarks": list(hub.channel(args.text("channel_id")).bookmarks)}


METHODS = {
    "pins.add": Method(pins_add, ("pins:write",)),
    "pins.remove": Method(pins_remove, ("pins:write",)),
    "pins.list": Method(pins_list, ("pins:read",)),
    "reactions.add": Method(reactions_add, ("reactions:write",)),
    "reactions.remove": Method(reactions_remove, ("reactions:write",)),
    "reactions.get": Method(reactions_get, ("reactions:read",)),
    "bookmarks.add": Method(bookmarks_add, ("bookmarks:write",)),
    "bookmarks.edit": Method(bookmarks_edit, ("bookmarks:write",)),
    "bookmarks.remove": Method(bookmarks_remove, ("bookmarks:write",)),
    "bookmarks.list": Method(bookmarks_list, ("bookmarks:read",)),
}
