"""Publishers by name: the built-in kinds, and those that other packages bring through an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.clock import SystemClock
from bot.providers.shelf import Catalogue, Shelf
from playbooks.plugin import Canvases, Clock, Probe, Publisher, Tools

GROUP = "muster.publishers"
PUBLISHERS: Mapping[str, str] = {
    "confluence": "bot.providers.publishers.confluence:ConfluencePublisher",
    "git": "bot.providers.publishers.git:GitPublisher",
    "github": "bot.providers.publishers.github:GithubPublisher",
    "gitlab": "bot.providers.publishers.gitlab:GitlabPublisher",
    "notion": "bot.providers.publishers.notion:NotionPublisher",
    "slack_canvas": "bot.providers.publishers.slack_canvas:SlackCanvasPublisher",
    "webhook": "bot.providers.publishers.webhook:WebhookPublisher",
}


CATALOGUE = Catalogue("publisher", GROUP, PUBLISHERS)


def load(kind: str) -> type[Any]:
    """The class of a kind of publisher. Raises ConfigError for an unknown or broken one."""
    return CATALOGUE.load(kind)


class PublisherShelf(Shelf[Publisher]):
    """Implements `ports.Publishers`: see `Shelf`.

    Args:
        clock: time of signatures. probe: hit around every outgoing call. canvases: Slack's.
    """

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, Any]],
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        probe: Probe | None = None,
        canvases: Canvases | None = None,
    ) -> None:
        super().__init__(CATALOGUE, settings, Tools(clock or SystemClock(), probe, canvases=canvases), environ)
