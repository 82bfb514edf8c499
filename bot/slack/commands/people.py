"""Commands that hand a role over: handoff, accept."""

from __future__ import annotations

from bot.slack import modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.commands.lifecycle import which
from bot.slack.grammar import HandoffArgs, Parsed, Person
from playbooks import errors
from playbooks.domain.incidents import Role
from playbooks.messages import IncidentList
from playbooks.plays import handoff as plays


def handoff(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc handoff @u [role]`, or `/inc handoff <team>` for the whole incident; alone it opens the form."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, HandoffArgs) else HandoffArgs()
    if not args.person.slack and not args.person.name:
        return OpenModal(modals.handoff(number), "Type it: `/inc handoff @person`.")
    team = _team(desk, args.person)
    if team:
        return plays.offer_team(desk.house, desk.order(call), number, team)
    try:
        role = Role(args.role)
    except ValueError as unknown:
        names = ", ".join(r.value for r in Role)
        raise errors.UnknownName(f"There is no role “{args.role}”.", f"Roles are: {names}.") from unknown
    return plays.offer(desk.house, desk.order(call), number, role, desk.actor_id(args.person, call))


def _team(desk: Desk, named: Person) -> str:
    """The team meant by a name that is no mention: `team:x`, or `x` where no person is called so."""
    registry = desk.house.registry()
    if named.slack or named.name in registry.people:
        return ""
    name = named.name.removeprefix("team:")
    return name if name in registry.teams or named.name.startswith("team:") else ""


def accept(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc accept`: the hand-off that is offered to you here."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    order = desk.order(call)
    with desk.house.store.read() as uow:
        found = plays.latest_for(desk.house, uow, number, order.actor.id)
    if found is None:
        raise errors.UnknownName("No hand-off is offered to you here.", f"See `{desk.house.rules.root} status`.")
    return plays.accept(desk.house, order, found.id)
