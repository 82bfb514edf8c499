"""Silences and maintenance windows: begun and ended by people, over by time, and what happens to what was muted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.alerts import Decision
from playbooks.domain.clocks import say_span
from playbooks.domain.lateness import late_by
from playbooks.domain.pipeline.path import muted_by
from playbooks.domain.pipeline.silences import AtEnd, Muting, Silence
from playbooks.domain.rights import may_ask
from playbooks.domain.routing import Router
from playbooks.messages import Say
from playbooks.plays.house import House, spoken, want
from playbooks.plays.orders import Order, execution
from playbooks.plays.receive import retake
from playbooks.plays.retaking import ROUND
from playbooks.ports import StoredAlert, Surface, Timer, UnitOfWork

START, END = "silence_start", "silence_end"
KINDS = (START, END)
REASON_MIN = 3
_MOMENT = timedelta(minutes=1)  # between typing and doing, which changes no length
_MANY = 10_000
_NAMED = 20  # incidents that are named at the end


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants muted; `failure` limits it to one failure key or alert name."""

    kind: Muting
    component: str
    failure: str
    starts_at: datetime
    ends_at: datetime
    because: str
    at_end: AtEnd = AtEnd.OPEN


def begin(house: House, order: Order, wish: Wish) -> Say:
    """Mute a component's alerts from a moment to another.

    Raises:
        UnknownName: no such component.
        InputError: no reason, an end that is not after the start and after now, or too long.
        Denied: by somebody who has nothing to do with the component.
    """
    component = house.registry().component(wish.component)
    _may(house, order, wish.component, "mute")
    reason = " ".join(wish.because.split())
    with execution(house, order) as (uow, now):
        _check(house, wish, reason, now)
        silence = uow.add_silence(
            Silence(
                id=0,
                kind=wish.kind,
                component=wish.component,
                failure=wish.failure,
                reason=reason,
                by=order.actor.id,
                team=component.accountable,
                starts_at=wish.starts_at if now - wish.starts_at < _MOMENT else now,
                ends_at=wish.ends_at,
                at_end=wish.at_end,
                created_at=now,
            )
        )
        uow.set_timer(Timer(f"{END}:{silence.id}", END, str(silence.id), silence.ends_at, {}))
        if silence.starts_at > now:
            uow.set_timer(Timer(f"{START}:{silence.id}", START, str(silence.id), silence.starts_at, {}))
        show(house, uow, silence, now)
    begins = f"in {say_span(silence.starts_at - now)}" if silence.starts_at > now else "now"
    lasts = say_span(silence.ends_at - silence.starts_at)
    return Say(
        f"{silence.name}: {silence.kind.value} of *{silence.scope}* begins {begins}, for {lasts}.",
        f"`{house.rules.root} silences` lists what is muted; `{house.rules.root} unsilence {silence.name}` ends it.",
    )


def _check(house: House, wish: Wish, reason: str, now: datetime) -> None:
    root = house.rules.root
    form = f"{root} {wish.kind.value} {wish.component} for 2h because …"
    if len(reason) < REASON_MIN:
        raise errors.InputError("Muting alerts needs a reason.", f"Write it: `{form}`.", code="no_reason")
    if wish.ends_at <= max(now, wish.starts_at):
        raise errors.InputError("The end must be in the future and after the start.", f"Try `{form}`.")
    longest = timedelta(seconds=house.rules.pipeline.longest_silence)
    if wish.ends_at - max(now, wish.starts_at) > longest:
        raise errors.InputError(
            f"Alerts may be muted for {say_span(longest)} at most.",
            "Change the alert's rule at its source, or set `pipeline.longest_silence` in muster.yaml.",
            code="too_long",
        )


def _may(house: House, order: Order, component: str, verb: str) -> None:
    registry = house.registry()
    if may_ask(registry, component, order.actor.id, house.on_call.now) is not None:
        return
    team = registry.component(component).accountable
    now = tuple(person for person in house.on_call.now(team) if person in registry.people)
    on_call = f" (now {' or '.join('@' + p for p in now[:3])})" if now else ""
    raise errors.Denied(
        f"Only {component}'s own people {verb} its alerts: {team} on call{on_call}, its members and stage owners.",
        "Ask one of them.",
        ask=now,
        facts={"decision": verb, "component": component, "reason": "not_asked", "rule": ""},
    )


def end(house: House, order: Order, number: int, because: str = "") -> Say:
    """End a silence before its time. Raises UnknownName, Conflict (it is over), Denied."""
    with house.store.read() as uow:
        known = uow.silence(number)
    if known is None:
        raise errors.UnknownName(f"There is no silence S-{number}.", f"See `{house.rules.root} silences`.")
    if known.component in house.registry().components and order.actor.id != known.by:
        _may(house, order, known.component, "unmute")
    with execution(house, order) as (uow, now):
        silence = uow.silence(number, lock=True)
        if silence is None or silence.ended_at is not None:
            raise errors.Conflict(f"S-{number} is over.", code="already_there")
        words = " ".join(because.split())
        reason = f"{silence.reason} (ended: {words})" if words else silence.reason
        silence = uow.save_silence(replace(silence, ended_at=now, ended_by=order.actor.id, reason=reason))
        uow.cancel_timer(f"{START}:{number}")
        uow.set_timer(Timer(f"{END}:{number}", END, str(number), now, {}))
        show(house, uow, silence, now)
    return Say(f"{silence.name} is over: alerts of *{silence.scope}* count again.")


# ------------------------------------------------------------------ by time


def fire(house: House, timer: Timer) -> bool:
    """The start of a planned one is shown; at the end what still fires is decided again, or listed.

    False when it is not due after all.
    """
    router = Router(house.registry())
    with house.store.begin(lane="alerts") as uow:
        now = house.now()
        taken = uow.take_timer(timer.id, now=now)
        silence = uow.silence(int(timer.subject), lock=True) if taken is not None else None
        if taken is None or silence is None:
            return False
        if timer.kind == START:
            show(house, uow, silence, now)
            return True
        if silence.ended_at is None:
            silence = uow.save_silence(replace(silence, ended_at=now))
        left = _left(uow, silence)
        if silence.at_end is AtEnd.OPEN and left:
            verdicts = retake(house, uow, router, left[:ROUND])
            known = taken.payload.get("incidents") or []
            numbers = sorted({*known, *(v.incident for v in verdicts if v.incident is not None)})
            counted = int(taken.payload.get("taken") or 0) + len(verdicts)
            again = replace(taken, due_at=now, payload={"taken": counted, "incidents": numbers[:_NAMED]})
            if len(left) > ROUND:
                uow.set_timer(again)
                return True
            taken = again
        _tell_end(house, uow, silence, taken, len(left), now)
        show(house, uow, silence, now)
    return True


def _left(uow: UnitOfWork, silence: Silence) -> list[StoredAlert]:
    found = uow.kept_back(silence.component, {Decision.MUTED}, limit=_MANY)
    return [each for each in found if muted_by(each.path) == silence.id]


def _tell_end(house: House, uow: UnitOfWork, silence: Silence, timer: Timer, left: int, now: datetime) -> None:
    """One message in the team's channel, late ones say so."""
    channel = team_channel(house, silence)
    if not channel:
        return
    by = "{0} ended the " if silence.ended_by else "The "
    late = late_by(silence.ends_at, now) if not silence.ended_by else None
    said_late = f" It ended {say_span(late)} late: I was not running." if late is not None else ""
    count = f"{silence.muted} alert{'s were' if silence.muted != 1 else ' was'} muted"
    over = "" if silence.ended_by else " is over"
    text = f"{by}{silence.kind.value} of *{silence.scope}* ({silence.name}){over}. {count}"
    text += f"{_outcome(silence, timer, left)}.{said_late}"
    ended_by = [silence.ended_by] if silence.ended_by else []
    payload = spoken(text, ended_by, hint=f"`{house.rules.root} silences` lists them.")
    want(uow, Surface(f"say:silence_over:{silence.id}", "say", channel, payload=payload), now=now)


def _outcome(silence: Silence, timer: Timer, left: int) -> str:
    if not silence.muted:
        return ""
    if silence.at_end is AtEnd.LIST:
        return f"; {left} still fire{'s' if left == 1 else ''}, and nothing opens for it, as was asked" if left else ""
    taken = int(timer.payload.get("taken") or 0)
    numbers = [f"INC-{number}" for number in timer.payload.get("incidents") or ()]
    if not taken:
        return ", none of them fires still"
    into = f": {', '.join(numbers)}" if numbers else ""
    return f"; {taken} still fire{'s' if taken == 1 else ''} and {'is' if taken == 1 else 'are'} decided again{into}"


def team_channel(house: House, silence: Silence) -> str:
    """The channel of the team a silence belongs to, else the triage channel; may be empty."""
    team = house.registry().teams.get(silence.team)
    return (team.channel if team is not None else "") or house.rules.triage_channel


def show(house: House, uow: UnitOfWork, silence: Silence, now: datetime) -> None:
    """Renew its message in the team's channel."""
    channel = team_channel(house, silence)
    if channel:
        want(uow, Surface(f"silence:{silence.id}", "silence", channel), now=now)
