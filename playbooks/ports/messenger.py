"""What the plays need of Slack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Posted:
    """Where Slack shows a message."""

    channel: str
    ts: str


class Messenger(Protocol):
    """Slack as the jobs need it; raises `errors.SlackError` (kind: what may be done), `errors.OutcomeUnknown`."""

    def post(self, channel: str, message: Mapping[str, Any], *, delivery: str, thread: str = "") -> Posted: ...
    def update(self, posted: Posted, message: Mapping[str, Any], *, delivery: str) -> None: ...
    def post_ephemeral(self, channel: str, user: str, message: Mapping[str, Any]) -> None: ...
    def find_delivery(self, channel: str, delivery: str, *, since: datetime, thread: str = "") -> Posted | None:
        """Look before a repost: the message that carries this delivery id, if Slack has it."""
        ...

    def open_dm(self, user: str) -> str: ...
    def create_channel(self, name: str) -> str:
        """Returns the id. Raises SlackError(code="name_taken")."""
        ...

    def find_channel(self, name: str) -> tuple[str, bool] | None:
        """Id of a channel of exactly this name and whether we created it; used only after an unknown outcome."""
        ...

    def set_topic(self, channel: str, topic: str) -> None: ...
    def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """Invite; returns user -> Slack's error code for those who could not be invited."""
        ...

    def pin(self, posted: Posted) -> None: ...
    def upload(self, channel: str, *, filename: str, title: str, text: str, comment: str) -> str:
        """Share a text file; returns its file id."""
        ...

    def permalink(self, posted: Posted) -> str: ...
