"""What is owed a review: a glass that was broken, an approval that was skipped; entered here, closed with words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from playbooks import errors
from playbooks.domain.actions import Action, Override
from playbooks.domain.debt import REVIEW_WITHIN, REVIEWED, DebtKind
from playbooks.domain.facts import override_facts
from playbooks.domain.timeline import EventKind
from playbooks.messages import Say
from playbooks.plays.answerers import answerers, held_over, right_over, used_over
from playbooks.plays.entering import enter
from playbooks.plays.house import House, must_find
from playbooks.plays.notes import cancel_timers, set_timers, show_entry
from playbooks.plays.orders import Order, event_of, execution
from playbooks.ports import UnitOfWork


def owe_review(
    house: House,
    uow: UnitOfWork,
    action: Action,
    kind: DebtKind,
    holder: str,
    reason: str,
    now: datetime,
    facts: Mapping[str, Any] | None = None,
) -> Override:
    """Enter that an action went on without a right: asked about before its review is due, and again until it is done.

    `holder`: actor id of whose decision it was. `facts`: `freeze` has the number of a freeze that was broken.
    """
    component = house.registry().components.get(action.component)
    team = component.accountable if component is not None else ""
    entry = enter(uow, action, kind, holder, now + REVIEW_WITHIN, now, team=team, reason=reason, facts=facts)
    set_timers(house, uow, entry, now)
    return entry


def close_debt(house: House, order: Order, number: int, because: str) -> Say:
    """Close an entry that people have to judge, by a holder other than who made it, with words."""
    words = " ".join(because.split())
    if not words:
        raise errors.InputError(
            "What came of the review?", f"`{house.rules.root} review D-{number} it was right to act`."
        )
    with execution(house, order) as (uow, now):
        entry = uow.override(number, lock=True)
        if entry is None or entry.kind not in REVIEWED:
            raise errors.UnknownName(f"D-{number} is no entry that is reviewed.", f"See `{house.rules.root} debt`.")
        if entry.state == "closed":
            raise errors.Conflict(f"D-{number} is closed.", code="already_there")
        allowed = answerers(house, uow, entry)
        if order.actor.id not in allowed:
            raise errors.Denied(
                "A review is closed by somebody who holds the right, and not by who broke the glass.",
                "Ask " + (" or ".join(f"@{person}" for person in sorted(allowed)[:4]) or "the accountable team") + ".",
                ask=tuple(sorted(allowed)),
                facts={"decision": "review", "component": entry.component, "reason": "not_held"},
            ).about(entry.incident_id)
        cancel_timers(uow, entry)
        facts = {**entry.facts, "closed_because": words}
        entry = uow.save_override(replace(entry, state="closed", closed_at=now, closed_by=order.actor.id, facts=facts))
        show_entry(house, uow, entry, now)
        _closed(house, uow, order, entry, words, now)
    return Say(f"D-{number} is closed.")


def _closed(house: House, uow: UnitOfWork, order: Order, entry: Override, words: str, now: datetime) -> None:
    if entry.incident_id is None:
        return
    used = {**used_over(order.actor.id, right_over(uow, entry), held_over(house, uow, entry)), "verdict": "closed"}
    event = event_of(
        order,
        must_find(uow, entry.incident_id),
        EventKind.DECISION,
        f"{DebtKind(entry.kind).words} D-{entry.id} reviewed: {words}",
        now=now,
        dedup=f"debt:{entry.id}:closed",
        payload={**override_facts(entry, "closed", why=words), **used},
        component=entry.component,
    )
    uow.append(entry.incident_id, event, now=now)
