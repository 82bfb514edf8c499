"""The list a Block Kit check fills, and the checks every part shares."""

from __future__ import annotations

from typing import Any


class Faults:
    """Collects messages as Slack words them, each with a JSON pointer."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def add(self, message: str, where: str) -> None:
        """One fault at one place."""
        self.messages.append(f"{message} [json-pointer:{where}]")

    def need(self, node: dict[str, Any], names: tuple[str, ...], where: str) -> None:
        """Fields that must be there."""
        for name in names:
            if node.get(name) is None:
                self.add(f"missing required field: {name}", where)

    def length(self, node: dict[str, Any], name: str, most: int, where: str, least: int = 0) -> None:
        """A string field that may be absent, and is not too long (or too short)."""
        value = node.get(name)
        if value is None:
            return
        if not isinstance(value, str):
            self.add("must be a string", f"{where}/{name}")
        elif len(value) > most:
            self.add(f"must be less than {most + 1} characters", f"{where}/{name}")
        elif len(value) < least:
            self.add(f"must be more than {least - 1} characters", f"{where}/{name}")

    def items(self, value: Any, least: int, most: int, where: str) -> bool:
        """A list of the right size; False when it is no list at all."""
        if not isinstance(value, list):
            if value is not None:
                self.add("must be an array", where)
            return False
        if len(value) > most:
            self.add(f"no more than {most} items allowed", where)
        if len(value) < least:
            self.add(f"no less than {least} items allowed" if least > 1 else "must have at least one item", where)
        return True


def is_object(faults: Faults, node: Any, where: str) -> bool:
    """Whether a node is a JSON object; if not, that is a fault."""
    if isinstance(node, dict):
        return True
    faults.add("must be an object", where)
    return False


def kind_of(node: dict[str, Any]) -> str | None:
    """The node's type; what is no string cannot name one."""
    kind = node.get("type")
    return kind if kind is None else str(kind)
