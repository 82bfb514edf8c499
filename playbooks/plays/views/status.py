"""How far an action is, step by step, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from playbooks.domain.actions import Action, ActionKind, ActionState, Approval, Mark, Plan, version_name
from playbooks.domain.errands import errand_of
from playbooks.messages import (
    ActionStatus,
    Announcement,
    Message,
    Who,
)
from playbooks.plays.errand_record import claim_of
from playbooks.plays.house import House
from playbooks.plays.views.asked import deciding_answers
from playbooks.plays.views.parts import GOING_WELL, VERB, by_whom, number_behind
from playbooks.plays.views.switched import override_view
from playbooks.ports import Surface, UnitOfWork

_DONE = frozenset({ActionState.CONFIRMED, ActionState.CLAIMED})


def action_status(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """One message per action that edits itself; of a switch that goes well the override's message tells enough."""
    action = uow.action(number_behind(surface))
    if action is None:
        return None
    if action.state in GOING_WELL and _told_elsewhere(action):
        return _switch_status(house, uow, surface, action)
    plan = action.plan or Plan("", "", "", "")
    answers = deciding_answers(uow, action)
    claim = claim_of(house, uow, action)
    return ActionStatus(
        action=action.id,
        verb=VERB[action.kind],
        component=action.component,
        before=plan.before,
        after=plan.after,
        state=action.state.value,
        steps=(*_steps(action, plan, answers, by_hand=claim is not None), *_claimed(claim, len(answers), action)),
        evidence="" if action.state in (ActionState.CONFIRMED, ActionState.CLAIMED) else action.evidence,
        undo=_undo(action, plan),
        note=_bad_note(uow, action, plan),
        error=action.error,
        people=(*(house.who(a.decider) or Who("somebody") for a in answers), *(claim[:1] if claim else ())),
    )


def _claimed(claim: tuple[Who, str, datetime] | None, place: int, action: Action) -> list[tuple[str, datetime | None]]:
    """What a person says, as what it is: a claim, and after it what was read."""
    if claim is None:
        return []
    steps: list[tuple[str, datetime | None]] = [(f"claimed by {{{place}}} with evidence: {claim[1]}", claim[2])]
    if action.state is ActionState.CLAIMED:
        steps.append(("not read back", None))
    return steps + _confirmed(action)


def _told_elsewhere(action: Action) -> bool:
    """Whether something else than its own status stands for an action that goes well.

    A disable is told by its override's message alone; an enable, once proved, says that the component is on again.
    """
    if action.kind is ActionKind.DISABLE:
        return True
    return action.kind is ActionKind.ENABLE and action.override is not None and action.state is ActionState.CONFIRMED


def _switch_status(house: House, uow: UnitOfWork, surface: Surface, action: Action) -> Message | None:
    override = uow.override(action.override) if action.override is not None else None
    if action.kind is ActionKind.ENABLE and override is not None:
        return override_view(house, uow, override, "on")
    # nothing, unless a status of it stands there already
    return Announcement(f"{action.component} is switched off; its own message says until when.") if surface.ts else None


def _steps(
    action: Action, plan: Plan, answers: Sequence[Approval], *, by_hand: bool
) -> list[tuple[str, datetime | None]]:
    steps: list[tuple[str, datetime | None]] = []
    if action.approved_at is not None and answers:
        steps.append((f"approved{by_whom(answers)}", None))
    elif action.approved_at is not None:
        steps.append(("no approval needed", None))
    if errand_of(plan) is not None and action.applying_at is not None:
        steps.append(("asked to be done by hand", action.applying_at))
    if by_hand:
        return steps
    if action.applied_at is not None:
        steps.append(("alias moved" if "@" in plan.target and "/" not in plan.target else "set", action.applied_at))
    return steps + _confirmed(action)


def _confirmed(action: Action) -> list[tuple[str, datetime | None]]:
    if action.verified_at is None or action.state is not ActionState.CONFIRMED:
        return []
    read: list[tuple[str, datetime | None]] = [(action.evidence, None)] if action.evidence else []
    return [*read, ("confirmed", action.verified_at)]


def _undo(action: Action, plan: Plan) -> str:
    if action.state in _DONE and action.kind is ActionKind.ROLLBACK and plan.before:
        return f"/rollback {action.component} to {version_name(plan.before)}"
    if action.state in _DONE and action.kind is ActionKind.DISABLE:
        return f"/enable {action.component}"
    return ""


def _bad_note(uow: UnitOfWork, action: Action, plan: Plan) -> str:
    marked = uow.version_marks(action.component).get(plan.before)
    if action.state in _DONE and marked is not None and marked[0] is Mark.BAD:
        bad = version_name(plan.before)
        return f"{bad} is marked bad for INC-{action.incident_id}, so it will not be chosen as a target."
    return ""
