"""Where documents are published, as `muster check` and `muster doctor` see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.clock import RandomIds
from bot.config import Config
from bot.findings import Finding, Level, ok
from bot.providers.publishing import PublisherShelf
from bot.providers.shelf import without_secrets
from bot.settings import Settings
from playbooks import check, errors
from playbooks.domain.actions import Maturity
from playbooks.domain.ownership import Registry
from playbooks.domain.publishing import Publication
from storage import schema
from storage.engine import make_engine
from storage.store import SqlStore

WHAT = "publishing"
UNPROVEN = "This publisher was built from the vendor's documents and was never run against the real service."
_MOST = 5


def destination_findings(config: Config, registry: Registry) -> list[check.Finding]:
    """Errors in the entries under `publish:`, found without any call or secret."""
    shelf = PublisherShelf({name: without_secrets(entry) for name, entry in config.providers.items()})
    found = []
    for name, entry in config.publish.items():
        where = f"publish.{name}"
        try:
            shelf.check(entry.provider, entry.to)
        except errors.ConfigError as error:
            found.append(check.Finding(check.Level.ERROR, where, error.told))
        unknown = [team for team in entry.teams if team not in registry.teams]
        if unknown:
            sentence = f"The team {unknown[0]} is not in the registry, so nothing of it is published there."
            found.append(check.Finding(check.Level.ERROR, where, sentence))
        if shelf.maturity(entry.provider) is Maturity.UNPROVEN:
            found.append(check.Finding(check.Level.NOTE, where, f"{entry.provider}: {UNPROVEN}"))
    shelf.close()
    return found


def look(config: Config, settings: Settings) -> Iterator[Finding]:
    """Whether each destination can be reached, and which documents did not get there."""
    shelf = PublisherShelf(config.providers, environ=settings.environment)
    try:
        for name, entry in config.publish.items():
            try:
                said = shelf.get(entry.provider).describe(entry.to)
            except errors.MusterError as error:
                hint = error.next_step or "Until then nothing is published there."
                yield Finding(Level.ERROR, WHAT, f"{name}: {error.sentence}", hint)
                continue
            yield ok(WHAT, f"{name}: {said}, from {entry.since.replace('_', ' ')} on")
    finally:
        shelf.close()
    unproven = {e.provider for e in config.publish.values() if shelf.maturity(e.provider) is Maturity.UNPROVEN}
    for provider in sorted(unproven):
        yield Finding(Level.WARNING, WHAT, f"{provider}: {UNPROVEN}", "Look at the first page it makes.")
    if config.publish:
        failed = _unpublished(settings.database_url.get_secret_value())
        yield from _failed([each for each in failed if each.name in config.publish])


def _unpublished(url: str) -> list[Publication]:
    """Documents whose last publication failed; none where there is no database yet, or one of another version."""
    name = url.partition("///")[2].partition("?")[0] if url.startswith("sqlite") else ""
    if name and not Path(name).is_file():
        return []
    engine = make_engine(url, busy_timeout=3)
    try:
        if schema.current(engine) != schema.head():
            return []
        with SqlStore(engine, RandomIds()).read() as uow:
            return uow.failed_publications()
    finally:
        engine.dispose()


def _failed(failed: list[Publication]) -> Iterator[Finding]:
    for each in failed[:_MOST]:
        sentence = f"INC-{each.incident_id} at {each.name}: {each.error}"
        again = f"Then publish again: `/postmortem INC-{each.incident_id} publish`."
        yield Finding(Level.WARNING, WHAT, sentence, f"{each.next_step} {again}".strip())
    if len(failed) > _MOST:
        yield Finding(Level.WARNING, WHAT, f"{len(failed) - _MOST} more documents are not where they should be.")
