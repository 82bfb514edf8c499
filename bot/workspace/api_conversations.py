"""conversations.*: making, reading and changing channels."""

from __future__ import annotations

import re

from .args import Args, write_cursor
from .hub import Hub
from .method import Method
from .refusals import Refused
from .shapes import channel_json
from .state import Channel, Json, Message, Note

NAME_MAX = 80
NOTE_MAX = 250
READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
MANAGE = ("channels:manage", "groups:write", "im:write", "mpim:write")


def check_name(hub: Hub, name: str, own: Channel | None = None) -> str:
    """A channel name as Slack takes it; archived names stay taken."""
    if not name:
        raise Refused("invalid_name_required")
    if len(name) > NAME_MAX:
        raise Refused("invalid_name_maxlength")
    if re.search(r"[^a-z0-9_-]", name):
        raise Refused("invalid_name_specials")
    if not re.search(r"[a-z0-9]", name):
        raise Refused("invalid_name_punctuation")
    if any(c.name == name and c is not own for c in hub.state.contents.channels.values()):
        raise Refused("name_taken")
    return name


def create(hub: Hub, args: Args) -> Json:
    """conversations.create: the bot becomes the first member."""
    private = args.flag("is_private")
    needed = "groups:write" if private else "channels:manage"
    if needed not in hub.seed.bot_scopes:
        raise Refused("missing_scope", needed=needed, provided=",".join(hub.seed.bot_scopes))
    name = check_name(hub, args.text("name"))
    channel = Channel(hub.state.new_id("C"), name, hub.bot, int(hub.clock()), members=[hub.bot], is_private=private)
    hub.state.contents.channels[channel.id] = channel
    if not private:
        about = {"id": channel.id, "name": name, "created": channel.created, "creator": hub.bot}
        hub.emit({"type": "channel_created", "channel": about})
    return {"channel": channel_json(hub.state, channel)}


def info(hub: Hub, args: Args) -> Json:
    """conversations.info."""
    channel = hub.channel(args.text("channel"))
    return {"channel": channel_json(hub.state, channel, members=args.flag("include_num_members"))}


def listing(hub: Hub, args: Args) -> Json:
    """conversations.list: public channels by default, private ones only where the bot is in."""
    kinds = {"public_channel": "channel", "private_channel": "group", "mpim": "mpim", "im": "im"}
    asked = args.names("types") or ["public_channel"]
    if any(kind not in kinds for kind in asked):
        raise Refused("invalid_types")
    wanted = {kinds[kind] for kind in asked}
    found = [
        c
        for c in hub.state.contents.channels.values()
        if c.kind in wanted
        and (not c.is_private or hub.bot in c.members)
        and not (args.flag("exclude_archived") and c.archived)
    ]
    start, limit = args.page(100)
    page = found[start : start + limit]
    return {
        "channels": [channel_json(hub.state, c, members=True) for c in page],
        "response_metadata": write_cursor(start + limit, len(found)),
    }


def _bounded(messages: list[Message], args: Args) -> list[Message]:
    oldest, latest = args.text("oldest"), args.text("latest")
    both = args.flag("inclusive")

    def inside(message: Message) -> bool:
        ts = float(message.ts)
        after = not oldest or ts > float(oldest) or (both and ts == float(oldest))
        before = not latest or ts < float(latest) or (both and ts == float(latest))
        return after and before

    try:
        return [message for message in messages if inside(message)]
    except ValueError:
        raise Refused("invalid_ts_latest" if latest else "invalid_ts_oldest") from None


def _readable(hub: Hub, args: Args) -> Channel:
    channel = hub.channel(args.text("channel"))
    # A bot token reads only where the bot is a member.
    if hub.bot not in channel.members:
        raise Refused("not_in_channel")
    return channel


def history(hub: Hub, args: Args) -> Json:
    """conversations.history: newest first, replies left out unless broadcast."""
    channel = _readable(hub, args)
    seen = [
        m
        for m in channel.messages.values()
        if not m.thread_ts or m.thread_ts == m.ts or m.subtype == "thread_broadcast"
    ]
    found = sorted(_bounded(seen, args), key=lambda m: float(m.ts), reverse=True)
    start, limit = args.page(100, 999)
    page = found[start : start + limit]
    body: Json = {
        "messages": [hub.json(m, metadata=args.flag("include_all_metadata")) for m in page],
        "has_more": start + limit < len(found),
        "pin_count": len(channel.pins),
    }
    if body["has_more"]:
        body["response_metadata"] = write_cursor(start + limit, len(found))
    return body


def replies(hub: Hub, args: Args) -> Json:
    """conversations.replies: the parent first, then its replies, oldest first."""
    channel = _readable(hub, args)
    asked = channel.messages.get(args.text("ts"))
    if asked is None:
        raise Refused("thread_not_found")
    root = asked.thread_ts or asked.ts
    parent = channel.messages[root]
    rest = _bounded([m for m in channel.messages.values() if m.thread_ts == root and m.ts != root], args)
    found = [parent, *rest]
    start, limit = args.page(1000)
    page = found[start : start + limit]
    more = start + limit < len(found)
    body: Json = {
        "messages": [hub.json(m, metadata=args.flag("include_all_metadata")) for m in page],
        "has_more": more,
    }
    if more:
        body["response_metadata"] = write_cursor(start + limit, len(found))
    return body


def set_archived(hub: Hub, args: Args, archived: bool) -> Json:
    """conversations.archive and unarchive."""
    channel = hub.channel(args.text("channel"))
    if channel.is_im or channel.is_mpim:
        raise Refused("method_not_supported_for_channel_type")
    if channel.name == "general" and archived:
        raise Refused("cant_archive_general")
    if channel.archived == archived:
        raise Refused("already_archived" if archived else "not_archived")
    if hub.bot not in channel.members and archived:
        raise Refused("not_in_channel")
    channel.archived = archived
    word = "archive" if archived else "unarchive"
    kind = "group" if channel.is_private else "channel"
    hub.emit({"type": f"{kind}_{word}", "channel": channel.id, "user": hub.bot}, channel)
    return {}


def archive(hub: Hub, args: Args) -> Json:
    """conversations.archive."""
    return set_archived(hub, args, True)


def unarchive(hub: Hub, args: Args) -> Json:
    """conversations.unarchive."""
    return set_archived(hub, args, False)


def rename(hub: Hub, args: Args) -> Json:
    """conversations.rename."""
    channel = _changeable(hub, args)
    name = check_name(hub, args.text("name"), channel)
    channel.previous_names = [channel.name, *channel.previous_names]
    channel.name = name
    kind = "group" if channel.is_private else "channel"
    hub.emit(
        {"type": f"{kind}_rename", "channel": {"id": channel.id, "name": name, "created": channel.created}}, channel
    )
    return {"channel": channel_json(hub.state, channel)}


def _changeable(hub: Hub, args: Args) -> Channel:
    channel = hub.channel(args.text("channel"))
    if channel.archived:
        raise Refused("is_archived")
    if hub.bot not in channel.members:
        raise Refused("not_in_channel")
    if channel.is_im:
        raise Refused("method_not_supported_for_channel_type")
    return channel


def _set_note(hub: Hub, args: Args, word: str) -> Json:
    channel = _changeable(hub, args)
    value = args.text(word)
    if len(value) > NOTE_MAX:
        raise Refused("too_long")
    note = Note(value, hub.bot, int(hub.clock()))
    if word == "topic":
        channel.topic = note
    else:
        channel.purpose = note
    hub.emit_system(channel, hub.bot, f"channel_{word}", f"set the channel {word}: {value}", **{word: value})
    return {"channel": channel_json(hub.state, channel), word: value}


def set_topic(hub: Hub, args: Args) -> Json:
    """conversations.setTopic."""
    return _set_note(hub, args, "topic")


def set_purpose(hub: Hub, args: Args) -> Json:
    """conversations.setPurpose."""
    return _set_note(hub, args, "purpose")


METHODS = {
    "conversations.create": Method(create, MANAGE),
    "conversations.info": Method(info, READ, "read"),
    "conversations.list": Method(listing, READ),
    "conversations.history": Method(history, HISTORY, "history"),
    "conversations.replies": Method(replies, HISTORY, "history"),
    "conversations.archive": Method(archive, MANAGE, "write"),
    "conversations.unarchive": Method(unarchive, MANAGE, "write"),
    "conversations.rename": Method(rename, MANAGE, "write"),
    "conversations.setTopic": Method(set_topic, MANAGE, "write"),
    "conversations.setPurpose": Method(set_purpose, MANAGE, "write"),
}
