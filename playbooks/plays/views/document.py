"""Messages about a postmortem, built from its rows."""

from __future__ import annotations

from playbooks.domain.documents import QUESTIONS, DocumentLife, DocumentState, next_of
from playbooks.domain.incidents import Incident
from playbooks.domain.links import Room
from playbooks.messages import Announcement, DocumentNote, Message, VoteNote, Who
from playbooks.plays.document_gate import Looked, lacks, look_in
from playbooks.plays.document_life import invited, items_of, rule_of
from playbooks.plays.document_rights import reviewers
from playbooks.plays.house import House, must_find, tag_of
from playbooks.plays.postmortem import asked_of
from playbooks.plays.publishing import published_links
from playbooks.plays.views.parts import incident_behind
from playbooks.ports import Surface, UnitOfWork

_MOST = 5
_QUICK = 2000  # events whose checks are made while Slack waits for an answer


def document_post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """A message about a document; one that asks for what was done meanwhile says so and asks nothing."""
    incident = incident_behind(uow, surface)
    life = uow.document_life(surface.incident_id) if surface.incident_id is not None else None
    if incident is None or life is None:
        return None
    phase = str(surface.payload.get("phase") or "")
    if phase == "votes":
        return _votes(house, uow, incident)
    if not _asks_still(surface, phase, life):
        state = "a draft" if life.state is DocumentState.DRAFT else life.state.label.lower()
        how = "needs no review any more" if not life.required else f"is {state}"
        return Announcement(f"The postmortem of {incident.name} {how}.")
    return note_in(house, uow, incident, life, phase, None)


def _asks_still(surface: Surface, phase: str, life: DocumentLife) -> bool:
    if phase == "review":
        return life.state is DocumentState.IN_REVIEW and surface.payload.get("stamp") == life.since.isoformat()
    due = life.due_at.isoformat() if life.due_at is not None else ""
    return life.waits and due == surface.payload.get("due") and life.nags == surface.payload.get("turn")


def document_status(house: House, incident_id: int) -> DocumentNote:
    """`/postmortem`: where it stands, what is missing, what is next. Raises UnknownName, ChainBroken."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        return note_in(
            house, uow, incident, uow.document_life(incident_id), "status", look_in(house, uow, incident, most=_QUICK)
        )


def note_in(
    house: House, uow: UnitOfWork, incident: Incident, life: DocumentLife | None, phase: str, looked: Looked | None
) -> DocumentNote:
    """How a document stands; `looked` where its checks are to be told, too."""
    if looked is not None:
        asked, still_open = looked.asked, looked.still_open
    else:
        draft = asked_of(uow, incident)
        asked, still_open = len(draft.facts.prompts), len(draft.open_prompts)
    items = items_of(uow, incident.id)
    complete = sum(item.complete for item in items)
    named: tuple[Who, ...] = ()
    if life is not None and life.state is DocumentState.IN_REVIEW:
        people = reviewers(house, incident, life, invited(uow.events(incident.id, alerts=False)))
        named = tuple(w for p in people[:_MOST] if (w := house.who(p)) is not None)
    missing = lacks(house, incident, life, looked, items) if looked is not None and life is not None else []
    return DocumentNote(
        tag=tag_of(house, incident),
        phase=phase,
        state=life.state if life is not None else DocumentState.DRAFT,
        owner=house.who(life.owner) if life is not None else None,
        due_at=life.due_at if life is not None else None,
        overdue=life is not None and life.overdue(house.now()),
        required=life is None or life.required,
        next=next_of(life, still_open, bool(complete or (life is not None and life.no_action))),
        open=still_open,
        asked=asked,
        items=complete,
        half=tuple((item.number, ", ".join(item.lacking)) for item in items if not item.complete and not item.done),
        no_action=life.no_action if life is not None else "",
        lacks=tuple(said for said, _ in missing),
        checked=looked is not None and looked.scored and life is not None,
        reviewers=named,
        points=life.points if life is not None else None,
        needed=rule_of(house, incident).points,
        waived=life.waived if life is not None else "",
        resolved=incident.resolved_at is not None,
        published=published_links(uow, incident.id),
        page=house.links.to(Room.POSTMORTEM, incident.id, now=house.now()),
    )


def _votes(house: House, uow: UnitOfWork, incident: Incident) -> VoteNote:
    counted = uow.document_votes(incident.id)
    people = invited(uow.events(incident.id, alerts=False))
    return VoteNote(
        tag_of(house, incident),
        tuple((name, question, *counted.get(name, (0, 0))) for name, question in QUESTIONS.items()),
        tuple(w for p in people[:12] if (w := house.who(p)) is not None),
    )
