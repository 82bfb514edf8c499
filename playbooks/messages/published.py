"""Where the document of an incident stands outside, and what keeps it from standing there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.parts import Tag


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One destination.

    Attributes:
        name: as configured. link: for people, may be empty. at: when it was last seen to stand there, None before.
        state: of the document that stands there. form: how it stands there (`canvas`, `file`), may be empty.
        error, next_step: why the newest version does not stand there; empty where it does.
    """

    name: str
    state: str = ""
    link: str = ""
    at: datetime | None = None
    form: str = ""
    error: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """Posted once in the incident's channel and kept up to date."""

    tag: Tag
    rows: tuple[PublishedRow, ...]
