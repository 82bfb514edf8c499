"""Publishers by name: built-in ones as `module:attribute`, loaded when first asked for, others through entry points."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from bot.providers.registry import SystemClock, resolved
from playbooks.plugin import Canvases, Clock, ConfigError, Maturity, Probe, Publisher, Tools, maturity_of, nearest

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


def kinds() -> tuple[str, ...]:
    """All kinds of publishers, those of other packages included."""
    return tuple(sorted({*PUBLISHERS, *_outside()}))


def _outside() -> dict[str, str]:
    """Publishers of other packages; a built-in name cannot be taken over."""
    return {point.name: point.value for point in entry_points(group=GROUP) if point.name not in PUBLISHERS}


def load(kind: str) -> type[Any]:
    """The class of a kind of publisher. Raises ConfigError for an unknown or broken one."""
    path = PUBLISHERS.get(kind) or _outside().get(kind)
    if path is None:
        close = nearest(kind, kinds())
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"There is no kind of publisher {kind!r}{hint}.", f"Known: {', '.join(kinds())}.")
    module, _, attribute = path.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as broken:
        raise ConfigError(f"The publisher {kind!r} cannot be loaded from {path}: {broken}.") from broken
    if not isinstance(found, type):
        raise ConfigError(f"The publisher {kind!r} ({path}) is no class.")
    return found


class PublisherShelf:
    """Implements `ports.Publishers` over the `providers:` of muster.yaml.

    Args:
        settings: name -> settings, read as `LeverShelf` reads them: `kind`, `*_env` and `*_file` mean the same. A
            publisher that needs no settings, such as Slack's, needs no entry.
        environ: where `*_env` is looked up. clock: time of signatures. probe: hit around every outgoing call.
        canvases: Slack's.
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
        self._settings = {name: dict(entry) for name, entry in settings.items()}
        self._environ = {} if environ is None else environ  # one that only looks names up has no length
        self._tools = Tools(clock or SystemClock(), probe, canvases=canvases)
        self._made: dict[str, Publisher] = {}
        self._lock = threading.Lock()

    def get(self, provider: str) -> Publisher:
        """See `ports.Publishers`."""
        with self._lock:
            found = self._made.get(provider)
            if found is None:
                found = self._made[provider] = self._make(provider)
            return found

    def maturity(self, provider: str) -> Maturity:
        """What a publisher declares, without any secret; proven for a name that leads to none."""
        try:
            return maturity_of(load(self._kind(provider)))
        except ConfigError:
            return Maturity.PROVEN  # that it cannot be used is told where it is used

    def check(self, provider: str, to: Mapping[str, Any]) -> None:
        """Parse a destination without any call. Raises ConfigError that names the wrong key."""
        check = getattr(self.get(provider), "check", None)
        if check is not None:
            check(to)

    def close(self) -> None:
        """Close what the publishers hold open."""
        with self._lock:
            for publisher in self._made.values():
                close = getattr(publisher, "close", None)
                if close is not None:
                    close()
            self._made.clear()

    def _make(self, provider: str) -> Publisher:
        kind = load(self._kind(provider))
        if provider not in self._settings and getattr(kind, "needs_settings", True):
            raise ConfigError(
                f"The publisher {provider!r} is not configured.",
                f"Write `providers: {{{provider}: {{…}}}}` in muster.yaml (kinds: {', '.join(kinds())}).",
            )
        settings = {key: value for key, value in self._settings.get(provider, {}).items() if key != "kind"}
        made: Publisher = kind(provider, resolved(provider, settings, self._environ), self._tools)
        return made

    def _kind(self, provider: str) -> str:
        return str(self._settings.get(provider, {}).get("kind", provider))
