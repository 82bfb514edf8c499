"""Signals that must come: each has a timer at which it counts as missing; so has a source that must not go quiet.

A signal that comes moves its timer. One that is missing is an alert like any other, which ends when the signal comes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.alerts import Alert, Change
from playbooks.domain.clocks import say_span
from playbooks.domain.ownership import Registry
from playbooks.domain.pipeline.expected import expected, find, late_at, missing_alert
from playbooks.plays.house import House, want
from playbooks.ports import Surface, Timer, UnitOfWork

SIGNAL, QUIET = "expected", "quiet"
KINDS = (SIGNAL, QUIET)
Raise = Callable[[Alert], object]


def plan(house: House) -> int:
    """See to it that every expected signal and every watched source has its timer; returns how many were new."""
    now = house.now()
    registry = house.registry()
    wanted = [
        Timer(
            _id(component, entry.signal), SIGNAL, component, late_at(entry, now, house.rules.zone), _facts(entry.signal)
        )
        for component, entry in expected(registry)
    ]
    for source, seconds in house.rules.quiet_after.items():
        wanted.append(Timer(f"{QUIET}:{source}", QUIET, source, now + timedelta(seconds=seconds), {}))
    if not wanted:
        return 0
    with house.store.read() as uow:
        known = uow.timers([timer.id for timer in wanted])
    new = [timer for timer in wanted if timer.id not in known]
    if new:
        with house.store.begin(lane="alerts") as uow:
            there = uow.timers([timer.id for timer in new])
            uow.set_timers([timer for timer in new if timer.id not in there])
    return len(new)


def _id(component: str, signal: str) -> str:
    return f"{SIGNAL}:{component}:{signal}"


def _facts(signal: str, last: datetime | None = None) -> dict[str, str]:
    return {"signal": signal} | ({"last": last.isoformat()} if last is not None else {})


# ------------------------------------------------------------------ it comes


def beat(house: House, component: str, signal: str) -> datetime:
    """A signal came; returns from when on the next one counts as missing. Raises UnknownName, StoreBusy."""
    entry = find(house.registry(), component, signal)
    if entry is None:
        raise errors.UnknownName(
            f"The registry expects no signal {signal} of {component}.", "Write it under the component's `expects`."
        )
    with house.store.begin(lane="alerts") as uow:
        now = house.now()
        came(house, uow, {(component, signal)}, now)
    return late_at(entry, now, house.rules.zone)


def came(house: House, uow: UnitOfWork, beats: Collection[tuple[str, str]], now: datetime) -> None:
    """Move the timers of signals that came. One that was missing is told by the sweep: its timer is due at once."""
    if not beats:
        return
    registry = house.registry()
    known = uow.timers([_id(*beat) for beat in beats])
    moved = []
    for component, signal in sorted(beats):
        entry = find(registry, component, signal)
        if entry is None:
            continue
        before = known.get(_id(component, signal))
        missing = str(before.payload.get("missing") or "") if before is not None else ""
        facts = _facts(signal, now)
        if missing:
            facts |= {"missing": missing, "came": now.isoformat()}
        due = now if missing else late_at(entry, now, house.rules.zone)
        moved.append(Timer(_id(component, signal), SIGNAL, component, due, facts))
    uow.set_timers(moved)


def of_change(registry: Registry, change: Change) -> set[tuple[str, str]]:
    """The expected signals that a change is."""
    return {(component, e.signal) for component, e in expected(registry) if e.change == change.subject}


def heard(house: House, uow: UnitOfWork, sources: Collection[str], now: datetime) -> None:
    """Something came of these sources: those that are watched may be quiet again for as long as configured."""
    watched = [source for source in sorted(sources) if source in house.rules.quiet_after]
    if not watched:
        return
    known = uow.timers([f"{QUIET}:{source}" for source in watched])
    moved = []
    for source in watched:
        due = now + timedelta(seconds=house.rules.quiet_after[source])
        moved.append(Timer(f"{QUIET}:{source}", QUIET, source, due, {"last": now.isoformat()}))
        before = known.get(f"{QUIET}:{source}")
        since = str(before.payload.get("quiet") or "") if before is not None else ""
        if since:
            silent = say_span(now - datetime.fromisoformat(since))
            _tell(house, uow, source, since, f"The source `{source}` is heard again, after {silent}.", now)
    uow.set_timers(moved)


# ------------------------------------------------------------------ it does not come


def fire(house: House, timer: Timer, raise_alert: Raise) -> bool:
    """A signal is missing, came after it was missing, or a source went quiet. False when it is not due after all.

    Args:
        raise_alert: sends an alert through the pipeline. It goes before the timer is moved: it is known again by its
            episode, so that a crash between both raises no second one.
    """
    with house.store.read() as uow:
        held = uow.timers([timer.id]).get(timer.id)
    if held is None or held.due_at > house.now():
        return False
    return _quiet(house, held) if held.kind == QUIET else _signal(house, held, raise_alert)


def _signal(house: House, timer: Timer, raise_alert: Raise) -> bool:
    signal = str(timer.payload.get("signal") or "")
    entry = find(house.registry(), timer.subject, signal)
    now = house.now()
    if entry is None:  # the registry expects it no more
        _move(house, timer, None, now)
        return True
    last = _moment(timer, "last")
    missing, back = _moment(timer, "missing"), _moment(timer, "came")
    if missing is not None and back is not None:
        raise_alert(missing_alert(timer.subject, entry, missing, None, came=back))
        due = late_at(entry, back, house.rules.zone)
        return _move(house, timer, Timer(timer.id, SIGNAL, timer.subject, due, _facts(signal, back)), now)
    missing = missing or timer.due_at
    raise_alert(missing_alert(timer.subject, entry, missing, last))
    facts = _facts(signal, last) | {"missing": missing.isoformat()}
    return _move(house, timer, Timer(timer.id, SIGNAL, timer.subject, now + entry.every, facts), now)


def _move(house: House, held: Timer, after: Timer | None, now: datetime) -> bool:
    """Put the next timer in the place of this one, unless the signal came or another process fired it meanwhile."""
    with house.store.begin(lane="alerts") as uow:
        current = uow.timers([held.id]).get(held.id)
        if current is not None and current != held and after is not None:
            _overtaken(uow, current, after, now)
        if current != held or uow.take_timer(held.id, now=now) is None:
            return False
        if after is not None:
            uow.set_timer(after)
    return True


def _overtaken(uow: UnitOfWork, current: Timer, after: Timer, now: datetime) -> None:
    """The signal came while its alert was being raised: the alert has to end."""
    missing, last = after.payload.get("missing"), current.payload.get("last")
    if missing and last and not current.payload.get("missing"):
        facts = {**current.payload, "missing": missing, "came": last}
        uow.set_timer(Timer(current.id, SIGNAL, current.subject, now, facts))


def _quiet(house: House, timer: Timer) -> bool:
    source = timer.subject
    seconds = house.rules.quiet_after.get(source)
    with house.store.begin(lane="alerts") as uow:
        now = house.now()
        if uow.take_timer(timer.id, now=now) is None:
            return False
        if seconds is None:
            return True
        last = str(timer.payload.get("last") or "")
        since = str(timer.payload.get("quiet") or last or timer.due_at.isoformat())
        when = f"since {datetime.fromisoformat(last):%d %b %H:%M} UTC" if last else "since I watch it"
        text = (
            f"The source `{source}` went quiet: nothing came {when}; it should send at least every "
            f"{say_span(timedelta(seconds=seconds))}. Look at its sender, its address and its secret."
        )
        uow.notice(f"quiet:{source}", text, now=now)
        _tell(house, uow, source, since, text, now)
        facts = {"last": last, "quiet": since}
        uow.set_timer(Timer(timer.id, QUIET, source, now + timedelta(seconds=seconds), facts))
    return True


def _tell(house: House, uow: UnitOfWork, source: str, since: str, text: str, now: datetime) -> None:
    """One message for each time it is quiet, edited when it is heard again."""
    if house.rules.triage_channel:
        name = f"post:quiet:{source}:{since}"
        want(uow, Surface(name, "post", house.rules.triage_channel, payload={"text": text}), now=now)


def _moment(timer: Timer, name: str) -> datetime | None:
    text = str(timer.payload.get(name) or "")
    return datetime.fromisoformat(text) if text else None
