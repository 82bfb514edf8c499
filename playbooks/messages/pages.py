"""The incident's page as a value: what its card says, and its timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from playbooks.messages.incidents import Card


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of the timeline; `by` is empty for what Muster did itself."""

    seq: int
    at: datetime
    kind: str
    text: str
    by: str
    precision: str
    corrected: bool
    link: str = ""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """An incident for readers in a browser. `shown_at` is when it was made; the newest line comes last."""

    card: Card
    acknowledged_by: str
    lines: tuple[PageLine, ...]
    shown_at: datetime
    postmortem_url: str = ""
