"""Block Kit as Slack refuses it: pure checks of blocks and views, one message per fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .blockkit_elements import check_composed_text, check_element
from .blockkit_faults import Faults, is_object, kind_of

Surface = str
"""``message``, ``modal`` or ``home``."""

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
TITLE = 24
PRIVATE_METADATA = 3000
CALLBACK_ID = 255
VIEW_BYTES = 250_000
ID = 255

BUTTONS_AND_MENUS = {
    "button",
    "overflow",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "checkboxes",
    "radio_buttons",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "workflow_button",
    "icon_button",
}
ACTIONS = {e for e in BUTTONS_AND_MENUS if e != "icon_button"} | {"rich_text_input"}
ACCESSORIES = (BUTTONS_AND_MENUS - {"icon_button"}) | {"image"}
INPUTS = (BUTTONS_AND_MENUS - {"button", "overflow", "workflow_button", "icon_button"}) | {
    "plain_text_input",
    "email_text_input",
    "number_text_input",
    "url_text_input",
    "rich_text_input",
    "file_input",
}

# type -> (surfaces, required fields)
BLOCKS: dict[str, tuple[set[Surface], tuple[str, ...]]] = {
    "section": ({"message", "modal", "home"}, ()),
    "divider": ({"message", "modal", "home"}, ()),
    "header": ({"message", "modal", "home"}, ("text",)),
    "context": ({"message", "modal", "home"}, ("elements",)),
    "actions": ({"message", "modal", "home"}, ("elements",)),
    "image": ({"message", "modal", "home"}, ("alt_text",)),
    "input": ({"message", "modal", "home"}, ("label", "element")),
    "rich_text": ({"message", "modal", "home"}, ("elements",)),
    "video": ({"message", "modal", "home"}, ("title", "video_url", "thumbnail_url", "alt_text")),
    "file": ({"message"}, ("external_id", "source")),
    "markdown": ({"message"}, ("text",)),
    "table": ({"message"}, ("rows",)),
    "context_actions": ({"message"}, ("elements",)),
    "alert": ({"message", "modal", "home"}, ("text",)),
    "card": ({"message"}, ()),
    "carousel": ({"message"}, ("elements",)),
    "plan": ({"message"}, ("title",)),
    "task_card": ({"message"}, ("task_id", "title")),
}


def check_blocks(blocks: Any, surface: Surface, where: str = "/blocks") -> list[str]:
    """Every fault Slack would name in these blocks; an empty list is a yes."""
    faults = Faults()
    _check_list(faults, blocks, surface, where)
    return faults.messages


def _check_list(faults: Faults, blocks: Any, surface: Surface, where: str) -> None:
    if not isinstance(blocks, list):
        faults.add("must be an array", where)
        return
    if len(blocks) > MOST_BLOCKS[surface]:
        faults.add(f"no more than {MOST_BLOCKS[surface]} items allowed", where)
    block_ids: set[str] = set()
    for n, block in enumerate(blocks):
        here = f"{where}/{n}"
        if not is_object(faults, block, here):
            continue
        _check_block(faults, block, surface, here)
        _unique(faults, block_ids, block.get("block_id"), "block_id", here)
        action_ids: set[str] = set()
        for element, path in _elements(block, here):
            _unique(faults, action_ids, element.get("action_id"), "action_id", path)


def _unique(faults: Faults, seen: set[str], value: Any, name: str, where: str) -> None:
    if not isinstance(value, str):
        return
    if value in seen:
        faults.add(f"`{name}` {value} already exists", f"{where}/{name}")
    seen.add(value)


def _elements(block: dict[str, Any], where: str) -> Iterator[tuple[dict[str, Any], str]]:
    single = {"section": "accessory", "input": "element"}.get(kind_of(block) or "")
    if single and isinstance(block.get(single), dict):
        yield block[single], f"{where}/{single}"
    elements = block.get("elements")
    if kind_of(block) in {"actions", "context_actions"} and isinstance(elements, list):
        for n, element in enumerate(elements):
            if isinstance(element, dict):
                yield element, f"{where}/elements/{n}"


def _check_block(faults: Faults, block: dict[str, Any], surface: Surface, where: str) -> None:
    kind = kind_of(block)
    if kind not in BLOCKS:
        faults.add(
            f"unsupported type: {kind}" if kind else "missing required field: type", f"{where}/type" if kind else where
        )
        return
    surfaces, required = BLOCKS[kind]
    if surface not in surfaces:
        faults.add(f"unsupported type: {kind}", f"{where}/type")
    faults.need(block, required, where)
    faults.length(block, "block_id", ID, where)
    checker = _CHECKERS.get(kind)
    if checker is not None:
        checker(faults, block, where)


def _section(faults: Faults, block: dict[str, Any], where: str) -> None:
    if block.get("text") is None and not block.get("fields"):
        faults.add("missing required field: text or fields", where)
    if block.get("text") is not None:
        check_composed_text(faults, block["text"], 3000, f"{where}/text")
    fields = block.get("fields")
    if fields is not None and faults.items(fields, 1, 10, f"{where}/fields"):
        for n, item in enumerate(fields):
            check_composed_text(faults, item, 2000, f"{where}/fields/{n}")
    if block.get("accessory") is not None:
        check_element(faults, block["accessory"], ACCESSORIES, f"{where}/accessory")


def _header(faults: Faults, block: dict[str, Any], where: str) -> None:
    check_composed_text(faults, block.get("text"), 150, f"{where}/text", plain=True)


def _context(faults: Faults, block: dict[str, Any], where: str) -> None:
    if not faults.items(block.get("elements"), 1, 10, f"{where}/elements"):
        return
    for n, item in enumerate(block["elements"]):
        here = f"{where}/elements/{n}"
        if isinstance(item, dict) and item.get("type") == "image":
            check_element(faults, item, {"image"}, here)
        else:
            check_composed_text(faults, item, 3000, here)


def _actions(faults: Faults, block: dict[str, Any], where: str) -> None:
    if faults.items(block.get("elements"), 1, 25, f"{where}/elements"):
        for n, element in enumerate(block["elements"]):
            check_element(faults, element, ACTIONS, f"{where}/elements/{n}")


def _context_actions(faults: Faults, block: dict[str, Any], where: str) -> None:
    if faults.items(block.get("elements"), 1, 5, f"{where}/elements"):
        for n, element in enumerate(block["elements"]):
            check_element(faults, element, {"feedback_buttons", "icon_button"}, f"{where}/elements/{n}")


def _image(faults: Faults, block: dict[str, Any], where: str) -> None:
    if not block.get("image_url") and not block.get("slack_file"):
        faults.add("missing required field: image_url or slack_file", where)
    faults.length(block, "image_url", 3000, where)
    faults.length(block, "alt_text", 2000, where)
    if block.get("title") is not None:
        check_composed_text(faults, block["title"], 2000, f"{where}/title", plain=True)


def _input(faults: Faults, block: dict[str, Any], where: str) -> None:
    if block.get("label") is not None:
        check_composed_text(faults, block["label"], 2000, f"{where}/label", plain=True)
    if block.get("hint") is not None:
        check_composed_text(faults, block["hint"], 2000, f"{where}/hint", plain=True)
    if block.get("element") is not None:
        check_element(faults, block["element"], INPUTS, f"{where}/element")


def _markdown(faults: Faults, block: dict[str, Any], where: str) -> None:
    faults.length(block, "text", 12_000, where, least=1)


def _rich_text(faults: Faults, block: dict[str, Any], where: str) -> None:
    kinds = {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}
    if not isinstance(block.get("elements"), list):
        faults.add("must be an array", f"{where}/elements")
        return
    for n, element in enumerate(block["elements"]):
        kind = kind_of(element) if isinstance(element, dict) else None
        if kind not in kinds:
            faults.add(f"unsupported type: {kind}", f"{where}/elements/{n}/type")


def _table(faults: Faults, block: dict[str, Any], where: str) -> None:
    if faults.items(block.get("rows"), 1, 100, f"{where}/rows"):
        for n, row in enumerate(block["rows"]):
            faults.items(row, 1, 20, f"{where}/rows/{n}")


_CHECKERS = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "context_actions": _context_actions,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich_text,
    "table": _table,
}


def check_view(view: Any, where: str = "/view") -> list[str]:
    """Every fault Slack would name in a modal or Home tab."""
    faults = Faults()
    if not is_object(faults, view, where):
        return faults.messages
    kind = view.get("type")
    if kind not in ("modal", "home"):
        faults.add(f"unsupported type: {kind}" if kind else "missing required field: type", where)
        return faults.messages
    faults.need(view, ("blocks", "title") if kind == "modal" else ("blocks",), where)
    for name in ("title", "submit", "close"):
        if view.get(name) is not None:
            check_composed_text(faults, view[name], TITLE, f"{where}/{name}", plain=True)
    faults.length(view, "private_metadata", PRIVATE_METADATA, where)
    faults.length(view, "callback_id", CALLBACK_ID, where)
    faults.length(view, "external_id", ID, where)
    if view.get("blocks") is not None:
        _check_list(faults, view["blocks"], kind, f"{where}/blocks")
        _needs_submit(faults, view, where)
    return faults.messages


def _needs_submit(faults: Faults, view: dict[str, Any], where: str) -> None:
    blocks = view["blocks"] if isinstance(view["blocks"], list) else []
    has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if view["type"] == "modal" and has_input and not view.get("submit"):
        faults.add("a `submit` field must be present when an `input` block is used", f"{where}/submit")
