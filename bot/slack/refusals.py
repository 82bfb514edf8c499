"""What Slack's refusals mean: a sentence with the next step, and what may be done about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from playbooks import errors
from playbooks.errors import Kind

_DOING: Final[dict[str, str]] = {
    "chat.postMessage": "post in that channel",
    "chat.update": "update a message",
    "chat.postEphemeral": "answer you there",
    "chat.getPermalink": "link to a message",
    "conversations.open": "open a direct message",
    "conversations.create": "create the incident channel",
    "conversations.list": "look for a channel",
    "conversations.history": "read that channel",
    "conversations.replies": "read that thread",
    "conversations.setTopic": "set the channel's topic",
    "conversations.invite": "invite people",
    "pins.add": "pin a message",
    "files.getUploadURLExternal": "upload a file",
    "files.completeUploadExternal": "share a file",
    "files.upload": "upload a file",
    "conversations.info": "look at that channel",
    "conversations.canvases.create": "make the channel's canvas",
    "canvases.create": "make a canvas",
    "canvases.edit": "write a canvas anew",
    "canvases.sections.lookup": "look into a canvas",
    "files.list": "look for a file",
    "files.info": "read a file",
    "users.info": "look a person up",
    "auth.test": "check the bot's token",
    "views.open": "open a form",
    "views.publish": "show the Home tab",
}

_REINSTALL = "Ask an admin to reinstall with the manifest from `muster manifest`."
_TOKEN = "Ask an admin to install the app again and to set SLACK_BOT_TOKEN; `muster doctor` checks it."
_POLICY = "Ask a workspace admin to allow it for this app."
_BUG = "This is a fault in Muster: please report it."
_TOO_LONG = "Shorten the text and try again."

# code -> why, next step
_WHY: Final[dict[str, tuple[str, str]]] = {
    "account_inactive": ("the bot's account was deactivated", _TOKEN),
    "invalid_auth": ("Slack does not know the bot's token", _TOKEN),
    "not_authed": ("no bot token was sent", _TOKEN),
    "token_expired": ("the bot's token has expired", _TOKEN),
    "token_revoked": ("the bot's token was revoked", _TOKEN),
    "access_denied": ("access is denied", _POLICY),
    "not_allowed_token_type": ("it is the wrong kind of token", "Use a bot token (xoxb-…); `muster doctor` checks it."),
    "no_permission": ("the app lacks the permission", _REINSTALL),
    "ekm_access_denied": ("an administrator has suspended posting", _POLICY),
    "restricted_action": ("a workspace rule forbids it", _POLICY),
    "restricted_action_read_only_channel": ("the channel is read-only", "Post in another channel, or ask its owner."),
    "restricted_action_thread_only_channel": ("the channel takes threads only", "Choose another channel."),
    "restricted_action_non_threadable_channel": ("the channel takes no threads", "Choose another channel."),
    "is_archived": ("the channel is archived", "Unarchive it, or name another channel in the registry."),
    "channel_not_found": (
        "there is no such channel, or it is private and I'm not in it",
        "Check the id in the registry, or invite me with `/invite @muster`.",
    ),
    "not_in_channel": ("I'm not in that channel", "Invite me with `/invite @muster`."),
    "user_not_found": ("Slack does not know that person", "Check the Slack id in the registry."),
    "users_not_found": ("Slack does not know that person", "Check the Slack id in the registry."),
    "user_disabled": ("that person's account is deactivated", "Name somebody else in the registry."),
    "canvas_disabled_user_team": ("canvases are switched off in this workspace", _POLICY),
    "canvas_not_found": ("the canvas is gone", "It is made again."),
    "team_tier_cannot_create_channel_canvases": ("this plan of Slack has no channel canvases", "A file does as well."),
    "cannot_dm_bot": ("that is a bot", "Name a person in the registry."),
    "cant_invite": ("that person can't be invited here", "Ask somebody in the channel to do it."),
    "user_is_restricted": ("that person is a guest", "Ask an admin to add them to the channel."),
    "user_is_ultra_restricted": ("that person is a guest", "Ask an admin to add them to the channel."),
    "ura_max_channels": ("that guest may be in one channel only", "Ask an admin."),
    "message_not_found": ("the message is gone", "It will be posted again."),
    "cant_update_message": ("the message is not mine", _BUG),
    "edit_window_closed": ("the workspace no longer lets it be edited", _POLICY),
    "msg_too_long": ("the message is too long", _TOO_LONG),
    "msg_blocks_too_long": ("the message is too long", _TOO_LONG),
    "metadata_too_large": ("the message's metadata is too large", _BUG),
    "invalid_blocks": ("Slack does not accept its form", _BUG),
    "invalid_blocks_format": ("Slack does not accept its form", _BUG),
    "invalid_arguments": ("Slack does not accept the request", _BUG),
    "no_text": ("it is empty", _BUG),
    "name_taken": ("a channel of that name exists", ""),
    "too_many_pins": ("the channel has too many pins", "Remove some pins."),
    "not_pinnable": ("the message can't be pinned", ""),
    "already_pinned": ("it is pinned already", ""),
    "already_in_channel": ("they are in the channel already", ""),
    "expired_trigger_id": ("it took too long to open", "Try again."),
    "trigger_expired": ("it took too long to open", "Try again."),
    "method_not_supported_for_channel_type": ("it can't be done in this kind of conversation", "Use a channel."),
    "team_access_not_granted": ("the app is not installed in this workspace", _REINSTALL),
}
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,80}")
_LATER: Final = frozenset({"service_unavailable", "request_timeout", "team_added_to_org", "accesslimited"})
# Slack says of these that some of it may have happened.
_PERHAPS: Final = frozenset({"internal_error", "fatal_error"})
_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})


def refused(method: str, response: Any, *, write: bool) -> errors.MusterError:
    """The error for an answer that is no yes: `response` is slack_sdk's, of any status."""
    status = int(getattr(response, "status_code", 200) or 200)
    data = getattr(response, "data", response)
    body: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    code = str(body.get("error") or "")
    if status == 429 or code in _LIMITED:
        return limited(method, _retry_after(getattr(response, "headers", {})))
    if status >= 500 or (status >= 400 and not _CODE.fullmatch(code)):
        return failed(method, status)
    if not _CODE.fullmatch(code):
        # Something between us and Slack answered in its place, perhaps after Slack had done it.
        return unknown(method) if write else unreachable(method)
    if code in _PERHAPS and write:
        return unknown(method)
    if code in _LATER or code in _PERHAPS:
        return errors.SlackError(
            f"I couldn't {_doing(method)} ({code}).", "I'll try again.", code=code, kind=Kind.TRANSIENT
        )
    return told(method, code, needed=str(body.get("needed") or ""))


def told(method: str, code: str, *, needed: str = "", whom: str = "") -> errors.SlackError:
    """The sentence for one of Slack's error codes; `whom` instead of "people" where one person is meant."""
    doing = _doing(method).replace("people", whom) if whom else _doing(method)
    if code == "missing_scope":
        scope = f" `{needed}`" if needed else ""
        return errors.SlackError(f"I couldn't {doing} (missing scope{scope}).", _REINSTALL, code=code)
    why, next_step = _WHY.get(code, (code.replace("_", " "), "`muster doctor` checks the Slack app."))
    kind = Kind.CONFLICT if code == "name_taken" else Kind.PERMANENT
    return errors.SlackError(f"I couldn't {doing}: {why}.", next_step, code=code, kind=kind)


def limited(method: str, seconds: float) -> errors.SlackError:
    """Slack asks to wait."""
    return errors.SlackError(
        f"Slack asks me to wait before I {_doing(method)} again.",
        "I'll try again.",
        code="ratelimited",
        kind=Kind.RATE_LIMITED,
        retry_after=seconds,
    )


def failed(method: str, status: int) -> errors.SlackError:
    """Slack answered with a fault of its own."""
    return errors.SlackError(
        f"I couldn't {_doing(method)} (Slack answered {status}).",
        "I'll try again.",
        code=f"http_{status}",
        kind=Kind.TRANSIENT if status >= 500 or status == 408 else Kind.PERMANENT,
    )


def unreachable(method: str) -> errors.SlackError:
    """Nothing reached Slack, or nothing that would be done twice."""
    return errors.SlackError(
        f"I couldn't {_doing(method)}: Slack can't be reached.",
        "I'll try again.",
        code="unreachable",
        kind=Kind.TRANSIENT,
    )


def unknown(method: str) -> errors.OutcomeUnknown:
    """The call went out and nothing usable came back."""
    return errors.OutcomeUnknown(
        f"I don't know whether I could {_doing(method)}: no answer came.", "I'll look before I try again."
    )


def _doing(method: str) -> str:
    return _DOING.get(method, f"call Slack's {method}")


def _retry_after(headers: Any) -> float:
    items = headers.items() if hasattr(headers, "items") else ()
    for name, value in items:
        if str(name).lower() == "retry-after":
            first = value[0] if isinstance(value, list) and value else value
            try:
                return min(max(float(first), 0.0), 3600.0)
            except (TypeError, ValueError):
                break
    return 1.0
