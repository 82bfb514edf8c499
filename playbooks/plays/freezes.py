"""A frozen component: its levers are blocked until the end, and a change made in spite of it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.actions import Action, ActionKind, Override, version_name
from playbooks.domain.alerts import Change
from playbooks.domain.authority import Right
from playbooks.domain.debt import BREAK_GLASS, DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import source_actor
from playbooks.domain.timeline import EventKind, EventSource, NewEvent, utc_text
from playbooks.plays.bound_levers import VERB_OF
from playbooks.plays.deciding import held_in
from playbooks.plays.house import House, spoken, want
from playbooks.plays.notes import show_entry
from playbooks.plays.orders import Order, event_of
from playbooks.plays.owed import owe_review
from playbooks.ports import Surface, UnitOfWork

FREEZE = DebtKind.FREEZE.value
REASON_MIN = 10
_TOLD = 20  # changes of one freeze that are told one by one; later ones are only noted in the ledger


def freeze_of(uow: UnitOfWork, component: str, now: datetime) -> Override | None:
    """The freeze of a component that is in force now, None where there is none."""
    for entry in uow.overrides(component=component, kinds=(FREEZE,)):
        if entry.since <= now < entry.due_at:
            return entry
    return None


def freeze_at(uow: UnitOfWork, component: str, at: datetime) -> Override | None:
    """The freeze of a component that was in force at a moment, also one that is over by now."""
    for entry in uow.overrides(open_only=False, component=component, kinds=(FREEZE,)):
        if entry.since <= at < min(entry.due_at, entry.closed_at or entry.due_at):
            return entry
    return None


def works_while_frozen(house: House, component: str, kind: ActionKind) -> bool:
    """Whether a freeze leaves a lever free: stopping is never blocked unless the registry says so, the rest is."""
    found = house.registry().components.get(component)
    if kind is ActionKind.ENABLE or found is None:
        return False
    binding = found.levers.get("rollback" if kind is ActionKind.ROLLBACK else "disable")
    if binding is None:
        return False
    return str(binding.get("while_frozen") or ("works" if kind is ActionKind.DISABLE else "blocked")) == "works"


def freeze_on(house: House, uow: UnitOfWork, component: str, kind: ActionKind, now: datetime) -> Override | None:
    """The freeze that blocks a lever now, None where there is none or it leaves this lever free."""
    return None if works_while_frozen(house, component, kind) else freeze_of(uow, component, now)


def blocking(house: House, uow: UnitOfWork, action: Action, now: datetime) -> Override | None:
    """The freeze that stops an action; none where the glass was broken for it."""
    frozen = freeze_on(house, uow, action.component, action.kind, now)
    if frozen is None:
        return None
    broken = uow.overrides(open_only=False, component=action.component, kinds=(BREAK_GLASS,))
    return None if any(entry.action_id == action.id for entry in broken) else frozen


def frozen_clause(frozen: Override) -> str:
    """`fraud-scorer is frozen until 21 Nov 14:00 UTC (D-5: release week)`."""
    is_, end = ("was", frozen.closed_at) if frozen.closed_at is not None else ("is", frozen.due_at)
    return f"{frozen.component} {is_} frozen until {end:%d %b %H:%M} UTC (D-{frozen.id}: {frozen.reason})"


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
    frozen = blocking(house, uow, action, now)
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
    facts = {"freeze": frozen.id}
    debt = owe_review(house, uow, action, DebtKind.BREAK_GLASS, order.actor.id, reason, now, facts)
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
        f"{{0}} broke the glass and asks to {VERB_OF[action.kind]} {action.component} in spite of its freeze "
        f"(D-{frozen.id}) — {reason}. D-{debt.id} is owed a review."
    )
    payload = spoken(said, [order.actor.id])
    _tell(house, uow, frozen, f"frozen_glass:{action.id}", payload, {incident.id}, now)
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
        frozen = freeze_at(uow, component, change.occurred_at)
        if frozen is None:
            continue
        frozen = _counted(uow, frozen, _note(change))
        count = frozen.facts["changed"]
        show_entry(house, uow, frozen, now)
        incidents = {i.id for i in uow.open_incidents_of(component)}
        for number in sorted(incidents):
            uow.append(number, _change_event(frozen, change), now=now)
        if count > _TOLD:
            continue
        text = (
            f"⚠ {frozen_clause(frozen)}, and it was changed all the same: {_what(change)}"
            f"{f' by {change.by}' if change.by else ''} ({change.source})."
        )
        payload = spoken(text)
        _tell(house, uow, frozen, f"frozen_change:{frozen.id}:{count}", payload, incidents, now)


def _counted(uow: UnitOfWork, frozen: Override, note: Mapping[str, str | None]) -> Override:
    frozen = uow.override(frozen.id, lock=True) or frozen
    count = int(frozen.facts.get("changed") or 0) + 1
    newest = [*(frozen.facts.get("changes") or ()), dict(note)][-_TOLD:]
    return uow.save_override(replace(frozen, facts={**frozen.facts, "changed": count, "changes": newest}))


def tell_start(house: House, uow: UnitOfWork, action: Action, now: datetime) -> None:
    """A lever that the freeze leaves free is pulled: noted in the ledger, and told to who froze it and the team."""
    frozen = freeze_of(uow, action.component, now)
    if frozen is None or not works_while_frozen(house, action.component, action.kind):
        return
    what = f"{VERB_OF[action.kind]} {action.component}"
    note = {"source": "muster", "key": f"action:{action.id}", "what": what, "by": action.requester}
    frozen = _counted(uow, frozen, {**note, "at": utc_text(now)})
    show_entry(house, uow, frozen, now)
    because = f" — {action.because}" if action.because else ""
    free = "stopping it is" if action.kind is ActionKind.DISABLE else "by the registry this lever is"
    text = f"{frozen_clause(frozen)}; {free} not blocked, and {{0}} does it: {what}{because}."
    payload = spoken(text, [action.requester])
    incidents = {action.incident_id} if action.incident_id is not None else set()
    _tell(house, uow, frozen, f"frozen_lever:{action.id}", payload, incidents, now)


def _tell(
    house: House,
    uow: UnitOfWork,
    frozen: Override,
    key: str,
    payload: dict[str, object],
    incidents: Collection[int],
    now: datetime,
) -> None:
    """Once in each place that a freeze is told in."""
    for place, target in enumerate(loud_targets(house, frozen, incidents)):
        about = int(target.partition(":")[2]) if target.startswith("incident:") else None
        want(uow, Surface(f"say:{key}:{place}", "say", target, payload=payload, incident_id=about), now=now)


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
