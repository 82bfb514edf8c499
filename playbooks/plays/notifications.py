"""Drafts of notifications: asked for by people, rendered and shared by a job as a file in the incident's channel."""

from __future__ import annotations

from playbooks import errors
from playbooks.domain.incidents import Incident
from playbooks.domain.ownership import Registry
from playbooks.domain.reporting import Standing
from playbooks.messages import Say
from playbooks.notification import render_notification
from playbooks.plays.house import House, must_find
from playbooks.plays.orders import Order, execution
from playbooks.plays.reporting import clock_of, standings_in
from playbooks.ports import UnitOfWork
from playbooks.templating import Case

KIND = "notification"


def ask_for(house: House, order: Order, incident_id: int, clock: str) -> Say:
    """Ask for the draft of what a clock needs next. Raises UnknownName, Conflict (it does not run)."""
    known = clock_of(house, clock)
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        _next(house, uow, incident, clock)
        uow.want_job(KIND, f"{incident.id}:{clock}", now=now, lane=f"incident:{incident.id}")
    return Say(f"The draft for {known.title} comes as a file in the channel. It is a draft: people check and send it.")


def _next(house: House, uow: UnitOfWork, incident: Incident, clock: str) -> Standing:
    """The stage that is to be sent next. Raises Conflict where the clock does not run."""
    _, found = standings_in(house, uow, incident.id)
    mine = [one for one in found if one.id == clock]
    if not mine:
        raise errors.Conflict(
            f"{clock} does not run in {incident.name}.",
            f"Decide first: `{house.rules.root} reportable yes {clock} because …`.",
            code="not_running",
        )
    return next((one for one in mine if one.sent is None), mine[-1])


def draft_in(house: House, uow: UnitOfWork, incident: Incident, clock: str) -> tuple[Standing, str]:
    """The stage that is to be sent next and its draft. Raises Conflict, ConfigError."""
    record, _ = standings_in(house, uow, incident.id)
    one = _next(house, uow, incident, clock)
    text = render_notification(
        uow.events(incident.id),
        record,
        one,
        incident_id=incident.id,
        head=incident.chain_head,
        templates=house.rules.templates,
        case=_case(house.registry(), incident),
    )
    return one, text


def _case(registry: Registry, incident: Incident) -> Case:
    component = registry.components.get(incident.component)
    return Case(component.accountable if component is not None else "", incident.severity, incident.failure)
