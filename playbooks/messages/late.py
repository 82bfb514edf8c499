"""A message that came late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playbooks.messages.union import Message


@dataclass(frozen=True, slots=True)
class Late:
    """A message whose time came while nothing ran: when it was `due` (UTC), and how late it is."""

    message: Message
    due: datetime
    by: timedelta
