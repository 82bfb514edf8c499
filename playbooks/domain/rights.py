"""Who may ask, who may decide, and who stands in: decision rights read from the registry, resolved for now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from playbooks.domain.ownership import SILENT_DEFAULT, Component, Registry, RightEntry, parse_holder
from playbooks.domain.ownership_file import STAGES
from playbooks.domain.wording import plain
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


def ask_refusal(registry: Registry, component_id: str, right: Right, held: Authority, on_call: OnCallNow) -> Denied:
    """The answer to somebody who may not ask: whose it is, without mentions; `ask` has the persons to turn to."""
    team = registry.component(component_id).accountable
    now = tuple(p for p in on_call(team) if p in registry.people)
    holders = tuple(h.person for h in held.holders if h.person not in now)
    who_now = f"now {_or([_at(p) for p in now])}" if now else "nobody is on call now"
    whose = _or([f"*{plain(team)} on call* ({who_now})", *(_at(p) for p in holders)])
    sentence = f"You can't ask for this {right.noun}: it belongs to {whose}."
    return Denied(sentence, code="may_not_ask", ask=now[:1] or holders)


def decide_refusal(registry: Registry, component_id: str, right: Right, held: Authority, on_call: OnCallNow) -> Denied:
    """The answer to somebody who may not decide: who may, without mentions; `ask` has the persons to turn to."""
    every = (*held.holders, *held.deputies)
    subject = f"this {right.noun} of *{plain(component_id)}*"
    if every:
        named = [f"{_at(h.person)} ({plain(h.role)})" for h in every]
        sentence = f"You can't decide on {subject}: {_or(named)} can."
        return Denied(sentence, code="may_not_decide", ask=tuple(h.person for h in every))
    now = tuple(p for p in on_call(registry.component(component_id).accountable) if p in registry.people)
    return Denied(f"You can't decide on {subject}.", plain(held.missing, 300), code="may_not_decide", ask=now)


def _at(person: str) -> str:
    """A person in a sentence: the registry's name; buttons carry the persons themselves."""
    return f"@{plain(person)}"


def _or(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


@dataclass(frozen=True, slots=True)
class StageView:
    """Who owns a stage and who is on call for it now."""

    stage: str
    team: str
    on_call: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhoView:
    """Everything asked about a component at three in the morning. Texts are raw: escape them where they are rendered.

    Attributes:
        team: accountable team; channel: its Slack channel id, may be empty.
        stages: stages with an owner. on_call: registry ids for the accountable team, first responder first.
        rights: roll back, disable, enable and accept a risk, then any other the registry names.
        depends_on, read_by: component ids, direct ones. levers: kind -> provider.
        unproven: those of the providers whose lever never ran against the real service.
        reviewed_on, review_due: None where the registry says nothing. overdue: whether `review_due` is past.
        missing: what the registry lacks, plain sentences.
    """

    component: str
    kind: str
    tier: int | None
    team: str
    channel: str
    stages: tuple[StageView, ...]
    on_call: tuple[str, ...]
    rights: tuple[Authority, ...]
    depends_on: tuple[str, ...]
    read_by: tuple[str, ...]
    fallback: str
    levers: tuple[tuple[str, str], ...]
    reviewed_on: date | None
    review_due: date | None
    overdue: bool
    missing: tuple[str, ...]
    unproven: tuple[str, ...] = ()


_ALWAYS_SHOWN = (Right.ROLL_BACK, Right.DISABLE, Right.ENABLE, Right.ACCEPT_RISK)
_LEVER_OF = {Right.ROLL_BACK: "rollback", Right.DISABLE: "disable"}
_EXPECTED_LEVER = {"model": "rollback", "prompt": "rollback", "retriever": "rollback"} | dict.fromkeys(
    ("agent", "automation"), "disable"
)
_NEEDS_FALLBACK = frozenset(("model", "prompt", "retriever", "agent", "automation"))


def who(registry: Registry, component_id: str, on_call: OnCallNow, now: datetime) -> WhoView:
    """What `/owner` answers. `now` decides whether the review is overdue. Raises UnknownName."""
    component = registry.component(component_id)
    named = component.rights.named()
    shown = [right for right in Right if right in _ALWAYS_SHOWN or right.value in named]
    due = review_due(component)
    stages = component.stages.owners().items()
    return WhoView(
        component=component.id,
        kind=component.kind,
        tier=component.tier,
        team=component.accountable,
        channel=registry.team(component.accountable).channel,
        stages=tuple(StageView(stage, team, on_call(team)) for stage, team in stages),
        on_call=on_call(component.accountable),
        rights=tuple(authority(registry, component.id, right, on_call) for right in shown),
        depends_on=component.depends_on,
        read_by=registry.readers(component.id),
        fallback=component.fallback,
        levers=tuple((kind, str(binding["provider"])) for kind, binding in component.levers.items()),
        reviewed_on=component.reviewed_on,
        review_due=due,
        overdue=due is not None and due < now.date(),
        missing=tuple(gaps(registry, component, on_call, now)),
    )


def review_due(component: Component) -> date | None:
    """Day by which the entry must be reviewed again, None where no rhythm or no review is recorded."""
    if component.reviewed_on is None or component.review_every is None:
        return None
    return component.reviewed_on + component.review_every


def gaps(registry: Registry, component: Component, on_call: OnCallNow, now: datetime) -> Iterator[str]:
    """What a component's entry lacks, each a plain sentence."""
    for team in dict.fromkeys((component.accountable, *component.stages.owners().values())):
        if not on_call(team):
            yield f"Nobody is on call for {team} now."
    if not registry.team(component.accountable).channel:
        yield f"{component.accountable} has no channel, so its alerts go to the triage channel."
    yield from _stage_gaps(component)
    expected = _EXPECTED_LEVER.get(component.kind)
    if expected and expected not in component.levers:
        done = "roll it back" if expected == "rollback" else "disable it"
        yield f"No {expected} lever is bound: Muster cannot {done}."
    yield from _right_gaps(registry, component, on_call)
    if component.kind in _NEEDS_FALLBACK and not component.fallback:
        yield "No fallback is named."
    yield from _review_gaps(component, now)


def _stage_gaps(component: Component) -> Iterator[str]:
    owners = component.stages.owners()
    lacking = [stage for stage in STAGES if stage not in owners]
    if lacking and (component.kind == "model" or owners):
        yield f"No team owns the stage{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}."


def _right_gaps(registry: Registry, component: Component, on_call: OnCallNow) -> Iterator[str]:
    named = component.rights.named()
    for right in Right:
        wanted = right.value in named or right is Right.ACCEPT_RISK or _LEVER_OF.get(right) in component.levers
        if not wanted:
            continue
        held = authority(registry, component.id, right, on_call)
        if held.missing:
            yield held.missing
        deciders = {holder.person for holder in (*held.holders, *held.deputies)}
        if len(deciders) == 1 and held.approvals and right.value in named:
            yield f"Only {next(iter(deciders))} may {right.verb} {component.id}; nobody stands in."
        if held.approvals > max(1, len(deciders)):
            found = f"but only {len(deciders)} can be found"
            yield f"{held.approvals} people must decide to {right.verb} {component.id}, {found}."


def _review_gaps(component: Component, now: datetime) -> Iterator[str]:
    due = review_due(component)
    if component.reviewed_on is None:
        yield "This entry was never reviewed."
    elif due is not None and due < now.date():
        yield f"The review of this entry was due on {due.isoformat()} (last: {component.reviewed_on.isoformat()})."
