"""An end that the outside sets by itself (a silence's), against how long the registry lets a switch-off last."""

from __future__ import annotations

from datetime import timedelta

from playbooks.domain.clocks import say_span
from playbooks.domain.ownership_file import Component


def longest_off(component: Component, longest: timedelta) -> timedelta:
    """How long this may be off at most: the most generous entry of its right; `longest` where one sets none."""
    entries = component.rights.named().get("disable", ())
    return max((entry.longest or longest for entry in entries), default=longest)


def ends_too_early(component: Component, backstop: timedelta, longest: timedelta) -> str:
    """Why what the lever sets would end before its time box may; a plain sentence, empty where it does not."""
    allowed = longest_off(component, longest)
    if backstop >= allowed:
        return ""
    named = any(entry.longest for entry in component.rights.named().get("disable", ()))
    whose = "its right to disable" if named else "the configuration"
    return (
        f"What its disable lever sets ends by itself after {say_span(backstop)}, and {whose} lets it last "
        f"{say_span(allowed)}: in between the ledger would say off, and it is not. "
        f"Write `longest: {_iso(allowed)}` in the lever's binding, or shorten `longest` of the right."
    )


def _iso(span: timedelta) -> str:
    """As the registry writes a length: `P14D`, `PT36H`, `PT90M`."""
    seconds = int(span.total_seconds())
    if seconds % 86400 == 0:
        return f"P{seconds // 86400}D"
    if seconds % 3600 == 0:
        return f"PT{seconds // 3600}H"
    return f"PT{seconds // 60}M" if seconds % 60 == 0 else f"PT{seconds}S"
