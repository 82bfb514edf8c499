"""Block Kit elements and composition objects: buttons, menus, inputs, texts, options, confirmations."""

from __future__ import annotations

import re
from typing import Any

from .blockkit_faults import Faults, is_object, kind_of

OPTION_TEXT = 75
OPTION_VALUE = 150
OPTIONS = 100
OVERFLOW_OPTIONS = 5
CHOICES = 10
GROUPS = 100
PLACEHOLDER = 150

# element -> string fields with their longest length
_LENGTHS: dict[str, dict[str, int]] = {
    "button": {"value": 2000, "url": 3000, "accessibility_label": 75},
    "plain_text_input": {"initial_value": 3000},
    "image": {"image_url": 3000, "alt_text": 2000},
}
_REQUIRED: dict[str, tuple[str, ...]] = {
    "button": ("text",),
    "image": ("alt_text",),
    "overflow": ("options",),
    "checkboxes": ("options",),
    "radio_buttons": ("options",),
    "number_text_input": ("is_decimal_allowed",),
    "workflow_button": ("text", "workflow"),
}


def check_composed_text(faults: Faults, node: Any, most: int, where: str, *, plain: bool = False) -> None:
    """A text object: its type, and 1..most characters."""
    if node is None:
        return
    if not is_object(faults, node, where):
        return
    kind = kind_of(node)
    if kind not in ("plain_text", "mrkdwn") or (plain and kind != "plain_text"):
        faults.add(
            f"unsupported type: {kind}" if kind else "missing required field: type", f"{where}/type" if kind else where
        )
    if kind == "mrkdwn" and "emoji" in node:
        faults.add("invalid additional property: emoji", where)
    faults.need(node, ("text",), where)
    faults.length(node, "text", most, where, least=1)


def check_element(faults: Faults, node: Any, allowed: set[str], where: str) -> None:
    """An element that stands where only ``allowed`` types may."""
    if not is_object(faults, node, where):
        return
    kind = kind_of(node)
    if kind not in allowed:
        faults.add(
            f"unsupported type: {kind}" if kind else "missing required field: type", f"{where}/type" if kind else where
        )
        return
    faults.need(node, _REQUIRED.get(kind, ()), where)
    faults.length(node, "action_id", 255, where, least=1)
    for name, most in _LENGTHS.get(kind, {}).items():
        faults.length(node, name, most, where)
    if node.get("placeholder") is not None:
        check_composed_text(faults, node["placeholder"], PLACEHOLDER, f"{where}/placeholder", plain=True)
    if node.get("confirm") is not None:
        check_confirm(faults, node["confirm"], f"{where}/confirm")
    _check_kind(faults, kind, node, where)


def _check_kind(faults: Faults, kind: str, node: dict[str, Any], where: str) -> None:
    if kind in ("button", "workflow_button"):
        check_composed_text(faults, node.get("text"), 75, f"{where}/text", plain=True)
        if node.get("style") not in (None, "primary", "danger"):
            faults.add("must be one of: primary, danger", f"{where}/style")
    elif kind == "image":
        if not node.get("image_url") and not node.get("slack_file"):
            faults.add("missing required field: image_url or slack_file", where)
    elif kind in ("overflow", "checkboxes", "radio_buttons"):
        most = OVERFLOW_OPTIONS if kind == "overflow" else CHOICES
        _check_options(faults, node.get("options"), most, f"{where}/options", mrkdwn=kind != "overflow")
    elif kind in ("static_select", "multi_static_select"):
        _check_static(faults, node, where)
    elif kind == "datepicker":
        _check_form(faults, node, "initial_date", r"\d{4}-\d{2}-\d{2}", where)
    elif kind == "timepicker":
        _check_form(faults, node, "initial_time", r"([01]\d|2[0-3]):[0-5]\d", where)
    elif kind == "datetimepicker":
        _check_moment(faults, node, where)
    elif kind == "plain_text_input":
        _check_bounds(faults, node, where)


def _check_static(faults: Faults, node: dict[str, Any], where: str) -> None:
    options, groups = node.get("options"), node.get("option_groups")
    if (options is None) == (groups is None):
        faults.add(
            "missing required field: options" if options is None else "only one of options, option_groups", where
        )
        return
    if options is not None:
        _check_options(faults, options, OPTIONS, f"{where}/options")
    elif faults.items(groups, 1, GROUPS, f"{where}/option_groups") and isinstance(groups, list):
        for n, group in enumerate(groups):
            here = f"{where}/option_groups/{n}"
            if is_object(faults, group, here):
                check_composed_text(faults, group.get("label"), OPTION_TEXT, f"{here}/label", plain=True)
                _check_options(faults, group.get("options"), OPTIONS, f"{here}/options")
    initial = node.get("initial_option")
    if initial is not None and _value(initial) not in _values(options, groups):
        faults.add("must be one of the options", f"{where}/initial_option")


def _value(option: Any) -> str:
    return str(option.get("value")) if isinstance(option, dict) else ""


def _values(options: Any, groups: Any) -> set[str]:
    grouped = groups if isinstance(groups, list) else []
    lists = [options] if options is not None else [group.get("options") for group in grouped if isinstance(group, dict)]
    return {_value(option) for some in lists if isinstance(some, list) for option in some}


def _check_options(faults: Faults, options: Any, most: int, where: str, *, mrkdwn: bool = False) -> None:
    if options is None or not faults.items(options, 1, most, where):
        return
    for n, option in enumerate(options):
        here = f"{where}/{n}"
        if not is_object(faults, option, here):
            continue
        faults.need(option, ("text", "value"), here)
        check_composed_text(faults, option.get("text"), OPTION_TEXT, f"{here}/text", plain=not mrkdwn)
        check_composed_text(faults, option.get("description"), OPTION_TEXT, f"{here}/description", plain=not mrkdwn)
        faults.length(option, "value", OPTION_VALUE, here)
        faults.length(option, "url", 3000, here)


def check_confirm(faults: Faults, node: Any, where: str) -> None:
    """A confirmation dialog."""
    if not is_object(faults, node, where):
        return
    faults.need(node, ("title", "text", "confirm", "deny"), where)
    check_composed_text(faults, node.get("title"), 100, f"{where}/title", plain=True)
    check_composed_text(faults, node.get("text"), 300, f"{where}/text")
    check_composed_text(faults, node.get("confirm"), 30, f"{where}/confirm", plain=True)
    check_composed_text(faults, node.get("deny"), 30, f"{where}/deny", plain=True)
    if node.get("style") not in (None, "primary", "danger"):
        faults.add("must be one of: primary, danger", f"{where}/style")


def _check_form(faults: Faults, node: dict[str, Any], name: str, form: str, where: str) -> None:
    value = node.get(name)
    if value is not None and not (isinstance(value, str) and re.fullmatch(form, value)):
        faults.add("must match the expected format", f"{where}/{name}")


def _check_moment(faults: Faults, node: dict[str, Any], where: str) -> None:
    value = node.get("initial_date_time")
    if value is not None and not (isinstance(value, int) and 10**9 <= value < 10**10):
        faults.add("must be a 10 digit integer", f"{where}/initial_date_time")


def _check_bounds(faults: Faults, node: dict[str, Any], where: str) -> None:
    for name, least in (("min_length", 0), ("max_length", 1)):
        value = node.get(name)
        if value is not None and not (isinstance(value, int) and least <= value <= 3000):
            faults.add(f"must be between {least} and 3000", f"{where}/{name}")
