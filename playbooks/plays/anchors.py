"""Heads of the chain said in the channel: whoever cuts or rewrites the chain later has to explain what people saw."""

from __future__ import annotations

from dataclasses import dataclass

from playbooks.domain.timeline import ChainReport
from playbooks.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as a message said it: number of the event and its hash."""

    seq: int
    head: str


def anchor_now(uow: UnitOfWork, incident_id: int) -> dict[str, object]:
    """What a message of a milestone keeps of the chain as it stands now, for its small print and for `compare`."""
    incident = uow.incident(incident_id)
    return {"head": incident.chain_head, "seq": incident.chain_seq} if incident is not None else {}


def anchor_text(payload: object) -> str:
    """`record so far: 12 events, head 3f9c1a77d0e2`; empty where a message carries none."""
    if not isinstance(payload, dict) or not payload.get("head"):
        return ""
    return f"record so far: {payload.get('seq')} events, head {str(payload['head'])[:16]}"


def anchors_of(uow: UnitOfWork, incident_id: int) -> list[Anchor]:
    """Every head that was said of an incident, oldest first."""
    kept = [surface.payload for surface in uow.surfaces_of(incident_id) if surface.payload.get("head")]
    found = [Anchor(int(str(each["seq"])), str(each["head"])) for each in kept if str(each.get("seq", "")).isdecimal()]
    return sorted(set(found), key=lambda anchor: anchor.seq)


def audit(uow: UnitOfWork, incident_id: int) -> tuple[ChainReport, int]:
    """Verify a chain by itself, then against the heads that were said; and how many of these there are.

    Raises:
        errors.UnknownName: when there is no such incident.
    """
    report = uow.verify(incident_id)
    said = anchors_of(uow, incident_id)
    if not report.ok:
        return report, len(said)
    hashes = {event.seq: event.hash for event in uow.events(incident_id)} if said else {}
    for anchor in said:
        there = hashes.get(anchor.seq)
        if there != anchor.head:
            why = "was cut off" if there is None else "was written anew"
            words = f"the chain {why}: the channel was told head {anchor.head[:16]} for event {anchor.seq}"
            return ChainReport(False, report.count, report.head, anchor.seq, words), len(said)
    return report, len(said)
