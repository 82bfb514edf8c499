"""Who may ask, who may decide, and who stands in: decision rights read from the registry, resolved for now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from playbooks.domain.ownership import SILENT_DEFAULT, Component, Registry, RightEntry, mention, parse_holder, plain
from playbooks.errors import Denied

OnCallNow = Callable[[str], tuple[str, ...]]
"""Team id -> registry ids of who is on call, first responder first; empty when nobody could be resolved."""


class Right(StrEnum):
    """What somebody may decide about a component."""

    ROLL_BACK = "roll_back"
    DISABLE = "disable"
    ENABLE = "enable"
    ACCEPT_RISK = "accept_risk"
    ALL_CLEAR = "all_clear"
    FREEZE = "freeze"
    PUBLISH = "publish"

    @property
    def verb(self) -> str:
        """`roll back`, `accept a risk for` …: what stands before the component's name."""
        return _VERBS[self]

    @property
    def noun(self) -> str:
        """`rollback`, `risk acceptance` …: what is asked for."""
        return _NOUNS[self]


_VERBS = {
    Right.ROLL_BACK: "roll back",
    Right.DISABLE: "disable",
    Right.ENABLE: "enable",
    Right.ACCEPT_RISK: "accept a risk for",
    Right.ALL_CLEAR: "give the all-clear for",
    Right.FREEZE: "freeze",
    Right.PUBLISH: "publish for",
}
_NOUNS = {
    Right.ROLL_BACK: "rollback",
    Right.DISABLE: "switch-off",
    Right.ENABLE: "switch-on",
    Right.ACCEPT_RISK: "risk acceptance",
    Right.ALL_CLEAR: "all-clear",
    Right.FREEZE: "freeze",
    Right.PUBLISH: "publication",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """A person who holds a right now. `person` is a registry id, `role` words (`model owner`, `on call fraud-ml`)."""

    person: str
    role: str


@dataclass(frozen=True, slots=True)
class Authority:
    """A right on a component, resolved to persons.

    Attributes:
        holders: who decides, in the registry's order, each once. deputies: who stands in; their role is `deputy`.
        approvals: how many must decide; 0 means nobody is asked.
        answer_within: after this silence `if_silent` applies: `deputy`, `escalate` or `act_and_tell`.
        longest: longest time of a disable, None where the registry sets none.
        missing: a plain sentence where the registry names nobody or nobody could be resolved, else empty.
    """

    right: Right
    holders: tuple[Holder, ...]
    deputies: tuple[Holder, ...]
    approvals: int
    answer_within: timedelta = SILENT_DEFAULT
    if_silent: str = "escalate"
    longest: timedelta | None = None
    missing: str = ""


def authority(registry: Registry, component_id: str, right: Right, on_call: OnCallNow) -> Authority:
    """Who holds a right on a component now. Raises UnknownName for an unknown component.

    A right the registry does not name: `enable` needs no approval; `accept_risk` is nobody's; any other is decided by
    the accountable team's on call with one approval. What was made up for is told in `missing`.
    """
    component = registry.component(component_id)
    entry = component.rights.named().get(right.value)
    if entry is None:
        return _unnamed(registry, component, right, on_call)
    holders = _holders(registry, component, entry.decide, on_call)
    known = {holder.person for holder in holders}
    stand_ins = _holders(registry, component, entry.deputy, on_call)
    deputies = tuple(Holder(h.person, "deputy") for h in stand_ins if h.person not in known)
    missing = "" if holders or not entry.approvals else _nobody(component, right, entry, bool(deputies))
    if_silent = entry.if_silent or ("deputy" if entry.deputy else "escalate")
    return Authority(right, holders, deputies, entry.approvals, entry.answer_within, if_silent, entry.longest, missing)


def _nobody(component: Component, right: Right, entry: RightEntry, deputies: bool) -> str:
    named = ", ".join(entry.decide)
    then = "its deputies decide" if deputies else "nobody can decide"
    return f"Nobody who may {right.verb} {component.id} could be resolved ({named}), so {then}."


def _unnamed(registry: Registry, component: Component, right: Right, on_call: OnCallNow) -> Authority:
    if right is Right.ACCEPT_RISK:
        return Authority(right, (), (), 1, missing=f"The registry names nobody who may {right.verb} {component.id}.")
    team = component.accountable
    holders = _holders(registry, component, (f"on_call:{team}",), on_call)
    if right is Right.ENABLE:
        return Authority(right, holders, (), 0)
    missing = (
        f"The registry names nobody who may {right.verb} {component.id}, so whoever is on call for {team} decides."
    )
    if not holders:
        missing += " Nobody is on call there now."
    return Authority(right, holders, (), 1, missing=missing)


def _holders(
    registry: Registry, component: Component, words: tuple[str, ...], on_call: OnCallNow
) -> tuple[Holder, ...]:
    found: dict[str, Holder] = {}
    for word in words:
        kind, name = parse_holder(word)
        people: tuple[str, ...]
        if kind == "person":
            people, role = (name,), f"{component.kind} owner"
        elif kind == "team":
            people, role = registry.members(name), f"member of {name}"
        else:
            people, role = on_call(name), f"on call {name}"
        for person in people:
            if person in registry.people:
                found.setdefault(person, Holder(person, role))
    return tuple(found.values())


def may_decide(held: Authority, person: str) -> Holder | None:
    """The capacity in which a person (registry id) may decide, None when not at all. A deputy counts."""
    return next((holder for holder in (*held.holders, *held.deputies) if holder.person == person), None)


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
    for right in Right:
        if right.value in component.rights.named():
            holder = may_decide(authority(registry, component.id, right, on_call), person)
            if holder is not None:
                yield holder.role
    if person in registry.members(component.accountable):
        yield f"member of {component.accountable}"
    for stage, team in stages.items():
        if person in registry.members(team):
            yield f"{stage} ({team})"


def refuse_to_ask(registry: Registry, component_id: str, right: Right, on_call: OnCallNow) -> Denied:
    """The answer to somebody who may not ask: whose it is, in Slack markup; `ask` has the persons to turn to."""
    component = registry.component(component_id)
    team = component.accountable
    now = tuple(p for p in on_call(team) if p in registry.people)
    holders = [h.person for h in authority(registry, component_id, right, on_call).holders if h.person not in now]
    who_now = f"now {_either(registry, now)}" if now else "nobody is on call now"
    owner = f"*{plain(team)} on call* ({who_now})"
    whose = f"{owner} or {_either(registry, tuple(holders))}" if holders else owner
    sentence = f"You can't ask for this {right.noun}: it belongs to {whose}."
    return Denied(sentence, code="may_not_ask", ask=(*now, *holders))


def refuse_to_decide(registry: Registry, component_id: str, held: Authority) -> Denied:
    """The answer to somebody who may not decide: who may, in Slack markup; `ask` has the persons to turn to."""
    every = (*held.holders, *held.deputies)
    subject = f"this {held.right.noun} of *{plain(component_id)}*"
    if not every:
        return Denied(f"You can't decide on {subject}.", held.missing, code="may_not_decide")
    named = [f"{_mention(registry, h.person)} ({plain(h.role)})" for h in every]
    sentence = f"You can't decide on {subject}: {_or(named)} can."
    return Denied(sentence, code="may_not_decide", ask=tuple(h.person for h in every))


def _mention(registry: Registry, person: str) -> str:
    found = registry.people.get(person)
    return mention(found) if found is not None else plain(person)


def _either(registry: Registry, people: tuple[str, ...]) -> str:
    return _or([_mention(registry, person) for person in people])


def _or(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
