"""What the store remembers beside: deliveries, captured messages, documents, notices, registry versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Captured:
    """A Slack message that stands in the timeline: which event shows it now, by which way, and how often it changed."""

    channel: str
    ts: str
    way: str  # pin | reaction | shortcut
    incident_id: int
    event_id: str  # empty while taken out
    version: int


@dataclass(frozen=True, slots=True)
class Document:
    """A postmortem draft as stored: what people wrote, by block, and where Slack shows the file."""

    incident_id: int
    human: Mapping[str, str]
    rendered_sha256: str = ""
    file_id: str = ""
    channel: str = ""
    ts: str = ""
    version: int = 1


class Memory(Protocol):
    """What Slack already delivered, captured messages, documents, notices, registry versions."""

    def first_time(self, key: str, *, now: datetime) -> bool:
        """Whether this delivery (event id, trigger id, …) is new; remembers it."""
        ...

    def captured(self, channel: str, ts: str, way: str) -> Captured | None: ...
    def captured_all(self, channel: str, ts: str) -> list[Captured]: ...
    def save_captured(self, captured: Captured) -> None: ...
    def document(self, incident_id: int) -> Document | None: ...
    def save_document(self, document: Document) -> None: ...
    def notice(self, key: str, text: str, *, now: datetime) -> int:
        """Count something an operator must see (wrong secret, refused scope); returns how often so far."""
        ...

    def notices(self) -> list[tuple[str, str, int, datetime, datetime]]: ...
    def keep_registry(self, content_sha256: str, text: str, *, now: datetime) -> None: ...
    def latest_registry(self) -> tuple[str, str, datetime] | None: ...
    def registry_version(self, content_sha256: str) -> tuple[str, datetime] | None:
        """Text and time of the version with this hash, None where it was not kept."""
        ...

    def forget_deliveries(self, *, before: datetime) -> int:
        """Forget deliveries of Slack older than `before`; returns how many."""
        ...
