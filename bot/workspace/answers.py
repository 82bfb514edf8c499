"""What the workspace shows for the app's acknowledgement of a command and for its response_url posts."""

from __future__ import annotations

from typing import Any

from .api_chat import apply_edit, new_bot_message, new_ephemeral, read_content, remove_message
from .args import Args
from .hub import RESPONSE_URL_SECONDS, RESPONSE_URL_USES, Hub
from .refusals import Refused
from .replies import Reply
from .state import Channel, Json, Message, ResponseUrl


def show_answer(hub: Hub, reply: Reply, user: str, place: Channel, command: str) -> None:
    """Show the body of a command's acknowledgement, or why there is none."""
    with hub.state.lock:
        if not reply.ok:
            last = reply.delivery.last if reply.delivery else None
            late = last is not None and last.reason in ("timeout", "http_timeout")
            reply.failure = "operation_timeout" if late else "dispatch_failed"
            reason = "the app did not respond" if late else "the app could not be reached"
            note = Message(
                hub.state.next_ts(), place.id, "USLACKBOT", f"{command} failed because {reason}.", ephemeral_to=user
            )
            place.ephemerals[note.ts] = note
        elif body := _as_message(reply.body):
            try:
                reply.shown.append(_post(hub, place, user, body, None))
            except Refused as refused:
                reply.failure = refused.code
                note = Message(
                    hub.state.next_ts(), place.id, "USLACKBOT", f"{command} failed: {refused.code}.", ephemeral_to=user
                )
                place.ephemerals[note.ts] = note
    hub.state.changed()


def _as_message(body: Any) -> Json | None:
    if isinstance(body, str) and body.strip():
        return {"text": body}
    if isinstance(body, dict) and (body.get("text") or body.get("blocks") or body.get("attachments")):
        return body
    return None


def _post(hub: Hub, place: Channel, user: str, body: Json, thread_ts: str | None) -> Message:
    content = read_content(Args(body))
    content.pop("metadata")
    if body.get("response_type") == "in_channel":
        return new_bot_message(hub, place, content, thread_ts)
    return new_ephemeral(hub, place, user, content, thread_ts)


def take_response(hub: Hub, url_id: str, body: Json) -> None:
    """A POST to a response_url; raises what Slack answers when it will not take it."""
    with hub.state.lock:
        held = hub.state.contents.response_urls.get(url_id)
        if held is None:
            raise Refused("invalid_url")
        if hub.clock() - held.created > RESPONSE_URL_SECONDS:
            raise Refused("expired_url")
        if held.uses >= RESPONSE_URL_USES:
            raise Refused("used_url")
        result = _apply(hub, held, body)
        held.uses += 1
        held.posts.append(body)
        held.results.append(result)
    hub.state.changed()


def _apply(hub: Hub, held: ResponseUrl, body: Json) -> Json:
    place = hub.state.contents.channels[held.channel]
    args = Args(body)
    before = _original(hub, held)
    if args.flag("delete_original"):
        if before is not None:
            _remove(hub, place, before)
        return {}
    if args.flag("replace_original") and before is not None:
        content = read_content(args)
        if before.ephemeral_to:
            before.text, before.blocks = content["text"], content["blocks"]
            before.attachments = content["attachments"]
        else:
            apply_edit(hub, place, before, content, args)
        return {"ts": before.ts}
    # What began as "only visible to you" stays so unless the app asks for the channel in a new message.
    message = _post(hub, place, held.user, body, args.text("thread_ts") or None)
    if held.message_ts is None:
        held.message_ts = message.ts
    return {"ts": message.ts}


def _original(hub: Hub, held: ResponseUrl) -> Message | None:
    return hub.state.message(held.message_ts, held.channel) if held.message_ts else None


def _remove(hub: Hub, place: Channel, message: Message) -> None:
    if message.ephemeral_to:
        place.ephemerals.pop(message.ts, None)
    else:
        remove_message(hub, place, message)
