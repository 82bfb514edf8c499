"""`/api/components`: the ownership registry in force, and who may decide what on one component now."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from bot.web.problems import Refused
from bot.web.reading import Closed, Endpoint, Query, page
from playbooks import errors
from playbooks.domain.authority import Authority, Holder
from playbooks.domain.ownership_file import Component
from playbooks.domain.who import WhoView, who
from playbooks.plays.house import House


class ComponentsQuery(Query):
    """What `/api/components` takes."""

    team: Annotated[str, Field(max_length=63)] = ""
    """Only what this team is accountable for."""
    kind: Annotated[str, Field(max_length=63)] = ""
    """Only components of this kind."""


class OneComponent(Closed):
    """What `/api/components/{id}` takes."""

    id: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    """Registry id."""


class ComponentEntry(Closed):
    """A component as the registry has it."""

    id: str
    kind: str
    title: str
    tier: int | None
    """1 is the most critical."""
    accountable: str
    """The one team that answers for it end to end."""
    stages: dict[str, str]
    """Stage to team."""
    depends_on: tuple[str, ...]
    fallback: str
    levers: dict[str, str]
    """Kind of lever to its provider."""
    reviewed_on: date | None


class ComponentsPage(Closed):
    """A page of components, by id."""

    items: tuple[ComponentEntry, ...]
    next: str | None
    """The cursor of the next page; null on the last one."""


class HolderEntry(Closed):
    """A person who may decide, and as what."""

    person: str
    role: str


class RightEntry(Closed):
    """Who may decide on something now."""

    right: str
    decide: tuple[HolderEntry, ...]
    deputies: tuple[HolderEntry, ...]
    approvals: int
    """0: nobody has to be asked."""
    rule: str
    """What the entry is limited to, in words."""
    missing: str
    """What the registry lacks, empty where nothing."""


class ComponentDetail(Closed):
    """A component, who is on call for it and who may decide what, now."""

    component: ComponentEntry
    on_call: tuple[str, ...]
    read_by: tuple[str, ...]
    rights: tuple[RightEntry, ...]
    review_due: date | None
    overdue: bool
    missing: tuple[str, ...]
    """What the registry leaves open, as sentences."""
    open_incidents: tuple[str, ...]
    """`INC-42` …"""


def _components(house: House, query: ComponentsQuery) -> ComponentsPage:
    found = [
        one
        for one in house.registry().components.values()
        if query.team in ("", one.accountable) and query.kind in ("", one.kind)
    ]
    shown, following = page(found, query, lambda one: ("0", one.id))
    return ComponentsPage(items=tuple(_entry(one) for one in shown), next=following)


def _component(house: House, query: OneComponent) -> ComponentDetail:
    registry = house.registry()
    try:
        view = who(registry, query.id, house.on_call.now, house.now())
    except errors.UnknownName as unknown:
        raise Refused(404, "unknown_component", f"There is no component {query.id}. {unknown.next_step}") from None
    with house.store.read() as uow:
        open_ones = tuple(one.name for one in uow.open_incidents_of(query.id))
    return _detail(registry.components[query.id], view, open_ones)


def _entry(one: Component) -> ComponentEntry:
    return ComponentEntry(
        id=one.id,
        kind=one.kind,
        title=one.title,
        tier=one.tier,
        accountable=one.accountable,
        stages=dict(one.stages.owners()),
        depends_on=one.depends_on,
        fallback=one.fallback,
        levers={kind: str(bound["provider"]) for kind, bound in one.levers.items()},
        reviewed_on=one.reviewed_on,
    )


def _detail(one: Component, view: WhoView, open_ones: tuple[str, ...]) -> ComponentDetail:
    return ComponentDetail(
        component=_entry(one),
        on_call=view.on_call,
        read_by=view.read_by,
        rights=tuple(_right(held) for held in view.rights),
        review_due=view.review_due,
        overdue=view.overdue,
        missing=view.missing,
        open_incidents=open_ones,
    )


def _right(held: Authority) -> RightEntry:
    return RightEntry(
        right=held.right.value,
        decide=tuple(_holder(one) for one in held.holders),
        deputies=tuple(_holder(one) for one in held.deputies),
        approvals=held.approvals,
        rule=held.rule,
        missing=held.missing,
    )


def _holder(one: Holder) -> HolderEntry:
    return HolderEntry(person=one.person, role=one.role)


COMPONENTS = (
    Endpoint("/api/components", "The ownership registry in force.", ComponentsQuery, ComponentsPage, _components),
    Endpoint(
        "/api/components/{id}", "One component: who may decide what, now.", OneComponent, ComponentDetail, _component
    ),
)
