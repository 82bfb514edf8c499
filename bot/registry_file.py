"""The registry in force, from its files: the last good version stays while today's is broken, and says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from playbooks.domain.ownership import Registry
from playbooks.domain.wording import plain
from playbooks.errors import ConfigError
from playbooks.ports import Clock
from playbooks.schemas.marked import DocumentError

Keep = Callable[[str, str], None]
"""Keeps a good version: content hash and text (`pack`)."""
LastGood = Callable[[], tuple[str, str, datetime] | None]
"""The version kept last: content hash, text, and when it was kept."""

_Signature = tuple[tuple[str, int, int], ...]


def pack(files: Sequence[tuple[str, str]]) -> str:
    """(name, text) of files as one text for storage."""
    return json.dumps([list(file) for file in files], ensure_ascii=False)


def unpack(text: str) -> list[tuple[str, str]]:
    """The inverse of `pack`. Raises ValueError."""
    files = json.loads(text)
    if not isinstance(files, list) or not files or not all(isinstance(file, list) and len(file) == 2 for file in files):
        raise ValueError("this is no packed registry")
    return [(str(name), str(content)) for name, content in files]


class RegistryHolder:
    """Holds the registry in force.

    The first load raises ConfigError when the files are broken and no good version was kept. `keep` is called with
    every good version that is loaded.
    """

    def __init__(
        self, paths: Sequence[Path], clock: Clock, *, keep: Keep | None = None, last_good: LastGood | None = None
    ) -> None:
        self._paths = tuple(paths)
        self._clock = clock
        self._keep = keep
        self._lock = threading.Lock()
        self._complaint = ""
        self._problem: ConfigError | None = None
        self._signature = self._look()
        self._since = clock.now()
        try:
            self._registry = self._load()
        except ConfigError as error:
            self._registry, self._since = _kept(last_good, error)
            self._complain(error)

    def current(self) -> Registry:
        """The registry in force; costs nothing."""
        return self._registry

    @property
    def complaint(self) -> str:
        """Empty while today's files are in force, else one sentence for people, in Slack markup."""
        return self._complaint

    @property
    def problem(self) -> ConfigError | None:
        """What is wrong with today's files; None while they are in force. A DocumentError has every line."""
        return self._problem

    @property
    def since(self) -> datetime:
        """When the version in force was loaded or kept, UTC."""
        return self._since

    def reload(self, *, force: bool = False) -> bool:
        """Read the files again where they changed since the last look. Returns whether another registry is in force."""
        with self._lock:
            signature = self._look()
            if signature == self._signature and not force:
                return False
            self._signature = signature
            before = self._registry.sha256
            try:
                self._registry = self._load()
            except ConfigError as error:
                self._complain(error)
                return False
            self._since, self._complaint, self._problem = self._clock.now(), "", None
            return self._registry.sha256 != before

    def _load(self) -> Registry:
        files = [(path.name, _text(path)) for path in self._paths]
        registry = Registry.load_files(files)
        if self._keep is not None:
            self._keep(registry.sha256, pack(files))
        return registry

    def _look(self) -> _Signature:
        found = []
        for path in self._paths:
            try:
                stat = path.stat()
                found.append((str(path), stat.st_mtime_ns, stat.st_size))
            except OSError:
                found.append((str(path), 0, -1))
        return tuple(found)

    def _complain(self, error: ConfigError) -> None:
        self._problem = error
        good = f"I'm using the registry of {self._since.astimezone(UTC):%-d %b %H:%M} UTC (last good)"
        self._complaint = f"{good}; {_whats_wrong(error)}."


def _whats_wrong(error: ConfigError) -> str:
    if not isinstance(error, DocumentError):
        return f"today's cannot be used: {error.sentence.rstrip('.')}"
    count, first = len(error.problems), error.problems[0]
    place = f"{first.file}:{first.line}" if first.line else first.file
    return f"today's has {count} error{'s' if count > 1 else ''} in `{plain(place)}`"


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"There is no {path.name}.", "Write one, or let `muster init` do it.") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{path.name} cannot be read: {why}.") from None


def _kept(last_good: LastGood | None, error: ConfigError) -> tuple[Registry, datetime]:
    found = last_good() if last_good is not None else None
    if found is None:
        raise error
    _, text, at = found
    try:
        return Registry.load_files(unpack(text)), at
    except (ValueError, ConfigError):  # kept by a version with another idea of a good registry
        raise error from None
