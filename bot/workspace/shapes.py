"""How Slack writes users, channels, messages, files and views as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .state import Channel, Json, Message, Note, State, StoredFile, User, View


def user_json(state: State, user: User, *, email: bool = True) -> Json:
    """A user as users.info and users.list give it."""
    offset = _offset(user.tz, state.clock())
    profile: Json = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "team": state.seed.team_id,
    }
    if email and user.email:
        profile["email"] = user.email
    body: Json = {
        "id": user.id,
        "team_id": state.seed.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": offset,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated,
    }
    if user.id == state.seed.bot_user_id:
        profile["api_app_id"] = state.seed.app_id
        profile["bot_id"] = state.seed.bot_id
    return body


def _offset(zone: str, now: float) -> int:
    try:
        moment = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return 0
    shift = moment.utcoffset()
    return int(shift.total_seconds()) if shift else 0


def _note(note: Note) -> Json:
    return {"value": note.value, "creator": note.creator, "last_set": note.last_set}


def channel_json(state: State, channel: Channel, *, members: bool = False) -> Json:
    """A conversation object."""
    bot = state.seed.bot_user_id
    body: Json = {
        "id": channel.id,
        "created": channel.created,
        "creator": channel.creator,
        "is_archived": channel.archived,
        "is_im": channel.is_im,
        "is_mpim": channel.is_mpim,
        "is_private": channel.is_private,
        "is_channel": not (channel.is_private or channel.is_im or channel.is_mpim),
        "is_group": channel.is_private and not channel.is_im,
        "is_general": channel.name == "general",
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "context_team_id": state.seed.team_id,
        "updated": channel.created * 1000,
    }
    if channel.is_im:
        body["user"] = next((m for m in channel.members if m != bot), bot)
        body["is_open"] = True
        return body
    body |= {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_member": bot in channel.members,
        "topic": _note(channel.topic),
        "purpose": _note(channel.purpose),
        "previous_names": channel.previous_names,
    }
    tabs = [{"id": f"Ct{n}", "label": "", "type": "canvas", "data": {"file_id": n}} for n in channel.tabs]
    if channel.canvas or tabs:
        own = {"file_id": channel.canvas, "is_empty": False, "quip_thread_id": ""}
        body["properties"] = {**({"canvas": own} if channel.canvas else {}), "tabs": tabs}
    if members:
        body["num_members"] = len(channel.members)
    return body


def file_json(state: State, file: StoredFile, base_url: str) -> Json:
    """A file object with its private URL."""
    if file.kind == "canvas":
        return _canvas_json(file, base_url)
    kind = file.name.rpartition(".")[2].lower() if "." in file.name else "text"
    size = len(file.content_hex) // 2
    public = {c: [{"ts": ts} for ts in all_ts] for c, all_ts in file.shares.items() if not _private(state, c)}
    private = {c: [{"ts": ts} for ts in all_ts] for c, all_ts in file.shares.items() if _private(state, c)}
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": "text/markdown"
        if kind == "md"
        else "text/plain"
        if kind in {"text", "txt"}
        else f"application/{kind}",
        "filetype": {"md": "markdown", "txt": "text"}.get(kind, kind),
        "user": file.user,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "is_public": bool(public),
        "url_private": f"{base_url}files-pri/{file.id}/{file.name}",
        "url_private_download": f"{base_url}files-pri/{file.id}/download/{file.name}",
        "permalink": f"{base_url}files/{file.user}/{file.id}/{file.name}",
        "channels": [c for c in public if c[:1] == "C"],
        "groups": [c for c in private if c[:1] in "CG"],
        "ims": [c for c in private if c[:1] == "D"],
        "shares": {k: v for k, v in (("public", public), ("private", private)) if v},
    }


def _canvas_json(file: StoredFile, base_url: str) -> Json:
    """A canvas is a file of its own kind; its content is not handed out as it was written."""
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": "canvas",
        "title": file.title,
        "mimetype": "application/vnd.slack-docs",
        "filetype": "quip",
        "user": file.user,
        "mode": "quip",
        "permalink": f"{base_url}docs/{file.id}",
        "channels": list(file.shares),
    }


def _private(state: State, channel: str) -> bool:
    found = state.contents.channels.get(channel)
    return found is None or found.is_private


def message_json(state: State, message: Message, base_url: str, *, metadata: bool = False) -> Json:
    """A message as history, events and interaction payloads carry it."""
    seed = state.seed
    body: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts, "team": seed.team_id}
    if message.subtype:
        body["subtype"] = message.subtype
    if message.bot_id:
        body |= {"bot_id": message.bot_id, "app_id": seed.app_id, "bot_profile": bot_profile(state)}
    for name in ("username", "edited", "thread_ts"):
        if value := getattr(message, name):
            body[name] = value
    if message.icon_emoji:
        body["icons"] = {"emoji": message.icon_emoji}
    if message.blocks:
        body["blocks"] = message.blocks
    if message.attachments:
        body["attachments"] = message.attachments
    if message.metadata and metadata:
        body["metadata"] = message.metadata
    if message.files:
        held = state.contents.files
        body["files"] = [file_json(state, held[f], base_url) for f in message.files if f in held]
        body["upload"] = False
    if message.reactions:
        body["reactions"] = [{"name": r.name, "users": list(r.users), "count": len(r.users)} for r in message.reactions]
    channel = state.contents.channels.get(message.channel)
    if channel is not None:
        body |= _thread_summary(channel, message)
        if any(pin.ts == message.ts for pin in channel.pins):
            body["pinned_to"] = [channel.id]
    return body | message.extra


def _thread_summary(channel: Channel, message: Message) -> Json:
    if message.thread_ts != message.ts:
        return {"parent_user_id": _parent_user(channel, message)} if message.thread_ts else {}
    replies = [m for m in channel.messages.values() if m.thread_ts == message.ts and m.ts != message.ts]
    if not replies:
        return {}
    who = list(dict.fromkeys(m.user for m in replies))
    return {
        "reply_count": len(replies),
        "reply_users_count": len(who),
        "reply_users": who[:5],
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": True,
    }


def _parent_user(channel: Channel, message: Message) -> str:
    parent = channel.messages.get(message.thread_ts or "")
    return parent.user if parent else ""


def bot_profile(state: State) -> Json:
    """The app's face on its messages."""
    seed = state.seed
    return {
        "id": seed.bot_id,
        "app_id": seed.app_id,
        "user_id": seed.bot_user_id,
        "name": seed.bot_name,
        "icons": {},
        "deleted": False,
        "updated": 0,
        "team_id": seed.team_id,
    }


def view_json(state: State, view: View) -> Json:
    """A view object."""
    seed = state.seed
    body: Json = {
        "id": view.id,
        "team_id": seed.team_id,
        "type": view.type,
        "blocks": view.body.get("blocks", []),
        "private_metadata": view.body.get("private_metadata", ""),
        "callback_id": view.body.get("callback_id", ""),
        "state": view.state,
        "hash": view.hash,
        "clear_on_close": bool(view.body.get("clear_on_close", False)),
        "notify_on_close": bool(view.body.get("notify_on_close", False)),
        "external_id": view.body.get("external_id", ""),
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "app_id": seed.app_id,
        "app_installed_team_id": seed.team_id,
        "bot_id": seed.bot_id,
    }
    nothing: dict[str, Any] = {"title": None, "submit": None, "close": None}
    for name in nothing:
        body[name] = view.body.get(name)
    return body
