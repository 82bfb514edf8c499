"""Publishing a document: wanted by its state or by a person, carried out by a job a destination, read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.incidents import Incident
from playbooks.domain.publishing import STATES, Destination, Publication
from playbooks.plays.house import House
from playbooks.ports import UnitOfWork

JOB = "publish"


def publish(house: House, uow: UnitOfWork, incident: Incident, state: str, *, now: datetime) -> tuple[str, ...]:
    """Ask for the document wherever its state has it published; in this transaction, carried out by jobs.

    Called whenever a document reaches a state, and whenever one that is published somewhere changed. A destination that
    has the newest text already is left alone, so asking twice does no harm.

    Args:
        state: of the document, one of `playbooks.domain.publishing.STATES`.
    Returns:
        Names of the destinations it goes to.
    """
    if state not in STATES:
        raise ValueError(f"no state of a document: {state}")
    wanted = [each for each in destinations_of(house, incident) if each.reached(state)]
    for each in wanted:
        want_publication(uow, incident, each, state, now=now)
    return tuple(each.name for each in wanted)


def destinations_of(house: House, incident: Incident) -> tuple[Destination, ...]:
    """Where documents of such an incident go, whatever their state."""
    return tuple(each for each in house.rules.publish if each.takes(incident.team, incident.severity))


def want_publication(
    uow: UnitOfWork,
    incident: Incident,
    destination: Destination,
    state: str,
    *,
    now: datetime,
    by: str = "",
    under: str = "",
    over: bool = False,
) -> None:
    """Write down that the document is wanted at a destination, with the job that brings it there."""
    found = uow.publication(incident.id, destination.name)
    fresh = found or Publication(incident.id, destination.name, state)
    if by:
        fresh = replace(fresh, by=by, under=under, over=over)
    uow.save_publication(replace(fresh, state=state))
    subject = subject_of(incident.id, destination.name)
    uow.want_job(JOB, subject, now=now, lane=f"{JOB}:{destination.name}")


def subject_of(incident_id: int, name: str) -> str:
    """What the job is about: `42:wiki`."""
    return f"{incident_id}:{name}"


def read_subject(subject: str) -> tuple[int, str]:
    """Incident and destination of a job. Raises `errors.InputError` for what is none."""
    number, _, name = subject.partition(":")
    if not number.isdigit() or not name:
        raise errors.InputError(f"{subject} is no publication.")
    return int(number), name
