"""Expected signals: when the next one is due, and the alert that a missing one is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.clocks import say_span
from playbooks.domain.ownership import Registry
from playbooks.domain.ownership_file import ExpectedEntry
from playbooks.domain.routing import OWN


def expected(registry: Registry) -> Iterator[tuple[str, ExpectedEntry]]:
    """Every signal the registry expects, with its component."""
    for component in registry.components.values():
        for entry in component.expects:
            yield component.id, entry


def find(registry: Registry, component: str, signal: str) -> ExpectedEntry | None:
    """The entry of a signal, None where the registry expects none."""
    known = registry.components.get(component)
    return next((e for e in known.expects if e.signal == signal), None) if known is not None else None


def late_at(entry: ExpectedEntry, last: datetime, zone: str) -> datetime:
    """From when on the signal after `last` counts as missing: when it is due, and the grace.

    With a time of day it is the first such time that is at least half of `every` after the last one: a run that ended
    a little before its time, or a little after it, counts for that time and not for the next.
    """
    if entry.by is None:
        return last + entry.every + entry.grace
    local = ZoneInfo(zone)
    after = (last + entry.every / 2).astimezone(local)
    due = datetime.combine(after.date(), time.fromisoformat(entry.by), local)
    if due < after:
        due = datetime.combine(after.date() + timedelta(days=1), time.fromisoformat(entry.by), local)
    return due.astimezone(UTC) + entry.grace


def missing_alert(
    component: str, entry: ExpectedEntry, late: datetime, last: datetime | None, *, came: datetime | None = None
) -> Alert:
    """The alert of a signal that has not come; with `came` its end."""
    due = late - entry.grace
    before = f", the last one came {say_span(due - last)} before" if last is not None and last < due else ""
    labels: Mapping[str, str] = {"component": component, "signal": entry.signal}
    return Alert(
        source=OWN,
        fingerprint=f"expected:{component}:{entry.signal}",
        name=f"{entry.signal} is missing",
        status=AlertStatus.FIRING if came is None else AlertStatus.RESOLVED,
        starts_at=late,
        ends_at=came,
        severity=entry.severity,
        summary=f"{entry.signal} of {component} was due at {due:%d %b %H:%M} UTC and has not come{before}",
        labels=labels,
    )
