"""Events that come after a document went to review: rendered anew, and its readers are told once what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from playbooks.domain.debt import DebtKind
from playbooks.domain.documents import DocumentLife, DocumentState, StepKind
from playbooks.domain.incidents import Incident, State
from playbooks.domain.timeline import Event, EventKind
from playbooks.plays.document_life import invited
from playbooks.plays.document_rights import reviewers
from playbooks.plays.house import House, must_find, say_in_channel, spoken
from playbooks.ports import UnitOfWork

_NAMED = 5


def tell(house: House, incident_id: int) -> None:
    """Tell owner and reviewers of what was recorded since they read it. Nothing for a draft, or when nothing is new."""
    with house.store.read() as uow:
        life = uow.document_life(incident_id)
        if life is None or not _news(uow, life):
            return
    with house.store.begin() as uow:
        now = house.now()
        incident = must_find(uow, incident_id)
        life = uow.document_life(incident_id, lock=True)
        news = _news(uow, life) if life is not None else []
        if life is None or not news:
            return
        people = _readers(house, uow, incident, life)
        named = ", ".join(f"E{event.seq} {event.kind.value.replace('_', ' ')}" for event in news[:_NAMED])
        more = f" and {len(news) - _NAMED} more" if len(news) > _NAMED else ""
        asked = ", ".join(f"{{{place}}}" for place in range(len(people)))
        state = life.state.label.lower()
        text = f"{asked}: the record of {incident.name} changed since its postmortem is {state}: {named}{more}."
        hint = "Its sections are rendered anew; what people wrote stays. `/postmortem` shows what is open."
        key = f"postmortem-late:{incident_id}:{news[-1].seq}"
        say_in_channel(uow, incident, "say", key, spoken(text.removeprefix(": "), people, hint=hint), now=now)
        uow.save_document_life(replace(life, told_seq=max(event.seq for event in news)))


def _news(uow: UnitOfWork, life: DocumentLife) -> list[Event]:
    if life.state is DocumentState.DRAFT:
        return []
    return [event for event in uow.events(life.incident_id) if event.seq > life.told_seq and _counts(event)]


def _counts(event: Event) -> bool:
    """What the document's own life makes is no news: its action items, the incident's closing, a refused click."""
    if event.kind is EventKind.REFUSAL or event.payload.get("kind") == DebtKind.FOLLOW_UP.value:
        return False
    return not (event.kind is EventKind.STATUS and event.payload.get("to") == State.CLOSED.value)


def _readers(house: House, uow: UnitOfWork, incident: Incident, life: DocumentLife) -> Sequence[str]:
    """Its owner, and who reviewed it; while it is in review, who may."""
    gave = [
        step.by
        for step in uow.document_steps(incident.id)
        if step.kind is StepKind.MOVED and step.facts.get("to") == DocumentState.REVIEWED.value
    ]
    if life.state is DocumentState.IN_REVIEW:
        gave = list(reviewers(house, incident, life, invited(uow.events(incident.id, alerts=False))))
    return [person for person in dict.fromkeys((life.owner, *gave[-3:])) if person]
