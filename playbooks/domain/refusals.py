"""Why somebody was refused, in words: what the timeline and the postmortem say of a right that was not theirs."""

from __future__ import annotations

from playbooks.domain.authority import Right
from playbooks.domain.rulings import Why

REASONS = {
    Why.NOT_HELD.value: "the right is not theirs",
    Why.OWN_REQUEST.value: "it is their own request, and two others decide",
    Why.OFF_HOURS.value: "outside the hours of their right",
    Why.BEYOND_SEVERITY.value: "beyond the severity of their right",
    Why.BEYOND_TIER.value: "beyond the tier of their right",
    Why.BEYOND_ENVIRONMENT.value: "beyond the environment of their right",
    "may_not_ask": "not among those who may ask",
    "nobody_decides": "the registry names nobody who decides",
    "frozen": "the component is frozen",
    "not_asked": "somebody else was asked to do it",
}

OTHERWISE = "not theirs to decide"


def reason_words(reason: str) -> str:
    """A reason as a clause; one that is not about a right reads as such."""
    return REASONS.get(reason, OTHERWISE)


def wish_words(decision: str, component: str, command: str) -> str:
    """What was wanted: `roll back fraud-scorer`, else the command as it is called."""
    if decision in {right.value for right in Right}:
        return f"{Right(decision).verb} {component}".strip()
    return f"{command.replace('-', ' ').replace('_', ' ')} {component}".strip() or "a command"
