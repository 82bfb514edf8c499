"""The registry in force, from its files and imports: what was good last stays while today's is broken, and says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.providers.owners.sources import ImportSources, Texts, Wanted, layer_of, read_texts
from playbooks.domain.imports_file import ImportEntry
from playbooks.domain.layers import Layer, Opened, changes, layered, open_files
from playbooks.domain.ownership import Registry
from playbooks.domain.wording import plain
from playbooks.errors import ConfigError, UnknownName
from playbooks.ports import Clock
from playbooks.schemas.marked import DocumentError

Keep = Callable[[str, str], None]
"""Keeps a good version: content hash and text (`pack`)."""
LastGood = Callable[[], tuple[str, str, datetime] | None]
"""The version kept last: content hash, text, and when it was kept."""

_TOLD = 5
_Signature = tuple[tuple[str, int, int], ...]


def pack(files: Sequence[tuple[str, str]], imports: Sequence[tuple[ImportEntry, Texts]] = ()) -> str:
    """(name, text) of our files, and of the files of each import with its entry, as one text for storage."""
    rows: list[list[object]] = [list(file) for file in files]
    rows += [[entry.name, entry.model_dump(mode="json"), [list(file) for file in texts]] for entry, texts in imports]
    return json.dumps(rows, ensure_ascii=False)


def unpack(text: str) -> list[tuple[str, str]]:
    """Our own files out of what `pack` made. Raises ValueError."""
    rows = json.loads(text)
    files = [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []
    if not files or not all(isinstance(row, list) and len(row) in (2, 3) for row in rows):
        raise ValueError("this is no packed registry")
    return [(str(name), str(content)) for name, content in files]


def unpack_imports(text: str) -> list[tuple[ImportEntry, Texts]]:
    """The imports out of what `pack` made. Raises ValueError."""
    rows = json.loads(text)
    found = []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 3:
            entry = ImportEntry.model_validate_json(json.dumps(row[1]))
            found.append((entry, tuple((str(name), str(content)) for name, content in row[2])))
    return found


def load_packed(text: str, on: datetime) -> Registry:
    """The registry of a kept version as it was on a day, imports included. Raises ValueError, ConfigError."""
    layers: list[Layer] = []
    for entry, files in unpack_imports(text):
        layers.append(layer_of(entry, files, read_texts(entry, files, today=on.date())[0]))
    return layered(open_files(unpack(text)), layers)


@dataclass(slots=True)
class Versions:
    """Registry versions by their hash: the one in force, else as kept; the one asked for last stays in memory."""

    current: Callable[[], Registry]
    kept: Callable[[str], tuple[str, datetime] | None]
    _last: tuple[str, Registry] | None = None

    def of(self, content_sha256: str) -> Registry:
        """Raises UnknownName for a version that was not kept, ConfigError for one that cannot be read any more."""
        now, last = self.current(), self._last
        if content_sha256 == now.sha256:
            return now
        if last is not None and last[0] == content_sha256:
            return last[1]
        found = self.kept(content_sha256)
        if found is None:
            raise UnknownName(
                f"The registry version {content_sha256[:12]} was not kept.", "Its files may be in your repository."
            )
        try:
            registry = load_packed(*found)
        except ValueError:
            raise ConfigError(f"The registry version {content_sha256[:12]} cannot be read any more.") from None
        self._last = (content_sha256, registry)
        return registry


def load_registry(files: Sequence[tuple[Path, str]], clock: Clock) -> tuple[Registry, list[str]]:
    """The registry of (path, text) with its imports, and what stands against the imports. Raises DocumentError."""
    sources = ImportSources(clock)
    opened = open_files([(path.name, text) for path, text in files])
    sources.refresh(_wanted(opened, [path for path, _ in files]))
    return layered(opened, sources.layers()), sources.complaints()


def counted(registry: Registry) -> str:
    """How much a registry knows, in words."""
    amounts = ((len(registry.components), "component"), (len(registry.teams), "team"))
    words = [f"{amount:,} {noun}{'' if amount == 1 else 's'}" for amount, noun in amounts]
    people = len(registry.people)
    return ", ".join([*words, f"{people:,} {'person' if people == 1 else 'people'}"])


def _wanted(opened: Opened, paths: Sequence[Path]) -> list[Wanted]:
    return [Wanted(entry, paths[place].parent) for place, entry in opened.imports]


class RegistryHolder:
    """Holds the registry in force.

    The first load raises ConfigError when the files are broken and no good version was kept. `keep` is called with
    every good version that is loaded. An import that cannot be read keeps the layer it gave last.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        clock: Clock,
        *,
        keep: Keep | None = None,
        last_good: LastGood | None = None,
        sources: ImportSources | None = None,
    ) -> None:
        self._paths = tuple(paths)
        self._clock = clock
        self._keep = keep
        self._sources = sources or ImportSources(clock)
        self._opened: Opened | None = None
        self._lock = threading.Lock()
        self._complaint = ""
        self._problem: ConfigError | None = None
        self._signature = self._look()
        self._since = clock.now()
        try:
            self._registry = self._first(last_good)
        except ConfigError as error:
            self._registry, self._since = _kept(last_good, error)
            self._complain(error)

    def current(self) -> Registry:
        """The registry in force; costs nothing."""
        return self._registry

    @property
    def complaint(self) -> str:
        """Empty while today's files are in force, else one sentence for people, in Slack markup."""
        return " ".join(filter(None, (self._complaint, *self._sources.complaints())))

    @property
    def problem(self) -> ConfigError | None:
        """What is wrong with today's files; None while they are in force. A DocumentError has every line."""
        return self._problem

    @property
    def since(self) -> datetime:
        """When the version in force was loaded or kept, UTC."""
        return self._since

    def reload(self, *, force: bool = False) -> bool:
        """Read again what changed since the last look. Returns whether another registry is in force."""
        with self._lock:
            before = self._registry.sha256
            try:
                if not self._changed(force):
                    return False
                self._registry = self._load()
            except ConfigError as error:
                self._complain(error)
                return False
            self._since, self._complaint, self._problem = self._clock.now(), "", None
            return self._registry.sha256 != before

    def sync(self) -> str:
        """Read everything again, addresses too, and say in a sentence what changed, in Slack markup."""
        before = self._registry
        self.reload(force=True)
        after = self._registry
        counts = counted(after)
        said = changes(before, after)
        sentence = f"The registry is new: {said}." if said else f"The registry is as it was: {counts}."
        return " ".join(filter(None, (sentence, self.complaint, _conflicts(after))))

    def _changed(self, force: bool) -> bool:
        """Whether our files or a layer differ from the last look; the imports are looked at on the way."""
        signature = self._look()
        ours = signature != self._signature or force
        self._signature = signature
        if ours or self._opened is None:
            self._opened = None  # what stays so while today's files are broken
            self._opened = open_files([(path.name, _text(path)) for path in self._paths])
            ours = True
        layers = self._sources.refresh(_wanted(self._opened, self._paths), force=force)
        return ours or layers

    def _first(self, last_good: LastGood | None) -> Registry:
        self._changed(force=False)
        found = last_good() if self._sources.complaints() and last_good is not None else None
        if found is not None:
            try:
                self._sources.seed(unpack_imports(found[1]), found[2])
            except ValueError:
                pass  # kept by a version with another idea of an import
        return self._load()

    def _load(self) -> Registry:
        opened = self._opened or open_files([(path.name, _text(path)) for path in self._paths])
        registry = layered(opened, self._sources.layers())
        if self._keep is not None:
            self._keep(registry.sha256, pack(opened.files, self._sources.texts()))
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


def _conflicts(registry: Registry) -> str:
    """What the imports leave open, the first few by name, in Slack markup; empty for nothing."""
    told = [told for told in registry.findings if told.level == "error"]
    if not told:
        return ""
    noun = "conflict" if len(told) == 1 else "conflicts"
    lines = [f"• {plain(each.where)}: {plain(each.sentence, 300)}" for each in told[:_TOLD]]
    more = [f"and {len(told) - _TOLD} more: `muster check` lists them."] if len(told) > _TOLD else []
    return "\n".join([f"Its imports leave {len(told)} {noun} open:", *lines, *more])


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
        return load_packed(text, at), at
    except (ValueError, ConfigError):  # kept by a version with another idea of a good registry
        raise error from None
