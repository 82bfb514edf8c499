"""A local stand-in for a Slack workspace: try Muster, and test it, without Slack."""

from .control import Control, Guide, Panel, Step
from .delivery import Attempt, Delivery
from .elements import NoSuchElement
from .faults import Faults
from .hub import Call
from .refusals import Refused
from .replies import Reply
from .seed import (
    BOT_SCOPES,
    Seed,
    SeedChannel,
    SeedCommand,
    SeedShortcut,
    SeedUser,
    SeedUsergroup,
    example_seed,
)
from .server import Workspace
from .state import Channel, Message, View

__all__ = [
    "BOT_SCOPES",
    "Attempt",
    "Call",
    "Channel",
    "Control",
    "Delivery",
    "Faults",
    "Guide",
    "Message",
    "NoSuchElement",
    "Panel",
    "Refused",
    "Reply",
    "Seed",
    "SeedChannel",
    "SeedCommand",
    "SeedShortcut",
    "SeedUser",
    "SeedUsergroup",
    "Step",
    "View",
    "Workspace",
    "example_seed",
]
