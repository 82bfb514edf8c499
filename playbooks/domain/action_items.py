"""Action items: a follow-up with a type, a ticket and a sign by which it is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from playbooks import errors
from playbooks.domain.actions import Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.wording import plain

TICKET = re.compile(r"https?://\S{4,500}|[A-Za-z][A-Za-z0-9_]{0,19}-\d{1,9}|(?:[\w.-]{1,60}/[\w.-]{1,80})?#\d{1,9}")
"""A link, `ABC-123`, `#123` or `owner/repo#123`."""
_LONGEST = 500
VAGUE = ("improve", "be careful", "careful", "ensure", "make sure", "make better", "be more", "try to", "consider")
"""First words that say nothing anybody could check (SRE workbook, chapter 10)."""


class ItemType(StrEnum):
    """What an item is for."""

    PREVENT = "prevent"
    DETECT = "detect"
    MITIGATE = "mitigate"
    LEARN = "learn"


@dataclass(frozen=True, slots=True)
class Item:
    """A follow-up as the document shows it. `lacking`: names of the fields that are still empty."""

    number: int
    text: str
    type: str
    owner: str
    due_at: datetime
    ticket: str
    done_when: str
    done: bool
    because: str = ""

    @property
    def lacking(self) -> tuple[str, ...]:
        """`type`, `owner`, `ticket`, `done when`: what it needs to be complete."""
        known = {"type": self.type, "owner": self.owner, "ticket": self.ticket, "done when": self.done_when}
        return tuple(name for name, value in known.items() if not value)

    @property
    def complete(self) -> bool:
        """Whether every field of the document's table is filled."""
        return not self.lacking


def item_of(entry: Override) -> Item:
    """The item an entry of the ledger is."""
    return Item(
        number=entry.id,
        text=entry.reason,
        type=str(entry.facts.get("type") or ""),
        owner=entry.holder,
        due_at=entry.due_at,
        ticket=str(entry.facts.get("ticket") or ""),
        done_when=str(entry.facts.get("done_when") or ""),
        done=entry.state == "closed",
        because=str(entry.facts.get("closed_because") or ""),
    )


def is_item(entry: Override) -> bool:
    """Whether an entry is a follow-up that took effect."""
    return entry.kind == DebtKind.FOLLOW_UP.value and entry.state != "void"


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields that make a follow-up an action item, as somebody gave them; empty where they gave none."""

    type: str = ""
    ticket: str = ""
    done_when: str = ""

    def facts(self) -> Mapping[str, Any]:
        """What an entry keeps of them. Raises InputError for a type or a ticket that is none."""
        if self.type and self.type not in set(ItemType):
            known = f"Types are {', '.join(ItemType)}."
            raise errors.InputError(f"`{plain(self.type)}` is no type of an action item.", known, code="bad_type")
        if self.ticket and not TICKET.fullmatch(self.ticket):
            raise errors.InputError(
                f"`{plain(self.ticket)}` is no ticket.", "Give a link, `ABC-123` or `#123`.", code="bad_ticket"
            )
        given = {"type": self.type, "ticket": self.ticket, "done_when": " ".join(self.done_when.split())[:_LONGEST]}
        return {name: value for name, value in given.items() if value}


def vague(text: str) -> str:
    """The word with which a text begins and by which nobody can tell whether it is done; empty for a plain one."""
    words = " ".join(text.lower().split()).lstrip("“\"'")
    return next((word for word in VAGUE if words == word or words.startswith(f"{word} ")), "")
