"""canvases.* and conversations.canvases.create: Markdown documents in a channel, with the limits of Slack's plans."""

from __future__ import annotations

import re
from typing import Any

from .args import Args
from .hub import Hub
from .method import Method
from .refusals import Refused
from .state import Channel, Json, StoredFile

MOST = 1 << 20
CELLS = 300
_HEADING = re.compile(r"(#{1,3}) +(.*)")
_CELL = re.compile(r"(?<!\\)\|")
_RULER = re.compile(r"\|(?: *:?-{3,}:? *\|)+")


def _markdown(value: Any) -> str:
    if not isinstance(value, dict) or value.get("type") != "markdown" or not isinstance(value.get("markdown"), str):
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] bad document_content"]})
    text = str(value["markdown"])
    if len(text) > MOST or "<!--" in text or _largest_table(text) > CELLS:
        raise Refused("canvas_creation_failed", detail="the content cannot be shown")
    return text


def _largest_table(text: str) -> int:
    most = cells = 0
    for line in text.splitlines():
        cells = cells + len(_CELL.findall(line)) - 1 if line.startswith("|") and not _RULER.fullmatch(line) else 0
        most = max(most, cells)
    return most


def _allowed(hub: Hub) -> None:
    if hub.seed.plan == "none":
        raise Refused("canvas_disabled_user_team")


def _made(hub: Hub, channel: Channel | None, args: Args) -> StoredFile:
    text = _markdown(args.document("document_content", "invalid_arguments")) if args.has("document_content") else ""
    file = StoredFile(hub.state.new_id("F"), "canvas", len(text), hub.bot, int(hub.clock()))
    file.title, file.kind = args.text("title") or "Untitled", "canvas"
    _filled(file, text)
    if channel is not None:
        file.shares[channel.id] = []
    hub.state.contents.files[file.id] = file
    return file


def _filled(file: StoredFile, text: str) -> None:
    file.text, file.content_hex, file.uploaded, file.complete = text, text.encode().hex(), True, True


def create_own(hub: Hub, args: Args) -> Json:
    """conversations.canvases.create: one a channel."""
    _allowed(hub)
    channel = _channel(hub, args.required("channel_id"))
    if hub.seed.plan == "free":
        raise Refused("team_tier_cannot_create_channel_canvases")
    if channel.canvas:
        raise Refused("channel_canvas_already_exists")
    file = _made(hub, channel, args)
    channel.canvas = file.id
    return {"canvas_id": file.id}


def create(hub: Hub, args: Args) -> Json:
    """canvases.create: in a tab of a channel, or of its own."""
    _allowed(hub)
    channel = _channel(hub, args.text("channel_id")) if args.text("channel_id") else None
    if hub.seed.plan == "free" and channel is None:
        raise Refused("free_teams_cannot_create_non_tabbed_canvases")
    if hub.seed.plan == "free" and channel is not None and channel.tabs:
        raise Refused("free_team_canvas_tab_already_exists")
    file = _made(hub, channel, args)
    if channel is not None:
        channel.tabs.append(file.id)
    return {"canvas_id": file.id}


def _channel(hub: Hub, name: str) -> Channel:
    channel = hub.channel(name)
    if hub.bot not in channel.members:
        raise Refused("channel_not_found")
    return channel


def _canvas(hub: Hub, args: Args) -> StoredFile:
    file = hub.state.contents.files.get(args.required("canvas_id"))
    if file is None or file.kind != "canvas":
        raise Refused("canvas_not_found")
    return file


def edit(hub: Hub, args: Args) -> Json:
    """canvases.edit: one operation a call; only whole replacements are known here."""
    _allowed(hub)
    file = _canvas(hub, args)
    changes = args.document("changes", "invalid_arguments")
    if not isinstance(changes, list) or len(changes) != 1 or changes[0].get("operation") != "replace":
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] one operation, replace"]})
    if hub.seed.plan == "free":
        raise Refused("free_teams_cannot_edit_standalone_canvases")
    _filled(file, _markdown(changes[0].get("document_content")))
    return {}


def delete(hub: Hub, args: Args) -> Json:
    """canvases.delete."""
    file = _canvas(hub, args)
    del hub.state.contents.files[file.id]
    for channel in hub.state.contents.channels.values():
        channel.tabs = [each for each in channel.tabs if each != file.id]
        channel.canvas = "" if channel.canvas == file.id else channel.canvas
    return {}


def lookup(hub: Hub, args: Args) -> Json:
    """canvases.sections.lookup: blocks of lines that hold a text, with any or certain headings."""
    file = _canvas(hub, args)
    criteria = args.document("criteria", "invalid_arguments")
    if not isinstance(criteria, dict) or not (criteria.get("contains_text") or criteria.get("section_types")):
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] bad criteria"]})
    wanted, kinds = str(criteria.get("contains_text") or ""), criteria.get("section_types") or []
    found = []
    for number, block in enumerate(re.split(r"\n\s*\n", file.text or "")):
        heading = _HEADING.match(block)
        fits = not kinds or (heading is not None and ("any_header" in kinds or f"h{len(heading[1])}" in kinds))
        if fits and wanted in block:
            found.append({"id": f"temp:C:{file.id}{number:04d}"})
    return {"sections": found}


METHODS = {
    "canvases.create": Method(create, ("canvases:write",)),
    "canvases.edit": Method(edit, ("canvases:write",)),
    "canvases.delete": Method(delete, ("canvases:write",)),
    "canvases.sections.lookup": Method(lookup, ("canvases:read",)),
    "conversations.canvases.create": Method(create_own, ("canvases:write",)),
}
