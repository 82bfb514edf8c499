"""Levers by name: built-in ones as `module:attribute`, loaded when first asked for, others through entry points."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from playbooks.plugin import Clock, ConfigError, Lever, Maturity, Probe, Strict, Tools, maturity_of, nearest

GROUP = "muster.levers"
LEVERS: Mapping[str, str] = {
    "aws": "bot.providers.levers.aws.lever:AwsLever",
    "alertmanager": "bot.providers.levers.alertmanager:AlertmanagerLever",
    "airflow": "bot.providers.levers.airflow:AirflowLever",
    "databricks": "bot.providers.levers.databricks:DatabricksLever",
    "flagd": "bot.providers.levers.flagd:FlagdLever",
    "github": "bot.providers.levers.github.lever:GithubLever",
    "kubernetes": "bot.providers.levers.kubernetes.lever:KubernetesLever",
    "launchdarkly": "bot.providers.levers.launchdarkly:LaunchDarklyLever",
    "local": "bot.providers.levers.local:LocalLever",
    "manual": "bot.providers.levers.manual:ManualLever",
    "mlflow": "bot.providers.levers.mlflow:MlflowLever",
    "unleash": "bot.providers.levers.unleash:UnleashLever",
    "v2": "bot.providers.levers.v2:V2Lever",
    "webhook": "bot.providers.levers.webhook:WebhookLever",
}


@dataclass(frozen=True, slots=True)
class LeverKind:
    """What can be said about a kind of lever without configuring it.

    Attributes:
        name, summary: the kind and its first docstring line. tested_with: versions it was driven against.
        settings: keys under `providers.{name}` in muster.yaml. binding: keys of a component's lever entry.
        builtin: False for one that another package brings. maturity: whether it ever ran against the real service.
    """

    name: str
    summary: str
    tested_with: str
    settings: tuple[str, ...]
    binding: tuple[str, ...]
    builtin: bool
    maturity: Maturity


class SystemClock:
    """The machine's time, UTC."""

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return datetime.now(UTC)


def _outside() -> dict[str, str]:
    """Levers of other packages; a built-in name cannot be taken over."""
    return {point.name: point.value for point in entry_points(group=GROUP) if point.name not in LEVERS}


def load(kind: str) -> type[Any]:
    """The class of a lever kind. Raises ConfigError for an unknown or broken one."""
    path = LEVERS.get(kind) or _outside().get(kind)
    if path is None:
        known = sorted({*LEVERS, *_outside()})
        raise ConfigError(
            f"There is no lever provider kind {kind!r}{_near(kind, known)}.", f"Known: {', '.join(known)}."
        )
    module, _, attribute = path.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as broken:
        raise ConfigError(f"The lever provider {kind!r} cannot be loaded from {path}: {broken}.") from broken
    if not isinstance(found, type):
        raise ConfigError(f"The lever provider {kind!r} ({path}) is no class.")
    return found


def describe() -> list[LeverKind]:
    """All kinds of levers, by name."""
    outside = _outside()
    return [_kind(name, builtin=name in LEVERS) for name in sorted({*LEVERS, *outside})]


def _kind(name: str, *, builtin: bool) -> LeverKind:
    cls = load(name)
    return LeverKind(
        name=name,
        summary=(cls.__doc__ or "").strip().partition("\n")[0],
        tested_with=getattr(cls, "tested_with", ""),
        settings=_keys(getattr(cls, "Settings", None)),
        binding=_keys(getattr(cls, "Binding", None)),
        builtin=builtin,
        maturity=maturity_of(cls),
    )


def _keys(model: type[Strict] | None) -> tuple[str, ...]:
    return tuple(model.model_fields) if model is not None else ()


def _near(name: str, known: Iterable[str]) -> str:
    close = nearest(name, known)
    return f"; did you mean {close[0]!r}?" if close else ""


class LeverShelf:
    """Implements `ports.Levers` over the `providers:` of muster.yaml.

    Args:
        settings: name -> settings. An entry's `kind` names the provider kind where the name itself is none, so that
            two registries of one kind can be configured. `token_env: NAME` (or any `*_env`) takes a value from
            `environ`, `*_file: PATH` from a file, so that no secret stands in muster.yaml.
        environ: where `*_env` is looked up. clock: time of marks. probe: hit around every outgoing call.
    """

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, Any]],
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        probe: Probe | None = None,
    ) -> None:
        self._settings = {name: dict(entry) for name, entry in settings.items()}
        self._environ = {} if environ is None else environ  # one that only looks names up has no length
        self._tools = Tools(clock or SystemClock(), probe, self)
        self._made: dict[str, Lever] = {}
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """The configured providers."""
        return tuple(self._settings)

    def get(self, provider: str) -> Lever:
        """See `ports.Levers`."""
        with self._lock:
            lever = self._made.get(provider)
            if lever is None:
                lever = self._made[provider] = self._make(provider)
            return lever

    def maturity(self, provider: str) -> Maturity:
        """What a provider's lever declares, without any secret; proven for a name that leads to none."""
        try:
            return maturity_of(load(self._kind(provider)))
        except ConfigError:
            return Maturity.PROVEN  # that it cannot be used is told where it is used

    def check(self, provider: str, binding: Mapping[str, Any]) -> None:
        """Parse a component's binding without any call. Raises ConfigError that names the wrong key."""
        check = getattr(self.get(provider), "check", None)
        if check is not None:
            check(binding)

    def backstop(self, provider: str, binding: Mapping[str, Any]) -> timedelta | None:
        """After this what a disable sets ends by itself in the outside; None where it does not. Raises ConfigError."""
        ends = getattr(self.get(provider), "backstop", None)
        return ends(binding) if ends is not None else None

    def close(self) -> None:
        """Close what the levers hold open."""
        with self._lock:
            for lever in self._made.values():
                close = getattr(lever, "close", None)
                if close is not None:
                    close()
            self._made.clear()

    def _make(self, provider: str) -> Lever:
        if provider not in self._settings:
            hint = _near(provider, self._settings)
            known = ", ".join(sorted({*LEVERS, *self._settings}))
            raise ConfigError(
                f"The lever provider {provider!r} is not configured{hint}.",
                f"Write `providers: {{{provider}: {{url: …}}}}` in muster.yaml (kinds: {known}).",
            )
        settings = {key: value for key, value in self._settings[provider].items() if key != "kind"}
        lever: Lever = load(self._kind(provider))(provider, resolved(provider, settings, self._environ), self._tools)
        return lever

    def _kind(self, provider: str) -> str:
        return str(self._settings.get(provider, {}).get("kind", provider))


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
