"""The house without a running service: for commands that read or write the database themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.clock import RandomIds, SystemClock
from bot.config import Config
from bot.config_rules import rules_of
from bot.providers.oncall.resolver import OnCallBook
from bot.registry_kept import registry_of
from bot.settings import Settings
from playbooks.domain.ownership import Registry
from playbooks.errors import ConfigError
from playbooks.plays.house import House
from playbooks.ports import Clock
from storage import schema
from storage.engine import make_engine
from storage.store import SqlStore


@dataclass(frozen=True, slots=True)
class Books:
    """An open database with the house around it. `templates`: the user's folder, None for ours."""

    house: House
    config: Config
    templates: Path | None
    folder: Path = Path()


@contextmanager
def opened(settings: Settings, *, migrate: bool = False, clock: Clock | None = None) -> Iterator[Books]:
    """The database of the settings. Raises ConfigError for another schema that may not be migrated."""
    config = Config.load_file(settings.config)
    folder = settings.config.parent
    engine = make_engine(settings.database_url.get_secret_value())
    try:
        if migrate:
            schema.upgrade(engine)
        elif schema.current(engine) != schema.head():
            raise ConfigError("The database has another schema than this version.", "Run `muster db upgrade`.")
        store = SqlStore(engine, RandomIds())
        clock = clock or SystemClock()
        if migrate:
            registry = registry_of(config, folder, store, clock).current
        else:
            registry = Registry
        book = OnCallBook(registry, clock, ttl=config.cadences.on_call)
        rules = rules_of(config, folder)
        yield Books(House(store, clock, RandomIds(), registry, book, rules), config, rules.templates, folder)
    finally:
        engine.dispose()
