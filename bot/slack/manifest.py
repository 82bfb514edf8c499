"""The Slack app's manifest: what Muster asks for, and why."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from bot.slack import ids
from playbooks import errors

NAME: Final = "Muster"

SCOPES: Final[tuple[tuple[str, str], ...]] = (
    ("app_mentions:read", "verbs in threads, where slash commands do not work: @muster note …"),
    ("canvases:read", "find the canvas of a postmortem again, where one is published so"),
    ("canvases:write", "publish a postmortem as a canvas"),
    ("channels:history", "the text of pinned and marked messages; finding a post again before repeating it"),
    ("channels:join", "look for an own message again in a public channel it was posted to from outside"),
    ("channels:manage", "create the incident channel, set its topic, invite people"),
    ("channels:read", "find a channel again after an unclear answer; learn of renames and archiving"),
    ("chat:write", "post and edit messages"),
    ("chat:write.public", "tell an owner team in its own public channel without joining it first"),
    ("commands", "slash commands and shortcuts"),
    ("files:read", "keep the files of messages in the timeline, read a published postmortem back"),
    ("files:write", "share the postmortem draft as a file"),
    ("groups:history", "the same as channels:history in private incident channels"),
    ("groups:read", "the same as channels:read in private channels"),
    ("groups:write", "the same as channels:manage for private incident channels"),
    ("im:history", "find a direct message again before repeating it"),
    ("im:write", "ask the person who decides in a direct message"),
    ("pins:read", "pinned messages go to the timeline"),
    ("pins:write", "pin the incident's card"),
    ("reactions:read", "marked messages go to the timeline"),
    ("usergroups:read", "who is on call, where a user group says so"),
    ("users:read", "names and time zones of people"),
)

OPTIONAL: Final = frozenset({"canvases:read", "canvases:write", "files:read"})
"""Scopes without which all works but publishing in Slack; a file is shared instead."""

EVENTS: Final[tuple[str, ...]] = (
    "app_home_opened",
    "app_mention",
    "channel_archive",
    "channel_rename",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "pin_added",
    "pin_removed",
    "reaction_added",
    "reaction_removed",
)

_COMMANDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("/rollback", "Roll a model, prompt or index back", "<component> [to <version>] [because …]"),
    ("/disable", "Switch something off, until then", "<component> for 4h [because …]"),
    ("/enable", "Switch it on again", "<component> [because …]"),
    ("/owner", "Who owns it, is on call, and may act", "<component>"),
    ("/postmortem", "The draft and its review", "[INC-7] [review, reviewed, close, item …]"),
)
_SHORTCUTS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("Add to timeline", "message", ids.SHORTCUT_TIMELINE, "Put this message into the incident's timeline"),
    ("Report an AI problem", "message", ids.SHORTCUT_REPORT, "Count this answer or behaviour for its owner"),
    ("Open incident", "message", ids.SHORTCUT_OPEN_INCIDENT, "Open an incident about this message"),
    ("Declare incident", "global", ids.SHORTCUT_DECLARE, "Something is wrong: open an incident"),
)


def manifest(*, socket: bool = True, url: str = "", root: str = "/inc") -> dict[str, Any]:
    """The manifest, version 2. Over HTTP `url` is the public address Slack reaches Muster at.

    Raises InputError for a root command or an address Slack would not take.
    """
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", root):
        raise errors.InputError(f"`{root}` can't be a command.", "Use something like `/inc`.", code="bad_root")
    endpoint = "" if socket else _endpoint(url)
    reach = {"request_url": endpoint} if endpoint else {}
    made = {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": NAME,
            "description": "Incident response and ownership for AI systems in production",
            "background_color": "#1f2937",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "muster", "always_online": True},
            "shortcuts": [
                {"name": name, "type": kind, "callback_id": callback_id, "description": description}
                for name, kind, callback_id, description in _SHORTCUTS
            ],
            "slash_commands": [_command(*row, url=endpoint) for row in _commands(root)],
        },
        "oauth_config": {"scopes": {"bot": [scope for scope, _ in SCOPES]}},
        "settings": {
            "event_subscriptions": {**reach, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **reach},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }
    faults = check(made)
    if faults:
        raise errors.InputError(f"Slack would not take this manifest: {faults[0]}.", code="bad_manifest")
    return made


def _endpoint(url: str) -> str:
    base = url.strip().rstrip("/")
    if not re.fullmatch(r"https://[^\s/?#]+(?:/[^\s?#]*)?", base):
        raise errors.InputError(
            "Slack needs a public https address.", "Use something like `https://muster.example.com`."
        )
    return base if base.endswith("/slack/events") else f"{base}/slack/events"


def _commands(root: str) -> tuple[tuple[str, str, str], ...]:
    first = (root, "Incidents: open, update, resolve; alone it shows the menu", "new | list | update | resolve | help")
    return (first, *(row for row in _COMMANDS if row[0] != root))


def _command(command: str, description: str, hint: str, *, url: str) -> dict[str, Any]:
    made = {"command": command, "description": description, "usage_hint": hint, "should_escape": True}
    return {**made, "url": url} if url else made


def text(*, socket: bool = True, url: str = "", root: str = "/inc") -> str:
    """The manifest as YAML to paste, each scope with its reason."""
    made = manifest(socket=socket, url=url, root=root)
    lines = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=100).splitlines()
    reasons = dict(SCOPES)
    return "\n".join(_with_reason(line, reasons) for line in lines) + "\n"


def _with_reason(line: str, reasons: dict[str, str]) -> str:
    scope = line.strip().removeprefix("- ")
    return f"{line}  # {reasons[scope]}" if line.lstrip().startswith("- ") and scope in reasons else line


def check(made: dict[str, Any]) -> list[str]:
    """What Slack would refuse, one sentence each: its published limits."""
    faults: list[str] = []

    def limit(what: str, content: str, most: int) -> None:
        if not 0 < len(content) <= most:
            faults.append(f"{what} must have 1 to {most} characters")

    features, settings = made["features"], made["settings"]
    limit("the app's name", made["display_information"]["name"], 35)
    limit("the app's description", made["display_information"]["description"], 140)
    limit("the bot's name", features["bot_user"]["display_name"], 80)
    for shortcut in features["shortcuts"]:
        limit("a shortcut's name", shortcut["name"], 24)
        limit("a shortcut's description", shortcut["description"], 150)
        limit("a shortcut's callback id", shortcut["callback_id"], 255)
    for command in features["slash_commands"]:
        limit("a command", command["command"], 32)
        limit("a command's description", command["description"], 2000)
        limit("a command's hint", command["usage_hint"], 1000)
    counts = (
        ("shortcuts", len(features["shortcuts"]), 10),
        ("commands", len(features["slash_commands"]), 50),
        ("events", len(settings["event_subscriptions"]["bot_events"]), 100),
    )
    return faults + [f"there are more than {most} {what}" for what, number, most in counts if number > most]
