"""Files of captured messages: what the store keeps of them, and what is needed to fetch one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as a message names it. `url` needs the bot's token; empty where Slack gives none."""

    id: str
    name: str
    mime: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a captured message as kept: once for each event and file.

    Attributes:
        event_id: of the captured message. file_id: Slack's. sha256: of the bytes, empty where none are kept.
        state: kept, missing (`why` says it) or redacted.
    """

    event_id: str
    file_id: str
    incident_id: int
    name: str
    mime: str
    size: int
    sha256: str
    state: str
    why: str
    at: datetime


class Attachments(Protocol):
    """Bytes beside the chain; their digest is in an event."""

    def save_attachment(self, attachment: Attachment, content: bytes | None) -> bool:
        """Keep it once; False where this file of this event is known already."""
        ...

    def attachments(self, incident_id: int) -> list[Attachment]: ...
    def attachment_content(self, event_id: str, file_id: str) -> bytes | None: ...
    def blank_attachments(self, event_id: str) -> int:
        """Drop the bytes and names of an event's files; returns how many."""
        ...


class Files(Protocol):
    """Slack's side: the files of a message, and their bytes with the bot's token."""

    def of_message(self, channel: str, ts: str) -> Sequence[FileRef] | None:
        """None where the message can no longer be read."""
        ...

    def download(self, file: FileRef, *, most: int) -> bytes:
        """The bytes, at most so many. Raises errors.SlackError."""
        ...
