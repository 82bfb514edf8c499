"""Milestones as people state them: recorded once, corrected by a correction event, proposed and never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.backfill import FAR_BEFORE
from playbooks.domain.drafts.entries import Entry, entries_of
from playbooks.domain.drafts.instants import instants_of
from playbooks.domain.incidents import Incident
from playbooks.domain.milestones import LABELS, standing
from playbooks.domain.timeline import Event, EventKind, EventSource, NewEvent, Precision, utc_text
from playbooks.plays.anchors import anchor_now
from playbooks.plays.house import House, say_in_channel
from playbooks.plays.orders import Order, event_of, role_in
from playbooks.plays.reporting import catch_up
from playbooks.ports import UnitOfWork

SAME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person says of a milestone.

    Attributes:
        kind: one of `milestones.MILESTONES`. at: UTC. zone: in which it was typed.
        phase: the component whose own clock it belongs to, empty for the incident's.
        text: words beside it. because: why an earlier statement is corrected.
        sure: said again after it was asked back.
    """

    kind: EventKind
    at: datetime
    precision: Precision = Precision.MINUTE
    zone: str = ""
    phase: str = ""
    text: str = ""
    because: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """A milestone as it stands: by whom it was said, or that it is a proposal nobody has confirmed."""

    kind: EventKind
    at: datetime | None
    precision: Precision = Precision.EXACT
    by: str = ""
    role: str = ""
    proposal: str = ""


def look(house: House, incident_id: int) -> tuple[Incident, tuple[Recorded, ...]]:
    """What is recorded of each milestone of an incident, with proposals as such. Raises UnknownName."""
    with house.store.read() as uow:
        incident = uow.incident(incident_id)
        if incident is None:
            raise errors.UnknownName(f"There is no INC-{incident_id}.", "See `/inc list`.")
        entries = entries_of(uow.events(incident_id))
    return incident, tuple(_recorded(incident, entries, kind) for kind in LABELS if kind is not EventKind.RESOLVED)


def _recorded(incident: Incident, entries: Sequence[Entry], kind: EventKind) -> Recorded:
    held = _held(incident, entries, kind, "")
    if held is not None and held.human:
        actor = held.event.new.actor
        return Recorded(kind, held.event.occurred_at, held.event.new.precision, actor.id, actor.role)
    proposed = _proposed(entries, kind, held)
    if proposed is None:
        return Recorded(kind, None)
    entry, words = proposed
    return Recorded(kind, entry.event.occurred_at, entry.event.new.precision, proposal=words)


def _proposed(entries: Sequence[Entry], kind: EventKind, held: Entry | None) -> tuple[Entry, str] | None:
    """What the record suggests, with where it comes from; nothing for what only people can know."""
    if held is not None:
        return held, held.event.text or "as the source says"
    if kind is EventKind.DETECTED:
        at = instants_of(entries)
        first = next((e for e in entries if at.first_signal is not None and e.seq == at.first_signal.seq), None)
        return (first, "the first signal") if first is not None else None
    if kind is EventKind.MITIGATED:
        proof = [e for e in entries if e.kind is EventKind.VERIFICATION and e.text("outcome") == "confirmed"]
        return (proof[-1], "the last effect that was read back") if proof else None
    return None


def _held(incident: Incident, entries: Sequence[Entry], kind: EventKind, phase: str) -> Entry | None:
    """The statement that holds; an end from before the incident was reopened is none of this round."""
    ended_before = (kind is EventKind.MITIGATED and incident.mitigated_at is None and incident.reopened) or (
        kind is EventKind.RESOLVED and incident.resolved_at is None
    )
    return None if ended_before and not phase else standing(entries, kind, phase)


def check_time(said: Statement, now: datetime) -> None:
    """Raises InputError for a time to come."""
    if said.at > now:
        raise errors.InputError(
            f"{LABELS[said.kind]}: that time is in the future.", "Give a time that has passed.", code="future_time"
        )


def is_far(incident: Incident, said: Statement) -> bool:
    """Whether it lies so long before the declaration that it is asked back."""
    return not said.sure and incident.opened_at - said.at > FAR_BEFORE


def put(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    said: Statement,
    now: datetime,
    *,
    trusted: bool = False,
    source: EventSource | None = None,
    dedup: str = "",
) -> tuple[Incident, Event | None]:
    """Record a statement, or correct the one a person made before; (incident as it now is, event or None if known).

    `trusted`: the order may correct what others stated, since it gave the all-clear.

    Raises:
        errors.InputError: for a time to come. errors.Denied: for others than the author and the lead.
    """
    check_time(said, now)
    entries = entries_of(uow.events(incident.id))
    held = _held(incident, entries, said.kind, said.phase)
    if held is not None and held.human:
        if _unchanged(held, said):
            return incident, None
        new = _correction(house, order, incident, held, said, trusted=trusted)
    else:
        facts = {"phase": said.phase} if said.phase else {}
        text = LABELS[said.kind].lower() + (f": {said.text.strip()}" if said.text.strip() else "")
        key = f"milestone:{said.kind.value}:{said.phase}:{order.once or house.ids.new()}"
        new = event_of(
            order,
            incident,
            said.kind,
            text,
            now=now,
            dedup=key,
            payload=dict(facts),
            at=said.at,
            precision=said.precision,
            entered_tz=said.zone,
            component=said.phase,
        )
    new = replace(new, source=source or new.source, dedup_key=dedup or new.dedup_key)
    event = uow.append(incident.id, new, now=now)
    if said.kind is EventKind.AWARE and event is not None:
        catch_up(house, uow, incident, now)
    return (_moved(incident, said, order) if event is not None and not said.phase else incident), event


def _unchanged(held: Entry, said: Statement) -> bool:
    """Whether it says what is recorded: a form gives whole minutes, whatever it was filled with."""
    finer = said.precision in (Precision.EXACT, Precision.MINUTE)
    same = abs(held.event.occurred_at - said.at) < SAME
    return same and (finer or said.precision is held.event.new.precision)


def _correction(
    house: House, order: Order, incident: Incident, held: Entry, said: Statement, *, trusted: bool
) -> NewEvent:
    if not trusted and order.actor.id not in (held.actor.id, held.event.new.actor.id, incident.lead):
        raise errors.Denied(
            f"{LABELS[said.kind]} was stated by somebody else.",
            "Ask them, or the incident's lead, to correct it.",
            ask=tuple(dict.fromkeys(person for person in (incident.lead, held.actor.id) if person)),
        )
    was = held.event
    return replace(
        was.new,
        kind=EventKind.CORRECTION,
        text=was.text if not said.text.strip() else f"{LABELS[said.kind].lower()}: {said.text.strip()}",
        actor=role_in(incident, order.actor),
        occurred_at=said.at,
        occurred_until=None,
        precision=said.precision,
        entered_tz=said.zone,
        source=order.source,
        source_ref=order.link,
        dedup_key=f"milestone:{was.id}:{order.once or house.ids.new()}",
        payload={"was": utc_text(was.occurred_at)},
        supersedes=was.id,
        reason=said.because.strip() or "the time was corrected",
    )


def _moved(incident: Incident, said: Statement, order: Order) -> Incident:
    """The row as the statement has it: what cards and lists show."""
    at = said.at
    match said.kind:
        case EventKind.IMPACT_START:
            return replace(incident, impact_at=at)
        case EventKind.DETECTED:
            return replace(incident, detected_at=at)
        case EventKind.ACK:
            by = incident.acknowledged_by or order.actor.id
            return replace(incident, acknowledged_at=at, acknowledged_by=by)
        case EventKind.MITIGATED:
            return replace(incident, mitigated_at=at)
        case EventKind.RESOLVED:
            return replace(incident, resolved_at=at if incident.resolved_at is not None else None)
        case _:
            return incident


def tell(uow: UnitOfWork, order: Order, incident: Incident, said: Statement, event: Event, now: datetime) -> None:
    """One short message in the channel, with the head of the chain in its small print."""
    payload: dict[str, object] = {
        "milestone": said.kind.value,
        "phase": said.phase,
        "at": said.at.isoformat(),
        "precision": said.precision.value,
        "by": order.actor.id,
        "corrected": bool(event.new.supersedes),
        **anchor_now(uow, incident.id),
    }
    say_in_channel(uow, incident, "milestone", event.id, payload, now=now)
