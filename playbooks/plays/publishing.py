"""Publishing a document: wanted by its state or by a person, carried out by a job a destination, read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.authority import Right
from playbooks.domain.incidents import Incident
from playbooks.domain.people import Actor
from playbooks.domain.publishing import DRAFT, STATES, Destination, Publication
from playbooks.messages import Say
from playbooks.plays.deciding import decider_of, held_in, right_used
from playbooks.plays.house import House, must_find
from playbooks.plays.orders import Order, execution
from playbooks.ports import UnitOfWork

JOB = "publish"
SURFACE = "published"


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


def published_links(uow: UnitOfWork, incident_id: int) -> tuple[tuple[str, str], ...]:
    """Name and link of each destination that shows the document."""
    return tuple((each.name, each.link) for each in uow.publications(incident_id) if each.published_at is not None)


def subject_of(incident_id: int, name: str) -> str:
    """What the job is about: `42:wiki`."""
    return f"{incident_id}:{name}"


def read_subject(subject: str) -> tuple[int, str]:
    """Incident and destination of a job. Raises `errors.InputError` for what is none."""
    number, _, name = subject.partition(":")
    if not number.isdigit() or not name:
        raise errors.InputError(f"{subject} is no publication.")
    return int(number), name


# ---------------------------------------------------------------- by hand


def publish_by_hand(house: House, order: Order, incident_id: int, *, over: bool = False) -> Say:
    """Publish now, wherever the document's state allows it; `over`: also over what others wrote there.

    Raises UnknownName, Denied with who may, ConfigError where nothing is configured, Conflict where its state has
    reached no destination yet.
    """
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        under, needed = _may_publish(house, uow, incident, order.actor)
        state, fitting = state_of(uow, incident.id), destinations_of(house, incident)
        ready = [each for each in fitting if each.reached(state)]
        if not ready:
            raise _nowhere(house, incident, state, fitting)
        agreed = _agreed(uow, incident.id, ready, order.actor.id)
        if len(agreed) < needed:
            _keep_word(uow, incident.id, ready, state, agreed)
            left = needed - len(agreed)
            return Say(f"Your word is kept; {left} more must agree before it is published.")
        for each in ready:
            want_publication(uow, incident, each, state, now=now, by=",".join(agreed), under=under, over=over)
    waiting = [each for each in fitting if not each.reached(state)]
    hint = ", ".join(f"{each.name} once it is {each.since.replace('_', ' ')}" for each in waiting)
    names = ", ".join(each.name for each in ready)
    return Say(f"The postmortem of {incident.name} goes to {names}; the links follow in its channel.", hint)


def _agreed(uow: UnitOfWork, incident_id: int, ready: list[Destination], person: str) -> tuple[str, ...]:
    """Who has said so since it was published by hand last, this person included."""
    rows = [row for each in ready if (row := uow.publication(incident_id, each.name)) is not None and not row.under]
    return tuple(dict.fromkeys([*(said for row in rows for said in row.by.split(",") if said), person]))


def _keep_word(
    uow: UnitOfWork, incident_id: int, ready: list[Destination], state: str, agreed: tuple[str, ...]
) -> None:
    for each in ready:
        row = uow.publication(incident_id, each.name) or Publication(incident_id, each.name, state)
        uow.save_publication(replace(row, by=",".join(agreed), under=""))


def state_of(uow: UnitOfWork, incident_id: int) -> str:
    """State of an incident's document; one that nobody has begun yet is a draft."""
    life = uow.document_life(incident_id)
    return life.state.value if life is not None else DRAFT


def _nowhere(
    house: House, incident: Incident, state: str, fitting: tuple[Destination, ...]
) -> errors.ConfigError | errors.Conflict:
    if not fitting:
        where = "any place" if not house.rules.publish else "a place that takes incidents of its team and severity"
        return errors.ConfigError(
            f"There is nowhere to publish the postmortem of {incident.name}: muster.yaml does not name {where}.",
            "An operator writes it under `publish:`.",
            code="nowhere",
        )
    first = min(fitting, key=lambda each: STATES.index(each.since))
    return errors.Conflict(
        f"The postmortem of {incident.name} is {_article(state)}; {first.name} takes it once it is "
        f"{first.since.replace('_', ' ')}.",
        f"See what is left to do: `/postmortem {incident.name}`.",
        code="too_early",
    )


def _article(state: str) -> str:
    return "a draft" if state == DRAFT else state.replace("_", " ")


def _may_publish(house: House, uow: UnitOfWork, incident: Incident, actor: Actor) -> tuple[str, int]:
    """As what a person may publish, and how many have to say so. Raises Denied.

    Where the registry names who decides on publication, nobody else does; else the document's owner, the incident's
    lead and the accountable team.
    """
    component = house.registry().components.get(incident.component)
    if component is not None and Right.PUBLISH.value in component.rights.named():
        held = held_in(house, component.id, Right.PUBLISH, incident)
        if held.approvals:
            held, holder = decider_of(house, component.id, Right.PUBLISH, incident, actor.id)
            return right_used(held, holder), held.approvals
    life = uow.document_life(incident.id)
    owner = life.owner if life is not None else ""
    team = house.registry().teams.get(incident.team)
    members = team.members if team is not None else ()
    for role, people in (
        ("owner of the postmortem", (owner,)),
        ("incident lead", (incident.lead,)),
        (f"member of {incident.team}", members),
    ):
        if actor.id in people:
            return role, 1
    raise _denied(incident, tuple(dict.fromkeys(p for p in (owner, incident.lead, *members) if p)))


def _denied(incident: Incident, people: tuple[str, ...]) -> errors.Denied:
    whose = f", its lead and the team {incident.team}" if incident.team else " and its lead"
    named = " or ".join(f"@{person.removeprefix('slack:')}" for person in people[:3])
    facts = {"decision": Right.PUBLISH.value, "component": incident.component, "reason": "not_held", "rule": ""}
    facts["may"] = ", ".join(["owner of the postmortem", "incident lead", f"member of {incident.team}"])
    return errors.Denied(
        f"The postmortem of {incident.name} is published by its owner{whose}.",
        f"Ask {named}." if named else "",
        code="may_not_decide",
        ask=people[:3],
        facts=facts,
    ).about(incident.id)
