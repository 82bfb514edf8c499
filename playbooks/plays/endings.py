"""How an action ends without success: what is known is written down and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from playbooks import errors
from playbooks.domain.actions import (
    Action,
    ActionState,
)
from playbooks.domain.people import MUSTER
from playbooks.plays.approvals import refresh_asks
from playbooks.plays.house import House, want
from playbooks.plays.steps import DONE, Step, record_result, show_action
from playbooks.plays.switched_off import settle_override
from playbooks.ports import Surface

# How long a lever that cannot be read is asked again; below what the engine's twelve tries take at least.
PATIENCE = timedelta(minutes=4)


AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})


def unanswered(house: House, action_id: int, error: errors.MusterError) -> Step:
    """The lever refuses or stays silent: tried again for some minutes, then the action ends with what is known.

    Raises the error while it is worth trying again.
    """
    with house.store.read() as uow:
        action = uow.action(action_id)
    if action is None or action.over:
        return DONE
    begun = action.applied_at or action.applying_at or action.approved_at or action.created_at
    if error.kind in AGAIN and house.now() < begun + PATIENCE:
        raise error
    if action.state is ActionState.APPROVED:
        return fail(house, action, error)
    sentence = f"It may have happened, and it could not be read back: {error.told}"
    return end_action(house, action, ActionState.UNPROVEN, sentence, result="unknown")


def fail(house: House, action: Action, error: errors.MusterError) -> Step:
    """The action did not happen, for the error's reason."""
    return end_action(house, action, ActionState.FAILED, error.told, result="failed")


def end_action(house: House, action: Action, state: ActionState, sentence: str, *, result: str) -> Step:
    """Write down and tell how it ended, once; `result` is the word of the timeline."""
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.over:
            return DONE
        planned = fresh.state is not ActionState.PLANNING
        fresh = uow.save_action(replace(fresh, state=state, error=sentence))
        if planned or fresh.requester == MUSTER.id:
            record_result(uow, fresh, result, now, error=sentence)
            settle_override(house, uow, fresh, state, now)
            show_action(uow, fresh, now)
        else:
            payload = {"text": sentence, "action": fresh.id}
            want(
                uow,
                Surface(
                    f"sorry:{action.id}", "sorry", f"eph:{action.channel}:{action.requester_slack}", payload=payload
                ),
                now=now,
            )
        refresh_asks(uow, fresh, now)
    return DONE
