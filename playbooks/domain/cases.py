"""The case a right is used in, and which of the right's entries covers it: severity, tier, environment, hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from playbooks.domain.hours import parse_hours
from playbooks.domain.incidents import DEFAULT_SEVERITIES, Severity
from playbooks.domain.ownership_file import Component, RightEntry

DEFAULT_ENVIRONMENT = "production"
_LEVER_OF = {"roll_back": "rollback", "disable": "disable", "enable": "disable"}


@dataclass(frozen=True, slots=True)
class Case:
    """What a right is used for.

    Attributes:
        at: the moment, with its zone; None where hours do not matter.
        severity: id of the incident's severity, empty while unset, None where no incident is meant.
        severities: as configured, for what is worse than what.
    """

    at: datetime | None = None
    severity: str | None = None
    severities: tuple[Severity, ...] = DEFAULT_SEVERITIES

    def level(self, severity_id: str) -> int | None:
        """Level of a severity, 1 is worst; None for one that is not configured."""
        return next((s.level for s in self.severities if s.id == severity_id), None)

    def label(self, severity_id: str) -> str:
        """What people read of a severity."""
        return next((s.label for s in self.severities if s.id == severity_id), severity_id or "an unset severity")


ANY_CASE = Case()


class Beyond(StrEnum):
    """Which limit of an entry a case is beyond."""

    SEVERITY = "severity"
    TIER = "tier"
    ENVIRONMENT = "environment"
    HOURS = "hours"


def beyond_limits(entry: RightEntry, component: Component, right: str, case: Case) -> Beyond | None:
    """The limit that keeps an entry from covering a case, None when it covers it; for hours see `off_hours`."""
    limits = entry.limits
    if limits.tier is not None and (component.tier is None or component.tier < limits.tier):
        return Beyond.TIER
    if limits.environment is not None and limits.environment != environment_of(component, right):
        return Beyond.ENVIRONMENT
    if limits.severity is None or case.severity is None:
        return None
    most, now = case.level(limits.severity), case.level(case.severity)
    # A severity nobody has set yet may be the worst.
    return None if most is not None and now is not None and now >= most else Beyond.SEVERITY


def off_hours(entry: RightEntry, case: Case) -> bool:
    """Whether the case is at a time at which the entry's holders do not decide."""
    return entry.hours is not None and case.at is not None and not parse_hours(entry.hours).hold(case.at)


def environment_of(component: Component, right: str) -> str:
    """Environment a right acts on, as the lever's binding names it."""
    binding = component.levers.get(_LEVER_OF.get(right, ""), {})
    return str(binding.get("environment") or DEFAULT_ENVIRONMENT)


def rule_words(entry: RightEntry, case: Case = ANY_CASE) -> str:
    """What an entry is limited to, in words: `up to SEV2, in staging, mon-fri 09:00-18:00 UTC`; empty for nothing."""
    limits = entry.limits
    words = [
        f"up to {case.label(limits.severity)}" if limits.severity else "",
        f"tier {limits.tier} and less critical" if limits.tier else "",
        f"in {limits.environment}" if limits.environment else "",
        entry.hours or "",
    ]
    return ", ".join(word for word in words if word)


def beyond_words(beyond: Beyond, entry: RightEntry, component: Component, right: str, case: Case) -> str:
    """Why an entry does not cover a case, one clause: `it goes up to SEV2 and this is SEV1`."""
    limits = entry.limits
    if beyond is Beyond.SEVERITY:
        this = f"this is {case.label(case.severity)}" if case.severity else "no severity is set yet"
        return f"it goes up to {case.label(limits.severity or '')} and {this}"
    if beyond is Beyond.TIER:
        this = f"this is tier {component.tier}" if component.tier else "this has no tier"
        return f"it goes up to tier {limits.tier} and {this}"
    if beyond is Beyond.ENVIRONMENT:
        return f"it is for {limits.environment} and this is {environment_of(component, right)}"
    return f"it counts {entry.hours}"
