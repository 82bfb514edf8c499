"""On call from a rota in the registry: turns handed over at the same time on the clock, summer and winter."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from playbooks.domain.on_call_file import Rota


def on_turn(rota: Rota, at: datetime) -> str | None:
    """Registry id of the person whose turn it is; None before the rota begins. `at` has a zone."""
    return _overriding(rota, at) or _by_turns(rota, at)


def order(rota: Rota, at: datetime) -> tuple[str, ...]:
    """Everybody of the rota in the order of their turns, the one whose turn it is first."""
    first = on_turn(rota, at)
    if first is None:
        return ()
    turn = turn_of(rota, at)
    count = len(rota.people)
    following = [rota.people[(turn + step) % count] for step in range(count)]
    return tuple(dict.fromkeys((first, *following)))


def turn_of(rota: Rota, at: datetime) -> int:
    """Number of the turn, counted from 0; negative before the rota begins."""
    wall = at.astimezone(ZoneInfo(rota.zone)).replace(tzinfo=None)
    turn = (wall - rota.start) // rota.every
    # Where clocks are moved, the wall time alone can be an hour off: what counts is the moment of the hand-over.
    while at < handover(rota, turn):
        turn -= 1
    while at >= handover(rota, turn + 1):
        turn += 1
    return turn


def handover(rota: Rota, turn: int) -> datetime:
    """The moment a turn begins, UTC. A wall time that occurs twice is the first one; one that is left out, as if it
    were there."""
    return _moment(rota, rota.start + turn * rota.every)


def _by_turns(rota: Rota, at: datetime) -> str | None:
    turn = turn_of(rota, at)
    return rota.people[turn % len(rota.people)] if turn >= 0 else None


def _overriding(rota: Rota, at: datetime) -> str | None:
    for override in reversed(rota.overrides):
        if _moment(rota, override.begins) <= at < _moment(rota, override.ends):
            return override.person
    return None


def _moment(rota: Rota, wall: datetime) -> datetime:
    return (wall if wall.tzinfo is not None else wall.replace(tzinfo=ZoneInfo(rota.zone))).astimezone(UTC)
