"""The figures an alert carries, and the first line people read. Nothing is invented: what is not said is left out.

Names of annotations (or labels) that are read: `metric`, `value`, `limit` or `threshold`, `samples`, `windows`,
`first_breach` (time of the first breached window).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from playbooks.domain.alerts import Alert
from playbooks.domain.wording import one_line

LONGEST_FIGURE = 80
LONGEST_HEADLINE = 120

_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("metric", ("metric",)),
    ("value", ("value",)),
    ("limit", ("limit", "threshold")),
    ("samples", ("samples",)),
    ("windows", ("windows",)),
    ("since", ("first_breach", "since")),
)

# The first key word found in the failure key wins; the order is from the most to the least telling.
_SAYS: tuple[tuple[str, str], ...] = (
    ("drift", "is drifting"),
    ("stale", "is stale"),
    ("freshness", "is stale"),
    ("latency", "is slow"),
    ("late", "is late"),
    ("slow", "is slow"),
    ("down", "is down"),
    ("unavailable", "is down"),
    ("report", "misbehaves, people report"),
    ("hallucination", "answers without grounds"),
    ("groundedness", "answers without grounds"),
    ("accuracy", "is less accurate"),
    ("quality", "is losing quality"),
    ("cost", "costs too much"),
    ("budget", "is over its budget"),
    ("error", "is failing"),
    ("fail", "is failing"),
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORDS = re.compile(r"[^a-z0-9]+")


def read_signal(alert: Alert) -> dict[str, str]:
    """Figures for people in a fixed order: metric, value, limit, samples, windows, since, summary, silent_since.

    What the reader of the source already found stands; annotations come before labels. `since` and `silent_since` are
    the first breached window as ISO 8601 UTC; where it is no time with a zone there is only `since`, as written.
    """
    found: dict[str, str] = {}
    for name, keys in _NAMES:
        value = _first(keys, (alert.signal, alert.annotations, alert.labels))
        if value:
            found[name] = value
    for name, value in alert.signal.items():
        if name not in found and name not in ("threshold", "first_breach") and value.strip():
            found[one_line(name, 40)] = one_line(value, LONGEST_FIGURE)
    if alert.summary.strip():
        found["summary"] = one_line(alert.summary)
    breach = _moment(found.get("since", ""))
    if breach is not None:
        found["since"] = found["silent_since"] = breach
    return found


def _first(keys: tuple[str, ...], sources: tuple[Mapping[str, str], ...]) -> str:
    for source in sources:
        for key in keys:
            value = source.get(key, "")
            if value.strip() and not _unexpanded(value):
                return one_line(value, LONGEST_FIGURE)
    return ""


def _unexpanded(value: str) -> bool:
    """A template the source failed to fill in, such as `{{ $value }}` or `<no value>`."""
    return "{{" in value or value.strip() in ("<no value>", "[no value]") or value.startswith("$")


def _moment(text: str) -> str | None:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None or at.year < 2000:
            return None
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None


def headline(alert: Alert, component: str, failure: str = "") -> str:
    """The incident's title, raw text of one line: `fraud-scorer is drifting`, else `<name> on <component>`.

    `failure` is the key the router found; the alert's name is read where it is empty. Without a component the
    source's own summary is the title, else the alert's name.
    """
    if not component:
        own = one_line(alert.summary, LONGEST_HEADLINE) or one_line(alert.name, LONGEST_HEADLINE)
        return own or "an alert without a name"
    for text in (failure, alert.name):
        said = _says(text)
        if said:
            return one_line(f"{component} {said}", LONGEST_HEADLINE)
    name = one_line(alert.name, 60) or one_line(failure, 60) or "an alert"
    return one_line(f"{name} on {component}", LONGEST_HEADLINE)


def _says(text: str) -> str:
    words = _WORDS.split(_CAMEL.sub(" ", text[:200]).lower())
    for key, said in _SAYS:
        if any(word.startswith(key) for word in words):
            return said
    return ""
