"""Deciding under a right: who holds it in this incident's case, and the one place where a decider is let through."""

from __future__ import annotations

from collections.abc import Sequence

from playbooks import errors
from playbooks.domain.authority import Authority, Holder, Right, authority, may_decide
from playbooks.domain.cases import Case
from playbooks.domain.incidents import Incident
from playbooks.domain.rights import decide_refusal
from playbooks.domain.rulings import Why, ruling
from playbooks.plays.house import House


def case_of(house: House, incident: Incident | None) -> Case:
    """The case of an incident now; without one the severity does not matter."""
    severity = incident.severity if incident is not None else None
    return Case(house.now(), severity, house.rules.severities)


def held_in(house: House, component: str, right: Right, incident: Incident | None) -> Authority:
    """Who decides on this component now, for this incident. Raises UnknownName."""
    return authority(house.registry(), component, right, house.on_call.now, case_of(house, incident))


def decider_of(
    house: House, component: str, right: Right, incident: Incident | None, person: str, *, requester: str = ""
) -> tuple[Authority, Holder]:
    """The right and the capacity in which a person (actor id) decides. Raises Denied with who may instead."""
    registry, on_call = house.registry(), house.on_call.now
    found = ruling(registry, component, right, person, on_call, case_of(house, incident), requester=requester)
    held = found.held
    if found.why is Why.OWN_REQUEST:
        raise own_request(held, component, person).about(incident.id if incident is not None else None)
    if found.why is Why.NOT_NEEDED:
        raise _not_needed(held, component).about(incident.id if incident is not None else None)
    if found.holder is None:
        denied = decide_refusal(registry, component, right, held, on_call, found.clause)
        denied.facts["reason"] = found.why.value
        denied.ask = tuple(asked for asked in denied.ask if asked != person)
        raise denied.about(incident.id if incident is not None else None)
    return held, found.holder


def _not_needed(held: Authority, component: str) -> errors.Denied:
    """The answer to who holds nothing where the registry asks for nobody."""
    facts = {"decision": held.right.value, "component": component, "reason": Why.NOT_NEEDED.value, "rule": held.rule}
    return errors.Denied(
        f"Nobody has to decide on this {held.right.noun} of *{component}*.",
        "Whoever may ask for it asks anew, and it starts at once.",
        code="not_needed",
        facts=facts,
    )


def own_request(held: Authority, component: str, person: str) -> errors.Denied:
    """The answer to who asked and would decide where two others have to."""
    facts = {"decision": held.right.value, "component": component, "reason": Why.OWN_REQUEST.value, "rule": held.rule}
    facts["may"] = ", ".join(dict.fromkeys(h.role for h in (*held.holders, *held.deputies) if h.person != person))
    every = (*held.holders, *held.deputies)
    others = [h for h in every if h.person != person]
    return errors.Denied(
        "You asked for this, and two others have to decide.",
        _others(others, len(every), held.approvals),
        code="own_request",
        ask=tuple(h.person for h in others),
        facts=facts,
    )


def _others(others: Sequence[Holder], every: int, needed: int) -> str:
    """The next step of who asked: whom to ask, or why that is not enough."""
    named = " and ".join(f"@{h.person} ({h.role})" for h in others[:4]) or "nobody"
    if len(others) >= needed:
        return f"Ask {named}."
    if every >= needed:
        return f"Without you there is only {named}, and {needed} have to decide: let somebody else ask for it."
    return f"There is only {named} now, and {needed} have to decide: break the glass, or name more in the registry."


def capacity_of(held: Authority, person: str) -> str:
    """As what a person decides: a value of `Why`: `holder`, `on_call`, `deputy`, or `not_needed` for nobody asked."""
    holder = may_decide(held, person)
    if holder is None:
        return Why.NOT_NEEDED.value
    if holder in held.deputies:
        return Why.DEPUTY.value
    return Why.ON_CALL.value if holder.role.startswith("on call") else Why.HOLDER.value


def used_facts(held: Authority, person: str) -> dict[str, str]:
    """What the timeline keeps of a grant beside its words: as what it was given, and the rule of the entry used."""
    return {"used": capacity_of(held, person), "rule": held.rule}


def right_used(held: Authority, holder: Holder) -> str:
    """The right a decision was taken under, in words: the capacity, and the rule of the registry where there is one."""
    return f"{holder.role} ({held.rule})" if held.rule else holder.role
