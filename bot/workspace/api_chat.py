"""chat.*: posting, editing, deleting, ephemerals and permalinks."""

from __future__ import annotations

import json
from typing import Any

from .args import Args
from .blockkit import check_blocks
from .elements import fill_ids
from .hub import Hub
from .method import Method
from .refusals import BadBlocks, Refused
from .state import Channel, Json, Message

TEXT_LIMIT = 40_000
ATTACHMENTS = 100
BLOCKS_TEXT = 13_200  # reported by several clients as the sum over one message; Slack gives no number
METADATA_BYTES = 8_000  # "metadata_too_large" is documented, its size is not; this is far above what a bot needs


def read_content(args: Args) -> Json:
    """Text, blocks, attachments and metadata of a message, checked as Slack checks them."""
    blocks = args.document("blocks", "invalid_blocks_format")
    attachments = args.document("attachments", "invalid_attachments") or []
    text = args.text("text") or args.text("markdown_text")
    if args.has("markdown_text"):
        _check_markdown(args)
    check_message_blocks(blocks)
    if not isinstance(attachments, list):
        raise Refused("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise Refused("too_many_attachments")
    for n, attachment in enumerate(attachments):
        check_message_blocks(attachment.get("blocks"), f"/attachments/{n}/blocks")
    if not text.strip() and not blocks and not attachments:
        raise Refused("no_text")
    for holder in ({"blocks": blocks}, *attachments):
        fill_ids(holder)
    return {
        "text": text[:TEXT_LIMIT],
        "blocks": blocks or [],
        "attachments": attachments,
        "metadata": _read_metadata(args),
    }


def _check_markdown(args: Args) -> None:
    if args.has("text") or args.has("blocks"):
        raise Refused("markdown_text_conflict")
    if len(args.text("markdown_text")) > 12_000:
        raise Refused("msg_too_long")


def check_message_blocks(blocks: Any, where: str = "/blocks") -> None:
    """Refuse what Slack would refuse in a message."""
    if blocks is None:
        return
    messages = check_blocks(blocks, "message", where)
    if messages:
        raise BadBlocks("invalid_blocks", messages)
    if sum(_text_size(block) for block in blocks) > BLOCKS_TEXT:
        raise Refused("msg_blocks_too_long")


def _text_size(node: Any) -> int:
    if isinstance(node, dict):
        own = len(node["text"]) if isinstance(node.get("text"), str) else 0
        return own + sum(_text_size(value) for value in node.values())
    return sum(_text_size(item) for item in node) if isinstance(node, list) else 0


def _read_metadata(args: Args) -> Json | None:
    metadata = args.document("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    good = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and metadata["event_type"]
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not good:
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(metadata).encode()) > METADATA_BYTES:
        raise Refused("metadata_too_large")
    return dict(metadata)


def _target(hub: Hub, args: Args) -> Channel:
    wanted = args.text("channel")
    if not wanted:
        raise Refused("channel_not_found")
    if wanted in hub.state.contents.users:
        if hub.state.contents.users[wanted].deleted or wanted == hub.bot:
            raise Refused("channel_not_found")
        return hub.state.direct_channel([hub.bot, wanted])
    return hub.channel(wanted)


def _may_post(hub: Hub, channel: Channel) -> None:
    if channel.archived:
        raise Refused("is_archived")
    if hub.bot not in channel.members and "chat:write.public" not in hub.seed.bot_scopes:
        raise Refused("not_in_channel")


def new_bot_message(hub: Hub, channel: Channel, content: Json, thread_ts: str | None = None) -> Message:
    """Store a message of the bot and tell the app, as Slack does, about its own message too."""
    message = Message(
        hub.state.next_ts(), channel.id, hub.bot, bot_id=hub.seed.bot_id, thread_ts=thread_ts or None, **content
    )
    store_reply(channel, message)
    hub.emit_message(channel, message)
    return message


def store_reply(channel: Channel, message: Message) -> None:
    """Put a message in its channel; a first reply makes its parent a thread."""
    parent = channel.messages.get(message.thread_ts or "")
    if message.thread_ts and parent is None:
        raise Refused("thread_not_found")
    if parent is not None:
        # A reply to a reply joins the thread the reply is in.
        message.thread_ts = parent.thread_ts or parent.ts
        channel.messages[message.thread_ts].thread_ts = message.thread_ts
    channel.messages[message.ts] = message


def post_message(hub: Hub, args: Args) -> Json:
    """chat.postMessage."""
    channel = _target(hub, args)
    _may_post(hub, channel)
    content = read_content(args)
    for name in ("username", "icon_emoji"):
        if args.text(name) and "chat:write.customize" in hub.seed.bot_scopes:
            content[name] = args.text(name)
    if args.flag("reply_broadcast") and args.text("thread_ts"):
        content["subtype"] = "thread_broadcast"
    message = new_bot_message(hub, channel, content, args.text("thread_ts"))
    return {"channel": channel.id, "ts": message.ts, "message": hub.json(message, metadata=True)}


def post_ephemeral(hub: Hub, args: Args) -> Json:
    """chat.postEphemeral: kept apart, seen by one person, in no history."""
    channel = hub.channel(args.text("channel"))
    if channel.archived:
        raise Refused("is_archived")
    user = hub.user(args.text("user"), "user_not_found")
    if user.id not in channel.members:
        raise Refused("user_not_in_channel")
    if hub.bot not in channel.members and (channel.is_private or "chat:write.public" not in hub.seed.bot_scopes):
        raise Refused("not_in_channel")
    content = read_content(args)
    message = new_ephemeral(hub, channel, user.id, content, args.text("thread_ts"))
    return {"message_ts": message.ts}


def new_ephemeral(hub: Hub, channel: Channel, user: str, content: Json, thread_ts: str | None = None) -> Message:
    """Store a message only one person sees."""
    message = Message(
        hub.state.next_ts(),
        channel.id,
        hub.bot,
        bot_id=hub.seed.bot_id,
        ephemeral_to=user,
        thread_ts=thread_ts or None,
        **content,
    )
    channel.ephemerals[message.ts] = message
    return message


def _own_message(hub: Hub, args: Args, refusal: str) -> tuple[Channel, Message]:
    channel = hub.channel(args.text("channel"))
    message = channel.messages.get(args.text("ts"))
    if message is None:
        raise Refused("message_not_found")
    if message.user != hub.bot or message.subtype in {"channel_topic", "channel_purpose", "channel_join"}:
        raise Refused(refusal)
    return channel, message


def update(hub: Hub, args: Args) -> Json:
    """chat.update: what is not given stays, except that text without blocks drops the old blocks."""
    channel, message = _own_message(hub, args, "cant_update_message")
    if channel.archived:
        raise Refused("is_archived")
    content = read_content(args)
    apply_edit(hub, channel, message, content, args)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": hub.json(message, metadata=True),
    }


def apply_edit(hub: Hub, channel: Channel, message: Message, content: Json, args: Args) -> None:
    """Change a message in place and send ``message_changed``."""
    before = hub.json(message, metadata=True)
    message.text = content["text"]
    # Slack keeps the blocks only where neither blocks nor text are given; text alone takes their place.
    if args.has("blocks") or content["text"]:
        message.blocks = content["blocks"]
    message.attachments = content["attachments"] if args.has("attachments") else message.attachments
    message.metadata = content["metadata"] if args.has("metadata") else message.metadata
    message.edited = {"user": hub.bot, "ts": hub.state.next_ts()}
    hub.emit_changed(channel, message, before)


def delete(hub: Hub, args: Args) -> Json:
    """chat.delete."""
    channel, message = _own_message(hub, args, "cant_delete_message")
    remove_message(hub, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def remove_message(hub: Hub, channel: Channel, message: Message) -> None:
    """Take a message away, its pin too, and send ``message_deleted``."""
    before = hub.json(message, metadata=True)
    del channel.messages[message.ts]
    channel.pins = [pin for pin in channel.pins if pin.ts != message.ts]
    event: Json = {
        "type": "message",
        "subtype": "message_deleted",
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.kind,
        "ts": hub.state.next_ts(),
        "deleted_ts": message.ts,
        "previous_message": before,
    }
    hub.emit(event, channel)


def permalink(hub: Hub, args: Args) -> Json:
    """chat.getPermalink."""
    channel = hub.channel(args.text("channel"))
    message = channel.messages.get(args.text("message_ts"))
    if message is None:
        raise Refused("message_not_found")
    link = f"{hub.base_url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",)),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.getPermalink": Method(permalink, ()),
}
