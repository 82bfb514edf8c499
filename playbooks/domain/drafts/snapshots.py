"""The snapshots of the AI system in a chain: for the draft's table, and for whoever exports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playbooks.domain.ai_state import StateFact
from playbooks.domain.drafts.entries import Entry, Point, entries_of, only
from playbooks.domain.timeline import Event, EventKind


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at the AI system.

    Attributes:
        at: when it was read, with the event. moment: a value of `ai_state.Moment`. action: number, of moment `action`.
        component: registry id. rows: what was read, or why not. why: why it was read late, empty when in time.
    """

    at: Point
    moment: str
    action: int | None
    component: str
    rows: tuple[StateFact, ...]
    why: str


def snapshots_of(events: Sequence[Event]) -> tuple[Snapshot, ...]:
    """Every snapshot in a chain, in the order in which they were read; retracted ones are left out."""
    return snapshots_in(entries_of(events))


def snapshots_in(entries: Sequence[Entry]) -> tuple[Snapshot, ...]:
    """The same from the lines of the timeline."""
    return tuple(_snapshot(entry) for entry in only(entries, EventKind.STATE))


def _snapshot(entry: Entry) -> Snapshot:
    rows = entry.payload.get("rows")
    kept = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list | tuple) else []
    return Snapshot(
        at=entry.point,
        moment=entry.text("moment"),
        action=entry.number("action"),
        component=entry.text("component") or entry.component,
        rows=tuple(StateFact.from_json(row) for row in kept),
        why=entry.text("why"),
    )
