"""Similar past incidents: looked for when one opens and when it is resolved, recorded, and shown in its channel."""

from __future__ import annotations

from datetime import datetime

from playbooks.domain.actions import Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.drafts.deeds import privileged_of
from playbooks.domain.drafts.entries import entries_of
from playbooks.domain.incidents import Incident
from playbooks.domain.likeness import REACH, Alike, Done, Earlier, Left, ago, closest, earlier_of, facts_of_earlier
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.messages import SimilarNote, SimilarRow
from playbooks.plays.house import House, must_find, say_in_channel, tag_of
from playbooks.ports import Surface, UnitOfWork

KIND = "similar"
"""Kind of the job and of the message."""
_MOST_DONE, _MOST_LEFT = 3, 5


def recall(house: House, incident_id: int) -> None:
    """The job: record and show what came before, once. It runs after the owner was told, so it delays nobody."""
    with house.store.read() as uow:
        incident = uow.incident(incident_id)
        found = _find(house, uow, incident) if incident is not None and incident.open else ()
    if not found:
        return
    with house.store.begin() as uow:
        incident = must_find(uow, incident_id)
        now = house.now()
        if uow.append(incident_id, _event(incident, "opened", found, now), now=now) is not None:
            say_in_channel(uow, incident, KIND, str(incident_id), {}, now=now)


def recall_at_end(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> None:
    """At the resolution, in its transaction: recorded again where other incidents are alike by now.

    An incident may have got its component or its failure only while it was open.
    """
    known = [one.incident for one in recorded(uow, incident.id)]
    if [one.incident.id for one in _closest(house, uow, incident)] != known:
        found = _find(house, uow, incident)
        uow.append(incident.id, _event(incident, f"resolved:{incident.version}", found, now), now=now)


def recorded(uow: UnitOfWork, incident_id: int) -> tuple[Earlier, ...]:
    """What the chain holds of similar incidents: the newest record."""
    events = [e for e in uow.events(incident_id, alerts=False) if e.kind is EventKind.SIMILAR]
    return earlier_of(events[-1].payload) if events else ()


def _closest(house: House, uow: UnitOfWork, incident: Incident) -> tuple[Alike, ...]:
    registry = house.registry()
    known = incident.component in registry.components
    upstream = set(registry.upstream(incident.component)) if known else set()
    components = sorted({incident.component, *upstream} - {""})
    past = uow.past_incidents(components, incident.failure, since=incident.opened_at - REACH, before=incident.id)
    return closest(incident, past, upstream)


def _find(house: House, uow: UnitOfWork, incident: Incident) -> tuple[Earlier, ...]:
    return tuple(_earlier(uow, alike, incident) for alike in _closest(house, uow, incident))


def _earlier(uow: UnitOfWork, alike: Alike, later: Incident) -> Earlier:
    past = alike.incident
    actions = privileged_of(entries_of(uow.events(past.id, alerts=False)))
    confirmed = [a for a in actions if a.outcome is not None and a.outcome.text == "confirmed"]
    tasks = uow.overrides(open_only=False, incident_id=past.id, kinds=(DebtKind.FOLLOW_UP.value,))
    return Earlier(
        incident=past.id,
        component=past.component,
        failure=past.failure,
        traits=alike.traits,
        ended=past.resolved_at or past.closed_at,
        done=tuple(Done(a.number, a.kind, a.component, a.before, a.after) for a in confirmed[:_MOST_DONE]),
        left=tuple(_left(task, later.opened_at) for task in tasks if _was_open(task, later.opened_at))[:_MOST_LEFT],
    )


def _was_open(task: Override, at: datetime) -> bool:
    done = task.closed_at is not None and task.closed_at <= at
    return task.since < at and task.state != "void" and not done


def _left(task: Override, at: datetime) -> Left:
    return Left(task.id, str(task.facts.get("type") or ""), task.due_at, task.due_at < at)


def _event(incident: Incident, moment: str, found: tuple[Earlier, ...], now: datetime) -> NewEvent:
    names = ", ".join(one.name for one in found)
    return NewEvent(
        kind=EventKind.SIMILAR,
        text=f"similar earlier incidents: {names}" if found else "no similar earlier incident",
        actor=MUSTER,
        occurred_at=now,
        source=EventSource.JOB,
        dedup_key=f"similar:{moment}",
        component=incident.component,
        payload=facts_of_earlier(moment.partition(":")[0], found),
    )


# ------------------------------------------------------------------ as a message


def similar_note(house: House, uow: UnitOfWork, surface: Surface) -> SimilarNote | None:
    """What came before, in the incident's channel: as it was recorded at the opening."""
    if surface.incident_id is None:
        return None
    incident = must_find(uow, surface.incident_id, lock=False)
    found = next((e for e in uow.events(incident.id, alerts=False) if e.kind is EventKind.SIMILAR), None)
    if found is None:
        return None
    rows = tuple(_shown(uow, one, found.occurred_at) for one in earlier_of(found.payload))
    return SimilarNote(tag_of(house, incident), rows) if rows else None


def _shown(uow: UnitOfWork, one: Earlier, at: datetime) -> SimilarRow:
    past = uow.incident(one.incident)
    return SimilarRow(
        number=one.incident,
        name=one.name,
        title=past.title if past is not None else "",
        why=f"{one.why}, {ago(one.ended, at)}" if one.ended is not None else one.why,
        done=tuple(_done(done) for done in one.done),
        left=tuple((task.number, task.type, task.due, task.overdue) for task in one.left),
    )


def _done(done: Done) -> str:
    moved = f": {done.before} → {done.after}" if done.before and done.after else ""
    return f"{done.kind} of {done.component}{moved}"


def names_of(found: tuple[Earlier, ...]) -> tuple[str, ...]:
    """`INC-17 (same component and failure)` of each, for one line."""
    return tuple(f"{one.name} ({one.why})" for one in found)
