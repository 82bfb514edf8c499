"""What several views share: the alert's figures, what changed before, levers, containment, who acted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from playbooks.domain.actions import Action, ActionKind, ActionState, Approval, Override, version_name
from playbooks.domain.clocks import say_span
from playbooks.domain.incidents import Incident
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import Event, EventKind
from playbooks.domain.typed_signals import signal_words
from playbooks.messages import (
    Changed,
    Fact,
    Lever,
)
from playbooks.plays.house import House
from playbooks.plays.opening import since_of
from playbooks.ports import Surface, UnitOfWork

WORTH_TELLING = timedelta(minutes=1)  # of an older version often only that something came after it is known


VERB = {
    ActionKind.ROLLBACK: "Roll back",
    ActionKind.DISABLE: "Disable",
    ActionKind.ENABLE: "Enable",
    ActionKind.ACCEPT_RISK: "Accept a risk for",
    ActionKind.FREEZE: "Freeze",
}


def signal_line(incident: Incident) -> str:
    """The reading of the first alert in one line, in the source's own words; empty when it gave none."""
    return signal_words(incident.signal)


def silent_of(incident: Incident) -> int | None:
    """Seconds from the first breached window to detection; None when the source does not say."""
    since = since_of(incident)
    return int((incident.detected_at - since).total_seconds()) if since else None


def alerts_line(incident: Incident) -> str:
    """`3 alerts (2 firing)`."""
    if incident.alerts_total == 0:
        return "declared by hand, no alert"
    word = "alert" if incident.alerts_total == 1 else "alerts"
    firing = max(0, incident.alerts_firing)
    return f"{incident.alerts_total} {word} ({firing} firing)"


def ended_line(incident: Incident) -> str:
    """Says that every alert has ended; empty while one fires, or for an incident that is over."""
    over = incident.alerts_total > 0 and incident.alerts_firing <= 0 and incident.open
    return "all alerts have ended" if over else ""


def changes_before(uow: UnitOfWork, incident: Incident) -> tuple[Changed, ...]:
    """What was changed before the incident and what it stands on."""
    told = uow.events(incident.id, alerts=False)
    found = [e for e in told if e.kind is EventKind.CHANGE and e.occurred_at <= incident.detected_at]
    newest = sorted(found, key=lambda e: e.occurred_at, reverse=True)[:3]
    return tuple(_changed(e) for e in newest)


def _changed(event: Event) -> Changed:
    """`fraud-scorer v42 → v43` from the recorded facts; the event's own words where they are not there."""
    subject, before, after = (str(event.payload.get(key) or "") for key in ("subject", "before", "after"))
    if not subject or not after:
        return Changed(event.text, event.occurred_at)
    moved = f"{version_name(before)} → {version_name(after)}" if before else version_name(after)
    return Changed(f"{subject.partition('@')[0]} {moved}", event.occurred_at, str(event.payload.get("by") or ""))


def next_update_due(house: House, incident: Incident) -> datetime | None:
    """When the next update is due; None where none is."""
    severity = house.rules.severity(incident.severity)
    if severity is None or not severity.update_every or not incident.open:
        return None
    return (incident.last_update_at or incident.opened_at) + timedelta(seconds=severity.update_every)


def containment_of(actions: Sequence[Action]) -> str:
    """What was done to contain the incident, in words."""
    words = []
    for action in actions:
        if action.state is ActionState.CONFIRMED and action.plan and action.kind is ActionKind.ROLLBACK:
            moved = f"{version_name(action.plan.before)} → {version_name(action.plan.after)}"
            words.append(f"{action.component} rolled back {moved}, confirmed")
        elif action.state is ActionState.CLAIMED and action.plan and action.kind is ActionKind.ROLLBACK:
            moved = f"{version_name(action.plan.before) or '?'} → {version_name(action.plan.after)}"
            words.append(f"{action.component} rolled back {moved} by hand, as was said")
        elif action.state in (ActionState.CONTRADICTED, ActionState.UNPROVEN, ActionState.FAILED) and action.plan:
            words.append(f"{VERB[action.kind].lower()} {action.component}: {action.state.value}")
    return " · ".join(words[-2:]) or "none yet"


def upstream_of(uow: UnitOfWork, registry: Registry, incident: Incident) -> tuple[Fact, ...]:
    """What the component depends on, and which of it has an open incident."""
    component = registry.components.get(incident.component)
    facts, quiet = [], []
    for name in component.depends_on if component else ():
        found = uow.open_incidents_of(name)
        if found:
            facts.append(Fact(name, f"{found[0].name} is open", warn=True))
        else:
            quiet.append(name)
    if quiet:
        facts.append(Fact(", ".join(quiet), "without an open incident"))
    return tuple(facts)


def levers_of(registry: Registry, incident: Incident, overrides: Sequence[Override]) -> tuple[Lever, ...]:
    """The levers a message offers for the component, with who decides."""
    if incident.component not in registry.components:
        return ()
    off = {o.component for o in overrides}
    found = (
        [Lever("rollback", incident.component)] if "rollback" in registry.components[incident.component].levers else []
    )
    around = (incident.component, *registry.downstream(incident.component))
    found += [Lever("disable", n) for n in around if "disable" in registry.components[n].levers and n not in off]
    return tuple(found[:4])


def serving_since(uow: UnitOfWork, action: Action, now: datetime) -> str:
    """For how long the version to be left has served, in words; empty where it is not known."""
    if action.plan is None or action.kind is not ActionKind.ROLLBACK:
        return ""
    history = uow.serving_history(action.component)
    if history and history[-1][0] == action.plan.before:
        return f"{version_name(action.plan.before)} has served for {say_span(now - history[-1][1])}"
    return ""


def by_whom(answers: Sequence[Approval]) -> str:
    """` by {0} as *model owner*`: persons as places, to be filled in the same order; their roles in words."""
    return f" by {' and '.join(_named(n, a) for n, a in enumerate(answers[:9]))}" if answers else ""


def _named(place: int, answer: Approval) -> str:
    return f"{{{place}}} as *{answer.decider_role}*" if answer.decider_role else f"{{{place}}}"


GOING_WELL = frozenset({ActionState.APPROVED, ActionState.APPLYING, ActionState.VERIFYING, ActionState.CONFIRMED})


def incident_behind(uow: UnitOfWork, surface: Surface) -> Incident | None:
    """The incident a surface belongs to."""
    return uow.incident(surface.incident_id) if surface.incident_id is not None else None


def number_behind(surface: Surface) -> int:
    """The number in a surface's id: of an action, an override."""
    return int(surface.id.split(":")[1])
