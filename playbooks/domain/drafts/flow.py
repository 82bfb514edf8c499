"""What went between people: hypotheses and their fate, hand-offs with their gap, messages and their silences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from playbooks.domain.drafts.entries import Entry, Point, Span, only, role_of
from playbooks.domain.drafts.instants import Instants, span
from playbooks.domain.timeline import EventKind, EventSource

# What people tell of afterwards says nothing about who acted at that time, and who was refused did not act.
_TOLD_LATER = (EventKind.IMPACT_START, EventKind.IMPACT_CHANGE, EventKind.CHANGE, EventKind.REFUSAL)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A reading of the situation: `state` is open, confirmed or refuted, `settled` since when."""

    at: Point
    component: str
    state: str
    settled: Span | None
    role: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """A change of the lead. `gap` runs from the offer, or from the change, to the receiver's first entry.

    `state` is `declined`, `withdrawn` or `open` of an offer nobody accepted; `gap` then runs to that answer.
    """

    at: Point
    role: str
    giver: str
    receiver: str
    gap: Span | None
    state: str = "accepted"


@dataclass(frozen=True, slots=True)
class TeamChange:
    """The acting team changed between two entries of people."""

    before: str
    after: str
    gap: Span


@dataclass(frozen=True, slots=True)
class Comms:
    """Messages to people outside the response."""

    rows: tuple[tuple[Point, str], ...]
    first_after_impact: Span | None
    silence: Span | None
    promised: tuple[tuple[Point, Point | None, bool], ...]


def hypotheses_of(entries: Sequence[Entry]) -> tuple[Hypothesis, ...]:
    """Every hypothesis with its fate; a later event tells it by `of` (id of the first), or as a correction."""
    rows = only(entries, EventKind.HYPOTHESIS)
    fates = {e.text("of"): e for e in rows if e.text("of")}
    return tuple(_hypothesis(e, fates) for e in rows if not e.text("of"))


def _hypothesis(entry: Entry, fates: dict[str, Entry]) -> Hypothesis:
    ids = [version.id for version in entry.history] + [entry.event.id]
    fate = next((fates[i] for i in ids if i in fates), None)
    if fate is not None:
        settled = span("settled", entry.point, fate.point)
        return Hypothesis(entry.point, entry.component, _state(fate), settled, role_of(entry.actor))
    return Hypothesis(entry.point, entry.component, _state(entry), None, role_of(entry.actor))


def _state(entry: Entry) -> str:
    return entry.text("state") or entry.text("result") or "open"


def handoffs_of(entries: Sequence[Entry]) -> tuple[Handoff, ...]:
    """Hand-offs of the lead (and of any other role) from one holder to the next, and offers that were not accepted."""
    found: list[Handoff] = []
    offers: dict[int | None, Entry] = {}
    accepted: Entry | None = None
    for index, entry in enumerate(entries):
        number, phase = entry.number("handoff"), entry.text("phase")
        if entry.kind is EventKind.HANDOFF and phase in _REFUSED:
            offer = offers.pop(number, None)
            found += [_unaccepted(offer, phase, entry)] if offer is not None else []
        elif entry.kind is EventKind.HANDOFF and phase != "accepted":
            offers[number] = entry
        elif _passes(entry) and not _follows(entry, accepted):
            found.append(_handoff(entry, offers.pop(number, None), entries[index:]))
            accepted = entry if entry.kind is EventKind.HANDOFF else None
    for offer in offers.values():
        if offer.number("handoff") is not None:
            found.append(_unaccepted(offer, "open", None))
        else:
            found.append(_handoff(offer, None, [e for e in entries if e.at >= offer.at and e.seq != offer.seq]))
    return tuple(found)


_REFUSED = ("declined", "withdrawn")


def _passes(entry: Entry) -> bool:
    if entry.kind is EventKind.HANDOFF:
        return entry.text("phase") == "accepted"
    moved = entry.text("from") and entry.text("to") and entry.text("from") != entry.text("to")
    return entry.kind is EventKind.ROLE and bool(moved)


def _follows(entry: Entry, accepted: Entry | None) -> bool:
    """Whether a change of role is the acceptance just told, once more."""
    same = accepted is not None and entry.kind is EventKind.ROLE and entry.actor.id == accepted.actor.id
    return same and accepted is not None and entry.at == accepted.at


def _handoff(entry: Entry, offer: Entry | None, rest: Sequence[Entry]) -> Handoff:
    start = offer or entry
    receiver = entry.text("to") or start.text("to")
    accepted = entry.kind is EventKind.HANDOFF and entry.text("phase") == "accepted"
    answer = entry if accepted else next((e for e in rest if _is(e, receiver) and e.seq != start.seq), None)
    giver_role = role_of(start.actor) if start.human and not _is(start, receiver) else ""
    return Handoff(
        at=start.point,
        role=entry.text("role") or start.text("role") or "lead",
        giver=start.text("from_team") or giver_role,
        receiver=entry.text("to_team") or (role_of(answer.actor) if answer is not None else ""),
        gap=span("hand-off", start.point, answer.point if answer is not None else None),
    )


def _unaccepted(offer: Entry, state: str, answer: Entry | None) -> Handoff:
    return Handoff(
        at=offer.point,
        role=offer.text("role") or "lead",
        giver=role_of(offer.actor) if offer.human else "",
        receiver="",
        gap=span("hand-off", offer.point, answer.point if answer is not None else None),
        state=state,
    )


def _is(entry: Entry, who: str) -> bool:
    acted = entry.human and entry.kind is not EventKind.REFUSAL
    return bool(who) and acted and who in (entry.actor.id, entry.actor.slack)


def _told(entry: Entry) -> bool:
    """Whether it was told afterwards: who writes it down is not who acted."""
    return entry.event.new.source is EventSource.BACKFILL


def team_changes(entries: Sequence[Entry]) -> tuple[TeamChange, ...]:
    """Every change of the acting team, with the time between the last entry of one and the first of the next."""
    acting = [e for e in entries if e.human and e.actor.team and e.kind not in _TOLD_LATER and not _told(e)]
    pairs = pairwise(acting)
    return tuple(
        TeamChange(a.actor.team, b.actor.team, Span("team", a.point, b.point))
        for a, b in pairs
        if a.actor.team != b.actor.team
    )


def comms_of(entries: Sequence[Entry], at: Instants) -> Comms:
    """Messages, the first after the impact, the longest silence while open, and promises kept or not."""
    sent = only(entries, EventKind.COMMS)
    begin, end = at.declared or at.detected or at.impact_start, at.resolved
    marks = [e.point for e in sent if (begin is None or e.at >= begin.at) and (end is None or e.at <= end.at)]
    ends = [begin, *marks, end]
    gaps = [span("silence", a, b) for a, b in pairwise(ends)]
    longest = max((g for g in gaps if g is not None), key=lambda g: g.seconds, default=None)
    return Comms(
        rows=tuple((e.point, e.text("audience")) for e in sent),
        first_after_impact=span("first notice", at.impact_start, at.first_notice),
        silence=longest if sent else None,
        promised=_promises(sent, at),
    )


def _promises(sent: Sequence[Entry], at: Instants) -> tuple[tuple[Point, Point | None, bool], ...]:
    """Each promised next message, the message that answered it, and whether it came in time."""
    found = []
    for index, entry in enumerate(sent):
        due = entry.time("next_due_at")
        if due is None or (at.resolved is not None and due.at > at.resolved.at):
            continue
        answer = sent[index + 1].point if index + 1 < len(sent) else None
        found.append((due, answer, answer is not None and answer.at <= due.at))
    return tuple(found)
