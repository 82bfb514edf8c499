"""Who used which right, and who was refused: each grant and each refusal of the chain, with the event that holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playbooks.domain.drafts.entries import Entry, Point, only, role_of
from playbooks.domain.timeline import EventKind


@dataclass(frozen=True, slots=True)
class Grant:
    """One use of a right.

    Attributes:
        decision: the right's name. verdict: approved, denied … or what was done under it (`extended`).
        role: by whom. used: as what (`holder`, `on_call`, `deputy`, `break_glass`, `act_and_tell`), may be empty.
        right: the right in words, with the rule of the entry used.
    """

    at: Point
    decision: str
    component: str
    verdict: str
    role: str
    used: str
    right: str


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal: `reason` is a name of `domain.refusals`, `may` the roles that may, both may be empty."""

    at: Point
    decision: str
    component: str
    role: str
    reason: str
    may: str


def grants_of(entries: Sequence[Entry]) -> tuple[Grant, ...]:
    """Every decision under a right, and every step of an override that needed one."""
    rows = only(entries, EventKind.DECISION, EventKind.OVERRIDE, EventKind.UNDONE)
    return tuple(_grant(e) for e in rows if e.text("right") and e.text("verdict") != "withdrawn")


def _grant(entry: Entry) -> Grant:
    return Grant(
        at=entry.point,
        decision=entry.text("decision") or entry.text("kind"),
        component=entry.text("component") or entry.component,
        verdict=entry.text("verdict") or entry.text("phase"),
        role=role_of(entry.actor),
        used=entry.text("used"),
        right=entry.text("right"),
    )


def refusals_of(entries: Sequence[Entry]) -> tuple[Refused, ...]:
    """Everybody who was refused, each time."""
    return tuple(
        Refused(
            at=e.point,
            decision=e.text("decision"),
            component=e.text("component") or e.component,
            role=role_of(e.actor),
            reason=e.text("reason"),
            may=e.text("may"),
        )
        for e in only(entries, EventKind.REFUSAL)
    )
