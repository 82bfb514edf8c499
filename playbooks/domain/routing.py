"""Which component an alert is about: the registry's matchers, compiled so that one look-up per label suffices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playbooks.domain.alerts import Alert
from playbooks.domain.ownership import Registry
from playbooks.domain.ownership_file import AlertMatch, Exists, MatchValue, Regex, SustainedEntry

OWN = "muster"  # source of alerts that Muster raises itself
LONGEST_MATCHED = 256  # characters of a value a regular expression looks at

Getter = Callable[[Alert], str | None]
Test = Callable[[str | None], bool]


@dataclass(frozen=True, slots=True)
class Routed:
    """Where an alert belongs.

    Attributes:
        component: registry id, empty where nothing fits. failure: the matcher's key, else the alert's name.
        team: the accountable team, empty without a component. why: one clause for people and logs.
        severity: what the matcher sets instead of the alert's own, empty where it sets none.
        signal: the expected signal it is, empty for an alert like any other.
        monitor: its matcher only records. sustained: what a breach needs before it opens something, None for nothing.
    """

    component: str
    failure: str
    team: str
    why: str
    severity: str = ""
    monitor: bool = False
    sustained: SustainedEntry | None = None
    signal: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A matcher that was looked at: whether it fits, and why or why not."""

    component: str
    matcher: str
    fits: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Condition:
    path: str
    words: str  # `labels.component = fraud-scorer`
    get: Getter
    test: Test
    values: frozenset[str]  # of an equality, empty otherwise


@dataclass(frozen=True, slots=True)
class _Rule:
    order: int
    component: str
    team: str
    failure: str
    severity: str
    conditions: tuple[_Condition, ...]
    words: str
    monitor: bool
    sustained: SustainedEntry | None

    def fits(self, alert: Alert) -> bool:
        return all(c.test(c.get(alert)) for c in self.conditions)


class Router:
    """Routes alerts by a registry's matchers. The matcher with the most conditions wins, then the registry's order.

    Build one per registry and keep it: routing costs one dict access per distinct path used in an equality.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._rules = tuple(_compile(registry))
        self._expected = tuple(_expected(registry))
        self._index: list[tuple[Getter, dict[str, list[_Rule]]]] = []
        self._unindexed: list[_Rule] = []
        self._build_index()

    def _build_index(self) -> None:
        shared = Counter((c.path, v) for rule in self._rules for c in rule.conditions for v in c.values)
        by_path: dict[str, dict[str, list[_Rule]]] = {}
        for rule in sorted(self._rules, key=lambda r: (-len(r.conditions), r.order)):
            equal = [c for c in rule.conditions if c.values]
            if not equal:
                self._unindexed.append(rule)
                continue
            best = min(equal, key=lambda c: sum(shared[c.path, v] for v in c.values))
            for value in best.values:
                by_path.setdefault(best.path, {}).setdefault(value, []).append(rule)
        self._index = [(_getter(path), values) for path, values in by_path.items()]

    def route(self, alert: Alert) -> Routed:
        """Component, failure key and team of an alert; component is empty where nothing fits."""
        if self._expected:
            for fits, signal in self._expected:
                if fits(alert):
                    return signal
        if alert.source == OWN:
            return self._own(alert)
        best: _Rule | None = None
        ties: list[_Rule] = []
        for rules in self._candidates(alert):
            for rule in rules:
                if best is not None and len(rule.conditions) < len(best.conditions):
                    break
                if rule is not best and rule.fits(alert):
                    if best is None or len(rule.conditions) > len(best.conditions):
                        best, ties = rule, []
                    else:
                        first, second = (rule, best) if rule.order < best.order else (best, rule)
                        best = first
                        ties.append(second)
        if best is None:
            return self._unmatched(alert)
        failure = best.failure or alert.name
        why = _why(best, ties)
        return Routed(best.component, failure, best.team, why, best.severity, best.monitor, best.sustained)

    def _own(self, alert: Alert) -> Routed:
        """An alert that Muster raises itself says whose it is; no matcher may take it for something else."""
        component = self._registry.components.get(alert.labels.get("component", ""))
        team = component.accountable if component is not None else ""
        return Routed(component.id if component is not None else "", alert.name, team, "Muster raised it itself")

    def _candidates(self, alert: Alert) -> Iterator[list[_Rule]]:
        for get, by_value in self._index:
            value = get(alert)
            if value is not None and value in by_value:
                yield by_value[value]
        yield self._unindexed

    def _unmatched(self, alert: Alert) -> Routed:
        named = self._registry.components.get(alert.labels.get("component", ""))
        if named is not None:
            why = f"no matcher fits; its label component names {named.id}"
            return Routed(named.id, alert.name, named.accountable, why)
        return Routed("", alert.name, "", f"none of {len(self._rules)} matchers fits and no label component names one")

    def explain(self, alert: Alert, limit: int = 20) -> list[Tried]:
        """What was tried, nearest first: those that fit, then those that fail on the fewest conditions."""
        found: list[tuple[tuple[bool, int, int, int], Tried]] = []
        for rule in self._rules:
            failed = [c for c in rule.conditions if not c.test(c.get(alert))]
            why = "fits" if not failed else "; ".join(_failing(c, alert) for c in failed)
            rank = (bool(failed), len(failed) if failed else -len(rule.conditions), -len(rule.conditions), rule.order)
            found.append((rank, Tried(rule.component, rule.words, not failed, why)))
        return [tried for _, tried in sorted(found, key=lambda pair: pair[0])[:limit]]


def _failing(condition: _Condition, alert: Alert) -> str:
    value = condition.get(alert)
    return f"{condition.path} is {value[:80]!r}" if value is not None else f"{condition.path} is absent"


def _why(best: _Rule, ties: list[_Rule]) -> str:
    others = dict.fromkeys(rule.component for rule in ties if rule.component != best.component)
    if not others:
        return best.words
    return f"{best.words} (fits {', '.join(others)} just as well; the first in the registry wins)"


def _compile(registry: Registry) -> Iterator[_Rule]:
    order = 0
    for component in registry.components.values():
        for entry in component.alerts:
            conditions = tuple(_condition(path, value) for path, value in entry.match.items())
            words = " and ".join(c.words for c in conditions)
            yield _Rule(
                order,
                component.id,
                component.accountable,
                entry.failure or "",
                entry.severity or "",
                conditions,
                words,
                entry.monitor,
                entry.sustained,
            )
            order += 1


def _expected(registry: Registry) -> Iterator[tuple[Callable[[Alert], bool], Routed]]:
    for component in registry.components.values():
        for entry in component.expects:
            if entry.match is not None:
                test = matcher_test(AlertMatch(match=entry.match))
                why = f"the expected signal {entry.signal}: {matcher_words(AlertMatch(match=entry.match))}"
                yield test, Routed(component.id, entry.signal, component.accountable, why, signal=entry.signal)


def matcher_test(entry: AlertMatch) -> Callable[[Alert], bool]:
    """Whether an alert fits one matcher, compiled once."""
    conditions = tuple(_condition(path, value) for path, value in entry.match.items())
    return lambda alert: all(c.test(c.get(alert)) for c in conditions)


def matcher_words(entry: AlertMatch) -> str:
    """A matcher in words: `labels.component = fraud-scorer and severity in (critical, page)`."""
    return " and ".join(_condition(path, value).words for path, value in entry.match.items())


def _condition(path: str, value: MatchValue) -> _Condition:
    get = _getter(path)
    if isinstance(value, Regex):
        return _Condition(path, f"{path} ~ {value.regex}", get, _matches(value.regex), frozenset())
    if isinstance(value, Exists):
        if value.exists:
            return _Condition(path, f"{path} exists", get, _is_there, frozenset())
        return _Condition(path, f"{path} is absent", get, _is_absent, frozenset())
    if isinstance(value, tuple):
        any_of = frozenset(value)
        return _Condition(path, f"{path} in ({', '.join(value)})", get, any_of.__contains__, any_of)
    one = frozenset((value,))
    return _Condition(path, f"{path} = {value}", get, one.__contains__, one)


def _matches(pattern: str) -> Test:
    compiled = re.compile(pattern)
    return lambda value: value is not None and compiled.fullmatch(value[:LONGEST_MATCHED]) is not None


def _is_there(value: str | None) -> bool:
    return bool(value)


def _is_absent(value: str | None) -> bool:
    return not value


def value_test(value: MatchValue) -> Test:
    """Whether a value meets a predicate of a file, compiled once."""
    return _condition("", value).test


def _getter(path: str) -> Getter:
    head, _, rest = path.partition(".")
    if head == "labels":
        return lambda alert: alert.labels.get(rest)
    if head == "annotations":
        return lambda alert: alert.annotations.get(rest)
    if path == "source":
        return lambda alert: alert.source
    if path == "name":
        return lambda alert: alert.name
    return lambda alert: alert.severity
