"""Registries the domain tests share."""

from datetime import UTC, datetime
from pathlib import Path

from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.ownership import Registry

EXAMPLES = Path(__file__).parents[2] / "bot" / "examples"
NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
HEAD = "api: ownership/v1\n"


def example() -> Registry:
    """The registry of the demo and the README."""
    return Registry.load((EXAMPLES / "ownership.yaml").read_text("utf-8"), name="ownership.yaml")


def static_on_call(registry: Registry):
    """On call as the static lists say: the first one."""

    def now(team: str) -> tuple[str, ...]:
        entry = registry.teams[team].on_call
        return (entry.static or ())[:1] if entry else ()

    return now


def nobody(team: str) -> tuple[str, ...]:
    """Nobody is on call anywhere."""
    return ()


def alert(name: str = "ModelDriftHigh", source: str = "prod", severity: str = "", **labels: str) -> Alert:
    """A firing alert with these labels."""
    return Alert(source, "f" * 16, name, AlertStatus.FIRING, NOW, severity=severity, labels=labels)
