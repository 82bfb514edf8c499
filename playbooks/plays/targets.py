"""Which component a change is about, by the targets its levers are bound to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playbooks.domain.alerts import Change
from playbooks.domain.ownership import Registry


def change_target(change: Change) -> str:
    """The target as plans name it: `model@alias`, or `project/flag@environment`."""
    if change.environment and "@" not in change.subject:
        return f"{change.subject}@{change.environment}"
    return change.subject


def binding_target(binding: Mapping[str, Any]) -> str:
    """The target a lever binding is about, in the words plans use; empty when it names none."""
    named = next((binding[key] for key in ("model", "prompt", "index") if binding.get(key)), None)
    if named is not None:
        return f"{named}@{binding.get('alias', '')}"
    if "flag" in binding:
        return f"{binding.get('project', 'default')}/{binding['flag']}@{binding.get('environment', '')}"
    return ""


def targets_of(registry: Registry, component: str) -> tuple[str, ...]:
    """Targets of all levers of a component; empty for an unknown one."""
    found = registry.components.get(component)
    if found is None:
        return ()
    return tuple(t for binding in found.levers.values() if (t := binding_target(binding)))


def components_of_target(registry: Registry, change: Change) -> tuple[str, ...]:
    """Components a change is about: those bound to its target, or the one of that name."""
    target = change_target(change)
    named = (change.subject,) if change.subject in registry.components else ()
    return named + tuple(c for c in registry.components if c not in named and target in targets_of(registry, c))
