"""`/owner`: who owns a component and who may decide, now, or by the registry in force when an incident began."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.calls import Call, Desk, Reply
from bot.slack.grammar import Parsed, WhoArgs
from playbooks import errors
from playbooks.domain.actions import Maturity
from playbooks.domain.incidents import Incident
from playbooks.domain.ownership import Registry
from playbooks.domain.who import who
from playbooks.plays.house import must_find
from playbooks.plays.inspection import outside_of


def owner(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/owner <component>`: everything in one screen; alone this incident's component, with INC-7 as of its beginning.

    Raises InputError where no component is meant, UnknownName where the version in force then was not kept.
    """
    component = parsed.args.component if isinstance(parsed.args, WhoArgs) else ""
    number = desk.incident(call, parsed) if parsed.incident is not None or not component else None
    incident = None
    if number is not None:
        with desk.house.store.read() as uow:
            incident = must_find(uow, number, lock=False)
        component = component or incident.component
    if not component:
        names = ", ".join(sorted(desk.house.registry().components)[:10])
        raise errors.InputError(
            "Which component?", f"I know: {names}." if names else "The registry has no component yet."
        )
    if parsed.incident is not None and incident is not None and desk.registry_then is not None:
        return _then(desk, incident, component)
    house = desk.house
    with house.store.read() as uow:
        outside = outside_of(house, uow, component=component)
    view = who(house.registry(), component, house.on_call.now, desk.now(), outside=outside)
    providers = dict.fromkeys(provider for _, provider in view.levers)
    return replace(view, unproven=tuple(p for p in providers if house.maturity(p) is Maturity.UNPROVEN))


def _then(desk: Desk, incident: Incident, component: str) -> Reply:
    """By the version in force when the incident was opened, which its chain names."""
    with desk.house.store.read() as uow:
        events = uow.events(incident.id, alerts=False)
    digest = next((str(e.payload["registry"]) for e in events if e.payload.get("registry")), "")
    if not digest or desk.registry_then is None:
        raise errors.UnknownName(f"{incident.name} does not say which version of the registry was in force.")
    registry = desk.registry_then(digest)
    view = who(registry, component, lambda team: _could_be(registry, team), incident.opened_at)
    said = f"as of {incident.name}, {incident.opened_at:%-d %b %Y %H:%M} UTC, registry {digest[:12]}"
    return replace(view, as_of=said, entry="")


def _could_be(registry: Registry, team: str) -> tuple[str, ...]:
    """Who a team's own list names; who was on call at that hour the registry does not keep."""
    entry = registry.team(team).on_call
    return entry.persons if entry is not None else ()
