"""The command behind every milestone: those that move an incident go through their own plays, the rest is recorded."""

from __future__ import annotations

from datetime import timedelta

from playbooks.domain.clocks import say_span
from playbooks.domain.incidents import State
from playbooks.domain.milestones import LABELS, NAMES
from playbooks.domain.timeline import EventKind
from playbooks.messages import Refusal, Say
from playbooks.plays import closing, milestones
from playbooks.plays import incident as incidents
from playbooks.plays.house import House, must_find, redraw, refresh
from playbooks.plays.milestones import Statement
from playbooks.plays.moves import save
from playbooks.plays.orders import Order, execution


def state(house: House, order: Order, incident_id: int, said: Statement) -> Say | Refusal:
    """Record a milestone, of the incident or of one component's phase; asked back where it lies long before.

    Raises:
        errors.InputError: for a time to come. errors.UnknownName: for a component nobody knows.
        errors.Denied: for others than author and lead where it is stated already, or where others give the all-clear.
    """
    if said.phase:
        house.registry().component(said.phase)
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
    milestones.check_time(said, house.now())
    if milestones.is_far(incident, said):
        return _ask_back(house, incident.name, incident.opened_at - said.at, said)
    if not said.phase and incident.open:
        if said.kind is EventKind.RESOLVED:
            resolution = closing.Resolution(said.text, at=said.at, statements=())
            return closing.resolve(house, order, incident_id, resolution)
        if said.kind is EventKind.MITIGATED and incident.state is not State.MITIGATED:
            return incidents.mitigate(house, order, incident_id, said.text, at=said.at)
        if said.kind is EventKind.ACK and incident.acknowledged_at is None:
            return incidents.acknowledge(house, order, incident_id, at=said.at)
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        incident, event = milestones.put(house, uow, order, incident, said, now)
        if event is None:
            return Say(f"That is what {incident.name} has already.")
        incident = save(uow, incident)
        milestones.tell(uow, order, incident, said, event, now)
        refresh(uow, incident, now=now)
        redraw(uow, incident, now=now)
    corrected = "corrected; what was said first stays in the record" if event.new.supersedes else "recorded"
    return Say(f"{LABELS[said.kind]}{f' ({said.phase})' if said.phase else ''} is {corrected}.")


def _ask_back(house: House, name: str, span: timedelta, said: Statement) -> Refusal:
    words = [house.rules.root, name, "milestone", NAMES[said.kind], said.phase, said.at.strftime("%Y-%m-%d %H:%M UTC")]
    words += [said.text, f"because {said.because}" if said.because else "", "sure"]
    return Refusal(
        f"{LABELS[said.kind]}: that is {say_span(span)} before {name} was declared. Is it right?",
        "Nothing is recorded yet.",
        suggestion=" ".join(word for word in words if word),
        suggestion_label="Yes, record it",
    )
