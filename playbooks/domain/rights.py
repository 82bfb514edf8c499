"""Who may ask, who may decide, and who stands in: decision rights read from the registry, resolved for now."""

from __future__ import annotations

from collections.abc import Iterator

from playbooks.domain.authority import Authority as Authority
from playbooks.domain.authority import Holder as Holder
from playbooks.domain.authority import OnCallNow as OnCallNow
from playbooks.domain.authority import Right as Right
from playbooks.domain.authority import authority as authority
from playbooks.domain.authority import may_decide as may_decide
from playbooks.domain.authority import of_entry
from playbooks.domain.cases import ANY_CASE
from playbooks.domain.ownership import Component, Registry
from playbooks.domain.wording import plain
from playbooks.errors import Denied


def may_ask(registry: Registry, component_id: str, person: str, on_call: OnCallNow, lead: str = "") -> str | None:
    """The role in which a person may ask for an action on a component, None when not at all.

    Who may: the incident's lead, who is on call for the accountable or a stage's team, who holds a right on it or is
    a deputy, and the members of these teams. `person` and `lead` are actor ids. Raises UnknownName.
    """
    component = registry.component(component_id)
    if not person:
        return None
    if person == lead:
        return "incident lead"
    if person not in registry.people:
        return None
    return next((role for role in _asking_roles(registry, component, person, on_call)), None)


def _asking_roles(registry: Registry, component: Component, person: str, on_call: OnCallNow) -> Iterator[str]:
    stages = component.stages.owners()
    for team in dict.fromkeys((component.accountable, *stages.values())):
        if person in on_call(team):
            yield f"on call {team}"
    for name, entries in component.rights.named().items():
        for entry in entries:  # who decides at other hours or in other cases may ask in this one
            held = of_entry(registry, component, Right(name), entry, on_call, ANY_CASE)
            holder = may_decide(held, person)
            if holder is not None:
                yield holder.role
    if person in registry.members(component.accountable):
        yield f"member of {component.accountable}"
    for stage, team in stages.items():
        if person in registry.members(team):
            yield f"{stage} ({team})"


def ask_refusal(registry: Registry, component_id: str, right: Right, held: Authority, on_call: OnCallNow) -> Denied:
    """The answer to somebody who may not ask: whose it is, without mentions; `ask` has the persons to turn to."""
    team = registry.component(component_id).accountable
    now = tuple(p for p in on_call(team) if p in registry.people)
    holders = tuple(h.person for h in held.holders if h.person not in now)
    who_now = f"now {_or([_at(p) for p in now])}" if now else "nobody is on call now"
    whose = _or([f"*{plain(team)} on call* ({who_now})", *(_at(p) for p in holders)])
    sentence = f"You can't ask for this {right.noun}: it belongs to {whose}."
    facts = {"decision": right.value, "component": component_id, "reason": "may_not_ask", "rule": held.rule}
    facts["may"] = ", ".join(dict.fromkeys((f"on call {team}", *(h.role for h in held.holders))))
    return Denied(sentence, code="may_not_ask", ask=now[:1] or holders, facts=facts)


def decide_refusal(
    registry: Registry, component_id: str, right: Right, held: Authority, on_call: OnCallNow, why: str = ""
) -> Denied:
    """The answer to somebody who may not decide: who may, without mentions; `ask` has the persons to turn to.

    `why`: a clause where the right is theirs in other cases (`your right goes up to SEV2 and this is SEV1`).
    """
    every = (*held.holders, *held.deputies)
    subject = f"this {right.noun} of *{plain(component_id)}*" + (f" ({plain(why, 200)})" if why else "")
    facts = {"decision": right.value, "component": component_id, "reason": why or "not_held", "rule": held.rule}
    facts["may"] = ", ".join(dict.fromkeys(h.role for h in every))
    if every:
        named = [f"{_at(h.person)} ({plain(h.role)})" for h in every]
        sentence = f"You can't decide on {subject}: {_or(named)} can."
        return Denied(sentence, code="may_not_decide", ask=tuple(h.person for h in every), facts=facts)
    now = tuple(p for p in on_call(registry.component(component_id).accountable) if p in registry.people)
    missing = plain(held.missing, 300)
    return Denied(f"You can't decide on {subject}.", missing, code="may_not_decide", ask=now, facts=facts)


def _at(person: str) -> str:
    """A person in a sentence: the registry's name; buttons carry the persons themselves."""
    return f"@{plain(person)}"


def _or(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
