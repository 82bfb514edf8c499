"""Time, ids, levers and who is on call: what the plays ask the world outside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from playbooks.domain.actions import Described, Mark, Plan, Verification


class Clock(Protocol):
    """The only source of the time; tests and the demo advance it."""

    def now(self) -> datetime:
        """The time, UTC, tz-aware."""
        ...


class Ids(Protocol):
    """The only source of random identity."""

    def new(self) -> str:
        """A new unique id, 32 hex digits, sortable by time where possible."""
        ...

    def salt(self) -> str:
        """16 hex digits of randomness for a content digest."""
        ...


class Lever(Protocol):
    """Sets a desired state in a system and reads it back. Applying twice is the same as applying once.

    `binding` is the component's entry under `levers:` in the registry, without `provider`. Every method may raise
    `errors.ProviderError` (try again), `errors.OutcomeUnknown` (read back first), or `errors.MusterError` with kind
    PERMANENT or INPUT (a person must act).
    """

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """Read the current state, the candidates and their marks."""
        ...

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """The plan from the described state to `after` (a version id or `on`/`off`). Raises Conflict for a no-op."""
        ...

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """Set the desired state. `note` (`INC-42 action 17`) is left where the provider keeps notes."""
        ...

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """Read registry and effect back."""
        ...

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """Mark a version good or bad where the provider can; a lever without versions does nothing."""
        ...

    def undo(self, plan: Plan) -> Plan:
        """The plan that brings the before-state back, with what must be restored (strategies of a flag)."""
        ...


class Levers(Protocol):
    """Looks levers up by provider name."""

    def get(self, provider: str) -> Lever:
        """Raises `errors.ConfigError` for a provider that is not configured."""
        ...


class OnCall(Protocol):
    """Who is on call now."""

    def now(self, team_id: str) -> tuple[str, ...]:
        """Registry person ids on call for a team, first responder first; empty when nobody could be resolved."""
        ...

    def behind(self, team_id: str) -> tuple[str, ...]:
        """Registry person ids of those who stand behind the first, in order; empty where nobody is named."""
        ...

    def explain(self, team_id: str) -> str:
        """What people must know about it, as sentences (a source that is down); empty when all is well."""
        ...


class Probe(Protocol):
    """Stands before and after every commit and every outgoing call; tests stop the process there."""

    def hit(self, label: str) -> None: ...
