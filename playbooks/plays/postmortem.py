"""The draft: ordered, rendered from the chain, answered by people, told at resolve."""

from __future__ import annotations

from collections.abc import Mapping

from playbooks import errors
from playbooks.domain.clocks import say_span
from playbooks.domain.documents import DocumentState, next_of
from playbooks.domain.drafts.facts import draft_figures
from playbooks.domain.drafts.status import PRINTED
from playbooks.domain.incidents import Incident
from playbooks.domain.links import Room
from playbooks.messages import Fact, Resolved, Say
from playbooks.plays import similar
from playbooks.plays.document_life import invited, items_of, renew, status_of
from playbooks.plays.document_rights import must_write
from playbooks.plays.house import House, must_find, tag_of
from playbooks.plays.orders import Order, execution
from playbooks.plays.publishing import published_links
from playbooks.ports import Document, UnitOfWork
from playbooks.render import Asked, Basis, Draft, asked_by, render_draft

_ANSWER_MAX = 8000


def basis_of(house: House, incident: Incident) -> Basis:
    """What an incident's draft is made from here, beside its events."""
    return Basis(
        incident_id=incident.id,
        head=incident.chain_head,
        templates=house.rules.templates,
        severities={s.id: s.label for s in house.rules.severities},
    )


def draft_of(house: House, uow: UnitOfWork, incident: Incident) -> Draft:
    """Render the draft of an incident from its chain and what people wrote.

    Raises `errors.ChainBroken`, `errors.ConfigError` for a template of the user's that cannot be rendered.
    """
    events, basis = uow.events(incident.id), basis_of(house, incident)
    return render_draft(events, human=_written(uow, incident), status=status_of(uow, incident, events), **basis)


def asked_of(uow: UnitOfWork, incident: Incident) -> Asked:
    """What the draft asks, without rendering it: a broken template of the user's stops no message.

    Raises `errors.ChainBroken`.
    """
    return asked_by(uow.events(incident.id), incident.id, incident.chain_head, _written(uow, incident))


def _written(uow: UnitOfWork, incident: Incident) -> Mapping[str, str]:
    document = uow.document(incident.id)
    return document.human if document else {}


def open_questions(uow: UnitOfWork, incident: Incident) -> int:
    """How many questions of the draft nobody has answered."""
    return len(asked_of(uow, incident).open_prompts)


def order_draft(house: House, order: Order, incident_id: int) -> Say:
    """Ask for the draft: rendered and posted by a job in the incident's channel."""
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        if uow.document(incident_id) is None:
            uow.save_document(Document(incident_id, {}))
        uow.want_job("document", str(incident_id), now=now, lane=f"incident:{incident_id}")
    link = house.links.to(Room.POSTMORTEM, incident_id, now=now)
    return Say(f"The draft of {incident.name} follows in its channel.", page=link)


def answer(house: House, order: Order, incident_id: int, block: str, text: str) -> Say:
    """Keep a person's answer to a question of the draft; machine blocks are never touched by it.

    Raises InputError for an empty or far too long text, UnknownName for a question that is not asked, Denied for who
    did not act and is not of the accountable team, Conflict for a document that is closed.
    """
    words = text.strip()
    if not words or len(words) > _ANSWER_MAX:
        raise errors.InputError(
            f"An answer has 1 to {_ANSWER_MAX} characters.", "Shorten it." if words else "Write a sentence."
        )
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        life, acted = uow.document_life(incident_id), invited(uow.events(incident_id, alerts=False))
        must_write(house, incident, life, order.actor, acted)
        if life is not None and life.state is DocumentState.CLOSED:
            raise errors.Conflict(f"The postmortem of {incident.name} is closed.", code="already_there")
        draft = asked_of(uow, incident)
        if block not in {b.name for b in draft.blocks if b.name not in PRINTED}:
            raise errors.UnknownName("That question is no longer asked.", "Open the draft's questions again.")
        document = uow.document(incident_id) or Document(incident_id, {})
        question = next((p for p in draft.facts.prompts if p.name == block), None)
        head = f"> **{question.title}.** {question.question}\n\n" if question else ""
        human = {**document.human, block: head + words}
        uow.save_document(
            Document(
                incident_id,
                human,
                document.rendered_sha256,
                document.file_id,
                document.channel,
                document.ts,
                document.version,
            )
        )
        renew(uow, incident, now)
    return Say("Your answer is in the draft.")


def questions(house: House, incident_id: int) -> tuple[tuple[str, str], ...]:
    """Open questions as (block name, question). Raises UnknownName."""
    with house.store.read() as uow:
        draft = asked_of(uow, must_find(uow, incident_id, lock=False))
    return tuple((p.name, p.question) for p in draft.facts.prompts if p.name in draft.open_prompts)


def resolved_view(house: House, uow: UnitOfWork, incident: Incident) -> Resolved | None:
    """The message at the end: the figures that the chain gives, and how many questions are people's."""
    events = uow.events(incident.id)
    figures = draft_figures(events)
    draft = asked_of(uow, incident)
    named = (
        ("Silent", figures.silent),
        ("Detected → acknowledged", figures.detected_to_ack),
        ("Authority asked → given", figures.asked_to_given),
        ("Decided → verified", figures.decided_to_verified),
        ("Hand-off gap", figures.handoff_gap),
    )
    life, items = uow.document_life(incident.id), items_of(uow, incident.id)
    whose = life.owner if life is not None else incident.lead or incident.acknowledged_by
    done = any(item.complete for item in items) or bool(life is not None and life.no_action)
    return Resolved(
        tag=tag_of(house, incident),
        figures=tuple(Fact(label, say_span(span)) for label, span in named if span is not None),
        facts_checked=figures.facts_checked,
        events=figures.events,
        questions=len(draft.open_prompts),
        owner=house.who(whose),
        review_due=life.due_at if life is not None else None,
        state=life.state if life is not None else DocumentState.DRAFT,
        required=life is None or life.required,
        next=next_of(life, len(draft.open_prompts), done),
        link=house.links.to(Room.POSTMORTEM, incident.id, now=house.now()),
        published=published_links(uow, incident.id),
        similar=similar.names_of(draft.facts.similar.rows),
    )
