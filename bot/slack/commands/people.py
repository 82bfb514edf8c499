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
from playbooks.plays.house import must_find
from playbooks.plays.moves import must_be_open
from playbooks.plays.reach import team_of


def handoff(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc handoff @u [role]`, or `on_call:<team>` for whoever is on call; `<team>` for the whole incident.

    Alone it opens the form.
    """
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, HandoffArgs) else HandoffArgs()
    if not args.person.slack and not args.person.name:
        with desk.house.store.read() as uow:
            must_be_open(must_find(uow, number, lock=False))
        return OpenModal(modals.handoff(number), "Type it: `/inc handoff @person`.")
    team = _team(desk, args.person)
    if team:
        return plays.offer_team(desk.house, desk.order(call), number, team)
    try:
        role = Role(args.role)
    except ValueError as unknown:
        names = ", ".join(r.value for r in Role)
        raise errors.UnknownName(f"There is no role “{args.role}”.", f"Roles are: {names}.") from unknown
    kind, _, name = args.person.name.partition(":")
    if kind in _ON_CALL and not args.person.slack:
        name = name or _own_team(desk, number)
        return plays.offer_on_call(desk.house, desk.order(call), number, role, name)
    return plays.offer(desk.house, desk.order(call), number, role, desk.actor_id(args.person, call))


_ON_CALL = ("on_call", "on-call", "oncall")


def _own_team(desk: Desk, number: int) -> str:
    """The team that answers for the incident."""
    with desk.house.store.read() as uow:
        return team_of(desk.house, must_find(uow, number, lock=False))


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
