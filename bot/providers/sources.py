"""Kinds of senders by name: the one table of what can be configured under `sources:`; loaded when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType

from bot.providers.alerts.reading import AlertSource, Signed
from playbooks.plugin import Change

ReadChanges = Callable[..., list[Change]]


@dataclass(frozen=True, slots=True)
class ChangeSource:
    """A kind of change source: its reader, and what verifies its own signature."""

    read: ReadChanges
    signed: Signed


# The order is the one in which a body of unknown origin is tried (`muster route`).
ALERTS: Mapping[str, str] = MappingProxyType(
    {
        "alertmanager": "bot.providers.alerts.alertmanager",
        "generic": "bot.providers.alerts.generic",
        "grafana": "bot.providers.alerts.grafana",
        "pagerduty": "bot.providers.alerts.pagerduty",
        "pagerduty_events": "bot.providers.alerts.pagerduty_events",
        "sns": "bot.providers.alerts.aws.sns",
        "eventbridge": "bot.providers.alerts.aws.eventbridge",
        "datadog": "bot.providers.alerts.datadog",
        "sentry": "bot.providers.alerts.sentry",
        "newrelic": "bot.providers.alerts.newrelic",
        "opsgenie": "bot.providers.alerts.opsgenie",
        "gcp_monitoring": "bot.providers.alerts.gcp_monitoring",
        "azure_monitor": "bot.providers.alerts.azure_monitor",
        "statuspage": "bot.providers.alerts.statuspage",
        "langfuse": "bot.providers.alerts.langfuse",
        "langsmith": "bot.providers.alerts.langsmith",
        "litellm": "bot.providers.alerts.litellm",
        "openai": "bot.providers.alerts.openai",
        "github": "bot.providers.alerts.github",
        "dbt": "bot.providers.alerts.dbt",
        "wandb": "bot.providers.alerts.wandb",
        "soda": "bot.providers.alerts.soda",
        "great_expectations": "bot.providers.alerts.great_expectations",
        "evidently": "bot.providers.alerts.evidently",
        "mlflow": "bot.providers.alerts.mlflow",
        "cloudevents": "bot.providers.alerts.cloudevents",
        "mapped": "bot.providers.alerts.mapped",
        "raw": "bot.providers.alerts.raw",
    }
)
CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "generic": "bot.providers.changes.generic",
        "mlflow": "bot.providers.changes.mlflow",
        "unleash": "bot.providers.changes.unleash",
        "huggingface": "bot.providers.changes.huggingface",
        "github": "bot.providers.changes.github",
        "argocd": "bot.providers.changes.argocd",
        "launchdarkly": "bot.providers.changes.launchdarkly",
    }
)
KINDS: tuple[str, ...] = tuple(dict.fromkeys((*ALERTS, *CHANGES)))


@cache
def alert_source(kind: str) -> AlertSource | None:
    """What reads the alerts of a kind, None where it tells none."""
    if kind not in ALERTS:
        return None
    found: AlertSource = import_module(ALERTS[kind]).SOURCE
    return found


@cache
def change_source(kind: str) -> ChangeSource | None:
    """What reads the changes of a kind, None where it tells none."""
    if kind not in CHANGES:
        return None
    module = import_module(CHANGES[kind])
    return ChangeSource(module.read, module.signed)
