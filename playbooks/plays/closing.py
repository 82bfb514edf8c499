"""The end of an incident: resolved, cancelled, reopened, closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.documents import DocumentState
from playbooks.domain.incidents import Incident, State, check_move, open_key
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays import ai_state, all_clear, document_life, lasting, milestones, similar
from playbooks.plays.anchors import anchor_now
from playbooks.plays.document_moves import waive
from playbooks.plays.house import House, must_find, refresh, refresh_readers, say_in_channel
from playbooks.plays.milestones import Statement
from playbooks.plays.moves import announce, move_to, save
from playbooks.plays.orders import Order, event_of, execution
from playbooks.plays.postmortem import open_questions
from playbooks.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a person says at resolve: the moments that are never guessed, each may be left open.

    Attributes:
        impact_at, relief_at: beginning and relief. statements: other milestones set, corrected or confirmed.
        at: when it was over, where that was not just now.
    """

    text: str = ""
    impact_at: datetime | None = None
    relief_at: datetime | None = None
    statements: tuple[Statement, ...] = ()
    at: datetime | None = None

    @property
    def said(self) -> tuple[Statement, ...]:
        """Every milestone that is stated, in the order in which they are recorded."""
        moments = ((EventKind.IMPACT_START, self.impact_at), (EventKind.MITIGATED, self.relief_at))
        return (*(Statement(kind, at) for kind, at in moments if at is not None), *self.statements)


def resolve(house: House, order: Order, incident_id: int, said: Resolution) -> Say:
    """Over: the draft follows. The `resolved` event is in the chain before the draft is rendered.

    Raises Denied where the registry names others for the all-clear, InputError for a time to come.
    """
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.RESOLVED, incident.name)
        for statement in said.said:
            milestones.check_time(statement, now)
        over = said.at or now
        milestones.check_time(Statement(EventKind.RESOLVED, over), now)
        waits = all_clear.give(house, uow, order, incident, State.RESOLVED, now)
        if waits is not None:
            return waits
        for statement in said.said:  # who gives the all-clear may set right what others stated
            incident, _ = milestones.put(house, uow, order, incident, statement, now, trusted=True)
        similar.recall_at_end(house, uow, incident, now)
        key = f"resolved:{incident.version}"
        text = said.text.strip() or "resolved"
        event = event_of(order, incident, EventKind.RESOLVED, text, now=now, dedup=key, at=over)
        uow.append(incident_id, event, now=now)
        incident = replace(move_to(uow, order, incident, State.RESOLVED, now), resolved_at=over)
        incident = save(uow, incident)
        refresh(uow, incident, now=now)
        refresh_readers(house, uow, incident, now=now)
        document_life.begin(house, uow, incident, by=order.actor.id, now=now)
        payload = {"by": order.actor.id, **anchor_now(uow, incident_id)}
        say_in_channel(uow, incident, "resolved", f"{incident_id}:{incident.reopened}", payload, now=now)
        ai_state.want_resolved(house, uow, incident, now)
        left = lasting.plan(house, uow, incident, now)
    return Say(f"{incident.name} is resolved. The draft follows in the channel.", left)


def cancel(house: House, order: Order, incident_id: int, text: str = "") -> Say:
    """It was none; what was recorded stays. Raises Denied as `resolve` does, once somebody took it up."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.CANCELLED, incident.name)
        # Nobody took it up yet: a false alarm is anybody's to call. Later it is the all-clear by another name.
        taken = incident.state is not State.TRIAGE
        waits = all_clear.give(house, uow, order, incident, State.CANCELLED, now) if taken else None
        if waits is not None:
            return waits
        incident = save(uow, move_to(uow, order, incident, State.CANCELLED, now, text))
        refresh(uow, incident, now=now)
        refresh_readers(house, uow, incident, now=now)
        announce(house, uow, order, incident, f"{incident.name} is cancelled.", now)
    return Say(f"{incident.name} is cancelled.", f"`{house.rules.root} reopen` brings it back.")


def reopen(house: House, order: Order, incident_id: int, text: str = "") -> Say:
    """Back to investigating, in the same channel; nobody is paged again."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        if incident.open:
            raise errors.Conflict(
                f"{incident.name} is open.", f"See `{house.rules.root} status`.", code="already_there"
            )
        other = uow.open_incident_for(open_key(incident.component, incident.failure))
        if other is not None:
            raise errors.Conflict(
                f"{other.name} is open for the same failure.",
                f"Go on there: `{house.rules.root} status {other.name}`.",
                code="other_open",
            )
        incident = move_to(uow, order, incident, State.INVESTIGATING, now, text)
        incident = replace(
            incident, resolved_at=None, closed_at=None, mitigated_at=None, reopened=incident.reopened + 1
        )
        incident = save(uow, incident)
        document_life.reopened(uow, incident, by=order.actor.id, now=now)
        refresh(uow, incident, now=now)
        refresh_readers(house, uow, incident, now=now)
        announce(house, uow, order, incident, f"{incident.name} is open again.", now)
    return Say(f"{incident.name} is open again.")


def close(house: House, order: Order, incident_id: int, text: str = "") -> Say:
    """The review is done, or the reason why there is none stands in `text`. Raises Conflict, Denied."""
    words = " ".join(text.split())
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        check_move(incident.state, State.CLOSED, incident.name)
        if words:
            waive(house, uow, order, incident, words, now)
        else:
            _must_be_reviewed(house, uow, incident)
        incident = save(uow, replace(move_to(uow, order, incident, State.CLOSED, now, text), closed_at=now))
        refresh(uow, incident, now=now)
    return Say(f"{incident.name} is closed.")


def _must_be_reviewed(house: House, uow: UnitOfWork, incident: Incident) -> None:
    life = uow.document_life(incident.id)
    if life is not None and (life.state is DocumentState.CLOSED or not life.required):
        return
    state = life.state if life is not None else DocumentState.DRAFT
    left = open_questions(uow, incident)
    said = "a draft" if state is DocumentState.DRAFT else state.label.lower()
    still = f" with {left} open question{'s' if left != 1 else ''}" if left else ""
    raise errors.Conflict(
        f"The postmortem of {incident.name} is {said}{still}.",
        f"`/postmortem` shows what is left; or close with a reason: `{house.rules.root} close <why>`.",
        code="draft_open",
    )
