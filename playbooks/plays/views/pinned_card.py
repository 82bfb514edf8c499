"""The pinned card of an incident: where it stands and what comes next."""

from __future__ import annotations

from collections.abc import Sequence

from playbooks.domain.actions import STANDING, Action, ActionKind, ActionState, Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.incidents import Incident, State
from playbooks.domain.links import Room
from playbooks.domain.milestones import NAMES
from playbooks.domain.ownership import Registry
from playbooks.domain.rights import Authority, Right
from playbooks.domain.timeline import EventKind
from playbooks.messages import Card, Fact, StandingLine, Who
from playbooks.plays import all_clear
from playbooks.plays.bound_levers import people_of
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House, tag_of
from playbooks.plays.opening import since_of
from playbooks.plays.views.parts import (
    VERB,
    alerts_line,
    containment_of,
    ended_line,
    incident_behind,
    levers_of,
    next_update_due,
    signal_line,
    silent_of,
    upstream_of,
)
from playbooks.ports import Surface, UnitOfWork


def card(house: House, uow: UnitOfWork, surface: Surface) -> Card | None:
    """The pinned card of the incident channel."""
    incident = incident_behind(uow, surface)
    if incident is None:
        return None
    registry = house.registry()
    actions = uow.actions_of(incident.id)
    overrides = [
        o for o in uow.overrides(open_only=True, incident_id=incident.id) if o.state in ("pending", "on", "overdue")
    ]
    right = _rollback_right(house, incident)
    next_words, next_action = _next(house, incident, actions, right)
    component = registry.components.get(incident.component)
    return Card(
        tag=tag_of(house, incident),
        next=next_words,
        next_action=next_action,
        lead=house.who(incident.lead),
        comms=house.who(incident.comms),
        silent=silent_of(incident),
        opened_at=incident.opened_at,
        over_at=incident.resolved_at,
        signal=signal_line(incident),
        since=since_of(incident),
        alerts=alerts_line(incident),
        upstream=upstream_of(uow, registry, incident),
        containment=containment_of(actions),
        automation=_automation(registry, incident, actions, overrides),
        fallback=(component.fallback or "") if component else "",
        decide=_deciders(house, incident, right, next_action),
        levers=levers_of(registry, incident, overrides),
        overrides=tuple((o.component, o.due_at, o.id) for o in overrides),
        standing=_standing(uow, incident),
        update_due=next_update_due(house, incident),
        suggestion=ended_line(incident),
        over=not incident.open,
        asks=_asks(uow, incident),
        page=house.links.to(Room.INCIDENT if incident.open else Room.POSTMORTEM, incident.id, now=house.now()),
    )


def _asks(uow: UnitOfWork, incident: Incident) -> str:
    """The milestone to ask for at this moment, once somebody has taken it up: the beginning, then the awareness."""
    if not incident.open or incident.acknowledged_at is None:
        return ""
    if incident.impact_at is None:
        return NAMES[EventKind.IMPACT_START]
    return "" if uow.has_event(incident.id, EventKind.AWARE) else NAMES[EventKind.AWARE]


def _deciders(house: House, incident: Incident, rollback: Authority | None, next_action: str) -> tuple[Who, ...]:
    """Who decides on what comes next; nobody where it is anybody's."""
    held = rollback if next_action == "rollback" else None
    if next_action in ("mitigated", "resolve"):
        held = all_clear.holders_of(house, incident)
    return people_of(house, (*held.holders, *held.deputies)) if held is not None and held.approvals else ()


def _standing(uow: UnitOfWork, incident: Incident) -> tuple[StandingLine, ...]:
    """Accepted risks and freezes of this incident, and those of its component made outside it."""
    kinds = (DebtKind.ACCEPTED_RISK.value, DebtKind.FREEZE.value)
    found = {o.id: o for o in uow.overrides(incident_id=incident.id, kinds=kinds)}
    if incident.component:
        found |= {o.id: o for o in uow.overrides(component=incident.component, kinds=kinds)}
    return tuple(StandingLine(o.component, o.kind, o.due_at, o.id, o.state == "overdue") for o in found.values())


def _rollback_right(house: House, incident: Incident) -> Authority | None:
    component = house.registry().components.get(incident.component)
    if component is None or "rollback" not in component.levers:
        return None
    return held_in(house, incident.component, Right.ROLL_BACK, incident)


def _next(house: House, incident: Incident, actions: Sequence[Action], right: Authority | None) -> tuple[str, str]:
    """The one obvious next action, and the id of its button."""
    if incident.state in (State.RESOLVED, State.CLOSED):
        return "answer the open questions of the draft.", "postmortem"
    if incident.state is State.CANCELLED:
        return "nothing; it was none.", "none"
    if incident.acknowledged_at is None and not incident.lead:
        return "somebody has to take it.", "ack"
    running = next((a for a in reversed(actions) if not a.over and a.state is not ActionState.PLANNING), None)
    if running is not None and running.state is ActionState.AWAITING:
        return f"{VERB[running.kind].lower()} {running.component} waits for approval (action {running.id}).", "none"
    if running is not None and running.state is ActionState.BY_HAND:
        return f"{VERB[running.kind].lower()} {running.component} is being done by hand (action {running.id}).", "none"
    if running is not None and running.state is not ActionState.PREVIEWED:
        return f"{VERB[running.kind].lower()} {running.component} is being carried out and verified.", "none"
    if ended_line(incident):
        return "all alerts have ended; resolve it when you agree.", "resolve"
    if incident.state is State.MITIGATED:
        return "watch; resolve it when it is over.", "resolve"
    levers = [a for a in actions if a.kind not in STANDING]
    contained = [a.state for a in levers if a.kind is not ActionKind.ENABLE]
    if ActionState.CONFIRMED not in contained and ActionState.CLAIMED in contained:
        return "containment is claimed, not read back; say when the harm has stopped.", "mitigated"
    if ActionState.CONFIRMED in contained:
        return "containment is confirmed; say when the harm has stopped.", "mitigated"
    if right is not None:
        return "decide on a rollback.", "rollback"
    return "find out what changed; tell people.", "update"


def _automation(
    registry: Registry, incident: Incident, actions: Sequence[Action], overrides: Sequence[Override]
) -> tuple[Fact, ...]:
    off = {o.component for o in overrides}
    # What was switched on again is known to be on; of anything else only that nobody switched it off here.
    done = (ActionState.CONFIRMED, ActionState.CLAIMED)
    on = {a.component for a in actions if a.kind is ActionKind.ENABLE and a.state in done}
    contained = not incident.open or incident.state is State.MITIGATED
    facts = []
    for name in (
        (incident.component, *registry.downstream(incident.component))
        if incident.component in registry.components
        else ()
    ):
        if "disable" not in registry.components[name].levers:
            continue
        reads = f" (reads {incident.component})" if name != incident.component else ""
        state = "OFF" if name in off else "ON again" if name in on else f"not switched off{reads}"
        facts.append(Fact(name, state, warn=name not in off and not contained))
    return tuple(facts)
