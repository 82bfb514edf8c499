"""Signed links to pages for people: which page, until when, and a signature (HMAC-SHA256) over both."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

DAY = 86400
LEAST_KEY = 16
_UNTIL = re.compile(r"[1-9][0-9]{9,10}", re.ASCII)


class Room(StrEnum):
    """What a link opens; the first part of its path. The number of `STATS` is the length of the period in days."""

    INCIDENT = "incidents"
    POSTMORTEM = "postmortems"
    STATS = "stats"


class Door(StrEnum):
    """What becomes of a link."""

    OPEN = "open"
    EXPIRED = "expired"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Links:
    """Hands out links, and checks them.

    Attributes:
        base: public address without `/` at its end. keys: the first signs, all verify, so that a key can be replaced
            while links of the old one still hold. lasts: seconds a link holds, at least.
    """

    base: str = ""
    keys: tuple[str, ...] = field(default=(), repr=False)
    lasts: int = 7 * DAY

    def to(self, room: Room, number: int, *, now: datetime) -> str:
        """A link; empty where no address or no key is set."""
        if not self.base or not self.keys:
            return ""
        until = self._until(now)
        return f"{self.base}/{room}/{number}?until={until}&sign={_sign(self.keys[0], room, number, until)}"

    def beside(self, room: Room, number: int, *, until: str) -> str:
        """The link from one page to another of the same incident: it holds no longer than the first."""
        if not self.keys or not _UNTIL.fullmatch(until):
            return ""
        return f"/{room}/{number}?until={until}&sign={_sign(self.keys[0], room, number, int(until))}"

    def door(self, room: Room, number: int, *, until: str, sign: str, now: datetime) -> Door:
        """Whether a link opens its page. Every key is tried, in a time that does not tell where it differs."""
        if not _UNTIL.fullmatch(until):
            return Door.WRONG
        given = sign.encode("utf-8", "replace")
        fits = [hmac.compare_digest(_sign(key, room, number, int(until)).encode(), given) for key in self.keys]
        if not any(fits):
            return Door.WRONG
        # A shorter `lasts` holds for links that are out already.
        return Door.OPEN if now.timestamp() < int(until) <= self._until(now) else Door.EXPIRED

    def _until(self, now: datetime) -> int:
        """A whole step, so that a message that is shown again the same day keeps its link."""
        step = max(1, min(DAY, self.lasts // 7))
        return (int(now.timestamp()) // step + 1) * step + self.lasts


def _sign(key: str, room: Room, number: int, until: int) -> str:
    said = f"muster-page-1 {room.value} {number} {until}"
    return urlsafe_b64encode(hmac.new(key.encode(), said.encode(), sha256).digest()).decode().rstrip("=")
