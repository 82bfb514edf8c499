"""What each step of an action leaves behind: events of the incident, and the messages that show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.actions import (
    Action,
    Plan,
)
from playbooks.domain.errands import errand_of
from playbooks.domain.facts import action_facts
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays.bound_levers import VERB_OF
from playbooks.plays.errand_record import requests_of
from playbooks.plays.house import redraw, want
from playbooks.ports import Surface, UnitOfWork


@dataclass(frozen=True, slots=True)
class Step:
    """What the job does next: `again_at` None means the action is over or waits for people."""

    again_at: datetime | None = None


DONE = Step()


def record_result(uow: UnitOfWork, action: Action, result: str, now: datetime, *, error: str = "") -> None:
    """How it ended, as an event: worked, claimed, failed, unknown or stale."""
    words = {
        "worked": "worked",
        "claimed": "was done by hand, as was said; nothing read it back",
        "failed": "failed",
        "unknown": "was applied; its effect was not seen in time",
        "stale": "was not started",
    }
    text = f"{VERB_OF[action.kind]} {action.component} {words[result]}" + (f": {error}" if error else "")
    record(uow, action, EventKind.ACTION_RESULT, text, "result", action_facts(action, result=result, error=error), now)


def record(
    uow: UnitOfWork, action: Action, kind: EventKind, text: str, phase: str, facts: dict[str, Any], now: datetime
) -> None:
    """An event of the action's incident, once per phase."""
    if action.incident_id is not None:
        uow.append(action.incident_id, event_of_step(action, kind, text, phase, facts, now), now=now)


def event_of_step(
    action: Action, kind: EventKind, text: str, phase: str, facts: dict[str, Any], now: datetime
) -> NewEvent:
    """The event of one phase of an action."""
    return NewEvent(
        kind=kind,
        text=text,
        actor=MUSTER,
        occurred_at=now,
        source=EventSource.JOB,
        dedup_key=f"action:{action.id}:{phase}",
        component=action.component,
        payload=facts,
    )


def show_action(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """Renew every message that shows the action."""
    if action.incident_id is None:
        return
    target = f"incident:{action.incident_id}"
    want(uow, Surface(f"action:{action.id}", "action", target, incident_id=action.incident_id), now=now)
    if errand_of(action.plan) is not None:
        for asked in requests_of(uow, action):
            want(uow, asked, now=now)
    if action.override is not None:
        shown = Surface(f"override:{action.override}", "override", target, incident_id=action.incident_id)
        want(uow, shown, now=now)
    want(uow, Surface(f"card:{action.incident_id}", "card", target, pin=True, incident_id=action.incident_id), now=now)
    incident = uow.incident(action.incident_id)
    if incident is not None:
        redraw(uow, incident, now=now)


def needed_plan(action: Action) -> Plan:
    """The plan on disk. Raises MusterError when there is none, which is a defect."""
    if action.plan is None:
        raise errors.MusterError(
            f"Action {action.id} has no plan on disk.", "This is a defect: report it.", code="no_plan"
        )
    return action.plan
