"""What the store keeps of gaps, and the look into Slack's list of people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from playbooks.domain.alerts import Change
from playbooks.domain.gaps import Confirmation, GapKind, Outside, Sighting
from playbooks.ports.alerts import StoredAlert


class Directory(Protocol):
    """The people of the Slack workspace."""

    def gone(self, slack: str) -> str:
        """Why a user is not there any more (`has left Slack.`), empty while all is well. Raises `errors.SlackError`."""
        ...


class Gaps(Protocol):
    """Sightings, ages of gaps, and confirmations."""

    def outside(self, *, component: str = "") -> Outside:
        """What is not well, and the last confirmations; of one component alone where one is named."""
        ...

    def sightings(self, kind: GapKind) -> Mapping[str, Sighting]:
        """All of a kind by subject, well or not."""
        ...

    def put_sightings(self, seen: Sequence[Sighting]) -> None:
        """Insert or overwrite."""
        ...

    def drop_sightings(self, kind: GapKind, subjects: Collection[str]) -> None: ...
    def open_gaps(self) -> Mapping[str, datetime]:
        """Since when each gap is open, by its key."""
        ...

    def note_gaps(self, new: Collection[str], gone: Collection[str], *, now: datetime) -> None:
        """Keep since when gaps are open, and forget those that are not."""
        ...

    def add_confirmation(self, confirmation: Confirmation) -> None: ...
    def confirmation(self, component: str) -> Confirmation | None:
        """The last one of a component."""
        ...

    def bookmark(self, name: str) -> str:
        """How far something was read; empty at the beginning."""
        ...

    def set_bookmark(self, name: str, place: str) -> None: ...
    def alerts_after(self, alert_id: str, *, before: datetime, limit: int) -> list[StoredAlert]:
        """Alerts with a later id, in the order of ids, received before a time."""
        ...

    def changes_after(self, change_id: str, *, before: datetime, limit: int) -> list[tuple[str, Change]]:
        """Changes with a later id, with their ids, received before a time."""
        ...
