"""What must hold after every story, wherever the process died: nothing lost, nothing twice, nothing forgotten."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from sqlalchemy import func, select

from playbooks.domain.actions import STANDING, Action, ActionState
from playbooks.domain.incidents import Incident, open_key
from playbooks.domain.timeline import EventKind
from playbooks.plays import views
from playbooks.ports import Surface, UnitOfWork
from storage.rows import ALERT, JOB, SURFACE
from storage.store import SqlUnitOfWork
from tests.contracts.fake_slack import all_messages
from tests.simulation.bot import plain
from tests.simulation.world import World

WAITING = frozenset({ActionState.PREVIEWED, ActionState.AWAITING})


def broken(world: World, *, messages: bool = True) -> list[str]:
    """Everything that is wrong, in words; empty when all promises are kept. `messages`: whether Slack is looked at."""
    with world.bot.store.read() as uow:
        found = [*_alerts(world, uow), *_jobs(world, uow), *_timers(world, uow)]
        incidents = uow.incidents(open_only=False, limit=1000)
        found += _one_per_key(incidents)
        for incident in incidents:
            found += _chain(uow, incident)
            found += _channel(world, incident) if messages else ()
            found += [w for action in uow.actions_of(incident.id) for w in _action(uow, action)]
        if messages:
            found += _no_orphans(world, incidents)
            found += _surfaces(world, uow)
        found += _overrides(world, uow)
    return found


def _alerts(world: World, uow: SqlUnitOfWork) -> Iterator[str]:
    held = {(row.fingerprint, row.starts_at) for row in uow.query(select(ALERT.c.fingerprint, ALERT.c.starts_at))}
    yield from (f"accepted alert lost: {lost}" for lost in sorted(world.accepted - held))
    doubled = uow.query(
        select(ALERT.c.fingerprint).group_by(ALERT.c.fingerprint, ALERT.c.starts_at).having(func.count() > 1)
    )
    yield from (f"alert stored twice: {row.fingerprint}" for row in doubled)


def _jobs(world: World, uow: SqlUnitOfWork) -> Iterator[str]:
    for row in uow.query(select(JOB.c.id, JOB.c.error, JOB.c.parked).where((JOB.c.wanted > JOB.c.done) | JOB.c.parked)):
        yield f"job {row.id} is {'parked' if row.parked else 'pending'}: {row.error}"
    yield from (f"job {job} was given up: {why}" for job, why in world.parked)


def _timers(world: World, uow: UnitOfWork) -> Iterator[str]:
    yield from (f"timer {timer.id} is due and did not fire" for timer in uow.due_timers(now=world.clock.at))


def _one_per_key(incidents: list[Incident]) -> Iterator[str]:
    count = Counter(open_key(i.component, i.failure) for i in incidents if i.open)
    yield from (f"{number} open incidents for {key}" for key, number in count.items() if number > 1)


def _chain(uow: SqlUnitOfWork, incident: Incident) -> Iterator[str]:
    report = uow.verify(incident.id)
    if not report.ok:
        yield f"the chain of {incident.name} is broken at {report.broken_at}: {report.why}"
    events = uow.events(incident.id)
    alerts = Counter((e.payload["fingerprint"], e.occurred_at) for e in events if "fingerprint" in e.payload)
    yield from (f"event of {key} stands {n} times" for key, n in alerts.items() if n > 1)
    if sum(1 for e in events if e.kind is EventKind.DECLARED) != 1:
        yield f"{incident.name} was declared not once"


def _channel(world: World, incident: Incident) -> Iterator[str]:
    channel = world.slack.channels.get(incident.channel)
    if channel is None:
        yield f"{incident.name} has no channel"
        return
    if f"{incident.name} · " not in channel.topic or incident.state.value not in channel.topic:
        yield f"the topic of {incident.name} is {channel.topic!r}"
    if len(channel.members) < 2:
        yield f"nobody was invited to {incident.name}"


def _no_orphans(world: World, incidents: list[Incident]) -> Iterator[str]:
    ours = {channel.id for channel in world.slack.created()}
    held = Counter(i.channel for i in incidents if i.channel)
    yield from (f"channel {orphan} belongs to no incident" for orphan in sorted(ours - set(held)))
    yield from (f"channel {channel} belongs to {n} incidents" for channel, n in held.items() if n > 1)


# ---------------------------------------------------------------- messages


def _surfaces(world: World, uow: SqlUnitOfWork) -> Iterator[str]:
    known = {row.id for row in uow.query(select(SURFACE.c.id))}
    for message in all_messages(world.slack):
        if message.delivery not in known:
            yield f"{message.delivery} stands in Slack and in no row"
    for surface in (s for name in sorted(known) if (s := uow.surface(name)) is not None):
        yield from _surface(world, uow, surface)


def _surface(world: World, uow: UnitOfWork, surface: Surface) -> Iterator[str]:
    if surface.wanted > surface.shown:
        yield f"{surface.id} was not brought up to date"
    if surface.error:
        yield f"{surface.id} was refused: {surface.error}"
    if surface.target.startswith("eph:") or surface.kind == "topic":
        return
    standing = world.slack.by_delivery(surface.id)
    message = views.build(world.bot.house, uow, surface)
    if message is None:
        return
    if len(standing) != 1:
        yield f"{surface.id} stands {len(standing)} times"
        return
    body = plain(message)
    if standing[0].text != body["text"]:
        yield f"{surface.id} is out of date"
    digest = sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    if digest != surface.shown_hash:
        yield f"{surface.id} has another digest than it shows"
    if surface.pin and standing[0].ts not in world.slack.channels[standing[0].channel].pins:
        yield f"{surface.id} is not pinned"


# ---------------------------------------------------------------- actions and the ledger


def _action(uow: UnitOfWork, action: Action) -> Iterator[str]:
    name = f"action {action.id} ({action.kind.value} {action.component}, {action.state.value})"
    if not action.over and action.state not in WAITING:
        yield f"{name} is neither over nor waiting for people"
    approvals = uow.approvals(action.id)
    given = [a for a in approvals if a.verdict == "approved"]
    if action.approved_at is not None:
        if any(a.consumed_at is None for a in given):
            yield f"{name}: an approval was not consumed"
        if len(given) < action.approvals_needed:
            yield f"{name}: went on with {len(given)} of {action.approvals_needed} approvals"
    events = uow.events(action.incident_id) if action.incident_id is not None else []
    mine = [e for e in events if e.payload.get("action") == action.id]
    for kind, most in ((EventKind.ACTION_RESULT, 1), (EventKind.VERIFICATION, 1), (EventKind.ACTION, 2)):
        if sum(1 for e in mine if e.kind is kind) > most:
            yield f"{name}: more than {most} events of kind {kind.value}"
    proved = action.state is ActionState.CONFIRMED and action.kind not in STANDING
    if proved and not any(e.kind is EventKind.VERIFICATION for e in mine):
        yield f"{name}: confirmed without proof"
    if action.applying_at is not None and not any(e.kind is EventKind.ACTION_RESULT for e in mine):
        yield f"{name}: its end is not told"


def _overrides(world: World, uow: UnitOfWork) -> Iterator[str]:
    timers = {timer.id for timer in uow.due_timers(now=world.clock.at.replace(year=9999), limit=1000)}
    off = {o.component for o in uow.overrides(open_only=True)}
    for override in uow.overrides(open_only=False):
        name = f"D-{override.id} ({override.component}, {override.state})"
        if override.state == "pending":
            yield f"{name} never took effect and was not voided"
        if override.state == "on" and override.due_at <= world.clock.at:
            yield f"{name} passed its end unseen"
        if override.state == "on" and f"override_end:{override.id}" not in timers:
            yield f"{name} has no end"
        if override.state == "overdue" and f"override_escalate:{override.id}" not in timers:
            yield f"{name} is overdue and nobody will be asked again"
        left = [t for t in timers if t.startswith("override") and t.endswith(f":{override.id}")]
        if override.state in ("closed", "void") and left:
            yield f"{name} is over and still has a timer"
        flag = world.levers.flags.get(f"default/{override.component}@production", "")
        if override.state == "closed" and flag != "on" and override.component not in off:
            yield f"{name} is closed and the flag reads {flag}"
        if override.state in ("on", "overdue") and flag != "off":
            yield f"{name} says off and the flag reads {flag}"
