"""Alerts and changes come in: find the owner, decide with a reason, write everything in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from playbooks.domain.actions import Action, ActionState
from playbooks.domain.alerts import Alert, AlertStatus, Change, Decision, Reason, Verdict
from playbooks.domain.incidents import Incident, open_key, severity_for_alert
from playbooks.domain.ownership import Registry
from playbooks.domain.people import MUSTER, Actor, source_actor
from playbooks.domain.pipeline.case import Case, Ruling, Step
from playbooks.domain.pipeline.path import followed, path_of
from playbooks.domain.routing import Routed, Router
from playbooks.domain.signals import headline
from playbooks.domain.timeline import EventSource
from playbooks.domain.typed_signals import told_of
from playbooks.plays import ai_state, ended, escalation, heartbeats, reopening, similar, storms
from playbooks.plays.freezes import tell_change
from playbooks.plays.house import House, card_of, refresh, refresh_readers, want, want_all
from playbooks.plays.opening import change_event, declared_event, impact_event, prior_changes, since_of
from playbooks.plays.pipeline import Passage, look, open_of, settle
from playbooks.plays.placing import placed
from playbooks.plays.targets import binding_target, change_target, components_of_target, targets_of
from playbooks.ports import (
    AlertTouch,
    Episode,
    Growth,
    KnownAlert,
    NewIncident,
    OpenIncident,
    Redecided,
    StoredAlert,
    Surface,
    UnitOfWork,
)


@dataclass(slots=True)
class _Batch:
    """One transaction's worth of alerts while it is decided."""

    now: datetime
    known: dict[Episode, KnownAlert]
    open: dict[str, OpenIncident]
    passage: Passage
    fresh: list[StoredAlert] = field(default_factory=list)
    touched: dict[str, AlertTouch] = field(default_factory=dict)
    events: defaultdict[int, list[Alert]] = field(default_factory=lambda: defaultdict(list))
    total: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    firing: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    opened: set[int] = field(default_factory=set)
    beats: set[tuple[str, str]] = field(default_factory=set)
    again: dict[Episode, StoredAlert] = field(default_factory=dict)
    anew: list[Redecided] = field(default_factory=list)


def receive(house: House, router: Router, bodies: Sequence[Sequence[Alert]]) -> list[list[Verdict]]:
    """Decide and record a batch of bodies in one transaction; each alert gets its own verdict.

    Args:
        bodies: the alerts of each HTTP body, in the order they came.
    Returns the verdicts in the same shape. When it returns, everything is on disk. Raises `errors.StoreBusy`.
    """
    routed = _routed(router, bodies)  # before the transaction: others wait for it
    with house.store.begin(lane="alerts") as uow:
        return _take(house, uow, router, bodies, routed)


def take(house: House, uow: UnitOfWork, router: Router, bodies: Sequence[Sequence[Alert]]) -> list[list[Verdict]]:
    """`receive` in the caller's transaction."""
    return _take(house, uow, router, bodies, _routed(router, bodies))


def _routed(router: Router, bodies: Sequence[Sequence[Alert]]) -> list[list[Routed]]:
    return [[router.route(alert) for alert in body] for body in bodies]


def _take(
    house: House,
    uow: UnitOfWork,
    router: Router,
    bodies: Sequence[Sequence[Alert]],
    routed: Sequence[Sequence[Routed]],
) -> list[list[Verdict]]:
    keys = {_key(r) for body in routed for r in body}
    found = placed(uow, bodies, now=house.now())
    if found is not bodies:
        bodies, routed = found, _routed(router, found)
    episodes = [_episode(a) for body in bodies for a in body]
    now, arrival = house.now(), uow.arrival(episodes, sorted(keys))
    passage = look(house, uow, _new(arrival.known, bodies, routed), arrival, now)
    batch = _Batch(now, dict(arrival.known), dict(arrival.open), passage)
    verdicts = [
        [_decide(house, uow, batch, alert, route) for alert, route in zip(body, routes, strict=True)]
        for body, routes in zip(bodies, routed, strict=True)
    ]
    _write(house, uow, batch)
    if house.rules.quiet_after:
        heartbeats.heard(house, uow, {alert.source for body in bodies for alert in body}, batch.now)
    return verdicts


def _new(
    known: Collection[Episode], bodies: Sequence[Sequence[Alert]], routed: Sequence[Sequence[Routed]]
) -> list[tuple[Alert, Routed]]:
    """Firing episodes that are not stored."""
    return [
        (alert, route)
        for body, routes in zip(bodies, routed, strict=True)
        for alert, route in zip(body, routes, strict=True)
        if alert.status is AlertStatus.FIRING and not route.signal and _episode(alert) not in known
    ]


def retake(house: House, uow: UnitOfWork, router: Router, stored: Sequence[StoredAlert]) -> list[Verdict]:
    """Decide again on stored episodes, in the caller's transaction; those that changed meanwhile are left out.

    Returns the verdicts of the others, in the order given.
    """
    uow.hold_alerts([each.id for each in stored])
    ways = [router.route(each.alert) for each in stored]
    arrival = uow.arrival([_episode(each.alert) for each in stored], sorted({_key(way) for way in ways}))
    pairs = zip(stored, ways, strict=True)
    due = [(each, way) for each, way in pairs if _same(arrival.known.get(_episode(each.alert)), each)]
    cases = [(each.alert, way) for each, way in due]
    now = house.now()
    batch = _Batch(now, {}, dict(arrival.open), look(house, uow, cases, arrival, now))
    batch.again = {_episode(each.alert): each for each, _ in due}
    verdicts = [_decide(house, uow, batch, alert, routed) for alert, routed in cases]
    _write(house, uow, batch)
    return verdicts


def _same(known: KnownAlert | None, stored: StoredAlert) -> bool:
    return (
        known is not None
        and known.status is AlertStatus.FIRING
        and known.decision is stored.decision
        and known.incident_id == stored.incident_id
    )


def _episode(alert: Alert) -> Episode:
    return (alert.source, alert.fingerprint, alert.starts_at)


def _key(routed: Routed) -> str:
    return open_key(routed.component, routed.failure)


def _decide(house: House, uow: UnitOfWork, batch: _Batch, alert: Alert, routed: Routed) -> Verdict:
    known = batch.known.get(_episode(alert))
    if routed.signal and alert.status is AlertStatus.FIRING:
        batch.beats.add((routed.component, routed.signal))
    if known is not None:
        return _again(batch, alert, known)
    if routed.signal:
        return _keep(house, batch, alert, routed, Decision.EXPECTED, Reason.SIGNAL_CAME, None)
    if alert.status is AlertStatus.RESOLVED:
        held = batch.open.get(_key(routed))
        return _keep(house, batch, alert, routed, Decision.RESOLVED, Reason.ENDED_UNSEEN, held.id if held else None)
    held = batch.open.get(_key(routed))
    ruling = _ruling(batch, alert, routed, attached=held is not None)
    if ruling is not None:
        return _keep(house, batch, alert, routed, ruling.decision, ruling.reason, ruling.incident, ruling.step)
    if held is not None:
        return _keep(house, batch, alert, routed, Decision.ATTACHED, Reason.OPEN_INCIDENT, held.id)
    decision, reason, number = _open(house, uow, batch, alert, routed)
    return _keep(house, batch, alert, routed, decision, reason, number)


def _ruling(batch: _Batch, alert: Alert, routed: Routed, *, attached: bool) -> Ruling | None:
    again = batch.again.get(_episode(alert))
    received_at = again.received_at if again is not None else batch.now
    return batch.passage.rule(Case(alert, routed, attached, received_at, again is not None))


def _again(batch: _Batch, alert: Alert, known: KnownAlert) -> Verdict:
    """The state of an episode is a function of its newest word: once ended, it stays ended."""
    ends = alert.status is AlertStatus.RESOLVED and known.status is AlertStatus.FIRING
    late = alert.status is AlertStatus.FIRING and known.status is AlertStatus.RESOLVED
    status = AlertStatus.RESOLVED if ends else known.status
    before = batch.touched.get(known.id)
    batch.touched[known.id] = AlertTouch(
        known.id,
        status,
        alert.ends_at if ends else (before.ends_at if before else None),
        (before.seen if before else 0) + 1,
        batch.now,
    )
    if ends:
        batch.known[_episode(alert)] = replace(known, status=AlertStatus.RESOLVED)
        if known.incident_id is not None:
            batch.events[known.incident_id].append(alert)
            batch.firing[known.incident_id] -= 1
        return _verdict(known.id, alert, Decision.RESOLVED, Reason.FIRING_ENDED, known.incident_id)
    reason = Reason.STALE_FIRING if late else Reason.SAME_EPISODE
    return _verdict(known.id, alert, Decision.DUPLICATE, reason, known.incident_id)


def _keep(
    house: House,
    batch: _Batch,
    alert: Alert,
    routed: Routed,
    decision: Decision,
    reason: Reason,
    incident: int | None,
    last: Step | None = None,
) -> Verdict:
    path = path_of(routed, last, decision, reason)
    again = batch.again.get(_episode(alert))
    number = again.id if again is not None else house.ids.new()
    if again is not None:
        path = followed(again.path, path, batch.now)
        batch.anew.append(Redecided(number, decision, reason, incident, path, batch.now))
        _leave(batch, again)
    else:
        stored = StoredAlert(
            number, alert, routed.component, routed.failure, decision, reason, incident, batch.now, batch.now, 1, path
        )
        batch.fresh.append(stored)
    batch.known[_episode(alert)] = KnownAlert(
        number, alert.status, incident, routed.component, routed.failure, decision, 1
    )
    if incident is not None:
        batch.events[incident].append(alert)
        batch.total[incident] += 1
        batch.firing[incident] += 1 if alert.status is AlertStatus.FIRING else 0
    return _verdict(number, alert, decision, reason, incident, path)


def _leave(batch: _Batch, stored: StoredAlert) -> None:
    """An episode that is decided again no longer counts where it was."""
    if stored.incident_id is not None:
        batch.events.setdefault(stored.incident_id, [])
        batch.total[stored.incident_id] -= 1
        batch.firing[stored.incident_id] -= 1


def _verdict(
    alert_id: str,
    alert: Alert,
    decision: Decision,
    reason: Reason,
    incident: int | None,
    path: tuple[Step, ...] = (),
) -> Verdict:
    return Verdict(alert_id, alert.fingerprint, alert.status.value, decision, reason, incident, path)


def _open(house: House, uow: UnitOfWork, batch: _Batch, alert: Alert, routed: Routed) -> tuple[Decision, Reason, int]:
    """Open an incident, or again the one that was resolved just before."""
    earlier = reopening.earlier(house, uow, routed, batch.now)
    if earlier is not None and reopening.just_resolved(house, earlier, batch.now):
        incident = reopening.reopen(house, uow, earlier, alert, batch.now)
        batch.open[_key(routed)] = open_of(incident)
        return Decision.REOPENED, Reason.JUST_RESOLVED, incident.id
    registry = house.registry()
    team, home = _home(house, registry, routed)
    signal = told_of(alert, routed.failure)
    incident, new = uow.open_incident(
        NewIncident(
            title=headline(alert, routed.component, routed.failure),
            component=routed.component,
            failure=routed.failure,
            open_key=_key(routed),
            severity=severity_for_alert(routed.severity or alert.severity, house.rules.severities),
            opened_at=batch.now,
            detected_at=batch.now,
            opened_by=f"source:{alert.source}",
            team=team,
            home=home,
            signal=signal,
            reopened_from=earlier.id if earlier is not None else None,
        )
    )
    held = batch.open[_key(routed)] = open_of(incident)
    if not new:  # another replica opened it between our look and our insert
        return Decision.ATTACHED, Reason.OPEN_INCIDENT, incident.id
    batch.opened.add(incident.id)
    open_up(house, uow, incident, by=source_actor(alert.source).role, source=EventSource.WEBHOOK, now=batch.now)
    batch.passage.opened(incident, held)
    if earlier is not None:
        reopening.link(uow, incident, earlier, batch.now)
        return Decision.OPENED, Reason.EARLIER_OVER, incident.id
    if not routed.component:
        return Decision.UNOWNED, Reason.NO_COMPONENT, incident.id
    return Decision.OPENED, Reason.NEW_FAILURE, incident.id


def _home(house: House, registry: Registry, routed: Routed) -> tuple[str, str]:
    """Team and channel that are told first; the triage channel where no team or no channel is known."""
    team = registry.teams.get(routed.team) if routed.team else None
    if team is None or not team.channel:
        return (routed.team or house.rules.triage_team, house.rules.triage_channel)
    return (routed.team, team.channel)


def open_up(
    house: House,
    uow: UnitOfWork,
    incident: Incident,
    *,
    by: str,
    source: EventSource,
    now: datetime,
    actor: Actor = MUSTER,
) -> None:
    """What every new incident gets in the transaction that opens it: its first events and the jobs that tell people."""
    registry = house.registry()
    since = now - timedelta(seconds=house.rules.changes_window)
    events = prior_changes(_changed_before(uow, registry, incident.component, since, now))
    events.append(declared_event(registry, house.on_call, incident, by=by, source=source, now=now, actor=actor))
    events += [] if since_of(incident) is None else [impact_event(incident)]
    uow.append_many(incident.id, events, now=now)
    ai_state.want_declared(uow, registry, incident, now)
    escalation.arm(house, uow, incident, now)
    refresh(uow, incident, now=now)
    refresh_readers(house, uow, incident, now=now)
    uow.want_job("channel", str(incident.id), now=now, lane=f"incident:{incident.id}")
    uow.want_job(similar.KIND, str(incident.id), now=now, lane=f"incident:{incident.id}")


def _changed_before(
    uow: UnitOfWork, registry: Registry, component: str, since: datetime, until: datetime
) -> list[Change]:
    """Changes of a component and of what it reads: of their names, and of the targets of their levers."""
    names = {component, *registry.upstream(component)} if component in registry.components else set()
    targets = {target for name in names for target in targets_of(registry, name)}
    # A flag's change names its environment beside its subject, a target has it in its name.
    subjects = sorted(names | targets | {target.partition("@")[0] for target in targets})
    found = uow.changes_before(subjects, since=since, until=until)
    return [change for change in found if change.subject in names or change_target(change) in targets]


def _write(house: House, uow: UnitOfWork, batch: _Batch) -> None:
    held = {each.id: each for each in (*batch.passage.joined.values(), *batch.open.values())}
    grown, together = [], {}
    for incident_id, alerts in batch.events.items():
        seen_before = held[incident_id].alerts_total if incident_id in held else 0
        single, together[incident_id] = storms.split(house, alerts, seen_before)
        events = [storms.alert_event(alert) for alert in single] + storms.lines(
            house, incident_id, together[incident_id]
        )
        grown.append(Growth(incident_id, events, batch.total[incident_id], batch.firing[incident_id]))
    uow.grow(grown, now=batch.now)
    # After the incidents' rows are ours: an alert refers to one, and two that refer first wait for each other for ever.
    # And before the rest: what a server works on longest, it does while the rest is put together here.
    uow.add_alerts(batch.fresh)
    many = {each.id for each in held.values() if each.alerts_total >= storms.FEW}
    later = {number: alerts for number, alerts in together.items() if alerts or number in many}
    storms.count(uow, later, now=batch.now)
    uow.touch_alerts(list(batch.touched.values()))
    uow.redecide(batch.anew)
    settle(uow, batch.passage)
    heartbeats.came(house, uow, batch.beats, batch.now)
    for incident_id in sorted({each.incident_id for each in batch.again.values() if each.incident_id is not None}):
        _tell_left(uow, incident_id, batch)
    over = {i for i, alerts in batch.events.items() if any(a.status is AlertStatus.RESOLVED for a in alerts)}
    told = many | batch.opened | over
    counting = [surface for i in batch.events if i in held and i not in told for surface in _counting(held[i])]
    want_all(uow, counting, now=batch.now)
    for incident_id in sorted(over):
        _tell_end(uow, incident_id, batch)
    for incident_id, each in sorted(held.items()):
        if each.alerts_total > 0 >= each.alerts_firing and batch.firing[incident_id] > 0:
            ended.fires_again(uow, incident_id, batch.now)


def _tell_left(uow: UnitOfWork, incident_id: int, batch: _Batch) -> None:
    """An incident that alerts left counts fewer: its messages say so."""
    incident = uow.incident(incident_id)
    if incident is not None and incident_id not in batch.opened:
        refresh(uow, incident, now=batch.now)


def _counting(incident: OpenIncident) -> tuple[Surface, Surface]:
    """What counts alerts: the owner's message and the card."""
    note = Surface(f"owner_note:{incident.id}", "owner_note", incident.home, incident_id=incident.id)
    return note, card_of(incident.id)


def _tell_end(uow: UnitOfWork, incident_id: int, batch: _Batch) -> None:
    incident = uow.incident(incident_id)
    if incident is None:
        return
    if incident_id not in batch.opened:
        refresh(uow, incident, now=batch.now)
    if incident.open and incident.alerts_firing <= 0:
        ended.tell_end(uow, incident, batch.now)


# ------------------------------------------------------------------ changes

_ECHO_WITHIN = timedelta(hours=1)
_SENT = frozenset(
    {
        ActionState.APPLYING,
        ActionState.BY_HAND,
        ActionState.VERIFYING,
        ActionState.CONFIRMED,
        ActionState.CLAIMED,
        ActionState.UNPROVEN,
    }
)


def record_changes(house: House, changes: Sequence[Change]) -> list[Verdict]:
    """Record changes; the echo of our own action is recognised, nothing opens an incident. Raises StoreBusy."""
    registry = house.registry()
    with house.store.begin(lane="alerts") as uow:
        now = house.now()
        ours = uow.recent_actions(since=now - _ECHO_WITHIN)
        return [_record(house, uow, registry, change, ours, now) for change in changes]


def _record(
    house: House, uow: UnitOfWork, registry: Registry, change: Change, ours: Sequence[Action], now: datetime
) -> Verdict:
    action = echo_of(change, ours)
    incidents = [action.incident_id] if action is not None else []
    components = components_of_target(registry, change) if action is None else ()
    for component in components:
        incidents += [i.id for i in uow.open_incidents_of(component)]
    decision, reason = (
        (Decision.ECHO, Reason.OWN_ACTION) if action is not None else (Decision.CHANGE, Reason.RECORDED_CHANGE)
    )
    incident = next((i for i in incidents if i is not None), None)
    new = uow.add_change(change, decision=decision, reason=reason, incident_id=incident, now=now)
    if not new:
        decision, reason = Decision.DUPLICATE, Reason.SAME_EPISODE
    elif action is None:
        for number in {i for i in incidents if i is not None}:
            uow.append_many(number, [change_event(change)], now=now)
        _remember_serving(uow, registry, change)
        tell_change(house, uow, change, components, now)
        heartbeats.came(house, uow, heartbeats.of_change(registry, change), now)
    return Verdict(change.key, change.key, change.kind, decision, reason, incident)


def _remember_serving(uow: UnitOfWork, registry: Registry, change: Change) -> None:
    """Our own memory of which version serves since when: the registry's alias keeps no history."""
    target = change_target(change)
    for name, component in registry.components.items():
        binding = component.levers.get("rollback")
        if binding is not None and binding_target(binding) == target and change.after:
            if change.before and not uow.serving_history(name):
                uow.record_serving(name, change.before, now=change.occurred_at - timedelta(microseconds=1))
            uow.record_serving(name, change.after, now=change.occurred_at)


def echo_of(change: Change, actions: Sequence[Action]) -> Action | None:
    """The action of ours this change is the echo of: same target, same move as far as told, within the last hour."""
    target = change_target(change)
    for action in actions:
        plan = action.plan
        if plan is None or action.state not in _SENT or plan.target != target:
            continue
        if change.after == plan.after and change.before in ("", plan.before):
            return action
    return None


def keep_raw(house: House, *, source: str, body: str, why: str) -> Verdict:
    """Keep a body no reader could map as a raw triage item, and tell the triage channel. Raises `errors.StoreBusy`."""
    with house.store.begin(lane="alerts") as uow:
        now = house.now()
        kept = uow.quarantine(source=source, body=body, reason=why, now=now)
        count = uow.notice(f"raw:{source}", f"Bodies of `{source}` that could not be read: {why}", now=now)
        if house.rules.triage_channel:
            hour = now.strftime("%Y%m%d%H")
            text = f"I can't read what `{source}` sends: {why} ({count} so far; kept as {kept})."
            surface = Surface(f"post:raw:{source}:{hour}", "post", house.rules.triage_channel, payload={"text": text})
            if uow.surface(surface.id) is None:
                want(uow, surface, now=now)
    return Verdict(kept, "", "", Decision.RAW, Reason.NOT_MAPPABLE)
