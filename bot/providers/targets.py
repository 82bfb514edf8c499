"""One provider that moves several kinds of things: a binding's key says which, and each kind is a class of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from playbooks.plugin import (
    FLAG_STATES,
    ConfigError,
    Conflict,
    Described,
    Mark,
    Plan,
    Strict,
    Verification,
    nearest,
    parse_binding,
    undo_flag,
    undo_version,
)


class Target(Protocol):
    """A kind of thing that is moved: a lever whose binding is parsed already, as `binding`."""

    @property
    def binding(self) -> type[Strict]:
        """The binding's class."""
        ...

    def describe(self, bound: Any) -> Described:
        """See `ports.Lever`."""
        ...

    def plan(self, bound: Any, described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        ...

    def apply(self, bound: Any, plan: Plan, *, note: str) -> None:
        """See `ports.Lever`."""
        ...

    def verify(self, bound: Any, plan: Plan) -> Verification:
        """See `ports.Lever`."""
        ...


class TargetLever:
    """A lever over targets.

    Args:
        name: the provider's name. targets: by the key that stands in the binding of each.
    """

    def __init__(self, name: str, targets: Mapping[str, Target]) -> None:
        self.name = name
        self._targets = targets

    def check(self, binding: Mapping[str, Any]) -> None:
        """Parse a binding. Raises ConfigError."""
        self._chosen(binding)

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`."""
        target, bound = self._chosen(binding)
        return target.describe(bound)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        target, bound = self._chosen(binding)
        if after == described.state and after not in {*FLAG_STATES, *(version.id for version in described.versions)}:
            raise Conflict(f"The traffic is split like this already ({after}); there is nothing to do.")
        return target.plan(bound, described, after)

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`."""
        target, bound = self._chosen(binding)
        target.apply(bound, plan, note=note)

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        target, bound = self._chosen(binding)
        return target.verify(bound, plan)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """None of these keeps marks; Muster's own stand in any case."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        return undo_flag(plan) if plan.after in FLAG_STATES else undo_version(plan)

    def _chosen(self, binding: Mapping[str, Any]) -> tuple[Target, Strict]:
        found = [key for key in self._targets if key in binding]
        if len(found) != 1:
            close = [near for key in binding for near in nearest(key, self._targets)]
            known = ", ".join(f"`{key}`" for key in self._targets)
            raise ConfigError(
                f"The {self.name} lever's binding names {'two things' if found else 'nothing'} to move.",
                f"Did you mean `{close[0]}`?" if close and not found else f"Write one of {known}.",
            )
        target = self._targets[found[0]]
        return target, parse_binding(target.binding, self.name, binding)


def share_words(shares: Mapping[str, float]) -> str:
    """What takes traffic, by weights: a name where it is one, `blue 90 %, green 10 %` where it is split."""
    active = {name: weight for name, weight in shares.items() if weight > 0}
    if len(active) < 2:
        return "".join(active)
    whole = sum(active.values())
    return ", ".join(f"{name} {100 * weight / whole:.4g} %" for name, weight in sorted(active.items()))
