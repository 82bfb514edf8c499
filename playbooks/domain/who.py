"""Everything asked about a component at three in the morning, as `/owner` answers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from playbooks.domain.authority import Authority, OnCallNow, Right, every_entry
from playbooks.domain.cases import Case
from playbooks.domain.gaps import NOTHING, Gap, Outside, entry_hash, gaps_of, last_reviewed, review_due
from playbooks.domain.ownership import Registry


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
        reviewed_on, review_due: None where nothing is recorded; a confirmation later than the file's day counts, then
            `confirmed_by` is who gave it (actor id). overdue: whether `review_due` is past.
        entry: hash of the entry, for the button that confirms it. as_of: of when this is, empty for now.
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
    confirmed_by: str = ""
    entry: str = ""
    as_of: str = ""


_ALWAYS_SHOWN = (Right.ROLL_BACK, Right.DISABLE, Right.ENABLE, Right.ACCEPT_RISK)


def who(
    registry: Registry,
    component_id: str,
    on_call: OnCallNow,
    now: datetime,
    case: Case | None = None,
    outside: Outside = NOTHING,
) -> WhoView:
    """What `/owner` answers. `now` decides whether the review is overdue. Raises UnknownName."""
    component = registry.component(component_id)
    case = case or Case(at=now)
    named = component.rights.named()
    shown = [right for right in Right if right in _ALWAYS_SHOWN or right.value in named]
    confirmed = outside.confirmed.get(component.id)
    due = review_due(component, confirmed)
    stages = component.stages.owners().items()
    return WhoView(
        component=component.id,
        kind=component.kind,
        tier=component.tier,
        team=component.accountable,
        channel=registry.team(component.accountable).channel,
        stages=tuple(StageView(stage, team, on_call(team)) for stage, team in stages),
        on_call=on_call(component.accountable),
        rights=tuple(held for right in shown for held in every_entry(registry, component, right, on_call, case)),
        depends_on=component.depends_on,
        read_by=registry.readers(component.id),
        fallback=component.fallback,
        levers=tuple((kind, str(binding["provider"])) for kind, binding in component.levers.items()),
        reviewed_on=last_reviewed(component, confirmed),
        review_due=due,
        overdue=due is not None and due < now.date(),
        missing=tuple(_said(gap) for gap in gaps_of(registry, component, on_call, now, outside)),
        confirmed_by=confirmed.person if confirmed is not None else "",
        entry=entry_hash(component),
    )


def _said(gap: Gap) -> str:
    """A gap with its age, where that is known."""
    return gap.sentence if gap.since is None else f"{gap.sentence} (since {gap.since:%-d %b})"
