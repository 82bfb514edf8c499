"""The arguments of one Web API call, whether they came as a form or as JSON."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from .refusals import Refused

_FALSE = {"", "0", "false", "False", "no"}


class Args:
    """Typed reading of a call's arguments; what is malformed is refused as Slack refuses it."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def text(self, name: str, default: str = "") -> str:
        """A string; absent and null are the default."""
        value = self.raw.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """A string that must be there."""
        value = self.text(name)
        if not value:
            message = f"[ERROR] missing required field: {name}"
            raise Refused("invalid_arguments", response_metadata={"messages": [message]})
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean; forms carry 0/1 or true/false."""
        value = self.raw.get(name)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value) not in _FALSE

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        value = self.raw.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] bad {name}"]}) from None

    def names(self, name: str) -> list[str]:
        """A list, given as JSON or with commas."""
        value = self.raw.get(name)
        if value is None:
            return []
        parts = value if isinstance(value, list) else str(value).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    def has(self, name: str) -> bool:
        """Whether the argument was given at all."""
        return self.raw.get(name) is not None

    def document(self, name: str, code: str) -> Any:
        """A JSON value; refused with ``code`` when the text is no JSON."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        if value == "":
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(code) from None

    def page(self, default: int, most: int = 1000) -> tuple[int, int]:
        """Offset and limit from ``cursor`` and ``limit``."""
        limit = self.number("limit", default)
        if limit < 0 or limit > most:
            raise Refused("invalid_limit")
        return read_cursor(self.text("cursor")), limit or default


def read_cursor(cursor: str) -> int:
    """The offset hidden in a cursor."""
    if not cursor:
        return 0
    try:
        word, _, offset = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word == "offset":
            return int(offset)
    except (binascii.Error, ValueError):
        pass
    raise Refused("invalid_cursor")


def write_cursor(offset: int, total: int) -> dict[str, str]:
    """``response_metadata`` of a page that ends at ``offset``."""
    more = offset < total
    return {"next_cursor": base64.b64encode(f"offset:{offset}".encode()).decode() if more else ""}
