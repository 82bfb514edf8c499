"""Providers by name: a catalogue of kinds, loaded when first asked for, and a shelf of those that are configured."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar

from playbooks.plugin import ConfigError, Maturity, Tools, maturity_of, nearest

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The kinds of one sort of provider.

    Attributes:
        what: the sort in words (`lever provider`). group: entry points by which other packages bring kinds.
        builtin: kind -> `module:attribute`.
    """

    what: str
    group: str
    builtin: Mapping[str, str]

    def outside(self) -> dict[str, str]:
        """Kinds of other packages; a built-in name cannot be taken over."""
        return {point.name: point.value for point in entry_points(group=self.group) if point.name not in self.builtin}

    def kinds(self) -> tuple[str, ...]:
        """All kinds, those of other packages included."""
        return tuple(sorted({*self.builtin, *self.outside()}))

    def load(self, kind: str) -> type[Any]:
        """The class of a kind. Raises ConfigError for an unknown or broken one."""
        path = self.builtin.get(kind) or self.outside().get(kind)
        if path is None:
            known = self.kinds()
            hint = did_you_mean(kind, known)
            raise ConfigError(f"There is no {self.what} kind {kind!r}{hint}.", f"Known: {', '.join(known)}.")
        module, _, attribute = path.partition(":")
        try:
            found = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as broken:
            raise ConfigError(f"The {self.what} {kind!r} cannot be loaded from {path}: {broken}.") from broken
        if not isinstance(found, type):
            raise ConfigError(f"The {self.what} {kind!r} ({path}) is no class.")
        return found


class Shelf(Generic[_T]):
    """Providers of one sort over the `providers:` of muster.yaml, each made once, when it is first asked for.

    Args:
        settings: name -> settings. An entry's `kind` names the provider kind where the name itself is none, so that
            two of one kind can be configured. `token_env: NAME` (or any `*_env`) takes a value from `environ`,
            `*_file: PATH` from a file, so that no secret stands in muster.yaml. A kind whose `needs_settings` is False
            needs no entry.
        tools: handed to each. environ: where `*_env` is looked up.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        settings: Mapping[str, Mapping[str, Any]],
        tools: Tools,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._catalogue, self._tools = catalogue, tools
        self._settings = {name: dict(entry) for name, entry in settings.items()}
        self._environ = {} if environ is None else environ  # one that only looks names up has no length
        self._made: dict[str, _T] = {}
        self._lock = threading.Lock()

    def get(self, provider: str) -> _T:
        """The provider of this name. Raises ConfigError for one that is not configured, or not rightly."""
        with self._lock:
            found = self._made.get(provider)
            if found is None:
                found = self._made[provider] = self._make(provider)
            return found

    def maturity(self, provider: str) -> Maturity:
        """What a provider declares, without any secret; proven for a name that leads to none."""
        try:
            return maturity_of(self._catalogue.load(self._kind(provider)))
        except ConfigError:
            return Maturity.PROVEN  # that it cannot be used is told where it is used

    def check(self, provider: str, binding: Mapping[str, Any]) -> None:
        """Parse what is said about one target, without any call. Raises ConfigError that names the wrong key."""
        check = getattr(self.get(provider), "check", None)
        if check is not None:
            check(binding)

    def close(self) -> None:
        """Close what the providers hold open."""
        with self._lock:
            for made in self._made.values():
                close = getattr(made, "close", None)
                if close is not None:
                    close()
            self._made.clear()

    def _make(self, provider: str) -> _T:
        if provider not in self._settings and self._needs_settings(provider):
            hint = did_you_mean(provider, self._settings)
            known = ", ".join(sorted({*self._catalogue.builtin, *self._settings}))
            raise ConfigError(
                f"The {self._catalogue.what} {provider!r} is not configured{hint}.",
                f"Write `providers: {{{provider}: {{url: …}}}}` in muster.yaml (kinds: {known}).",
            )
        settings = {key: value for key, value in self._settings.get(provider, {}).items() if key != "kind"}
        made: _T = self._catalogue.load(self._kind(provider))(
            provider, resolved(provider, settings, self._environ), self._tools
        )
        return made

    def _needs_settings(self, provider: str) -> bool:
        known = provider in self._catalogue.kinds()
        return not known or getattr(self._catalogue.load(provider), "needs_settings", True)

    def _kind(self, provider: str) -> str:
        return str(self._settings.get(provider, {}).get("kind", provider))


def did_you_mean(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """A clause with the nearest known name, empty where none is near."""
    close = nearest(name, known)
    return f"; did you mean {close[0]!r}?" if close else ""


# ------------------------------------------------------------------ settings


def resolved(provider: str, settings: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Settings with `*_env` and `*_file` replaced by what they name. Raises ConfigError that names the key."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if key.endswith("_env"):
            found[key.removesuffix("_env")] = _from_environment(provider, key, str(value), environ)
        elif key.endswith("_file"):
            found[key.removesuffix("_file")] = _from_file(provider, key, str(value))
        else:
            found[key] = value
    return found


def without_secrets(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with a stand-in for each secret, so that a check in a pipeline needs none."""
    return {
        key.removesuffix("_env").removesuffix("_file"): "not-looked-up" if key.endswith(("_env", "_file")) else value
        for key, value in entry.items()
    }


def _from_environment(provider: str, key: str, name: str, environ: Mapping[str, str]) -> str:
    value = environ.get(name, "")
    if not value:
        raise ConfigError(
            f"`providers.{provider}.{key}` names {name}, which is not set.", f"Set {name} in the environment."
        )
    return value


def _from_file(provider: str, key: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"`providers.{provider}.{key}` names a file that cannot be read.", "Check its path and who may read it."
        ) from None
