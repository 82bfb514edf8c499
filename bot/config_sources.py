"""The configured senders: `sources:` of muster.yaml with their secrets, proofs and mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config import Config
from bot.providers.alerts.reading import Read
from bot.settings import Settings
from bot.web.sources import Source, source

if TYPE_CHECKING:  # brings `cryptography`, which only a source with topics needs
    from bot.providers.sns_proof import SnsProof


def sources_of(config: Config, settings: Settings) -> dict[str, Source]:
    """The configured senders with their secrets; one without any is closed. Raises ConfigError for a bad mapping."""
    found = {}
    mapped = _mapped(config, settings.config.parent)
    for name, entry in config.sources.items():
        secrets = _own_secret(settings, entry.secret_env) if entry.secret_env else intake_secrets(settings)
        found[name] = source(name, entry.kind, secrets, proof=_proof(entry.topics), mapped=mapped.get(name))
    return found


def _own_secret(settings: Settings, name: str) -> tuple[str, ...]:
    secret = settings.secret(name)
    return (secret.get_secret_value(),) if secret is not None else ()


def _mapped(config: Config, folder: Path) -> Mapping[str, Read]:
    if not any(entry.mapping for entry in config.sources.values()):
        return {}
    from bot.mappings import readers

    return readers(config, folder)


def _proof(topics: Sequence[str]) -> SnsProof | None:
    if not topics:
        return None
    from bot.providers.sns_proof import SnsProof

    return SnsProof(topics)


def intake_secrets(settings: Settings) -> tuple[str, ...]:
    """The token of every source that names none of its own; empty where there is none."""
    return (settings.intake_token.get_secret_value(),) if settings.intake_token else ()
