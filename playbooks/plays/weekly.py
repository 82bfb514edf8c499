"""Weekly posts: a timer each, so that a restart neither loses nor doubles one; what they say is each post's own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from playbooks.plays.house import House, Rules, want
from playbooks.plays.lateness import telling
from playbooks.ports import Surface, Timer

KIND = "weekly"
WEEK = timedelta(days=7)

Post = Callable[[House, datetime], Sequence[Surface]]
"""What is to be posted for the week that was due at a time (UTC); reads what it needs, writes nothing.

A surface's id must name the week, so that it is posted once: `f"{kind}:{whose}:{week(at)}"`.
"""


def week(at: datetime) -> str:
    """A due time as part of an id: its day, `2026-11-23`."""
    return at.astimezone(UTC).date().isoformat()


def latest(rules: Rules, now: datetime) -> datetime:
    """The newest due time that is not after `now`, UTC."""
    at = _of_week(rules, now)
    return at if at <= now else _of_week(rules, now - WEEK)


def following(rules: Rules, now: datetime) -> datetime:
    """The first due time after `now`, UTC."""
    at = _of_week(rules, now)
    return at if at > now else _of_week(rules, now + WEEK)


def _of_week(rules: Rules, now: datetime) -> datetime:
    """The due time in the week of `now`, by the calendar of the configured zone."""
    local = now.astimezone(ZoneInfo(rules.zone))
    day = local.date() + timedelta(days=rules.weekly_day - local.weekday())
    return datetime.combine(day, rules.weekly_at, local.tzinfo).astimezone(UTC)


def plan(house: House, posts: Collection[str]) -> None:
    """See to it that every post has its timer; a tick calls it, so that a new kind begins by itself.

    A timer that lies further ahead than the configuration now says is moved to what it says.
    """
    now = house.now()
    due = following(house.rules, now)
    with house.store.read() as uow:
        known = uow.timers([f"{KIND}:{name}" for name in posts])
    lacking = [name for name in posts if (held := known.get(f"{KIND}:{name}")) is None or _moved(held, due, now)]
    if not lacking:
        return
    with house.store.begin() as uow:
        uow.set_timers([Timer(f"{KIND}:{name}", KIND, name, due) for name in lacking])


def _moved(held: Timer, due: datetime, now: datetime) -> bool:
    return held.due_at > now and held.due_at != due


def fire(house: House, timer: Timer, post: Post) -> bool:
    """Post what is due and set the timer of the next week, in one transaction. False when another did it already.

    Weeks that went by meanwhile are one post: it tells what is so now.
    """
    at = latest(house.rules, house.now())
    surfaces = post(house, at)
    with house.store.begin() as unit:
        now = house.now()
        uow = telling(unit, timer, now)
        held = uow.timers([timer.id]).get(timer.id)
        if held is None or held.due_at > now or not uow.first_time(f"{timer.id}:{held.due_at.isoformat()}", now=now):
            return False
        uow.set_timer(Timer(timer.id, KIND, timer.subject, following(house.rules, now)))
        for surface in surfaces:
            if uow.surface(surface.id) is None:
                want(uow, surface, now=now)
    return True
