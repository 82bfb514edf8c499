"""The ownership registry of a configuration, and the versions of it that the store keeps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bot.config import Config
from bot.registry_file import RegistryHolder
from playbooks.ports import Clock, Store


def registry_of(config: Config, folder: Path, store: Store, clock: Clock) -> RegistryHolder:
    """The ownership registry; each version is kept, so that the last good one is there when today's is broken."""

    def keep(digest: str, text: str) -> None:
        with store.begin() as uow:
            uow.keep_registry(digest, text, now=clock.now())

    def last_good() -> tuple[str, str, datetime] | None:
        with store.read() as uow:
            return uow.latest_registry()

    paths = config.ownership_paths(folder)
    return RegistryHolder(paths, clock, keep=keep, last_good=last_good)


def kept_version(store: Store, digest: str) -> tuple[str, datetime] | None:
    """Text and time of a kept version of the registry."""
    with store.read() as uow:
        return uow.registry_version(digest)
