"""A frozen component: its levers are blocked until the end, and a change made in spite of it is told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.actions import Action, Override, version_name
from playbooks.domain.alerts import Change
from playbooks.domain.authority import Right
from playbooks.domain.debt import BREAK_GLASS, REVIEW_WITHIN, DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import source_actor
from playbooks.domain.timeline import EventKind, EventSource, NewEvent, utc_text
from playbooks.plays.bound_levers import VERB_OF
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House, want
from playbooks.plays.orders import Order, event_of
from playbooks.ports import Surface, UnitOfWork

FREEZE = DebtKind.FREEZE.value
REASON_MIN = 10
_TOLD = 20  # changes of one freeze that are told one by one; later ones are only noted in the ledger


def freeze_of(uow: UnitOfWork, component: str, at: datetime) -> Override | None:
    """The freeze of a component that is in force at a moment, None where there is none."""
    for entry in uow.overrides(component=component, kinds=(FREEZE,)):
        if entry.since <= at < entry.due_at:
            return entry
    return None


def blocking(uow: UnitOfWork, action: Action, now: datetime) -> Override | None:
    """The freeze that stops an action; none where the glass was broken for it."""
    frozen = freeze_of(uow, action.component, now)
    if frozen is None:
        return None
    broken = uow.overrides(open_only=False, component=action.component, kinds=(BREAK_GLASS,))
    return None if any(entry.action_id == action.id for entry in broken) else frozen


def frozen_clause(frozen: Override) -> str:
    """`fraud-scorer is frozen until 21 Nov 14:00 UTC (D-5: release week)`."""
    return f"{frozen.component} is frozen until {frozen.due_at:%d %b %H:%M} UTC (D-{frozen.id}: {frozen.reason})"


def refusal(house: House, frozen: Override, command: str) -> errors.Denied:
    """The one answer to a lever on a frozen component: until when, who may unfreeze it, and the way through.

    `command`: what follows `break-glass` (`rollback fraud-scorer`, or the number of an action).
    """
    held = held_in(house, frozen.component, Right.FREEZE, None)
    people = tuple(h.person for h in (*held.holders, *held.deputies))
    root = house.rules.root
    may = f"{' or '.join('@' + p for p in people[:4])} may unfreeze it" if people else "Nobody on call may unfreeze it"
    step = (
        f"{may}: `{root} unfreeze {frozen.component}`. "
        f"If it cannot wait: `{root} break-glass {command} because …`, which is loud and owed a review."
    )
    facts = {"decision": Right.FREEZE.value, "component": frozen.component, "reason": "frozen", "rule": ""}
    return errors.Denied(f"{frozen_clause(frozen)}.", step, code="frozen", ask=people, facts=facts)


def check_thawed(house: House, uow: UnitOfWork, action: Action, now: datetime) -> None:
    """Raises Denied where a freeze stops an action."""
    frozen = blocking(uow, action, now)
    if frozen is not None:
        raise refusal(house, frozen, str(action.id))


def broken_through(
    house: House,
    uow: UnitOfWork,
    order: Order,
    incident: Incident,
    action: Action,
    frozen: Override,
    because: str,
    now: datetime,
) -> Override:
    """Owe a review for asking for a lever in spite of a freeze, and tell who froze it. Raises InputError."""
    reason = " ".join(because.split())
    if len(reason) < REASON_MIN:
        raise errors.InputError(
            "Breaking the glass needs a reason that others can judge.",
            f"Write it: `{house.rules.root} break-glass … because nobody answers and money is lost`.",
            code="no_reason",
        )
    debt = uow.add_override(
        Override(
            id=0,
            kind=BREAK_GLASS,
            component=action.component,
            incident_id=incident.id,
            action_id=action.id,
            holder=order.actor.id,
            reason=reason,
            since=now,
            due_at=now + REVIEW_WITHIN,
            state="on",
            confirmed_at=now,
            team=frozen.team,
            facts={"freeze": frozen.id},
        )
    )
    text = f"the glass was broken to {VERB_OF[action.kind]} {action.component} in spite of its freeze: {reason}"
    event = event_of(
        order,
        incident,
        EventKind.OVERRIDE,
        text,
        now=now,
        dedup=f"freeze:{frozen.id}:broken:{action.id}",
        payload=entry_facts(debt, "on", why=reason),
        component=action.component,
    )
    uow.append(incident.id, event, now=now)
    said = (
        f"{{0}} broke the glass: {VERB_OF[action.kind]} {action.component} is asked for in spite of its freeze "
        f"(D-{frozen.id}) — {reason}. D-{debt.id} is owed a review."
    )
    payload: dict[str, object] = {"text": said, "by": "", "hint": "", "mentions": [order.actor.id]}
    for place, target in enumerate(loud_targets(house, frozen, {incident.id})):
        key = f"say:frozen_glass:{action.id}:{place}"
        want(uow, Surface(key, "say", target, payload=payload, incident_id=incident.id), now=now)
    return debt


def loud_targets(house: House, frozen: Override, incidents: Collection[int]) -> list[str]:
    """Where something about a freeze is told: the team's channel, open incidents, and who holds the freeze."""
    registry = house.registry()
    team = registry.teams.get(frozen.team)
    holder = registry.people.get(frozen.holder)
    slack = holder.slack if holder is not None else frozen.holder.partition("slack:")[2]
    targets = [team.channel if team is not None and team.channel else house.rules.triage_channel]
    targets += [f"incident:{number}" for number in sorted(incidents)]
    targets += [f"dm:{slack}"] if slack else []
    return [target for target in dict.fromkeys(targets) if target]


# ------------------------------------------------------------------ changes in spite of it


def tell_change(house: House, uow: UnitOfWork, change: Change, components: Collection[str], now: datetime) -> None:
    """A change on a frozen component: noted in the ledger, told in the team's channel and in open incidents."""
    for component in components:
        frozen = freeze_of(uow, component, change.occurred_at)
        if frozen is None:
            continue
        frozen = uow.override(frozen.id, lock=True) or frozen
        count = int(frozen.facts.get("changed") or 0) + 1
        newest = [*(frozen.facts.get("changes") or ()), _note(change)][-_TOLD:]
        uow.save_override(replace(frozen, facts={**frozen.facts, "changed": count, "changes": newest}))
        incidents = {i.id for i in uow.open_incidents_of(component)}
        for number in sorted(incidents):
            uow.append(number, _change_event(frozen, change), now=now)
        if count > _TOLD:
            continue
        text = (
            f"⚠ {frozen_clause(frozen)}, and it was changed all the same: {_what(change)}"
            f"{f' by {change.by}' if change.by else ''} ({change.source})."
        )
        payload: dict[str, object] = {"text": text, "by": "", "hint": "", "mentions": []}
        for place, target in enumerate(loud_targets(house, frozen, incidents)):
            about = int(target.partition(":")[2]) if target.startswith("incident:") else None
            key = f"say:frozen_change:{frozen.id}:{count}:{place}"
            want(uow, Surface(key, "say", target, payload=payload, incident_id=about), now=now)


def _what(change: Change) -> str:
    moved = f"{version_name(change.before)} → {version_name(change.after)}" if change.before else change.after
    return f"{change.subject} {moved}".strip()[:200]


def _note(change: Change) -> dict[str, str | None]:
    return {
        "source": change.source,
        "key": change.key,
        "what": _what(change),
        "by": change.by,
        "at": utc_text(change.occurred_at),
    }


def _change_event(frozen: Override, change: Change) -> NewEvent:
    return NewEvent(
        kind=EventKind.OVERRIDE,
        text=f"{frozen.component} was changed in spite of its freeze (D-{frozen.id}): {_what(change)}",
        actor=source_actor(change.source),
        occurred_at=change.occurred_at,
        source=EventSource.WEBHOOK,
        dedup_key=f"frozen_change:{change.source}:{change.key}",
        component=frozen.component,
        payload=entry_facts(frozen, "changed", why=_what(change)),
    )
