"""The two questions at the end of a postmortem, answered in a click by those who acted; nobody is reminded."""

from __future__ import annotations

from playbooks import errors
from playbooks.domain.documents import QUESTIONS, DocumentState, StepKind
from playbooks.messages import Say
from playbooks.plays.document_life import SURFACE, invited, keep_step
from playbooks.plays.house import House, must_find, want
from playbooks.plays.orders import Order, execution


def vote(house: House, order: Order, incident_id: int, question: str, yes: bool) -> Say:
    """An answer, kept by person and question; a later one takes its place.

    Raises InputError (no such question), Conflict (not closed yet), Denied for who did not act in the incident.
    """
    if question not in QUESTIONS:
        raise errors.InputError("That is no question of ours.", "Use the newest message.", code="old_button")
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        life = uow.document_life(incident_id, lock=True)
        if life is None or life.state is not DocumentState.CLOSED:
            raise errors.Conflict(
                f"The postmortem of {incident.name} is not closed yet.", "It is asked then.", code="wrong_state"
            )
        if order.actor.id not in invited(uow.events(incident_id, alerts=False)):
            raise errors.Denied(
                f"That is asked of those who acted in {incident.name}.",
                code="may_not_decide",
                facts={"decision": "postmortem", "component": incident.component, "reason": "not_held", "rule": ""},
            ).about(incident_id)
        facts = {"question": question, "yes": yes}
        keep_step(uow, incident_id, StepKind.VOTE, f"vote:{question}:{order.actor.id}", order.actor.id, now, facts)
        # The file is not shared anew for a click: its numbers come with the next rendering.
        for surface in uow.surfaces_named(f"{SURFACE}:{incident_id}:votes:"):
            want(uow, surface, now=now)
    return Say("Thank you, that is counted. Another click changes it.")
