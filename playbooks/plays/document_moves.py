"""A postmortem moves on: to review, back, reviewed, closed; its owner, its date, and why nothing is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.documents import (
    CHECKS,
    POINTS,
    DocumentLife,
    DocumentState,
    StepKind,
    check_step,
    points_of,
)
from playbooks.domain.incidents import Incident, State
from playbooks.messages import Say, Who
from playbooks.plays import document_gate as gates
from playbooks.plays.document_life import invited, keep_move, keep_step, must_live, note_of, save
from playbooks.plays.document_rights import must_edit, must_review, reviewers
from playbooks.plays.house import House, must_find, refresh, say_in_channel, spoken, want
from playbooks.plays.moves import move_to
from playbooks.plays.moves import save as save_incident
from playbooks.plays.orders import Order, execution
from playbooks.ports import UnitOfWork

LATEST = timedelta(days=365)
_WORDS_MAX = 2000


def send_to_review(house: House, order: Order, incident_id: int) -> Say:
    """To review, by who edits it; the channel is told who may review. Raises Denied, Conflict."""
    with execution(house, order) as (uow, now):
        incident, life = _held(house, uow, incident_id, now)
        must_edit(house, incident, life, order.actor)
        check_step(incident.name, life.state, DocumentState.IN_REVIEW)
        moved = replace(life, state=DocumentState.IN_REVIEW, since=now, told_seq=incident.chain_seq)
        moved = _move(house, uow, order, incident, life, moved, now)
        want(uow, note_of(incident, "review", f"incident:{incident.id}", now.isoformat()), now=now)
        people = reviewers(house, incident, moved, invited(uow.events(incident.id, alerts=False)))
    named = tuple(w for p in people[:4] if (w := house.who(p)) is not None)
    asked = ", ".join(f"{{{n}}}" for n in range(len(named))) or "Nobody of the registry"
    return Say(f"{incident.name}'s postmortem is in review. {asked} may mark it reviewed.", mentions=named)


def back_to_draft(house: House, order: Order, incident_id: int, because: str) -> Say:
    """Back to a draft, by who edits or who reviews it. Raises InputError without a reason, Denied, Conflict."""
    words = _reason(because, "What is missing?", "`/postmortem back because the impact has no source`")
    with execution(house, order) as (uow, now):
        incident, life = _held(house, uow, incident_id, now)
        acted = invited(uow.events(incident.id, alerts=False))
        if order.actor.id not in reviewers(house, incident, life, acted):
            must_edit(house, incident, life, order.actor)
        check_step(incident.name, life.state, DocumentState.DRAFT)
        moved = replace(life, state=DocumentState.DRAFT, since=now, points=None)
        moved = _move(house, uow, order, incident, life, moved, now, words)
        whose = [moved.owner] if moved.owner else []
        tail = " {1}, it is a draft again." if whose else ""
        text = f"{{0}} sent {incident.name}'s postmortem back: {words}{tail}"
        payload = spoken(text, [order.actor.id, *whose])
        say_in_channel(uow, incident, "say", f"postmortem-back:{incident.id}:{moved.version}", payload, now=now)
    return Say(f"{incident.name}'s postmortem is a draft again.")


def mark_reviewed(house: House, order: Order, incident_id: int, given: Mapping[str, int] | None = None) -> Say:
    """Reviewed, by somebody other than its owner, with the eight checks where they were given.

    Raises Denied, InputError (checks missing), Conflict (not in review, or something is missing: told in one sentence).
    """
    points = points_of(given) if given else None
    looked = gates.look(house, incident_id)
    with execution(house, order) as (uow, now):
        incident, life = _held(house, uow, incident_id, now)
        must_review(house, incident, life, order.actor, invited(uow.events(incident.id, alerts=False)))
        check_step(incident.name, life.state, DocumentState.REVIEWED)
        life = replace(life, points=points if points is not None else life.points)
        gates.must_hold(house, uow, incident, life, looked, "reviewed")
        if given:
            facts = {"points": {name: given[name] for name in CHECKS}}
            keep_step(uow, incident.id, StepKind.CHECKED, f"checked:{life.version}", order.actor.id, now, facts)
        moved = replace(life, state=DocumentState.REVIEWED, since=now, told_seq=incident.chain_seq)
        moved = _move(house, uow, order, incident, life, moved, now)
        _tell(house, uow, order, incident, moved, "{0} reviewed {1}'s postmortem of " + incident.name, now)
    score = f" with {points} of {POINTS} points" if points is not None else ""
    return Say(f"{incident.name}'s postmortem is reviewed{score}. Its owner can close it.")


def close_document(house: House, order: Order, incident_id: int) -> Say:
    """Closed, and the incident with it; those who were there are asked whether it was worth it.

    Raises Denied, Conflict (not reviewed, or something is missing: told in one sentence).
    """
    looked = gates.look(house, incident_id)
    with execution(house, order) as (uow, now):
        incident, life = _held(house, uow, incident_id, now)
        must_edit(house, incident, life, order.actor)
        check_step(incident.name, life.state, DocumentState.CLOSED)
        gates.must_hold(house, uow, incident, life, looked, "closed")
        if incident.state is State.RESOLVED:
            over = move_to(uow, order, incident, State.CLOSED, now, "its postmortem is closed")
            incident = save_incident(uow, replace(over, closed_at=now))
            refresh(uow, incident, now=now)
        moved = replace(life, state=DocumentState.CLOSED, since=now, told_seq=incident.chain_seq)
        _move(house, uow, order, incident, life, moved, now)
        want(uow, note_of(incident, "votes", f"incident:{incident.id}", str(incident.reopened)), now=now)
    return Say(f"{incident.name} and its postmortem are closed.")


def waive(house: House, uow: UnitOfWork, order: Order, incident: Incident, because: str, now: datetime) -> None:
    """The incident is closed without a review, with a reason. Raises Denied for who does not edit the document."""
    life = uow.document_life(incident.id, lock=True)
    if life is None or life.state is DocumentState.CLOSED or not life.required:
        return
    must_edit(house, incident, life, order.actor)
    save(house, uow, incident, replace(life, required=False, due_at=None, waived=because), now)


def sign_no_action(house: House, order: Order, incident_id: int, because: str) -> Say:
    """Nothing is to be done, signed with a reason. Raises InputError without one, Denied, Conflict (closed)."""
    words = _reason(because, "Why is nothing to be done?", "`/postmortem no-action because the vendor mended it`")
    with execution(house, order) as (uow, now):
        incident, life = _open(house, uow, order, incident_id, now)
        life = save(house, uow, incident, replace(life, no_action=words, no_action_by=order.actor.id), now)
        key, facts = f"no_action:{life.version}", {"because": words}
        keep_step(uow, incident.id, StepKind.NO_ACTION, key, order.actor.id, now, facts)
    return Say(f"Signed: no action after {incident.name}. The reason stands in the document.")


def hand_over(house: House, order: Order, incident_id: int, person: str) -> Say:
    """Somebody else owns it. `person`: actor id. Raises Denied, Conflict (closed, or theirs already)."""
    with execution(house, order) as (uow, now):
        incident, life = _open(house, uow, order, incident_id, now, taking=person == order.actor.id)
        who = house.who(person) or Who("nobody")
        if person == life.owner:
            raise errors.Conflict("It is theirs already.", code="already_there")
        moved = save(house, uow, incident, replace(life, owner=person), now)
        facts = {"from": life.owner, "to": person}
        keep_step(uow, incident.id, StepKind.OWNER, f"owner:{moved.version}", order.actor.id, now, facts)
        if person != order.actor.id:
            due = f", due {moved.due_at:%Y-%m-%d}" if moved.due_at is not None and moved.waits else ""
            text = f"{{0}} gave {{1}} the postmortem of {incident.name}{due}."
            payload = spoken(text, [order.actor.id, person], hint="`/postmortem` shows what is open.")
            say_in_channel(uow, incident, "say", f"postmortem-owner:{incident.id}:{moved.version}", payload, now=now)
    return Say(f"{{0}} owns the postmortem of {incident.name}.", mentions=(who,))


def move_due(house: House, order: Order, incident_id: int, due: datetime, because: str = "") -> Say:
    """Another date for the review, UTC. Raises Denied, InputError (past, or over a year ahead), Conflict."""
    with execution(house, order) as (uow, now):
        incident, life = _open(house, uow, order, incident_id, now)
        if not now < due <= now + LATEST:
            raise errors.InputError("A review is due within a year from now.", "Name a day: `due 2026-12-01`.")
        if not life.waits:
            raise errors.Conflict(
                f"No review of {incident.name} is waited for.", "See `/postmortem`.", code="wrong_state"
            )
        moved = save(house, uow, incident, replace(life, due_at=due, nags=0), now)
        facts = {"from": life.due_at.isoformat() if life.due_at else "", "to": due.isoformat(), "because": because}
        keep_step(uow, incident.id, StepKind.DUE, f"due:{moved.version}", order.actor.id, now, facts)
    return Say(f"The review of {incident.name} is due on {due:%Y-%m-%d}.")


# ------------------------------------------------------------------ parts


def _held(house: House, uow: UnitOfWork, incident_id: int, now: datetime) -> tuple[Incident, DocumentLife]:
    incident = must_find(uow, incident_id)
    return incident, must_live(house, uow, incident, now)


def _open(
    house: House, uow: UnitOfWork, order: Order, incident_id: int, now: datetime, *, taking: bool = False
) -> tuple[Incident, DocumentLife]:
    """A document that is not closed, for who may edit it; one without an owner is for everyone of the registry."""
    incident, life = _held(house, uow, incident_id, now)
    if not (taking and not life.owner and order.actor.id in house.registry().people):
        must_edit(house, incident, life, order.actor)
    if life.state is DocumentState.CLOSED:
        raise errors.Conflict(f"The postmortem of {incident.name} is closed.", code="already_there")
    return incident, life


def _move(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    before: DocumentLife,
    after: DocumentLife,
    now: datetime,
    because: str = "",
) -> DocumentLife:
    moved = save(house, uow, incident, after, now)
    keep_move(uow, before, moved, order.actor.id, now, because, head=incident.chain_head)
    return moved


def _tell(
    house: House, uow: UnitOfWork, order: Order, incident: Incident, life: DocumentLife, text: str, now: datetime
) -> None:
    whose = life.owner or order.actor.id
    payload = spoken(f"{text}. Next: {{1}} closes it with `/postmortem close`.", [order.actor.id, whose])
    say_in_channel(uow, incident, "say", f"postmortem-reviewed:{incident.id}:{life.version}", payload, now=now)


def _reason(text: str, question: str, example: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise errors.InputError(question, f"Like this: {example}.", code="no_reason")
    return words[:_WORDS_MAX]
