"""Who answers for an entry of the ledger: who may end, renew or review it, and whom its questions reach."""

from __future__ import annotations

from collections.abc import Mapping

from playbooks.domain.actions import Override
from playbooks.domain.authority import Authority, Right, may_decide
from playbooks.domain.debt import REVIEWED, DebtKind
from playbooks.plays.bound_levers import RIGHT_OF
from playbooks.plays.deciding import held_in, right_used, used_facts
from playbooks.plays.house import House
from playbooks.ports import UnitOfWork

_RIGHT = {
    DebtKind.ACCEPTED_RISK.value: Right.ACCEPT_RISK,
    DebtKind.FREEZE.value: Right.FREEZE,
    DebtKind.CLOCK.value: Right.ACCEPT_RISK,
    DebtKind.HOLD.value: Right.ACCEPT_RISK,
}
_TRIAGE_AFTER = 3  # questions without an answer, before the triage team is asked, too
_MOST = 8


def right_over(uow: UnitOfWork, entry: Override) -> Right | None:
    """The right an entry stands under; None for what stands under none."""
    if entry.kind in _RIGHT:
        return _RIGHT[entry.kind]
    if entry.kind not in REVIEWED:
        return None
    if "freeze" in entry.facts:  # what was broken is the freeze
        return Right.FREEZE
    action = uow.action(entry.action_id)
    return RIGHT_OF[action.kind] if action is not None else None


def held_over(house: House, uow: UnitOfWork, entry: Override) -> Authority | None:
    """Who decides over an entry now; None where its component is gone from the registry, or no right is about it."""
    right = right_over(uow, entry)
    if right is None or entry.component not in house.registry().components:
        return None
    incident = uow.incident(entry.incident_id) if entry.incident_id is not None else None
    return held_in(house, entry.component, right, incident)


def used_over(person: str, right: Right | None, held: Authority | None) -> Mapping[str, str]:
    """What the timeline keeps of ending or reviewing an entry: the right used, else that it is theirs."""
    decision = right.value if right is not None else "end"
    holder = may_decide(held, person) if held is not None else None
    if held is None or holder is None:
        return {"decision": decision, "right": "answers for the entry", "used": "holder", "rule": ""}
    return {"decision": decision, "right": right_used(held, holder), **used_facts(held, person)}


def answerers(house: House, uow: UnitOfWork, entry: Override) -> tuple[str, ...]:
    """Actor ids of who may answer, its holder first; never nobody while a team is left to answer.

    A review is for others than who made it necessary. Where the registry names nobody any more, the team it belonged to
    answers, and without one the triage team.
    """
    held = held_over(house, uow, entry)
    found = [h.person for h in (*held.holders, *held.deputies)] if held is not None else []
    registry = house.registry()
    for team in ("", entry.team, house.rules.triage_team):
        found += registry.members(team) if team in registry.teams else ()
        if entry.kind in REVIEWED:
            found = [person for person in found if person != entry.holder]
        if found:
            break
    first = [entry.holder] if entry.kind not in REVIEWED and entry.holder else []
    return tuple(dict.fromkeys((*first, *found)))


def asked_now(house: House, uow: UnitOfWork, entry: Override) -> tuple[str, ...]:
    """Whom the question of this round reaches: the holder, then all who may answer, then the triage team as well."""
    people = [person for person in answerers(house, uow, entry) if _slack(house, person)]
    first_round = entry.escalations <= 1
    if first_round and entry.kind not in REVIEWED and entry.holder in people:
        return (entry.holder,)
    registry, triage = house.registry(), house.rules.triage_team
    if entry.escalations >= _TRIAGE_AFTER and triage in registry.teams:
        people += house.on_call.now(triage) or registry.members(triage)
    return tuple(dict.fromkeys(people))[:_MOST]


def dm_of(house: House, person: str) -> str:
    """`dm:U…` of a person, empty where no Slack id is known."""
    slack = _slack(house, person)
    return f"dm:{slack}" if slack else ""


def _slack(house: House, person: str) -> str:
    known = house.registry().people.get(person)
    return known.slack if known is not None else person.partition("slack:")[2]
