"""What publishing needs: the places outside, and what the store keeps of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from playbooks.domain.publishing import Page, Placed, Publication


class Publisher(Protocol):
    """Puts a document into a place outside Muster, at most one page a key, and reads it back.

    `to` is the destination's own entry. Every method may raise `errors.ProviderError` (try again),
    `errors.OutcomeUnknown` (look before a repeat), or `errors.MusterError` with kind PERMANENT, INPUT or CONFLICT (a
    person must act).
    """

    def describe(self, to: Mapping[str, Any]) -> str:
        """Where it goes, in a few words for people (`acme/postmortems, branch main`); asks whether it is there."""
        ...

    def find(self, to: Mapping[str, Any], page: Page, known: Placed | None) -> Placed | None:
        """What stands there under the page's key; None where nothing does. Reads only.

        `known` is what was read back before: it leads there faster, may be out of date, and then the key counts. A
        place that cannot be read answers `known`, or None.
        """
        ...

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> Placed:
        """Create the page, or replace `found`; returns where it was put, as the place answered.

        Putting the same twice is the same as putting it once.
        """
        ...


class Publishers(Protocol):
    """Looks publishers up by provider name."""

    def get(self, provider: str) -> Publisher:
        """Raises `errors.ConfigError` for a provider that is not configured."""
        ...


class Publications(Protocol):
    """Documents at their destinations."""

    def publication(self, incident_id: int, name: str) -> Publication | None: ...
    def publications(self, incident_id: int) -> list[Publication]:
        """Of an incident, by name."""
        ...

    def save_publication(self, publication: Publication) -> None:
        """Insert or overwrite."""
        ...

    def failed_publications(self) -> list[Publication]:
        """Those whose last try failed, the newest incident first."""
        ...


class Canvases(Protocol):
    """Slack's canvases, and files in their stead; raises as `Messenger` does."""

    def in_channel(self, channel: str) -> tuple[str, ...]:
        """Ids of the canvases that stand in a channel's tabs, the channel's own first."""
        ...

    def contains(self, canvas: str, text: str) -> bool:
        """Whether a section of the canvas has this text."""
        ...

    def create_own(self, channel: str, *, title: str, markdown: str) -> str:
        """The one canvas that belongs to the channel; returns its id. Raises SlackError where it has one."""
        ...

    def create(self, channel: str, *, title: str, markdown: str) -> str:
        """A canvas of its own in a tab of the channel; returns its id."""
        ...

    def replace(self, canvas: str, *, markdown: str) -> None:
        """Write a canvas anew."""
        ...

    def files(self, channel: str, filename: str) -> tuple[str, ...]:
        """Ids of files of this name that the bot shared in a channel, the newest first."""
        ...

    def read(self, file: str) -> bytes | None:
        """What stands in a shared file; None where it is gone."""
        ...

    def upload(self, channel: str, *, filename: str, title: str, text: str, comment: str) -> str:
        """Share a text file; returns its id."""
        ...

    def link(self, file: str) -> str:
        """Slack's address of a canvas or file, empty where it is gone."""
        ...
