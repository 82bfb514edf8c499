"""Where imports come from: files, folders, addresses; what was good last stays while today's is not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import httpx

from bot.providers.httpcall import READ_SECONDS, HttpCaller
from bot.providers.owners import backstage, codeowners, cortex, datacontract, datadog, odcs, opslevel
from playbooks.domain.imported import Imported, Layer, joined
from playbooks.domain.imports_file import ImportEntry
from playbooks.domain.wording import plain
from playbooks.errors import ConfigError, InputError, MusterError
from playbooks.ports import Clock
from playbooks.schemas.marked import DocumentError

MAX_FILES = 5000
MAX_TOTAL = 64 * 1024 * 1024
_SUFFIXES = (".yaml", ".yml", ".json")
_CODEOWNERS = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
_NOT_MODIFIED = 304
_READERS = {
    "backstage": backstage.read,
    "datadog": datadog.read,
    "datacontract": datacontract.read,
    "opslevel": opslevel.read,
    "cortex": cortex.read,
}

Texts = tuple[tuple[str, str], ...]
"""(name, text) of the files of one import."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An import as written, and the folder its path is relative to."""

    entry: ImportEntry
    folder: Path

    @property
    def key(self) -> tuple[str, str]:
        """Tells imports apart over reloads."""
        return self.entry.model_dump_json(), str(self.folder)


@dataclass(slots=True)
class _State:
    """One import: the layer in force and where it stands."""

    layer: Layer | None = None
    files: Texts = ()
    since: datetime | None = None
    complaint: str = ""
    signature: tuple[object, ...] = ()
    asked: datetime | None = None
    etag: str = ""
    modified: str = ""


def read_texts(entry: ImportEntry, files: Texts, *, today: date) -> tuple[Imported, list[str]]:
    """What the files of one import say, and for each that cannot be used why not."""
    found: list[Imported] = []
    broken: list[str] = []
    for name, text in files:
        try:
            found.append(_read(entry, name, text, today))
        except DocumentError as error:
            broken.append(str(error.problems[0]))
        except (InputError, ConfigError) as error:
            broken.append(error.sentence.rstrip("."))
    imported = joined(found)
    if not imported and not broken:
        broken.append(f"there is nothing of the kind {entry.kind} in it")
    return imported, broken


def _read(entry: ImportEntry, name: str, text: str, today: date) -> Imported:
    if entry.kind == "codeowners":
        return codeowners.read(text, name=name, components=entry.components, syntax=entry.syntax or "")
    if entry.kind == "odcs":
        return odcs.read(text, name=name, today=today)
    return _READERS[entry.kind](text, name=name)


def layer_of(entry: ImportEntry, files: Texts, imported: Imported) -> Layer:
    """The layer of one import with the hash of its text."""
    digest = sha256(entry.model_dump_json(exclude={"token_env", "refresh"}).encode())
    for name, text in files:
        digest.update(f"\x00{name}\x01".encode())
        digest.update(text.encode("utf-8", "surrogatepass"))
    return Layer(entry.kind, entry.name, imported, digest.hexdigest(), tuple(entry.ids.items()))


@dataclass(slots=True)
class ImportSources:
    """All imports of a registry over its reloads.

    `env` holds the tokens; `timeout` is how long an address may be silent. Not for several threads at once.
    """

    clock: Clock
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    timeout: float = READ_SECONDS
    _states: dict[tuple[str, str], _State] = field(default_factory=dict)  # in the order of the imports

    def refresh(self, wanted: Sequence[Wanted], *, force: bool = False) -> bool:
        """Look at every import, ask addresses that are due, all of them with `force`. Returns whether one changed."""
        before = [layer.sha256 for layer in self.layers()]
        states = {each.key: self._states.get(each.key) or _State() for each in wanted}
        self._states = states
        for each in wanted:
            state = states[each.key]
            try:
                self._look(each, state, force)
            except MusterError as error:
                self._broken(each.entry, state, error.sentence.rstrip("."))
        return before != [layer.sha256 for layer in self.layers()]

    def layers(self) -> list[Layer]:
        """The layers in force, in the order of the imports."""
        return [state.layer for state in self._states.values() if state.layer is not None]

    def complaints(self) -> list[str]:
        """One sentence for each import that is not today's, in Slack markup."""
        return [state.complaint for state in self._states.values() if state.complaint]

    def texts(self) -> list[tuple[ImportEntry, Texts]]:
        """What the layers in force were read from."""
        found = []
        for key, state in self._states.items():
            if state.layer is not None:
                found.append((ImportEntry.model_validate_json(key[0]), state.files))
        return found

    def seed(self, kept: Sequence[tuple[ImportEntry, Texts]], at: datetime) -> bool:
        """Give imports that have no layer the one that was kept. Returns whether one was given."""
        given = False
        for key, state in self._states.items():
            files = next((files for entry, files in kept if entry.model_dump_json() == key[0]), None)
            if state.layer is None and files is not None:
                entry, why = ImportEntry.model_validate_json(key[0]), state.complaint
                imported, _ = read_texts(entry, files, today=at.date())
                state.layer, state.files, state.since = layer_of(entry, files, imported), files, at
                state.complaint = _last_good(entry, at, why.partition(": ")[2].rstrip(".") or "it cannot be read")
                given = True
        return given

    # -------------------------------------------------------------- one import

    def _look(self, wanted: Wanted, state: _State, force: bool) -> None:
        if wanted.entry.url is None:
            self._look_at_files(wanted, state, force)
        else:
            self._ask(wanted.entry, wanted.entry.url, state, force)

    def _look_at_files(self, wanted: Wanted, state: _State, force: bool) -> None:
        paths = _paths(wanted)
        signature = (self.clock.now().date(), *(_stat(path) for path in paths))
        if signature == state.signature and not force:
            return
        state.signature = signature
        names = [_relative(path, wanted.folder) for path in paths]
        self._take(wanted.entry, state, tuple(zip(names, _texts(paths), strict=True)))

    def _ask(self, entry: ImportEntry, url: str, state: _State, force: bool) -> None:
        now = self.clock.now()
        if not force and state.asked is not None and now - state.asked < entry.refresh:
            return
        state.asked = now
        answer = _fetch(entry, url, state, self._headers(entry), self.timeout)
        if answer is not None:
            self._take(entry, state, ((_short(url), answer),))
        elif state.layer is not None:
            state.complaint = ""

    def _headers(self, entry: ImportEntry) -> dict[str, str]:
        headers = {"Accept": "*/*"}
        if entry.token_env:
            token = self.env.get(entry.token_env, "").strip()
            if not token:
                raise ConfigError(f"{entry.token_env} is not set.", "Set it, or leave `token_env` out.")
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _take(self, entry: ImportEntry, state: _State, files: Texts) -> None:
        """Files that were read become the layer in force, unless one of them is broken and there is a good one."""
        imported, broken = read_texts(entry, files, today=self.clock.now().date())
        if broken:
            state.etag = state.modified = ""
            self._broken(entry, state, broken[0] + (f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""))
            if state.layer is not None or not imported:
                return
        else:
            state.complaint = ""
        state.layer, state.files, state.since = layer_of(entry, files, imported), files, self.clock.now()

    def _broken(self, entry: ImportEntry, state: _State, why: str) -> None:
        if state.layer is not None and state.since is not None:
            state.complaint = _last_good(entry, state.since, why)
        else:
            state.complaint = f"The import `{plain(entry.name, 120)}` cannot be used: {plain(why, 300)}."


def _last_good(entry: ImportEntry, since: datetime, why: str) -> str:
    good = f"I'm using the import `{plain(entry.name, 120)}` of {since.astimezone(UTC):%-d %b %H:%M} UTC (last good)"
    return f"{good}; today's cannot be used: {plain(why, 300)}."


# ------------------------------------------------------------------ files


def _paths(wanted: Wanted) -> list[Path]:
    """The files of an import, sorted. Raises ConfigError where there is none or too many."""
    word = wanted.entry.path or ""
    try:
        found = _found(wanted, word)
    except (OSError, ValueError, NotImplementedError):
        raise ConfigError(f"The path {word} cannot be looked at.") from None
    if not found:
        raise ConfigError(f"There is no file at {word}.")
    if len(found) > MAX_FILES:
        raise ConfigError(f"There are more than {MAX_FILES:,} files at {word}.")
    return found


def _found(wanted: Wanted, word: str) -> list[Path]:
    path = wanted.folder / word
    if any(sign in word for sign in "*?["):
        anchor = Path(path.anchor) if Path(word).is_absolute() else wanted.folder
        pattern = str(Path(word).relative_to(anchor)) if Path(word).is_absolute() else word
        return sorted(each for each in anchor.glob(pattern) if each.is_file())
    if not path.is_dir():
        return [path] if path.exists() else []
    if wanted.entry.kind == "codeowners":
        return [each for name in _CODEOWNERS if (each := path / name).is_file()][:1]
    return sorted(each for each in path.rglob("*") if each.suffix in _SUFFIXES and _seen(each, path))


def _seen(file: Path, folder: Path) -> bool:
    """A file of the folder's own: not one in a hidden folder or among somebody else's packages."""
    parents = file.relative_to(folder).parts[:-1]
    return file.is_file() and not any(part.startswith(".") or part == "node_modules" for part in parents)


def _stat(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, -1
    return str(path), stat.st_mtime_ns, stat.st_size


def _texts(paths: Sequence[Path]) -> list[str]:
    """Raises ConfigError."""
    found, left = [], MAX_TOTAL
    for path in paths:
        try:
            with path.open("rb") as file:
                content = file.read(left + 1)
            left -= len(content)
            if left < 0:
                raise ConfigError(f"The files are larger than {MAX_TOTAL >> 20} MiB together.")
            found.append(content.decode("utf-8"))
        except OSError as error:
            raise ConfigError(f"{path.name} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{path.name} cannot be read: it is not UTF-8.") from None
    return found


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


# ------------------------------------------------------------------ addresses


def _fetch(entry: ImportEntry, url: str, state: _State, headers: dict[str, str], timeout: float) -> str | None:
    """The text at an address, None where it is what we have. Raises MusterError."""
    asked = {}
    if state.layer is not None:
        asked = {"If-None-Match": state.etag} if state.etag else {}
        asked |= {"If-Modified-Since": state.modified} if state.modified else {}
    base, path = _split(url)
    secrets = [headers["Authorization"].removeprefix("Bearer ")] if "Authorization" in headers else []
    credential = entry.token_env or "token_env"
    with HttpCaller(
        "the import", base, headers=headers, secrets=secrets, credential=credential, timeout=timeout
    ) as http:
        answer = http.read(path, f"GET {_short(url)}", expect=[_NOT_MODIFIED] if asked else [], headers=asked)
    if answer.status == _NOT_MODIFIED:
        return None
    try:
        text = answer.body.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{_short(url)} is not UTF-8.") from None
    state.etag = answer.headers.get("etag", "")
    state.modified = answer.headers.get("last-modified", "")
    return text


def _split(url: str) -> tuple[str, str]:
    """The server and the rest of an address. Raises ConfigError."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ConfigError("The address of an import is no http(s) address.") from None
    return str(parsed.copy_with(raw_path=b"/", fragment=None)), parsed.raw_path.decode("ascii")


def _short(url: str) -> str:
    """An address as told to people: without what may be secret in it."""
    return url.partition("?")[0].partition("#")[0]
