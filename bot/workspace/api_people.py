"""users.*, usergroups.*, team.*, bots.*, emoji.* and the tests of a connection."""

from __future__ import annotations

from .args import Args, write_cursor
from .hub import Hub
from .method import Method
from .refusals import Refused
from .shapes import bot_profile, channel_json, user_json
from .state import Json, User


def auth_test(hub: Hub, args: Args) -> Json:
    """auth.test."""
    seed = hub.seed
    return {
        "url": hub.base_url,
        "team": seed.team_name,
        "user": seed.bot_name,
        "team_id": seed.team_id,
        "user_id": seed.bot_user_id,
        "bot_id": seed.bot_id,
        "is_enterprise_install": False,
    }


def api_test(hub: Hub, args: Args) -> Json:
    """api.test: echoes, and fails when asked to."""
    if args.text("error"):
        raise Refused(args.text("error"), args=args.raw)
    return {"args": args.raw}


def _shown(hub: Hub, user: User) -> Json:
    return user_json(hub.state, user, email="users:read.email" in hub.seed.bot_scopes)


def user_info(hub: Hub, args: Args) -> Json:
    """users.info."""
    found = hub.state.contents.users.get(args.text("user"))
    if found is None:
        raise Refused("user_not_found")
    return {"user": _shown(hub, found)}


def user_list(hub: Hub, args: Args) -> Json:
    """users.list: the deactivated too."""
    everyone = list(hub.state.contents.users.values())
    start, limit = args.page(1000)
    page = everyone[start : start + limit]
    return {
        "members": [_shown(hub, user) for user in page],
        "cache_ts": int(hub.clock()),
        "response_metadata": write_cursor(start + limit, len(everyone)),
    }


def lookup_by_email(hub: Hub, args: Args) -> Json:
    """users.lookupByEmail: the deactivated are not found."""
    email = args.required("email").lower()
    for user in hub.state.contents.users.values():
        if user.email.lower() == email and not user.deleted:
            return {"user": _shown(hub, user)}
    raise Refused("users_not_found")


def user_conversations(hub: Hub, args: Args) -> Json:
    """users.conversations: where a user (or the bot) is a member."""
    user = args.text("user") or hub.bot
    hub.user(user)
    kinds = {"public_channel": "channel", "private_channel": "group", "mpim": "mpim", "im": "im"}
    wanted = {kinds[k] for k in (args.names("types") or ["public_channel"]) if k in kinds}
    found = [
        c
        for c in hub.state.contents.channels.values()
        if user in c.members
        and c.kind in wanted
        and (not c.is_private or hub.bot in c.members)
        and not (args.flag("exclude_archived") and c.archived)
    ]
    start, limit = args.page(100, 999)
    return {
        "channels": [channel_json(hub.state, c) for c in found[start : start + limit]],
        "response_metadata": write_cursor(start + limit, len(found)),
    }


def usergroup_list(hub: Hub, args: Args) -> Json:
    """usergroups.list."""
    groups = []
    for group in hub.state.contents.usergroups.values():
        body: Json = {
            "id": group["id"],
            "team_id": hub.seed.team_id,
            "is_usergroup": True,
            "is_external": False,
            "name": group["name"],
            "handle": group["handle"],
            "description": "",
            "date_create": 0,
            "date_update": 0,
            "date_delete": 0,
            "auto_type": None,
            "prefs": {"channels": [], "groups": []},
            "user_count": len(group["users"]),
        }
        if args.flag("include_users"):
            body["users"] = list(group["users"])
        groups.append(body)
    return {"usergroups": groups}


def usergroup_users(hub: Hub, args: Args) -> Json:
    """usergroups.users.list."""
    group = hub.state.contents.usergroups.get(args.text("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    users = hub.state.contents.users
    disabled = args.flag("include_disabled")
    return {"users": [u for u in group["users"] if u in users and (disabled or not users[u].deleted)]}


def team_info(hub: Hub, args: Args) -> Json:
    """team.info."""
    seed = hub.seed
    team = {"id": seed.team_id, "name": seed.team_name, "domain": seed.team_domain, "url": hub.base_url, "icon": {}}
    return {"team": team}


def bots_info(hub: Hub, args: Args) -> Json:
    """bots.info."""
    if args.text("bot") not in ("", hub.seed.bot_id):
        raise Refused("bot_not_found")
    return {"bot": bot_profile(hub.state)}


def emoji_list(hub: Hub, args: Args) -> Json:
    """emoji.list: no custom emoji here."""
    return {"emoji": {}, "cache_ts": str(int(hub.clock()))}


METHODS = {
    "auth.test": Method(auth_test),
    "api.test": Method(api_test, token="none"),
    "users.info": Method(user_info, ("users:read",)),
    "users.list": Method(user_list, ("users:read",)),
    "users.lookupByEmail": Method(lookup_by_email, ("users:read.email",)),
    "users.conversations": Method(user_conversations, ("channels:read", "groups:read", "im:read", "mpim:read")),
    "usergroups.list": Method(usergroup_list, ("usergroups:read",)),
    "usergroups.users.list": Method(usergroup_users, ("usergroups:read",)),
    "team.info": Method(team_info, ("team:read",)),
    "bots.info": Method(bots_info, ("users:read",)),
    "emoji.list": Method(emoji_list, ("emoji:read",)),
}
