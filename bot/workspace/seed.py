"""What a workspace holds when it starts: people, channels, user groups and the app's own identity."""

from __future__ import annotations

import secrets
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

BOT_SCOPES: tuple[str, ...] = (
    "app_mentions:read",
    "bookmarks:read",
    "bookmarks:write",
    "canvases:read",
    "canvases:write",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "chat:write.public",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "mpim:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SeedUser(_Strict):
    """A person (or another bot) of the workspace."""

    id: str = Field(pattern=r"^[UW][A-Z0-9]+$")
    name: str
    real_name: str = ""
    email: str = ""
    tz: str = "UTC"
    deleted: bool = False
    is_bot: bool = False
    is_admin: bool = False


class SeedChannel(_Strict):
    """A channel that exists from the start; ``members`` may name the bot user."""

    id: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    name: str
    members: list[str] = []
    is_private: bool = False
    archived: bool = False
    topic: str = ""
    purpose: str = ""


class SeedUsergroup(_Strict):
    """A user group such as @ml-oncall."""

    id: str = Field(pattern=r"^S[A-Z0-9]+$")
    handle: str
    name: str = ""
    users: list[str] = []


class SeedCommand(_Strict):
    """A slash command the page offers while one types."""

    command: str = Field(pattern=r"^/")
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = True


class SeedShortcut(_Strict):
    """A shortcut in the message menu or the composer's menu."""

    callback_id: str
    name: str
    type: Literal["message", "global"]


class Seed(_Strict):
    """Everything a workspace starts with. Tokens are drawn at random unless given."""

    team_id: str = "T01MUSTER"
    team_name: str = "Muster local"
    team_domain: str = "muster-local"
    app_id: str = "A01MUSTER"
    bot_user_id: str = "U0MUSTER"
    bot_id: str = "B01MUSTER"
    bot_name: str = "muster"
    bot_real_name: str = "Muster"
    bot_token: str = Field(default_factory=lambda: f"xoxb-{secrets.token_hex(16)}")
    app_token: str = Field(default_factory=lambda: f"xapp-{secrets.token_hex(16)}")
    signing_secret: str = Field(default_factory=lambda: secrets.token_hex(16))
    bot_scopes: list[str] = list(BOT_SCOPES)
    plan: Literal["paid", "free", "none"] = "paid"  # which canvases there can be
    events: list[str] | None = None
    """Subscribed event types (``message`` stands for all ``message.*``); ``None`` subscribes to all."""
    users: list[SeedUser] = []
    channels: list[SeedChannel] = []
    usergroups: list[SeedUsergroup] = []
    commands: list[SeedCommand] = []
    shortcuts: list[SeedShortcut] = []


def example_seed() -> Seed:
    """A small AI team: what ``python -m bot.workspace`` shows and what tests start from."""
    people = [
        SeedUser(id="U01DANA", name="dana", real_name="Dana Ortiz", email="dana@example.com", tz="Europe/Berlin"),
        SeedUser(id="U02OMAR", name="omar", real_name="Omar Haddad", email="omar@example.com", tz="Europe/London"),
        SeedUser(id="U03LIN", name="lin", real_name="Lin Zhao", email="lin@example.com", tz="Asia/Singapore"),
        SeedUser(id="U04MEI", name="mei", real_name="Mei Tanaka", email="mei@example.com", tz="America/New_York"),
        SeedUser(id="U05RAVI", name="ravi", real_name="Ravi Patel", email="ravi@example.com", tz="Asia/Kolkata"),
        SeedUser(id="U06GONE", name="gone", real_name="Gone Person", email="gone@example.com", deleted=True),
    ]
    everyone = [person.id for person in people if not person.deleted]
    return Seed(
        users=people,
        channels=[
            SeedChannel(id="C00GENERAL", name="general", members=everyone, purpose="Company-wide announcements"),
            SeedChannel(
                id="C01FRAUDML",
                name="fraud-ml",
                members=["U01DANA", "U02OMAR", "U03LIN", "U0MUSTER"],
                topic="Fraud models: training, serving, decisions",
            ),
            SeedChannel(id="C02RISK", name="risk-updates", members=["U03LIN", "U04MEI", "U0MUSTER"]),
            SeedChannel(id="G01SECRET", name="model-risk-private", members=["U02OMAR"], is_private=True),
            SeedChannel(id="C03OLD", name="old-incidents", members=["U01DANA"], archived=True),
        ],
        usergroups=[SeedUsergroup(id="S01ONCALL", handle="ml-oncall", name="ML on call", users=["U01DANA", "U02OMAR"])],
        commands=[
            SeedCommand(command="/inc", description="Incidents", usage_hint="new | ack | status | resolve | help"),
            SeedCommand(command="/rollback", description="Roll a model back", usage_hint="<component> [because …]"),
            SeedCommand(command="/disable", description="Switch off for a while", usage_hint="<component> for <time>"),
            SeedCommand(command="/enable", description="Switch on again", usage_hint="<component>"),
            SeedCommand(command="/owner", description="Who owns it, who may act", usage_hint="<component>"),
            SeedCommand(command="/postmortem", description="The draft", usage_hint="[INC-n]"),
        ],
        shortcuts=[
            SeedShortcut(callback_id="add_to_timeline", name="Add to timeline", type="message"),
            SeedShortcut(callback_id="declare_incident", name="Declare incident", type="global"),
        ],
    )
