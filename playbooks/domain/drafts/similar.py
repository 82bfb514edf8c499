"""Similar earlier incidents as the chain records them: what was known at the time, never looked up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playbooks.domain.drafts.entries import Entry, only
from playbooks.domain.likeness import Earlier, earlier_of
from playbooks.domain.timeline import EventKind


@dataclass(frozen=True, slots=True)
class Similar:
    """The newest record of similar incidents; `seq` is None where nothing was recorded."""

    seq: int | None
    rows: tuple[Earlier, ...]


def similar_of(entries: Sequence[Entry]) -> Similar:
    """What was recorded last. What was recorded earlier stands in the timeline."""
    rows = only(entries, EventKind.SIMILAR)
    newest = max(rows, key=lambda e: e.seq, default=None)
    return Similar(newest.seq, earlier_of(newest.payload)) if newest is not None else Similar(None, ())
