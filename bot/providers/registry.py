"""Levers by name: the built-in kinds, and those that other packages bring through an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.clock import SystemClock
from bot.providers.shelf import Catalogue, Shelf
from playbooks.plugin import Clock, Lever, Maturity, Probe, Strict, Tools, maturity_of

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


CATALOGUE = Catalogue("lever provider", GROUP, LEVERS)


def load(kind: str) -> type[Any]:
    """The class of a lever kind. Raises ConfigError for an unknown or broken one."""
    return CATALOGUE.load(kind)


def describe() -> list[LeverKind]:
    """All kinds of levers, by name."""
    return [_kind(name, builtin=name in LEVERS) for name in CATALOGUE.kinds()]


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


class LeverShelf(Shelf[Lever]):
    """Implements `ports.Levers`: see `Shelf`.

    Args:
        clock: time of marks. probe: hit around every outgoing call.
    """

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, Any]],
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        probe: Probe | None = None,
    ) -> None:
        super().__init__(CATALOGUE, settings, Tools(clock or SystemClock(), probe, self), environ)

    def names(self) -> tuple[str, ...]:
        """The configured providers."""
        return tuple(self._settings)

    def backstop(self, provider: str, binding: Mapping[str, Any]) -> timedelta | None:
        """After this what a disable sets ends by itself in the outside; None where it does not. Raises ConfigError."""
        ends = getattr(self.get(provider), "backstop", None)
        return ends(binding) if ends is not None else None
