"""`muster check`: what is wrong with the registry, and what it leaves open."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from playbooks.domain.authority import OnCallNow
from playbooks.domain.coverage import coverage_errors, coverage_gaps
from playbooks.domain.gaps import NOTHING, Gap, Outside, gaps_of, matcher_gaps, matcher_subject, unowned_gaps
from playbooks.domain.incidents import DEFAULT_SEVERITIES, Severity, severity_for_alert
from playbooks.domain.ownership import Component, Registry, parse_holder
from playbooks.domain.routing import matcher_words
from playbooks.schemas.marked import DocumentError

_BY_EMAIL = ("pagerduty", "opsgenie", "ical")
"""Sources of on call that name people by their e-mail."""


class Level(StrEnum):
    """How bad a finding is: an error keeps the file from being used as it stands, a gap is a question left open.

    A note is only to be known; no check fails for it.
    """

    ERROR = "error"
    GAP = "gap"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `where` is `ownership.yaml:41` or `components.fraud-scorer`, `sentence` plain text.

    `todo` says what to do, where that is known; `since` when it was first seen, None while nobody looked.
    """

    level: Level
    where: str
    sentence: str
    todo: str = ""
    since: datetime | None = None


def file_findings(error: DocumentError) -> list[Finding]:
    """The problems of a file that could not be loaded, with their lines."""
    return [
        Finding(Level.ERROR, f"{p.file}:{p.line}" if p.line else p.file, f"{p.path}: {p.text}" if p.path else p.text)
        for p in error.problems
    ]


def check_registry(
    registry: Registry,
    *,
    now: datetime,
    on_call: OnCallNow | None = None,
    providers: Collection[str] | None = None,
    severities: tuple[Severity, ...] = DEFAULT_SEVERITIES,
    outside: Outside = NOTHING,
) -> list[Finding]:
    """Errors and gaps of a registry, errors first, each in the registry's order.

    Args:
        now: decides which reviews are overdue. on_call: who is on call; without it the static lists count, and a team
            with a source outside the registry is taken to have somebody.
        providers: names of configured providers; None: any name is taken.
        severities: what a matcher's `severity` may name.
        outside: what the inspection found where the files point, and who confirmed what.
    """
    found = [Finding(Level(told.level), told.where, told.sentence) for told in registry.findings]
    for team in registry.teams.values():
        found += [Finding(Level.GAP, f"teams.{team.id}", text) for text in _team_gaps(registry, team.id, providers)]
    for person in registry.people.values():
        if not person.slack:
            found.append(Finding(Level.GAP, f"people.{person.id}", f"{person.id} has no Slack id and cannot be asked."))
    for component in registry.components.values():
        where = f"components.{component.id}"
        found += [Finding(Level.ERROR, where, t) for t in _component_errors(component, providers, severities)]
        found += [Finding(Level.ERROR, where, t) for t in _asked_errors(registry, component)]
        found += [Finding(Level.ERROR, where, t) for t in coverage_errors(component, severities)]
        found += [_of(gap) for gap in component_gaps(registry, component, on_call or _offline(registry), now, outside)]
        found += [Finding(Level.GAP, where, t) for t in coverage_gaps(component, severities)]
        if not component.alerts:
            said = f"No alert matcher: only alerts whose label component is {component.id} reach it."
            found.append(Finding(Level.GAP, where, said))
    found += [_of(gap) for gap in unowned_gaps(registry, outside)]
    found += _same_matchers(registry)
    found += [Finding(Level.GAP, f"components.{cycle[0]}", _cycle_words(cycle)) for cycle in _cycles(registry)]
    return sorted(found, key=lambda finding: finding.level is not Level.ERROR)


def _of(gap: Gap) -> Finding:
    return Finding(Level.GAP, f"components.{gap.component}", gap.sentence, gap.todo, gap.since)


def component_gaps(
    registry: Registry, component: Component, on_call: OnCallNow, now: datetime, outside: Outside = NOTHING
) -> Iterator[Gap]:
    """Every gap of one component, its alert matchers included."""
    yield from gaps_of(registry, component, on_call, now, outside)
    if outside.sightings and component.alerts:
        words = [matcher_words(entry) for entry in component.alerts]
        yield from matcher_gaps(component, [(matcher_subject(component.id, w), w) for w in words], now, outside)


def _offline(registry: Registry) -> OnCallNow:
    def now(team_id: str) -> tuple[str, ...]:
        entry = registry.teams[team_id].on_call
        if entry is None:
            return ()
        return (entry.persons or registry.teams[team_id].members)[:1]

    return now


def _team_gaps(registry: Registry, team_id: str, providers: Collection[str] | None) -> Iterator[str]:
    team = registry.teams[team_id]
    if not team.members:
        yield f"{team_id} has no members."
    if team.on_call is None:
        yield f"{team_id} has no on call."
        return
    outside = [name for name, _ in team.on_call.sources if name in _BY_EMAIL]
    for name in outside:
        if providers is not None and name not in providers and name != "ical":
            yield f"{team_id} takes its on call from {name}, which is not configured (`providers.{name}`)."
    if outside:
        for person in team.members:
            if not registry.people[person].email:
                yield f"{person} has no e-mail, by which {team_id} knows whom {outside[0]} means."


def _asked_errors(registry: Registry, component: Component) -> Iterator[str]:
    """Whom a lever asks to do something by hand, and the registry does not know."""
    for kind, binding in component.levers.items():
        words = [word for key in ("ask", "escalate") for word in binding.get(key) or () if isinstance(word, str)]
        for word in words:
            of, name = parse_holder(word)
            if name not in (registry.people if of == "person" else registry.teams):
                yield f"Its {kind} lever asks {word}, whom the registry does not know."


def _component_errors(
    component: Component, providers: Collection[str] | None, severities: tuple[Severity, ...]
) -> Iterator[str]:
    for kind, binding in component.levers.items():
        if providers is not None and binding["provider"] not in providers:
            known = ", ".join(sorted(providers)) or "none"
            named = binding["provider"]
            yield f"Its {kind} lever names the provider {named}, which is not configured (there is: {known})."
    for entry in component.alerts:
        if entry.severity and not severity_for_alert(entry.severity, severities):
            known = ", ".join(severity.id for severity in severities)
            yield f"A matcher sets the severity {entry.severity}, which is not configured (there is: {known})."


def _same_matchers(registry: Registry) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for component in registry.components.values():
        for entry in component.alerts:
            words = " and ".join(sorted(matcher_words(entry).split(" and ")))
            other = first.setdefault(words, component.id)
            if other != component.id:
                said = f"The matcher `{words}` is also {other}'s, which stands first and gets the alerts."
                yield Finding(Level.GAP, f"components.{component.id}", said)


def _cycle_words(cycle: tuple[str, ...]) -> str:
    return f"It depends on itself: {' → '.join((*cycle, cycle[0]))}."


def _cycles(registry: Registry) -> Iterator[tuple[str, ...]]:
    """Each cycle of `depends_on` that a walk in the registry's order meets, once."""
    done: set[str] = set()
    for start in registry.components:
        path: list[str] = []
        on_path: dict[str, int] = {}
        stack: list[tuple[str, Iterator[str]]] = []
        if start not in done:
            stack.append((start, iter(registry.components[start].depends_on)))
            on_path[start] = 0
            path.append(start)
        while stack:
            at, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                path.pop()
                del on_path[at]
                done.add(at)
            elif following in on_path:
                yield tuple(path[on_path[following] :])
            elif following not in done:
                on_path[following] = len(path)
                path.append(following)
                stack.append((following, iter(registry.components[following].depends_on)))
