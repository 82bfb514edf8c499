"""Milestones: the instants durations are counted from, what people call them, and which of several statements holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from playbooks import errors
from playbooks.domain.drafts.entries import Entry
from playbooks.domain.timeline import EventKind

# In the order in which they usually come.
MILESTONES: Final[tuple[EventKind, ...]] = (
    EventKind.IMPACT_START,
    EventKind.DETECTED,
    EventKind.AWARE,
    EventKind.ACK,
    EventKind.MITIGATED,
    EventKind.RESOLVED,
)
LABELS: Final[dict[EventKind, str]] = {
    EventKind.IMPACT_START: "Impact began",
    EventKind.DETECTED: "Detected",
    EventKind.AWARE: "We were aware",
    EventKind.ACK: "Acknowledged",
    EventKind.MITIGATED: "Mitigated",
    EventKind.RESOLVED: "Resolved",
}
NAMES: Final[dict[EventKind, str]] = {
    EventKind.IMPACT_START: "impact",
    EventKind.DETECTED: "detected",
    EventKind.AWARE: "aware",
    EventKind.ACK: "acknowledged",
    EventKind.MITIGATED: "mitigated",
    EventKind.RESOLVED: "resolved",
}
_ALSO: Final[dict[str, EventKind]] = {
    "impact_start": EventKind.IMPACT_START,
    "impact-start": EventKind.IMPACT_START,
    "began": EventKind.IMPACT_START,
    "started": EventKind.IMPACT_START,
    "start": EventKind.IMPACT_START,
    "noticed": EventKind.DETECTED,
    "known": EventKind.AWARE,
    "ack": EventKind.ACK,
    "acked": EventKind.ACK,
    "relief": EventKind.MITIGATED,
    "contained": EventKind.MITIGATED,
    "fixed": EventKind.RESOLVED,
    "over": EventKind.RESOLVED,
}
BY_NAME: Final[dict[str, EventKind]] = {**{name: kind for kind, name in NAMES.items()}, **_ALSO}


def milestone_of(word: str) -> EventKind:
    """The milestone people call so. Raises UnknownName, with the names there are."""
    kind = BY_NAME.get(word.strip().lower())
    if kind is None:
        names = ", ".join(NAMES.values())
        raise errors.UnknownName(f"There is no milestone “{word.strip()[:40]}”.", f"Milestones are: {names}.")
    return kind


def phase_of(entry: Entry) -> str:
    """The component whose own clock a milestone belongs to; empty for the incident's, and for what is no milestone."""
    return entry.text("phase") if entry.kind in MILESTONES else ""


def standing(entries: Iterable[Entry], kind: EventKind, phase: str = "") -> Entry | None:
    """The statement of a milestone that holds; None where nobody made one.

    Of the beginning the newest statement: who states it again has learned more. Of what is noticed the earliest, and
    of what ends the latest: an incident may be taken up by several people, and be mitigated again after a relapse.
    """
    said = [e for e in entries if e.kind is kind and phase_of(e) == phase]
    if kind is EventKind.IMPACT_START:
        return max(said, key=lambda e: e.seq, default=None)
    if kind in (EventKind.MITIGATED, EventKind.RESOLVED):
        return max(said, key=lambda e: (e.at, e.seq), default=None)
    return min(said, key=lambda e: (e.at, e.seq), default=None)
