"""What becomes of text somebody types: escaping, @names, #channels and links."""

from __future__ import annotations

import re

from .hub import Hub

_READY = re.compile(r"(<[@#!][^<>\s]*>|<https?://[^<>]*>)")
_MENTION = re.compile(r"(?<![\w@])@([a-z0-9][a-z0-9._-]*)", re.IGNORECASE)
_CHANNEL = re.compile(r"(?<![\w#&])#([a-z0-9][a-z0-9_-]*)", re.IGNORECASE)
_LINK = re.compile(r"(?<![<|\w])(https?://[^\s<>|]+)")


def escape(text: str) -> str:
    """Slack's three escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def typed(hub: Hub, text: str, *, labels: bool = False) -> str:
    """Text as Slack hands it on; what is already ``<@U…>`` and the like stays.

    With ``labels`` mentions carry their names (``<@U01|dana>``), as in an escaped slash command.
    """
    parts = _READY.split(text)
    return "".join(part if n % 2 else _resolve(hub, escape(part), labels) for n, part in enumerate(parts))


def _resolve(hub: Hub, text: str, labels: bool) -> str:
    text = _LINK.sub(r"<\1>", text)
    text = _MENTION.sub(lambda m: _mention(hub, m, labels), text)
    return _CHANNEL.sub(lambda m: _channel(hub, m, labels), text)


def _mention(hub: Hub, match: re.Match[str], labels: bool) -> str:
    name = match[1].lower()
    tail = ""
    while name and name[-1] in "._-" and not _known(hub, name):
        name, tail = name[:-1], name[-1] + tail
    if name in ("here", "channel", "everyone"):
        return f"<!{name}>{tail}"
    for user in hub.state.contents.users.values():
        if user.name.lower() == name and not user.deleted:
            return (f"<@{user.id}|{user.name}>" if labels else f"<@{user.id}>") + tail
    for group in hub.state.contents.usergroups.values():
        if group["handle"] == name:
            return f"<!subteam^{group['id']}|@{name}>{tail}"
    return match[0]


def _known(hub: Hub, name: str) -> bool:
    return any(user.name.lower() == name for user in hub.state.contents.users.values())


def _channel(hub: Hub, match: re.Match[str], labels: bool) -> str:
    for channel in hub.state.contents.channels.values():
        if channel.name and channel.name == match[1].lower():
            return f"<#{channel.id}|{channel.name}>" if labels else f"<#{channel.id}>"
    return match[0]
