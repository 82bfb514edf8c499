"""A hand-off of a role: offered with a brief, and in force only when it is accepted; until then the giver stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playbooks.domain.timeline import utc_text


@dataclass(frozen=True, slots=True)
class Handoff:
    """A hand-off as stored.

    Attributes:
        id: number. role: `lead`, `comms`, or `team` for the whole incident. giver, receiver: actor ids, or `team:x` as
            the receiver; the giver is responsible until `accepted`.
        state: offered, accepted, declined, withdrawn. brief: what the receiver reads, label and text in order.
        reminders: how often the receiver was asked again. reason: of a refusal.
    """

    id: int
    incident_id: int
    role: str
    giver: str
    receiver: str
    offered_at: datetime
    state: str = "offered"
    answered_at: datetime | None = None
    brief: tuple[tuple[str, str], ...] = ()
    reminders: int = 0
    reason: str = ""
    version: int = 1

    @property
    def open(self) -> bool:
        """Whether it waits for the receiver."""
        return self.state == "offered"


def handoff_facts(handoff: Handoff, phase: str) -> Mapping[str, Any]:
    """Payload of a `handoff` event: phase offered, accepted, declined, withdrawn, reminded or escalated."""
    return {
        "handoff": handoff.id,
        "phase": phase,
        "role": handoff.role,
        "from": handoff.giver,
        "to": handoff.receiver,
        "offered_at": utc_text(handoff.offered_at),
    }
