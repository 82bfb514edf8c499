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

        `known` is what was read back before: it may be gone, and then the key counts.
        """
        ...

    def put(self, to: Mapping[str, Any], page: Page, found: Placed | None) -> None:
        """Create the page, or replace `found`. Putting the same twice is the same as putting it once."""
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
