"""What the registry leaves open about a component, and what was found wanting where it points: gaps with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from playbooks.domain.authority import OnCallNow, Right, authority
from playbooks.domain.ownership import Component, Registry, parse_holder
from playbooks.domain.ownership_file import STAGES
from playbooks.domain.timeline import canonical


class GapKind(StrEnum):
    """What is lacking. The last six are looked up outside the files."""

    NO_ON_CALL = "no_on_call"
    NO_CHANNEL = "no_channel"
    NO_STAGE_OWNER = "no_stage_owner"
    NO_LEVER = "no_lever"
    NO_HOLDER = "no_holder"
    ONE_PERSON = "one_person"
    TOO_FEW = "too_few"
    NO_FALLBACK = "no_fallback"
    REVIEW = "review"
    HOLDER_LEFT = "holder_left"
    LEVER_UNREACHABLE = "lever_unreachable"
    NO_TARGET = "no_target"
    NEVER_MATCHED = "never_matched"
    NO_OWNER = "no_owner"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is lacking.

    Attributes:
        component: registry id, or the name under which something without an owner is known.
        subject: which of its kind (a right, a stage, a person …), so that each has an age of its own.
        sentence: what is lacking. todo: what to do about it. Both plain text.
        since: when it was first seen; None while it was not seen by the inspection.
    """

    kind: GapKind
    component: str
    subject: str
    sentence: str
    todo: str
    since: datetime | None = None

    @property
    def key(self) -> str:
        """What makes it the same gap tomorrow."""
        return f"{self.component}|{self.kind.value}|{self.subject}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was found when something outside the files was looked at.

    Attributes:
        subject: a Slack id, `component/lever/hash of the binding`, `component/hash of the matcher`, or a name.
        well: nothing is wrong with it. sentence: what is wrong, plain text.
        since: from when on it is as it is. looked_at: when it was looked at last.
    """

    kind: GapKind
    subject: str
    well: bool
    sentence: str
    since: datetime
    looked_at: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Somebody of the accountable team said that a component's entry is still right.

    Attributes:
        person: actor id. entry: hash of the entry as it was. registry_sha256: the version in force.
    """

    component: str
    person: str
    at: datetime
    entry: str
    registry_sha256: str


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known from outside the files: sightings that are not well, and the last confirmations.

    Attributes:
        sightings: by kind and subject. confirmed: by component. since: when gaps were first seen, by `Gap.key`.
        silent_after: a matcher that never matched for so long is a gap.
    """

    sightings: Mapping[tuple[GapKind, str], Sighting] = field(default_factory=dict)
    confirmed: Mapping[str, Confirmation] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)
    silent_after: timedelta = timedelta(days=14)


NOTHING = Outside()
LEVER_OF = {Right.ROLL_BACK: "rollback", Right.DISABLE: "disable"}
EXPECTED_LEVER = {"model": "rollback", "prompt": "rollback", "retriever": "rollback"} | dict.fromkeys(
    ("agent", "automation"), "disable"
)
NEEDS_FALLBACK = frozenset(("model", "prompt", "retriever", "agent", "automation"))


def entry_hash(component: Component) -> str:
    """Hash of a component's entry, 16 hex digits: another one after any change of it."""
    return sha256(component.model_dump_json().encode()).hexdigest()[:16]


def lever_subject(component: str, kind: str, binding: Mapping[str, Any]) -> str:
    """The subject of sightings of a lever; another one when it is bound in another way."""
    return f"{component}/{kind}/{sha256(canonical(dict(binding))).hexdigest()[:8]}"


def matcher_subject(component: str, words: str) -> str:
    """The subject of sightings of an alert matcher, by the matcher in words."""
    return f"{component}/{sha256(words.encode()).hexdigest()[:8]}"


def last_reviewed(component: Component, confirmed: Confirmation | None) -> date | None:
    """Day of the last review: the file's, or a later confirmation."""
    days = [day for day in (component.reviewed_on, confirmed.at.date() if confirmed else None) if day is not None]
    return max(days, default=None)


def review_due(component: Component, confirmed: Confirmation | None = None) -> date | None:
    """Day by which the entry must be reviewed again, None where no rhythm or no review is recorded."""
    last = last_reviewed(component, confirmed)
    if last is None or component.review_every is None:
        return None
    return last + min(component.review_every, date.max - last)


def gaps_of(
    registry: Registry, component: Component, on_call: OnCallNow, now: datetime, outside: Outside = NOTHING
) -> Iterator[Gap]:
    """What is lacking about a component, by the registry and by what is known from outside it."""
    for gap in _gaps(registry, component, on_call, now, outside):
        yield gap if gap.since is not None else replace(gap, since=outside.since.get(gap.key))


def _gaps(
    registry: Registry, component: Component, on_call: OnCallNow, now: datetime, outside: Outside
) -> Iterator[Gap]:
    yield from _team_gaps(registry, component, on_call)
    yield from _stage_gaps(component)
    yield from _lever_gaps(component)
    yield from _right_gaps(registry, component, on_call)
    if component.kind in NEEDS_FALLBACK and not component.fallback:
        todo = "Write under `fallback` what takes over when it is switched off."
        yield Gap(GapKind.NO_FALLBACK, component.id, "", "No fallback is named.", todo)
    if outside.sightings:
        yield from _seen_levers(component, outside)
        yield from _seen_people(registry, component, outside)
    yield from _review_gaps(component, now, outside.confirmed.get(component.id))


def _team_gaps(registry: Registry, component: Component, on_call: OnCallNow) -> Iterator[Gap]:
    for team in dict.fromkeys((component.accountable, *component.stages.owners().values())):
        if not on_call(team):
            todo = f"Name somebody under `on_call` of {team}, or mend its source."
            yield Gap(GapKind.NO_ON_CALL, component.id, team, f"Nobody is on call for {team} now.", todo)
    team = component.accountable
    if not registry.team(team).channel:
        said = f"{team} has no channel, so its alerts go to the triage channel."
        yield Gap(GapKind.NO_CHANNEL, component.id, team, said, f"Write the channel's id under `channel` of {team}.")


def _stage_gaps(component: Component) -> Iterator[Gap]:
    owners = component.stages.owners()
    lacking = [stage for stage in STAGES if stage not in owners]
    if lacking and (component.kind == "model" or owners):
        said = f"No team owns the stage{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}."
        yield Gap(GapKind.NO_STAGE_OWNER, component.id, ",".join(lacking), said, "Name a team for each under `stages`.")


def _lever_gaps(component: Component) -> Iterator[Gap]:
    expected = EXPECTED_LEVER.get(component.kind)
    if expected and expected not in component.levers:
        done = "roll it back" if expected == "rollback" else "disable it"
        said = f"No {expected} lever is bound: Muster cannot {done}."
        yield Gap(GapKind.NO_LEVER, component.id, expected, said, f"Bind one under `levers: {{{expected}: …}}`.")


def _right_gaps(registry: Registry, component: Component, on_call: OnCallNow) -> Iterator[Gap]:
    named = component.rights.named()
    for right in Right:
        wanted = right.value in named or right is Right.ACCEPT_RISK or LEVER_OF.get(right) in component.levers
        if not wanted:
            continue
        held = authority(registry, component.id, right, on_call)
        where = f"`rights: {{{right.value}: …}}`"
        if held.missing:
            todo = f"Name who decides under {where}."
            yield Gap(GapKind.NO_HOLDER, component.id, right.value, held.missing, todo)
        deciders = {holder.person for holder in (*held.holders, *held.deputies)}
        if len(deciders) == 1 and held.approvals and right.value in named:
            said = f"Only {next(iter(deciders))} may {right.verb} {component.id}; nobody stands in."
            yield Gap(GapKind.ONE_PERSON, component.id, right.value, said, f"Name a `deputy` under {where}.")
        if held.approvals > max(1, len(deciders)):
            found = f"but only {len(deciders)} can be found"
            said = f"{held.approvals} people must decide to {right.verb} {component.id}, {found}."
            yield Gap(GapKind.TOO_FEW, component.id, right.value, said, f"Name more deciders under {where}.")


def _seen_levers(component: Component, outside: Outside) -> Iterator[Gap]:
    for kind, binding in component.levers.items():
        subject = lever_subject(component.id, kind, binding)
        seen = outside.sightings.get((GapKind.LEVER_UNREACHABLE, subject))
        if seen is not None:
            said = f"The {kind} lever is not reachable: {seen.sentence}"
            todo = "Mend the provider or the binding; `muster doctor` reads it at once."
            yield Gap(GapKind.LEVER_UNREACHABLE, component.id, kind, said, todo, seen.since)
        seen = outside.sightings.get((GapKind.NO_TARGET, subject))
        if seen is not None:
            todo = f"Mark the last good version, or name one when it is needed: `/rollback {component.id} to …`."
            yield Gap(GapKind.NO_TARGET, component.id, kind, seen.sentence, todo, seen.since)


def _seen_people(registry: Registry, component: Component, outside: Outside) -> Iterator[Gap]:
    for person, role in named_people(registry, component):
        slack = registry.people[person].slack
        seen = outside.sightings.get((GapKind.HOLDER_LEFT, slack)) if slack else None
        if seen is not None:
            said = f"{person} ({role}) {seen.sentence}"
            todo = f"Name somebody else where ownership.yaml names {person}."
            yield Gap(GapKind.HOLDER_LEFT, component.id, person, said, todo, seen.since)


def named_people(registry: Registry, component: Component) -> tuple[tuple[str, str], ...]:
    """Persons a component's entry rests on by name: (registry id, what for), each once."""
    found: dict[str, str] = {}
    for right, entry in ((right, entry) for right, entries in component.rights.named().items() for entry in entries):
        for word, role in (*((w, right) for w in entry.decide), *((w, f"{right} deputy") for w in entry.deputy)):
            kind, name = parse_holder(word)
            people = (name,) if kind == "person" else registry.members(name) if kind == "team" else ()
            for person in people:
                found.setdefault(person, f"{role.replace('_', ' ')}")
    team = registry.team(component.accountable)
    for person in team.on_call.persons if team.on_call else ():
        found.setdefault(person, f"on call {team.id}")
    return tuple((person, role) for person, role in found.items() if person in registry.people)


def matcher_gaps(
    component: Component, matchers: Iterable[tuple[str, str]], now: datetime, outside: Outside
) -> Iterator[Gap]:
    """Alert matchers that never matched for long: `matchers` are (subject, the matcher in words)."""
    for subject, words in matchers:
        seen = outside.sightings.get((GapKind.NEVER_MATCHED, subject))
        if seen is not None and now - seen.since >= outside.silent_after:
            said = f"The alert matcher `{words}` never matched."
            todo = "Compare it with the alert's labels (`muster route FILE --explain`), or take it out."
            yield Gap(GapKind.NEVER_MATCHED, component.id, subject, said, todo, seen.since)


def unowned_gaps(registry: Registry, outside: Outside) -> Iterator[Gap]:
    """What alerts or changes named and no entry of the registry owns."""
    for (kind, name), seen in outside.sightings.items():
        if kind is GapKind.NO_OWNER and name not in registry.components:
            todo = "Add it under `components` with its accountable team, or a matcher for its alerts."
            yield Gap(kind, name, "", f"{name} has no owner: {seen.sentence}", todo, seen.since)


def _review_gaps(component: Component, now: datetime, confirmed: Confirmation | None) -> Iterator[Gap]:
    due, last = review_due(component, confirmed), last_reviewed(component, confirmed)
    todo = "Confirm it, or mend it and set `reviewed_on`."
    if last is None:
        yield Gap(GapKind.REVIEW, component.id, "", "This entry was never reviewed.", todo)
    elif due is not None and due < now.date():
        said = f"The review of this entry was due on {due.isoformat()} (last: {last.isoformat()})."
        yield Gap(GapKind.REVIEW, component.id, "", said, todo)
