"""files.*: the external upload in three steps, and reading files back."""

from __future__ import annotations

import mimetypes

from .api_chat import check_message_blocks, store_reply
from .args import Args
from .hub import Hub
from .method import Method
from .refusals import Refused
from .shapes import file_json
from .state import Json, Message, StoredFile


def upload_url(hub: Hub, args: Args) -> Json:
    """files.getUploadURLExternal."""
    name = args.required("filename")
    length = args.number("length", 0)
    if length < 1:
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] bad length"]})
    file = StoredFile(hub.state.new_id("F"), name, length, hub.bot, int(hub.clock()))
    hub.state.contents.files[file.id] = file
    return {"file_id": file.id, "upload_url": f"{hub.base_url}upload/v1/{file.id}"}


def take_upload(hub: Hub, file_id: str, content: bytes) -> str:
    """The bytes posted to an upload URL; answers as files.slack.com does."""
    file = hub.state.contents.files.get(file_id)
    if file is None or file.uploaded:
        raise Refused("file_not_found")
    if len(content) != file.length:
        raise Refused("file_size_mismatch")
    file.content_hex = content.hex()
    guessed = mimetypes.guess_type(file.name)[0] or "text/plain"
    try:
        file.text = content.decode() if not guessed.startswith(("image/", "video/", "audio/")) else None
    except UnicodeDecodeError:
        file.text = None
    file.uploaded = True
    return f"OK - {len(content)}"


def complete_upload(hub: Hub, args: Args) -> Json:
    """files.completeUploadExternal: shares the files with one message per channel."""
    wanted = args.document("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(item, dict) for item in wanted):
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: files"]})
    files = [_uploaded(hub, item) for item in wanted]
    places = [hub.channel(c) for c in [*args.names("channels"), *args.names("channel_id")]]
    blocks = args.document("blocks", "invalid_blocks_format")
    check_message_blocks(blocks)
    for channel in places:
        if channel.archived:
            raise Refused("is_archived")
        if hub.bot not in channel.members:
            raise Refused("not_in_channel")
    for file, item in zip(files, wanted, strict=True):
        file.title = str(item.get("title") or file.name)
        file.complete = True
    for channel in places:
        message = Message(
            hub.state.next_ts(),
            channel.id,
            hub.bot,
            args.text("initial_comment"),
            blocks=blocks or [],
            bot_id=hub.seed.bot_id,
            thread_ts=args.text("thread_ts") or None,
            subtype="file_share",
            files=[file.id for file in files],
        )
        store_reply(channel, message)
        for file in files:
            file.shares.setdefault(channel.id, []).append(message.ts)
            shared = {
                "type": "file_shared",
                "channel_id": channel.id,
                "file_id": file.id,
                "user_id": hub.bot,
                "file": {"id": file.id},
            }
            hub.emit(shared, channel)
        hub.emit_message(channel, message)
    return {"files": [file_json(hub.state, file, hub.base_url) for file in files]}


def _uploaded(hub: Hub, item: Json) -> StoredFile:
    file = hub.state.contents.files.get(str(item["id"])) if "id" in item else None
    if file is None or not file.uploaded:
        raise Refused("file_not_found")
    if file.complete:
        raise Refused("file_update_failed")
    return file


def _complete(hub: Hub, args: Args) -> StoredFile:
    file = hub.state.contents.files.get(args.text("file"))
    if file is None or not file.complete:
        raise Refused("file_not_found")
    return file


def info(hub: Hub, args: Args) -> Json:
    """files.info."""
    file = _complete(hub, args)
    body: Json = {"file": file_json(hub.state, file, hub.base_url), "comments": []}
    if file.text is not None:
        body["content"] = file.text
    return body


def listing(hub: Hub, args: Args) -> Json:
    """files.list: newest first, by pages."""
    place = args.text("channel")
    found = [f for f in reversed(hub.state.contents.files.values()) if f.complete and (not place or place in f.shares)]
    size, page = args.number("count", 100) or 100, max(args.number("page", 1), 1)
    part = found[(page - 1) * size : page * size]
    paging = {"count": size, "total": len(found), "page": page, "pages": -(-len(found) // size)}
    return {"files": [file_json(hub.state, f, hub.base_url) for f in part], "paging": paging}


def delete(hub: Hub, args: Args) -> Json:
    """files.delete."""
    file = _complete(hub, args)
    if file.user != hub.bot:
        raise Refused("cant_delete_file")
    del hub.state.contents.files[file.id]
    return {}


METHODS = {
    "files.getUploadURLExternal": Method(upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",)),
    "files.info": Method(info, ("files:read",)),
    "files.list": Method(listing, ("files:read",)),
    "files.delete": Method(delete, ("files:write",)),
}
