"""Who could act on what was learned hears of it: one line per neighbouring team when an incident's review is closed."""

from __future__ import annotations

from playbooks.domain.debt import DebtKind
from playbooks.domain.incidents import Incident, State
from playbooks.domain.ownership import Registry
from playbooks.messages import LearnedNote
from playbooks.plays import similar
from playbooks.plays.house import House, must_find, want
from playbooks.ports import Surface, UnitOfWork

KIND = "learned"
"""Kind of the job and of the message."""


def tell(house: House, incident_id: int) -> None:
    """The job: one line for each team that is concerned and not opted out, once for good."""
    with house.store.begin() as uow:
        incident = must_find(uow, incident_id)
        if incident.state is not State.CLOSED:
            return
        registry, now = house.registry(), house.now()
        for team, why in concerned(house, uow, incident).items():
            surface = Surface(
                f"{KIND}:{incident_id}:{team}",
                KIND,
                registry.teams[team].channel,
                payload={"team": team, "why": why},
                incident_id=incident_id,
            )
            if uow.surface(surface.id) is None:
                want(uow, surface, now=now)


def concerned(house: House, uow: UnitOfWork, incident: Incident) -> dict[str, str]:
    """Teams beside the incident's own, with why it concerns them: neighbours first, then who had one like it."""
    registry = house.registry()
    found = _neighbours(registry, incident)
    for earlier in similar.recorded(uow, incident.id):
        past = uow.incident(earlier.incident)
        if past is not None:
            found.setdefault(past.team, f"Your {past.name} was like it: {earlier.why}")
    own = {incident.team}
    if incident.component in registry.components:
        own.add(registry.components[incident.component].accountable)
    silent = own | set(house.rules.untold_teams)
    return {
        team: why
        for team, why in found.items()
        if team not in silent and team in registry.teams and registry.teams[team].channel
    }


def _neighbours(registry: Registry, incident: Incident) -> dict[str, str]:
    found: dict[str, str] = {}
    if incident.component not in registry.components:
        return found
    for name in registry.upstream(incident.component):
        found.setdefault(registry.components[name].accountable, f"It reads your {name}")
    for name in registry.downstream(incident.component):
        found.setdefault(registry.components[name].accountable, f"Your {name} reads it")
    return found


def learned_note(house: House, uow: UnitOfWork, surface: Surface) -> LearnedNote | None:
    """The line as it stands; it is not changed any more by what comes later, but for the follow-ups that are done."""
    if surface.incident_id is None:
        return None
    incident = must_find(uow, surface.incident_id, lock=False)
    tasks = uow.overrides(incident_id=incident.id, kinds=(DebtKind.FOLLOW_UP.value,))
    return LearnedNote(
        number=incident.id,
        name=incident.name,
        title=incident.title,
        component=incident.component,
        team=incident.team,
        why=str(surface.payload.get("why") or ""),
        left=len(tasks),
    )
