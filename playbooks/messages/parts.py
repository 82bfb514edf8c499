"""What several messages are made of: people, labelled facts, changes, tags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Who:
    """A person in a message: mention by Slack id where known, else by name; `role` in words, may be empty."""

    name: str
    slack: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and a value on one line; `warn` puts a warning sign behind it, `at` a time in the reader's zone."""

    label: str
    value: str
    warn: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A change before an incident: `what` (`fraud-scorer v42 → v43`), when, and by whom, which may be empty."""

    what: str
    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Tag:
    """What stands at the head of every incident message."""

    number: int
    name: str  # INC-42
    title: str  # fraud-scorer is drifting
    severity: str  # SEV2, or empty while unset
    emoji: str  # red_circle
    state: str  # label of the state
    channel: str = ""  # incident channel id
