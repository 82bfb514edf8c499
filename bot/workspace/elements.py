"""Finding an element in blocks and saying what a person did with it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from .state import Json, Message

_HOLDS = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "rich_text_input": "rich_text_value",
}
_INITIAL = {name: name.replace("selected", "initial") for name in _HOLDS.values() if name.startswith("selected")} | {
    "selected_option": "initial_option",
    "selected_options": "initial_options",
}
_ONE_OPTION = {"static_select", "external_select", "radio_buttons", "overflow"}
_MANY_OPTIONS = {"checkboxes", "multi_static_select", "multi_external_select"}


class NoSuchElement(LookupError):
    """The person pointed at something that is not on the screen."""


def every_element(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each interactive element with its block."""
    for block in blocks:
        parts = [block.get("accessory"), block.get("element"), *(block.get("elements") or [])]
        for part in parts:
            if isinstance(part, dict) and "action_id" in part:
                yield block, part


def blocks_of(message: Message) -> list[Json]:
    """Every block of a message, its attachments' too."""
    inside = [block for attachment in message.attachments for block in attachment.get("blocks") or []]
    return [*message.blocks, *inside]


def fill_ids(body: Json) -> None:
    """Give every block and interactive element an id."""
    for block in body.get("blocks") or []:
        block.setdefault("block_id", secrets.token_hex(3))
        parts = [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]
        for part in parts:
            if isinstance(part, dict) and part.get("type") not in ("image", "plain_text", "mrkdwn"):
                part.setdefault("action_id", secrets.token_hex(3))


def initial_value(element: Json) -> Json:
    """What an element holds when it is shown."""
    kind = element["type"]
    held = _held_name(kind)
    value = element.get(_INITIAL.get(held, "initial_value"))
    if value is None and held.endswith("s"):
        value = []
    return {"type": kind, held: value}


def _held_name(kind: str) -> str:
    if kind in _ONE_OPTION:
        return "selected_option"
    return "selected_options" if kind in _MANY_OPTIONS else _HOLDS.get(kind, "value")


def find_element(blocks: list[Json], action_id: str, value: Any = None) -> tuple[Json, Json]:
    """The element with this action id (several may share one: then the one with this value)."""
    found = [(block, part) for block, part in every_element(blocks) if part["action_id"] == action_id]
    if len(found) > 1 and value is not None:
        found = [pair for pair in found if pair[1].get("value") == value] or found
    if not found:
        there = ", ".join(part["action_id"] for _, part in every_element(blocks)) or "none"
        raise NoSuchElement(f"no element {action_id!r} here; there are: {there}")
    return found[0]


def held_value(element: Json, value: Any) -> Json:
    """An element's value as ``state.values`` holds it."""
    kind = element["type"]
    if isinstance(value, dict) and value.get("type") == kind:
        return value
    if value is None:
        return initial_value(element)
    if kind in _ONE_OPTION:
        return {"type": kind, "selected_option": _option(element, value)}
    if kind in _MANY_OPTIONS:
        chosen = value if isinstance(value, list) else [value]
        return {"type": kind, "selected_options": [_option(element, item) for item in chosen]}
    return {"type": kind, _HOLDS.get(kind, "value"): value}


def _option(element: Json, value: Any) -> Json:
    wanted = value.get("value") if isinstance(value, dict) else value
    lists = [element.get("options") or []]
    lists += [group.get("options") or [] for group in element.get("option_groups") or []]
    for option in (option for some in lists for option in some):
        if option.get("value") == wanted:
            return dict(option)
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(wanted)}, "value": str(wanted)}
    raise NoSuchElement(f"{element['action_id']!r} has no option {wanted!r}")


def action_of(block: Json, element: Json, value: Any, ts: str) -> Json:
    """The entry of ``actions`` for one use of an element."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    }
    if element["type"] == "button":
        action["text"] = element["text"]
        for name in ("value", "style"):
            if element.get(name) is not None:
                action[name] = element[name]
        return action
    return action | held_value(element, value)


def is_empty(held: Json) -> bool:
    """Whether a required field would be refused by Slack's own form."""
    return all(value in (None, "", []) for name, value in held.items() if name != "type")
