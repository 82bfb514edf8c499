"""Looks where the registry points: at people in Slack, at levers, at stored alerts; keeps what is found wanting.

Each look is a slice of a job, so that thousands of components neither wait for each other nor hold anything up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from playbooks import errors
from playbooks.check import component_gaps
from playbooks.domain.actions import choose_rollback_target
from playbooks.domain.alerts import Alert, Change
from playbooks.domain.gaps import GapKind, Outside, Sighting, lever_subject, matcher_subject, unowned_gaps
from playbooks.domain.ownership import Registry
from playbooks.domain.ownership_file import for_provider
from playbooks.domain.routing import matcher_test, matcher_words
from playbooks.domain.wording import one_line
from playbooks.plays.house import House
from playbooks.plays.planning import with_own_marks
from playbooks.plays.targets import binding_target, change_target
from playbooks.ports import Directory, Levers, UnitOfWork

KIND = "inspect"
SUBJECTS = ("people", "levers", "alerts", "gaps")
PEOPLE_EVERY, LEVERS_EVERY, AGAIN_AFTER = timedelta(days=1), timedelta(hours=6), timedelta(minutes=15)
FORGET_AFTER = timedelta(days=30)
_SLICE, _PAGE = 25, 2000
_NEVER = datetime.min.replace(tzinfo=UTC)
_UNDER_WAY = timedelta(minutes=1)  # what is received now may not be committed in the order of its ids


def begin(house: House) -> None:
    """Ask for every look; a tick calls it, and those already waiting are asked for once more at most."""
    with house.store.begin(lane="alerts") as uow:
        for subject in SUBJECTS:
            uow.want_job(KIND, subject, now=house.now(), lane=KIND)


def look(house: House, levers: Levers, directory: Directory, subject: str) -> datetime | None:
    """One slice of a look. Returns when to go on, None when everything is fresh.

    Raises errors.SlackError where Slack asks to wait; what was seen until then is kept.
    """
    if subject == "people":
        return _look_at(house, _People(directory, house.registry()))
    if subject == "levers":
        return _look_at(house, _Bound(house, levers, house.registry()))
    if subject == "alerts":
        return _read_on(house)
    if subject == "gaps":
        note_ages(house)
    return None


def outside_of(house: House, uow: UnitOfWork, *, component: str = "") -> Outside:
    """What is known from outside the files, by the configured patience."""
    silent = timedelta(seconds=house.rules.matcher_silent_after)
    return replace(uow.outside(component=component), silent_after=silent)


def note_ages(house: House) -> None:
    """Keep since when each gap is open, and forget what is no gap any more."""
    registry, now = house.registry(), house.now()
    with house.store.read() as uow:
        outside, known = outside_of(house, uow), uow.open_gaps()
    keys = {
        gap.key
        for component in registry.components.values()
        for gap in component_gaps(registry, component, house.on_call.now, now, outside)
    } | {gap.key for gap in unowned_gaps(registry, outside)}
    new, gone = keys - set(known), set(known) - keys
    if new or gone:
        with house.store.begin(lane="alerts") as uow:
            uow.note_gaps(new, gone, now=now)


# ------------------------------------------------------------------ people and levers, a few at a time


@dataclass(frozen=True, slots=True)
class _People:
    """Slack accounts of the registry's persons."""

    directory: Directory
    registry: Registry
    kinds: tuple[GapKind, ...] = (GapKind.HOLDER_LEFT,)
    every: timedelta = PEOPLE_EVERY

    def wanted(self) -> Mapping[str, object]:
        return {person.slack: None for person in self.registry.people.values() if person.slack}

    def see(self, subject: str) -> Mapping[GapKind, str]:
        return {GapKind.HOLDER_LEFT: self.directory.gone(subject)}


@dataclass(slots=True)
class _Bound:
    """Levers of the registry's components; a provider that does not answer is not asked again in the same slice."""

    house: House
    levers: Levers
    registry: Registry
    kinds: tuple[GapKind, ...] = (GapKind.LEVER_UNREACHABLE, GapKind.NO_TARGET)
    every: timedelta = LEVERS_EVERY
    silent: dict[str, str] = field(default_factory=dict)

    def wanted(self) -> Mapping[str, object]:
        return {
            lever_subject(component.id, kind, bound): (component.id, kind, bound)
            for component in self.registry.components.values()
            for kind, bound in component.levers.items()
        }

    def see(self, subject: str) -> Mapping[GapKind, str]:
        component, kind, _ = subject.split("/")
        bound: Mapping[str, Any] = self.registry.components[component].levers[kind]
        provider = str(bound["provider"])
        if provider in self.silent:
            return {GapKind.LEVER_UNREACHABLE: self.silent[provider], GapKind.NO_TARGET: ""}
        try:
            binding = for_provider(bound)
            described = with_own_marks(self.house, component, self.levers.get(provider).describe(binding))
        except errors.MusterError as error:
            if error.kind is errors.Kind.TRANSIENT:
                self.silent[provider] = error.sentence
            return {GapKind.LEVER_UNREACHABLE: error.sentence, GapKind.NO_TARGET: ""}
        lacking = kind == "rollback" and choose_rollback_target(described) is None
        said = f"No version of {component} but the one in place is marked good: a rollback has no target."
        return {GapKind.LEVER_UNREACHABLE: "", GapKind.NO_TARGET: said if lacking else ""}


def _look_at(house: House, things: _People | _Bound) -> datetime | None:
    """See a slice of what was seen longest ago; what is not well is looked at more often."""
    now, wanted = house.now(), things.wanted()
    first = things.kinds[0]
    with house.store.read() as uow:
        known = {kind: uow.sightings(kind) for kind in things.kinds}
    due = sorted((_due(known[first].get(subject), things.every), subject) for subject in wanted)
    turn = [subject for at, subject in due if at <= now][:_SLICE]
    found: list[Sighting] = []
    try:
        for subject in turn:
            for kind, wrong in things.see(subject).items():
                found.append(_seen(known[kind].get(subject), kind, subject, wrong, now))
    finally:  # Slack may ask to wait in the middle
        with house.store.begin(lane="alerts") as uow:
            uow.put_sightings(found)
            for kind in things.kinds:
                uow.drop_sightings(kind, set(known[kind]) - set(wanted))
    return now if len(turn) == _SLICE else None


def _due(seen: Sighting | None, every: timedelta) -> datetime:
    return _NEVER if seen is None else seen.looked_at + (every if seen.well else AGAIN_AFTER)


def _seen(before: Sighting | None, kind: GapKind, subject: str, wrong: str, now: datetime) -> Sighting:
    same = before is not None and before.well == (not wrong)
    return Sighting(kind, subject, not wrong, one_line(wrong, 300), before.since if before and same else now, now)


# ------------------------------------------------------------------ alerts and changes


def _read_on(house: House) -> datetime | None:
    """Read on in the stored alerts and changes: which matchers matched, and what has no owner."""
    registry, now = house.registry(), house.now()
    before = now - _UNDER_WAY
    with house.store.read() as uow:
        alerts = uow.alerts_after(uow.bookmark("alerts"), before=before, limit=_PAGE)
        changes = uow.changes_after(uow.bookmark("changes"), before=before, limit=_PAGE)
        matchers = dict(uow.sightings(GapKind.NEVER_MATCHED))
        unowned = dict(uow.sightings(GapKind.NO_OWNER))
    tests = _tests(registry)
    kept = {subject for each in tests.values() for subject, _ in each}
    changed = {s: Sighting(GapKind.NEVER_MATCHED, s, False, "", now, now) for s in kept - set(matchers)}
    matchers |= changed
    for stored in alerts:
        for subject, fits in tests.get(stored.component, ()):
            if not matchers[subject].well and fits(stored.alert):
                changed[subject] = matchers[subject] = replace(matchers[subject], well=True, since=now, looked_at=now)
    strays = _strays(registry, [a.alert for a in alerts if not a.component], [change for _, change in changes])
    fresh = {name: _stray(unowned.get(name), name, said, now) for name, said in strays.items()}
    old = {name for name, seen in unowned.items() if now - seen.looked_at > FORGET_AFTER and name not in fresh}
    with house.store.begin(lane="alerts") as uow:
        uow.put_sightings([*changed.values(), *fresh.values()])
        uow.drop_sightings(GapKind.NEVER_MATCHED, set(matchers) - kept)
        uow.drop_sightings(GapKind.NO_OWNER, old)
        if alerts:
            uow.set_bookmark("alerts", alerts[-1].id)
        if changes:
            uow.set_bookmark("changes", changes[-1][0])
    return now if max(len(alerts), len(changes)) == _PAGE else None


def _tests(registry: Registry) -> Mapping[str, list[tuple[str, Callable[[Alert], bool]]]]:
    """By component, its matchers: subject, and whether an alert fits."""
    return {
        component.id: [(matcher_subject(component.id, matcher_words(e)), matcher_test(e)) for e in component.alerts]
        for component in registry.components.values()
        if component.alerts
    }


def _strays(registry: Registry, alerts: list[Alert], changes: list[Change]) -> Mapping[str, str]:
    """Name -> what named it, of what no component of the registry is."""
    found: dict[str, str] = {}
    for alert in alerts:
        name = alert.labels.get("component") or alert.name
        found[name] = f"alerts name it, the last one is {alert.name} from {alert.source}."
    bound = {binding_target(lever) for c in registry.components.values() for lever in c.levers.values()}
    for change in changes:
        target = change_target(change)
        if target not in bound and change.subject not in registry.components:
            found.setdefault(change.subject, f"changes name it, the last one is from {change.source}.")
    return {name[:200]: said for name, said in found.items() if name not in registry.components}


def _stray(before: Sighting | None, name: str, said: str, now: datetime) -> Sighting:
    return Sighting(GapKind.NO_OWNER, name, False, one_line(said, 300), before.since if before else now, now)
