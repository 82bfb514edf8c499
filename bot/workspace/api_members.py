"""conversations.*: who is in a channel, who comes and who goes."""

from __future__ import annotations

from .api_conversations import MANAGE, READ
from .args import Args, write_cursor
from .hub import Hub
from .method import Method
from .refusals import Refused
from .shapes import channel_json
from .state import Channel, Json

INVITE_MAX = 100


def enter(hub: Hub, channel: Channel, user: str, inviter: str | None = None) -> None:
    """Make somebody a member and say so."""
    channel.members.append(user)
    event: Json = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.is_private else "C",
        "team": hub.seed.team_id,
    }
    if inviter:
        event["inviter"] = inviter
    hub.emit_system(channel, user, "channel_join", f"<@{user}> has joined the channel")
    hub.emit(event, channel)


def go(hub: Hub, channel: Channel, user: str) -> None:
    """Take somebody out; the app hears it while it is still in."""
    event: Json = {
        "type": "member_left_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.is_private else "C",
        "team": hub.seed.team_id,
    }
    hub.emit(event, channel)
    channel.members.remove(user)


def invite(hub: Hub, args: Args) -> Json:
    """conversations.invite: all or none, with one error per person, unless ``force``."""
    channel = hub.channel(args.text("channel"))
    wanted = args.names("users")
    if not wanted:
        raise Refused("no_user")
    if len(wanted) > INVITE_MAX:
        raise Refused("too_many_users")
    if channel.archived:
        raise Refused("is_archived")
    if hub.bot not in channel.members:
        raise Refused("not_in_channel")
    errors = [{"user": user, "ok": False, "error": code} for user in wanted if (code := _why_not(hub, channel, user))]
    good = [user for user in wanted if not _why_not(hub, channel, user)]
    if errors and not (args.flag("force") and good):
        raise Refused(str(errors[0]["error"]), errors=errors)
    for user in good:
        enter(hub, channel, user, hub.bot)
    body: Json = {"channel": channel_json(hub.state, channel)}
    return body | {"errors": errors} if errors else body


def _why_not(hub: Hub, channel: Channel, user: str) -> str | None:
    if user == hub.bot:
        return "cant_invite_self"
    found = hub.state.contents.users.get(user)
    if found is None or found.deleted:
        return "user_not_found"
    return "already_in_channel" if user in channel.members else None


def join(hub: Hub, args: Args) -> Json:
    """conversations.join: public channels only."""
    channel = hub.channel(args.text("channel"))
    if channel.is_private:
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    body: Json = {}
    if hub.bot in channel.members:
        body = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        enter(hub, channel, hub.bot)
    return {"channel": channel_json(hub.state, channel)} | body


def kick(hub: Hub, args: Args) -> Json:
    """conversations.kick."""
    channel = hub.channel(args.text("channel"))
    user = args.text("user")
    if user == hub.bot:
        raise Refused("cant_kick_self")
    hub.user(user)
    if channel.name == "general":
        raise Refused("cant_kick_from_general")
    if channel.archived:
        raise Refused("is_archived")
    if hub.bot not in channel.members or user not in channel.members:
        raise Refused("not_in_channel")
    go(hub, channel, user)
    return {"errors": {}}


def leave(hub: Hub, args: Args) -> Json:
    """conversations.leave."""
    channel = hub.channel(args.text("channel"))
    if channel.name == "general":
        raise Refused("cant_leave_general")
    if channel.archived:
        raise Refused("is_archived")
    if hub.bot not in channel.members:
        return {"not_in_channel": True}
    go(hub, channel, hub.bot)
    return {}


def members(hub: Hub, args: Args) -> Json:
    """conversations.members."""
    channel = hub.channel(args.text("channel"))
    start, limit = args.page(100)
    page = channel.members[start : start + limit]
    return {"members": page, "response_metadata": write_cursor(start + limit, len(channel.members))}


def open_direct(hub: Hub, args: Args) -> Json:
    """conversations.open: the DM or group DM with these people."""
    if args.text("channel"):
        channel = hub.channel(args.text("channel"))
        return {"channel": channel_json(hub.state, channel) if args.flag("return_im") else {"id": channel.id}}
    wanted = args.names("users")
    if not wanted:
        raise Refused("users_list_not_supplied")
    if len(wanted) > 8:
        raise Refused("too_many_users")
    for name in wanted:
        if hub.user(name).deleted:
            raise Refused("user_disabled")
    known = set(hub.state.contents.channels)
    channel = hub.state.direct_channel([hub.bot, *wanted])
    body: Json = channel_json(hub.state, channel) if args.flag("return_im") else {"id": channel.id}
    already = {"no_op": True, "already_open": True} if channel.id in known else {}
    return {"channel": body} | already


METHODS = {
    "conversations.invite": Method(invite, MANAGE, "write"),
    "conversations.join": Method(join, ("channels:join",)),
    "conversations.kick": Method(kick, MANAGE, "write"),
    "conversations.leave": Method(leave, MANAGE, "write"),
    "conversations.members": Method(members, READ, "read"),
    "conversations.open": Method(open_direct, MANAGE),
}
