"""Entering into the ledger: what an action has made and what is in force from now on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from playbooks.domain.actions import Action, ActionKind, ActionState, Override
from playbooks.domain.debt import DebtKind
from playbooks.domain.incidents import Incident
from playbooks.plays.orders import Order
from playbooks.ports import UnitOfWork


def enter(
    uow: UnitOfWork,
    action: Action,
    kind: DebtKind,
    holder: str,
    due_at: datetime,
    now: datetime,
    *,
    team: str,
    reason: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Override:
    """The entry that an action has made, in force until `due_at` (UTC).

    `holder`: actor id. `team`: accountable now. `reason`: the action's own where none is given.
    """
    return uow.add_override(
        Override(
            id=0,
            kind=kind.value,
            component=action.component,
            incident_id=action.incident_id,
            action_id=action.id,
            holder=holder,
            reason=action.because if reason is None else reason,
            since=now,
            due_at=due_at,
            state="on",
            confirmed_at=now,
            team=team,
            facts=facts or {},
        )
    )


def done_at_once(
    uow: UnitOfWork, order: Order, incident: Incident, kind: ActionKind, component: str, because: str, now: datetime
) -> Action:
    """An action that takes effect by being asked for, without anybody's approval."""
    return uow.add_action(
        Action(
            id=0,
            kind=kind,
            state=ActionState.CONFIRMED,
            component=component,
            incident_id=incident.id,
            requester=order.actor.id,
            requester_slack=order.actor.slack,
            requester_role=order.actor.role,
            because=because,
            created_at=now,
            channel=order.channel,
            approvals_needed=0,
        )
    )
