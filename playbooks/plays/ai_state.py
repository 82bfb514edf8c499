"""Snapshots of the AI system: at declaration, at each action on a lever, and at resolve; read, never typed.

Each is a job of its own, so that nobody who is told waits for a provider. A change that can wait is held for the
snapshot, but not for long; what stops something goes first and is looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from playbooks import errors
from playbooks.domain.actions import STANDING, Action, ActionKind, ActionState, Described, Version, version_name
from playbooks.domain.ai_state import (
    NOT_ASKED,
    NOT_SET,
    READ,
    Moment,
    StateFact,
    category_of,
    completed,
    facts_read,
    facts_registered,
    state_facts,
)
from playbooks.domain.incidents import Incident
from playbooks.domain.ownership import Component, Registry
from playbooks.domain.ownership_file import for_provider
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays.house import House
from playbooks.plays.targets import binding_target
from playbooks.ports import Levers, UnitOfWork

KIND = "state"
HOLD = timedelta(seconds=10)
"""How long a change waits for its snapshot, and how long a snapshot goes on asking providers."""
_DOCUMENT_WAITS = 15.0
_AFTER = "stopping comes first"
_LATE = f"the hold of {int(HOLD.total_seconds())} s before the change was over first"
_SHOWN = 3
AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})


# ------------------------------------------------------------------ asking for one


def want_declared(uow: UnitOfWork, registry: Registry, incident: Incident, now: datetime) -> None:
    """At declaration; of a component nobody registered there is nothing to read."""
    if incident.component in registry.components:
        uow.want_job(KIND, f"{incident.id}:{Moment.DECLARED}", now=now)


def want_before(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """Before a change that can wait."""
    if _waits(action):
        uow.want_job(KIND, _subject(action), now=now)


def want_after(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """After a stop."""
    if action.incident_id is not None and action.kind is ActionKind.DISABLE:
        uow.want_job(KIND, _subject(action), now=now)


def want_resolved(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """At resolve, with the draft that states it: the draft comes when it is read, and without it soon after."""
    known = incident.component in house.registry().components
    if known:
        uow.want_job(KIND, f"{incident.id}:{Moment.RESOLVED}:{incident.reopened}", now=now)
    delay = _DOCUMENT_WAITS if known else 0.0
    uow.want_job("document", str(incident.id), now=now, lane=f"incident:{incident.id}", delay=delay)


def held_until(house: House, action: Action) -> datetime | None:
    """Until when a change waits for its snapshot at the longest; None when it goes on."""
    if not _waits(action) or action.approved_at is None or action.component not in house.registry().components:
        return None
    until = action.approved_at + HOLD
    if house.now() >= until:
        return None
    with house.store.read() as uow:
        return None if _taken(uow, action.incident_id or 0, _key(_subject(action))) else until


def _waits(action: Action) -> bool:
    return action.incident_id is not None and action.kind is not ActionKind.DISABLE and action.kind not in STANDING


def _subject(action: Action) -> str:
    return f"{action.incident_id}:{Moment.ACTION}:{action.id}"


def _key(subject: str) -> str:
    return f"state:{subject.partition(':')[2]}"


def _taken(uow: UnitOfWork, incident_id: int, key: str) -> bool:
    return any(e.kind is EventKind.STATE and e.new.dedup_key == key for e in uow.events(incident_id, alerts=False))


# ------------------------------------------------------------------ taking it


def take(house: House, levers: Levers, subject: str) -> None:
    """The snapshot of one moment (`42:declared`, `42:action:17`, `42:resolved:0`), once; what waits for it goes on."""
    number, moment, *rest = subject.split(":")
    with house.store.read() as uow:
        incident = uow.incident(int(number))
        action = uow.action(int(rest[0])) if moment == Moment.ACTION else None
        done = incident is not None and _taken(uow, incident.id, _key(subject))
    if incident is None:
        return
    registry = house.registry()
    component = registry.components.get(action.component if action is not None else incident.component)
    if component is None or done:
        _go_on(house, incident, action, Moment(moment))
        return
    facts = _Reading(house, levers, house.now() + HOLD).of(registry, component, action)
    _record(house, incident, component, action, subject, facts)
    _go_on(house, incident, action, Moment(moment))


def _record(
    house: House,
    incident: Incident,
    component: Component,
    action: Action | None,
    subject: str,
    facts: list[StateFact],
) -> None:
    moment = Moment(subject.split(":")[1])
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True) if action is not None else None
        why = _why_late(fresh)
        number = fresh.id if fresh is not None else None
        payload = state_facts(moment, number, facts, component=component, registry=house.registry().sha256, why=why)
        uow.append(
            incident.id,
            NewEvent(
                kind=EventKind.STATE,
                text=_text(moment, number, facts, why),
                actor=MUSTER,
                occurred_at=now,
                source=EventSource.JOB,
                dedup_key=_key(subject),
                component=component.id,
                payload=payload,
            ),
            now=now,
        )


def _why_late(action: Action | None) -> str:
    """Why the state before an action was read after it began; empty when it was read before."""
    if action is None or action.state is ActionState.APPROVED:
        return ""
    if action.kind is ActionKind.DISABLE:
        return _AFTER
    return _LATE if action.applying_at is not None or action.state is ActionState.BY_HAND else ""


def _go_on(house: House, incident: Incident, action: Action | None, moment: Moment) -> None:
    """What waits for the snapshot is looked at now."""
    with house.store.begin() as uow:
        now = house.now()
        if action is not None and _waits(action):
            uow.want_job("action", str(action.id), now=now, lane=f"lever:{action.component}")
        if moment is Moment.RESOLVED:
            uow.want_job("document", str(incident.id), now=now, lane=f"incident:{incident.id}")


def _text(moment: Moment, action: int | None, facts: list[StateFact], why: str) -> str:
    """One line for people: what is set, and how much could not be read."""
    when = {
        Moment.DECLARED: "at declaration",
        Moment.RESOLVED: "at resolve",
        Moment.ACTION: f"{'read after the start of' if why else 'before'} action {action}",
    }[moment]
    known = [f for f in facts if f.known]
    shown = ", ".join(f"{f.subject} {version_name(f.value)}" for f in known[:_SHOWN])
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    unknown = len(facts) - len(known)
    left = f"; {unknown} not known" if unknown else ""
    return f"AI state {when}{f' ({why})' if why else ''}: {shown or 'nothing could be read'}{more}{left}"


# ------------------------------------------------------------------ reading


@dataclass(slots=True)
class _Reading:
    """One look at the levers of a component and of what it reads directly, until `until` at the latest.

    A provider that does not answer is not asked again in the same look.
    """

    house: House
    levers: Levers
    until: datetime
    silent: dict[str, str] = field(default_factory=dict)

    def of(self, registry: Registry, component: Component, action: Action | None) -> list[StateFact]:
        """The facts of all of them, in order of category."""
        facts = facts_registered(component)
        named = dict.fromkeys((component.id, *component.depends_on))
        for one in (registry.components[name] for name in named if name in registry.components):
            facts += [f for f in facts_registered(one) if f.known] if one is not component else []
            facts += [fact for lever in one.levers for fact in self._lever(one, lever, action)]
        return completed(component, facts)

    def _lever(self, component: Component, lever: str, action: Action | None) -> Iterator[StateFact]:
        bound: Mapping[str, Any] = component.levers[lever]
        category = category_of(component, lever, bound)
        if not category:
            return
        provider, subject = str(bound.get("provider", "")), _target(component, lever, bound)
        plan = action.plan if action is not None and component.id == action.component else None
        if action is not None and plan is not None and (action.kind is ActionKind.ROLLBACK) == (lever == "rollback"):
            # The lever read this just before the change, which is bound to it.
            yield StateFact(category, plan.target or subject, plan.before, provider, READ if plan.before else NOT_SET)
            return
        try:
            described = self._described(component, lever, provider, bound)
        except errors.MusterError as error:
            why = _why(provider, error)
            if error.kind in AGAIN:
                self.silent[provider] = why
            yield StateFact(category, subject, "", provider, why)
            return
        if described is None:
            yield StateFact(category, subject, "", provider, self.silent.get(provider, NOT_ASKED))
            return
        yield from facts_read(component, category, subject, provider, described)

    def _described(self, component: Component, lever: str, provider: str, bound: Mapping[str, Any]) -> Described | None:
        if provider in self.silent or self.house.now() >= self.until:
            return None
        described = self.levers.get(provider).describe(for_provider(bound))
        return _remembered(self.house, component, lever) if described.unread else described


def _why(provider: str, error: errors.MusterError) -> str:
    if error.kind is errors.Kind.RATE_LIMITED:
        return f"{provider} takes no more calls now"
    if error.kind in AGAIN:
        return f"{provider} did not answer"
    return f"{provider} refused to answer ({error.code})"


def _target(component: Component, lever: str, bound: Mapping[str, Any]) -> str:
    """As plans name it where the binding says so, else the component."""
    named = binding_target(bound).removesuffix("@")
    return named or (component.id if lever == "rollback" else f"{component.id} switch")


def _remembered(house: House, component: Component, lever: str) -> Described:
    """What Muster recorded of something that nothing reads."""
    with house.store.read() as uow:
        if lever == "rollback":
            history = uow.serving_history(component.id)
            known = history[-1][0] if history else ""
            return Described(known, (Version(known),) if known else (), unread=True)
        off = any(o.state in ("on", "overdue") for o in uow.overrides(open_only=True, component=component.id))
    return Described("off" if off else "on", unread=True)
