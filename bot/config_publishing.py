"""The part of `muster.yaml` about where postmortems are published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from playbooks.domain.file_values import Strict
from playbooks.domain.ownership_file import Id
from playbooks.domain.publishing import Destination

_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"


class PublishEntry(Strict):
    """One place to which postmortems are published, and from which state on."""

    provider: Annotated[str, Field(pattern=_NAME)]
    """Name of its settings under `providers:`, or a kind that needs none, such as `slack_canvas`."""
    since: Literal["draft", "in_review", "reviewed", "closed"] = "reviewed"
    """State of the document from which on it is published there, and kept up to date."""
    teams: Annotated[tuple[Id, ...], Field(max_length=200)] = ()
    """Accountable teams it is for; none named means any."""
    severities: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """Ids of severities it is for; none named means any."""
    to: dict[str, Any] = Field(default_factory=dict)
    """What the publisher needs to know of the place: repository, folder, space, … See docs/publishing.md."""


def destinations(
    entries: Mapping[str, PublishEntry], providers: Mapping[str, Mapping[str, Any]]
) -> tuple[Destination, ...]:
    """As the plays know them; `providers` tell which of them is Slack."""
    found = []
    for name, entry in entries.items():
        kind = providers.get(entry.provider, {}).get("kind", entry.provider)
        here = kind == "slack_canvas"
        found.append(
            Destination(name, entry.provider, entry.since, entry.to, entry.teams, entry.severities, in_channel=here)
        )
    return tuple(found)
