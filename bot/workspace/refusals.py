"""The one exception a Slack method raises: an error code and what Slack sends next to it."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Slack answers ``{"ok": false, "error": code, **extra}``."""

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The answer as Slack words it."""
        return {"ok": False, "error": self.code, **self.extra}


class BadBlocks(Refused):
    """Block Kit refused; the messages name each fault with a JSON pointer."""

    def __init__(self, code: str, messages: list[str]) -> None:
        marked = [f"[ERROR] {message}" for message in messages]
        super().__init__(code, errors=messages, response_metadata={"messages": marked})
