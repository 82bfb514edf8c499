"""The mapping files that muster.yaml names: loaded, and made into readers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.config import Config
from bot.providers.alerts.mapped import reader
from bot.providers.alerts.reading import Read
from playbooks.domain.mapping_file import PATH_PATTERN, MappingFile
from playbooks.domain.ownership_file import PATTERN_WORDS
from playbooks.errors import ConfigError
from playbooks.schemas import marked

_WORDS = PATTERN_WORDS | {PATH_PATTERN: "must be a path such as event.host.name, or $.source from the whole body"}


def load(path: Path) -> MappingFile:
    """A mapping from its file. Raises ConfigError: a DocumentError with every line, or a file that cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} cannot be read: {error}.", "Mend `mapping` of the source.") from None
    found, problems = marked.validate(marked.read(text, name=path.name), MappingFile, _WORDS)
    if found is None:
        raise marked.DocumentError(path.name, problems)
    return found


def readers(config: Config, folder: Path) -> Mapping[str, Read]:
    """The readers of all sources that name a mapping; relative files lie in `folder`. Raises ConfigError."""
    return {name: reader(load(folder / entry.mapping)) for name, entry in config.sources.items() if entry.mapping}
