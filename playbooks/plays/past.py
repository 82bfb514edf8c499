"""An incident of the past: opened and over in one transaction, from what is told of it; nobody is paged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from playbooks import errors
from playbooks.domain.backfill import Block, Entered
from playbooks.domain.figures import Mode
from playbooks.domain.incidents import State
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays.backfill import put_lines
from playbooks.plays.house import House
from playbooks.plays.incident import severity_id
from playbooks.plays.moves import move_to, save
from playbooks.plays.opening import declared_event, opened_by_hand
from playbooks.plays.orders import Order, execution
from playbooks.ports import Document

MODE = Mode.BACKFILL.value


@dataclass(frozen=True, slots=True)
class Past:
    """What a past incident is opened with; component and severity may be empty."""

    title: str
    component: str = ""
    severity: str = ""


def missing(lines: Block, title: str) -> str:
    """What a past incident still lacks, in a sentence; empty where nothing does."""
    if not title.strip():
        return "Say in a few words what was wrong."
    if _moment(lines.lines, EventKind.RESOLVED) is None:
        return "Say when it was over: a line like `2026-11-20 16:40 resolved`."
    return ""


def _moment(lines: Sequence[Entered], kind: EventKind) -> Entered | None:
    return next((line for line in reversed(lines) if line.kind is kind and not line.payload.get("phase")), None)


def open_past(house: House, order: Order, said: Past, lines: Sequence[Entered]) -> tuple[int, Say]:
    """Open it, write its lines, and resolve it at the time they give. Told twice it is one incident.

    Raises:
        errors.InputError: where a title or the line of its end is missing. errors.UnknownName: component or severity.
    """
    severity = severity_id(house, said.severity) if said.severity else ""
    title = " ".join(said.title.split())[:200]
    over = _moment(lines, EventKind.RESOLVED)
    if not title or over is None:
        raise errors.InputError("A past incident needs a title and the time when it was over.", "Add what is missing.")
    began = min((_moment(lines, EventKind.DECLARED) or min(lines, key=lambda line: line.at)).at, over.at)
    failure = f"{MODE}-{_fingerprint(title, lines)}"
    past = opened_by_hand(
        house, order, title=title, component=said.component, failure=failure, severity=severity, at=began
    )
    by = order.actor
    with execution(house, order) as (uow, now):
        known = uow.last_incident(said.component, failure, began - timedelta(seconds=1))
        if known is not None:
            return known.id, Say(f"{known.name} tells of this already.")
        incident, _ = uow.open_incident(replace(past, state=State.INVESTIGATING.value))
        declared = declared_event(
            house.registry(), house.on_call, incident, by=by.role, source=order.source, now=now, actor=by
        )
        facts = {**declared.payload, "mode": MODE}
        uow.append(incident.id, replace(declared, occurred_at=began, payload=facts), now=now)
        rest = [line for line in lines if line.kind is not EventKind.DECLARED]
        incident, came = put_lines(house, uow, order, incident, rest, now)
        incident = replace(move_to(uow, order, incident, State.RESOLVED, now), resolved_at=over.at)
        incident = save(uow, incident)
        uow.save_document(Document(incident.id, {}))
        uow.want_job("document", str(incident.id), now=now, lane=f"incident:{incident.id}")
    said_so = f"{incident.name} is written down with {came.new} events; it counts apart from live ones."
    return incident.id, Say(said_so, f"Read it: `{house.rules.root} {incident.name} timeline`.")


def _fingerprint(title: str, lines: Sequence[Entered]) -> str:
    return sha256("\n".join([title, *(line.key for line in lines)]).encode()).hexdigest()[:16]
