"""Who holds a decision right: the registry's entries resolved to persons, for a case and for now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from playbooks.domain.cases import ANY_CASE, Case, beyond_limits, off_hours, rule_words
from playbooks.domain.ownership import SILENT_DEFAULT, Component, Registry, RightEntry, parse_holder

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
        rule: what the registry's entry is limited to and what follows now, in words; empty where nothing is.
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
    rule: str = ""


def authority(
    registry: Registry, component_id: str, right: Right, on_call: OnCallNow, case: Case = ANY_CASE
) -> Authority:
    """Who holds a right on a component in a case. Raises UnknownName for an unknown component.

    The first entry of the right that covers the case counts; outside its hours its deputies decide, and where it has
    none the next entry. A right the registry does not name: `enable` needs no approval; `accept_risk` is nobody's; any
    other is decided by the accountable team's on call with one approval, and so is a case that no entry covers, with as
    many approvals as the strictest entry asks for. What was made up for is told in `missing`.
    """
    component = registry.component(component_id)
    entries = component.rights.named().get(right.value)
    if entries is None:
        return _unnamed(registry, component, right, on_call)
    for entry in entries:
        if beyond_limits(entry, component, right.value, case) is not None:
            continue
        held = of_entry(registry, component, right, entry, on_call, case)
        if not off_hours(entry, case) or held.deputies:
            return held
    return _uncovered(registry, component, right, entries, on_call)


def of_entry(
    registry: Registry, component: Component, right: Right, entry: RightEntry, on_call: OnCallNow, case: Case
) -> Authority:
    """One entry resolved to persons; outside its hours the holders are left out."""
    off = off_hours(entry, case)
    holders = () if off else _holders(registry, component, entry.decide, on_call)
    known = {holder.person for holder in holders}
    stand_ins = _holders(registry, component, entry.deputy, on_call)
    deputies = tuple(Holder(h.person, "deputy") for h in stand_ins if h.person not in known)
    missing = "" if off or holders or not entry.approvals else _nobody(component, right, entry, bool(deputies))
    if_silent = entry.if_silent or ("deputy" if entry.deputy else "escalate")
    if off and if_silent == "deputy":  # they are asked first already
        if_silent = "escalate"
    rule = rule_words(entry, case) + ("; outside these hours its deputies decide" if off else "")
    return Authority(
        right, holders, deputies, entry.approvals, entry.answer_within, if_silent, entry.longest, missing, rule
    )


def _uncovered(
    registry: Registry, component: Component, right: Right, entries: tuple[RightEntry, ...], on_call: OnCallNow
) -> Authority:
    """No entry covers the case: never weaker than the entries, and told."""
    words = f"No entry of the registry covers this case of who may {right.verb} {component.id}"
    needed = max(1, *(entry.approvals for entry in entries))
    longest = min((entry.longest for entry in entries if entry.longest is not None), default=None)
    if right is Right.ACCEPT_RISK:
        return Authority(right, (), (), needed, missing=f"{words}, so nobody may.", rule="no entry covers this case")
    team = component.accountable
    holders = _holders(registry, component, (f"on_call:{team}",), on_call)
    missing = f"{words}, so whoever is on call for {team} decides."
    if not holders:
        missing += " Nobody is on call there now."
    return Authority(
        right, holders, (), needed, longest=longest, missing=missing, rule="no entry covers this case; on call decides"
    )


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


def named_holders(
    registry: Registry, component: Component, words: tuple[str, ...], on_call: OnCallNow
) -> tuple[Holder, ...]:
    """The persons behind `omar`, `team:ml-platform` or `on_call:ml-platform`, in order, each once."""
    return _holders(registry, component, words, on_call)


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


def every_entry(
    registry: Registry, component: Component, right: Right, on_call: OnCallNow, case: Case
) -> tuple[Authority, ...]:
    """Each entry of a right with its holders at any hour; `rule` says where one does not count now."""
    entries = component.rights.named().get(right.value)
    if entries is None:
        return (authority(registry, component.id, right, on_call, case),)
    found = []
    for entry in entries:
        held = of_entry(registry, component, right, entry, on_call, replace(case, at=None))
        beyond = beyond_limits(entry, component, right.value, case)
        if beyond is not None:
            rule = f"{held.rule}; not in this case"
        elif off_hours(entry, case):
            rule = f"{held.rule}; outside now, so {'its deputies decide' if held.deputies else 'it does not count'}"
        else:
            rule = held.rule
        found.append(replace(held, rule=rule))
    return tuple(found)
