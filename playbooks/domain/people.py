"""Who does something: the actor of an event, with the role held at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class ActorKind(StrEnum):
    """What kind of being acted."""

    HUMAN = "human"
    BOT = "bot"
    SYSTEM = "system"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as known at the edge.

    Attributes:
        kind: human, bot (Muster itself), system (an alert source, a schedule) or vendor.
        id: registry id of the person where known, else `slack:U123`, `source:NAME` or `muster`.
        slack: Slack user id, empty for machines.
        role: role at that moment in words (`model owner`, `on call fraud-ml`), copied into events, never joined.
        team: registry id of the team, empty where unknown.
    """

    kind: ActorKind
    id: str
    slack: str = ""
    role: str = ""
    team: str = ""


MUSTER = Actor(ActorKind.BOT, "muster", role="muster")


@lru_cache(maxsize=256)
def source_actor(source: str) -> Actor:
    """The actor for what an alert or change source reports."""
    return Actor(ActorKind.SYSTEM, f"source:{source}", role=source)
