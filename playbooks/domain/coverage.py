"""Whether the entries of a right cover every case: entries that can never count, and cases nobody is named for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from playbooks.domain.authority import Right
from playbooks.domain.cases import Beyond, Case, beyond_limits, beyond_words, environment_of
from playbooks.domain.hours import parse_hours
from playbooks.domain.incidents import Severity
from playbooks.domain.ownership_file import Component, RightEntry

_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_LOOKS = tuple(_MONDAY + timedelta(minutes=15 * step) for step in range(7 * 24 * 4))  # a week; hours are to the minute


def coverage_errors(component: Component, severities: tuple[Severity, ...]) -> Iterator[str]:
    """Limits that name a severity which is not configured."""
    known = {severity.id for severity in severities}
    for name, entries in component.rights.named().items():
        for place, entry in enumerate(entries):
            wanted = entry.limits.severity
            if wanted is not None and wanted not in known:
                there = ", ".join(severity.id for severity in severities)
                yield f"{_entry(name, place, entries)} goes up to the severity {wanted}, which is not configured " + (
                    f"(there is: {there})."
                )


def coverage_gaps(component: Component, severities: tuple[Severity, ...]) -> Iterator[str]:
    """Entries that never count, and cases for which no entry names anybody; each a plain sentence."""
    for name, entries in component.rights.named().items():
        for place, entry in enumerate(entries):
            why = _never(component, name, entries[:place], entry)
            if why:
                yield f"{_entry(name, place, entries)} can never count: {why}."
        hole = _hole(component, name, entries, severities)
        if hole:
            then = (
                "nobody may" if name == Right.ACCEPT_RISK else f"whoever is on call for {component.accountable} decides"
            )
            yield f"No entry of {name} covers {hole}, so then {then}."


def _entry(name: str, place: int, entries: Sequence[RightEntry]) -> str:
    return f"Entry {place + 1} of {name}" if len(entries) > 1 else f"The entry of {name}"


def _never(component: Component, name: str, before: Sequence[RightEntry], entry: RightEntry) -> str:
    """Why an entry never counts, a clause; empty when it may."""
    beyond = beyond_limits(entry, component, name, Case())
    if beyond in (Beyond.TIER, Beyond.ENVIRONMENT):
        return beyond_words(beyond, entry, component, name, Case())
    for place, earlier in enumerate(before):
        open_always = earlier.hours is None or earlier.deputy or parse_hours(earlier.hours).always
        covers_all = earlier.limits.severity is None or earlier.limits.severity == entry.limits.severity
        if open_always and covers_all and beyond_limits(earlier, component, name, Case()) is None:
            return f"entry {place + 1} covers its every case"
    return ""


def _hole(component: Component, name: str, entries: Sequence[RightEntry], severities: tuple[Severity, ...]) -> str:
    """The cases no entry covers, as words; empty when there are none."""
    uncovered = [
        severity.label for severity in severities if not _covering(component, name, entries, severity.id, severities)
    ]
    if not _covering(component, name, entries, "", severities):
        uncovered.append("an unset severity")
    if len(uncovered) > len(severities):
        return f"{environment_of(component, name)} on tier {component.tier or 'unset'}"
    if uncovered:
        return f"{', '.join(uncovered[:-1])} or {uncovered[-1]}" if len(uncovered) > 1 else uncovered[0]
    for severity in ("", *(s.id for s in severities)):
        covering = _covering(component, name, entries, severity, severities)
        if not _at_all_hours(covering):
            return "all hours (" + ", ".join(entry.hours or "" for entry in covering) + ")"
    return ""


def _covering(
    component: Component, name: str, entries: Sequence[RightEntry], severity: str, severities: tuple[Severity, ...]
) -> list[RightEntry]:
    case = Case(severity=severity, severities=severities)
    return [entry for entry in entries if beyond_limits(entry, component, name, case) is None]


def _at_all_hours(entries: Sequence[RightEntry]) -> bool:
    windows = []
    for entry in entries:
        if entry.hours is None or entry.deputy:
            return True
        windows.append(parse_hours(entry.hours))
    return all(any(window.hold(at) for window in windows) for at in _LOOKS)
