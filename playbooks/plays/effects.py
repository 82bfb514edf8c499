"""Carrying an action out: plan, re-read, apply, verify. Intent is committed before a call, its outcome read back after.

`advance` is run by a durable job, again and again until the action is over; each step looks at the state on disk, so a
process killed anywhere goes on where it stopped and no effect happens twice that can be read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from playbooks import errors
from playbooks.domain.actions import (
    Action,
    ActionKind,
    ActionState,
    Described,
    Mark,
    Outcome,
    Override,
    Plan,
    Verification,
    Version,
    choose_rollback_target,
    plan_hash,
    version_name,
)
from playbooks.domain.facts import action_facts, override_facts, verification_facts
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays.approvals import refresh_asks, start
from playbooks.plays.bound_levers import VERB_OF, binding_of
from playbooks.plays.house import House, redraw, want
from playbooks.ports import Lever, Levers, Surface, Timer, UnitOfWork

_GIVE_UP_AFTER = 6  # applies started without an outcome, before a person is asked
# How long a lever that cannot be read is asked again; below what the engine's twelve tries take at least.
_PATIENCE = timedelta(minutes=4)
_AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})
_ABOUT_OVERRIDE = frozenset({"override_warn", "override_ask"})


@dataclass(frozen=True, slots=True)
class Step:
    """What the job does next: `again_at` None means the action is over or waits for people."""

    again_at: datetime | None = None


DONE = Step()


def advance(house: House, levers: Levers, action_id: int) -> Step:
    """One step of an action. Raises what the lever raises where the job is to try again."""
    with house.store.read() as uow:
        action = uow.action(action_id)
    if action is None or action.over or action.state in (ActionState.PREVIEWED, ActionState.AWAITING):
        return DONE
    try:
        binding = binding_of(house, action.component, action.kind)
        lever = levers.get(str(binding.get("provider", "")))
    except errors.MusterError as error:
        return _failed(house, action, error)
    binding = {k: v for k, v in binding.items() if k != "provider"}
    if action.state is ActionState.PLANNING:
        return _plan(house, lever, binding, action)
    try:
        if action.state is ActionState.APPROVED:
            return _begin(house, lever, binding, action)
        if action.state is ActionState.APPLYING:
            return _read_back(house, lever, binding, action)
        return _verify(house, lever, binding, action)
    except (errors.StoreBusy, errors.Conflict):
        raise
    except errors.MusterError as error:
        return _unanswered(house, action.id, error)


def _unanswered(house: House, action_id: int, error: errors.MusterError) -> Step:
    """The lever refuses or stays silent: tried again for some minutes, then the action ends with what is known.

    Raises the error while it is worth trying again.
    """
    with house.store.read() as uow:
        action = uow.action(action_id)
    if action is None or action.over:
        return DONE
    begun = action.applied_at or action.applying_at or action.approved_at or action.created_at
    if error.kind in _AGAIN and house.now() < begun + _PATIENCE:
        raise error
    if action.state is ActionState.APPROVED:
        return _failed(house, action, error)
    sentence = f"It may have happened, and it could not be read back: {error.told}"
    return _over(house, action, ActionState.UNPROVEN, sentence, result="unknown")


# ------------------------------------------------------------------ plan


def _plan(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    try:
        described = with_own_marks(house, action.component, lever.describe(binding))
        plan = _plan_for(house, lever, binding, described, action)
    except errors.MusterError as error:
        if error.code == "already_there" and action.override is not None:
            return _was_on(house, action, error)
        waits = action.requester == MUSTER.id and house.now() < action.created_at + _PATIENCE
        if waits and error.kind in _AGAIN:
            raise  # nobody looks at a preview: the end of a time box does not fail at one hiccup
        return _failed(house, action, error)
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.PLANNING:
            return DONE
        hashed = plan_hash(action.kind, action.component, plan, action.ends_after)
        expires = now + timedelta(seconds=house.rules.approval_ttl)
        direct = fresh.approvals_needed == 0
        state = ActionState.APPROVED if direct else ActionState.PREVIEWED
        authority = "no approval needed by the registry" if direct else ""
        fresh = uow.save_action(
            replace(
                fresh,
                state=state,
                plan=plan,
                plan_hash=hashed,
                expires_at=expires,
                authority=authority,
                approved_at=now if direct else None,
            )
        )
        if direct:
            _record_direct(uow, fresh, now)
            start(uow, fresh, now)
        else:
            want(
                uow,
                Surface(f"preview:{action.id}", "preview", f"eph:{action.channel}:{action.requester_slack}"),
                now=now,
            )
    return DONE


def _was_on(house: House, action: Action, error: errors.MusterError) -> Step:
    """Somebody turned it on past Muster: the ledger's entry is closed, nothing is done."""
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        override = uow.override(action.override or 0, lock=True)
        if fresh is None or fresh.over or override is None:
            return DONE
        fresh = uow.save_action(replace(fresh, state=ActionState.STALE, error=error.told))
        _result(uow, fresh, "stale", now, error=error.told)
        if override.state not in ("closed", "void"):
            _close(uow, override, fresh, f"{override.component} was on already; somebody else turned it on", now)
        _show(uow, fresh, now)
        show_override(uow, override, now)
    return DONE


def _record_direct(uow: UnitOfWork, action: Action, now: datetime) -> None:
    """An action that needs nobody's approval still leaves who asked and by which rule."""
    if action.incident_id is None:
        return
    facts = action_facts(
        action, decision=action.kind.value, verdict="not needed", right=action.authority, approvals=0, needed=0
    )
    uow.append(
        action.incident_id,
        _event(
            action,
            EventKind.DECISION,
            f"no approval needed to {VERB_OF[action.kind]} {action.component}",
            "direct",
            facts,
            now,
        ),
        now=now,
    )


def _plan_for(house: House, lever: Lever, binding: Mapping[str, Any], described: Described, action: Action) -> Plan:
    if action.kind is ActionKind.ROLLBACK:
        return lever.plan(binding, described, _target(action, described))
    if action.kind is ActionKind.DISABLE:
        return lever.plan(binding, described, "off")
    if action.undo_of is not None:
        with house.store.read() as uow:
            original = uow.action(action.undo_of)
        if original is not None and original.plan is not None:
            plan = lever.undo(original.plan)
            if described.state == plan.after:
                raise errors.Conflict(f"{action.component} is already {plan.after}.", code="already_there")
            return plan
    return lever.plan(binding, described, "on")


def _target(action: Action, described: Described) -> str:
    if action.target:
        wanted = (
            action.target.removeprefix("v") if _known(described, action.target.removeprefix("v")) else action.target
        )
        if not _known(described, wanted):
            names = tuple(v.id for v in described.versions[:5])
            raise errors.UnknownName(
                f"{action.component} has no version {action.target}.",
                f"It has: {', '.join(names) or 'none'}.",
                nearest=names,
            )
        return wanted
    chosen = choose_rollback_target(described)
    if chosen is None:
        raise errors.InputError(
            f"No other version of {action.component} is marked good, so I don't choose one.",
            f"Name it: `/rollback {action.component} to <version>`.",
            code="no_target",
        )
    return chosen.id


def _known(described: Described, version: str) -> bool:
    return any(v.id == version for v in described.versions)


def with_own_marks(house: House, component: str, described: Described) -> Described:
    """The provider's description with the marks on our side laid over: ours are never lost with the provider's."""
    with house.store.read() as uow:
        marks = uow.version_marks(component)
    if not marks:
        return described
    versions = tuple(_marked(v, marks.get(v.id)) for v in described.versions)
    return replace(described, versions=versions)


def _marked(version: Version, ours: tuple[Mark, str, datetime] | None) -> Version:
    if ours is None or (version.marked_at is not None and version.marked_at > ours[2]):
        return version
    return replace(version, mark=ours[0], mark_note=ours[1], marked_at=ours[2])


# ------------------------------------------------------------------ apply


def _begin(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    """Re-read, then commit the intent, then call."""
    plan = _needed_plan(action)
    described = lever.describe(binding)
    moved = _moved(lever, binding, described, action, plan)
    if moved:
        return _over(house, action, ActionState.STALE, moved, result="stale")
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.APPROVED:
            return DONE
        fresh = _with_override(house, uow, fresh, now)
        fresh = uow.save_action(replace(fresh, state=ActionState.APPLYING, applying_at=now, attempts=1))
        moved = f"{version_name(plan.before)} → {version_name(plan.after)}"
        text = f"started to {VERB_OF[action.kind]} {action.component} {moved}"
        _append(uow, fresh, EventKind.ACTION, text, "started", action_facts(fresh, phase="started"), now)
        _show(uow, fresh, now)
    return _apply(house, lever, binding, fresh)


def _moved(lever: Lever, binding: Mapping[str, Any], described: Described, action: Action, plan: Plan) -> str:
    """Why the approved plan no longer fits what is there now; empty when it does."""
    if described.state != plan.before:
        return (
            f"{action.component} is {described.state or 'unset'} now, not {plan.before}: the plan is void. Ask again."
        )
    if action.undo_of is not None:
        return ""
    try:
        again = lever.plan(binding, described, plan.after)
    except errors.MusterError as error:
        return error.told
    if plan_hash(action.kind, action.component, again, action.ends_after) != action.plan_hash:
        return f"The settings of {plan.target} changed since the preview: the plan is void. Ask again."
    return ""


def _with_override(house: House, uow: UnitOfWork, action: Action, now: datetime) -> Action:
    """A disable's end is on disk before the call that needs it."""
    if action.kind is not ActionKind.DISABLE or action.override is not None or not action.ends_after:
        return action
    due = now + timedelta(seconds=action.ends_after)
    override = uow.add_override(
        Override(
            0, "disable", action.component, action.incident_id, action.id, action.requester, action.because, now, due
        )
    )
    set_override_timers(house, uow, override, now)
    return replace(action, override=override.id)


def set_override_timers(house: House, uow: UnitOfWork, override: Override, now: datetime) -> None:
    """Warning and end of a time box; moved when it is extended."""
    warn = override.due_at - timedelta(seconds=house.rules.warn_before)
    if warn <= override.since:
        warn = override.since + (override.due_at - override.since) / 2
    if warn > now:
        uow.set_timer(Timer(f"override_warn:{override.id}", "override_warn", str(override.id), warn))
    uow.set_timer(Timer(f"override_end:{override.id}", "override_end", str(override.id), override.due_at))


def _apply(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    plan = _needed_plan(action)
    try:
        lever.apply(binding, plan, note=f"INC-{action.incident_id} action {action.id}")
    except errors.MusterError as error:
        if error.kind in (errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME):
            raise  # the job comes back in `applying` and reads back before it tries again
        return _failed(house, action, error)
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.APPLYING:
            return DONE
        fresh = uow.save_action(replace(fresh, state=ActionState.VERIFYING, applied_at=now))
        _show(uow, fresh, now)
    return Step(house.now())


def _read_back(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    """The process died or the answer never came: what is there decides what to do."""
    plan = _needed_plan(action)
    described = lever.describe(binding)
    if described.state == plan.after:
        with house.store.begin() as uow:
            fresh = uow.action(action.id, lock=True)
            if fresh is None or fresh.state is not ActionState.APPLYING:
                return DONE
            # an apply of several calls may have stopped half-way (strategies of a flag): setting it again is harmless
            fresh = uow.save_action(replace(fresh, attempts=fresh.attempts + 1))
        return _apply(house, lever, binding, fresh)
    if described.state != plan.before:
        sentence = f"{action.component} is {described.state or 'unset'} now, neither {plan.before} nor {plan.after}."
        return _over(house, action, ActionState.CONTRADICTED, sentence, result="failed")
    if action.attempts >= _GIVE_UP_AFTER:
        sentence = f"{plan.target} did not take the change after {action.attempts} tries; it still is {plan.before}."
        return _over(house, action, ActionState.FAILED, sentence, result="failed")
    with house.store.begin() as uow:
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.APPLYING:
            return DONE
        fresh = uow.save_action(replace(fresh, attempts=fresh.attempts + 1))
    return _apply(house, lever, binding, fresh)


# ------------------------------------------------------------------ verify


def _verify(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> Step:
    plan = _needed_plan(action)
    seen = lever.verify(binding, plan)
    if seen.outcome is Outcome.NOT_YET:
        deadline = (action.applied_at or house.now()) + timedelta(seconds=plan.verify_within)
        if house.now() < deadline:
            _note_evidence(house, action, seen)
            return Step(house.now() + timedelta(seconds=house.rules.verify_every))
        return _settle(house, action, seen, ActionState.UNPROVEN)
    if seen.outcome is Outcome.CONTRADICTED:
        return _settle(house, action, seen, ActionState.CONTRADICTED)
    marked = _mark_bad(house, lever, binding, action)
    return _settle(house, action, seen, ActionState.CONFIRMED, marked=marked)


def _mark_bad(house: House, lever: Lever, binding: Mapping[str, Any], action: Action) -> str:
    """Mark what was rolled away from, so that it is not chosen again; the mark on our side stands in any case."""
    plan = _needed_plan(action)
    with house.store.read() as uow:
        if action.kind is not ActionKind.ROLLBACK or _takes_back(uow, action, plan):
            return ""
    try:
        lever.mark(binding, plan.before, Mark.BAD, note=f"INC-{action.incident_id}")
    except errors.MusterError as error:
        return f"The mark could not be set at the provider: {error.sentence}"
    return ""


def _takes_back(uow: UnitOfWork, action: Action, plan: Plan) -> bool:
    """Whether this returns to what an earlier rollback left: then nothing is known against the version left now."""
    marked = uow.version_marks(action.component).get(plan.after)
    return marked is not None and marked[0] is Mark.BAD


def _note_evidence(house: House, action: Action, seen: Verification) -> None:
    if seen.evidence == action.evidence:
        return
    with house.store.begin() as uow:
        fresh = uow.action(action.id, lock=True)
        if fresh is not None and fresh.state is ActionState.VERIFYING:
            _show(uow, uow.save_action(replace(fresh, evidence=seen.evidence)), house.now())


def _settle(house: House, action: Action, seen: Verification, state: ActionState, *, marked: str = "") -> Step:
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.state is not ActionState.VERIFYING:
            return DONE
        fresh = uow.save_action(
            replace(
                fresh,
                state=state,
                verified_at=now,
                evidence=seen.evidence,
                error=marked if state is ActionState.CONFIRMED else "",
            )
        )
        facts = verification_facts(fresh, seen.outcome, seen.evidence)
        _append(
            uow,
            fresh,
            EventKind.VERIFICATION,
            f"{seen.outcome.value.replace('_', ' ')}: {seen.evidence}",
            "verified",
            facts,
            now,
        )
        result = {ActionState.CONFIRMED: "worked", ActionState.UNPROVEN: "unknown"}.get(state, "failed")
        _result(uow, fresh, result, now)
        if state is ActionState.CONFIRMED:
            _after_confirmed(uow, fresh, now)
        _override_after(house, uow, fresh, state, now)
        _show(uow, fresh, now)
    return DONE


def _after_confirmed(uow: UnitOfWork, action: Action, now: datetime) -> None:
    plan = _needed_plan(action)
    if action.kind is not ActionKind.ROLLBACK:
        return
    history = uow.serving_history(action.component)
    if not history:
        uow.record_serving(action.component, plan.before, now=action.created_at)
    uow.record_serving(action.component, plan.after, now=now)
    if _takes_back(uow, action, plan):
        return
    note = f"INC-{action.incident_id}"
    uow.mark_version(action.component, plan.before, Mark.BAD, note=note, incident_id=action.incident_id, now=now)


# ------------------------------------------------------------------ the ledger entry behind a disable


def _override_after(house: House, uow: UnitOfWork, action: Action, state: ActionState, now: datetime) -> None:
    override = uow.override(action.override, lock=True) if action.override is not None else None
    if override is None:
        return
    if action.kind is ActionKind.DISABLE:
        _after_disable(uow, override, action, state, now)
    elif action.kind is ActionKind.ENABLE:
        _after_enable(house, uow, override, action, state, now)


def _after_disable(uow: UnitOfWork, override: Override, action: Action, state: ActionState, now: datetime) -> None:
    if state in (ActionState.CONFIRMED, ActionState.UNPROVEN):
        confirmed = now if state is ActionState.CONFIRMED else None
        override = uow.save_override(replace(override, state="on", confirmed_at=confirmed))
        facts = override_facts(override, "on")
        _append(uow, action, EventKind.OVERRIDE, f"{override.component} is off until its end", "override", facts, now)
        if override.due_at <= now:  # its end came while it was being applied: it is looked at once more
            uow.set_timer(Timer(f"override_end:{override.id}", "override_end", str(override.id), override.due_at))
    else:
        override = uow.save_override(replace(override, state="void", closed_at=now))
        uow.cancel_timer(f"override_warn:{override.id}")
        uow.cancel_timer(f"override_end:{override.id}")
    show_override(uow, override, now)


def _after_enable(
    house: House, uow: UnitOfWork, override: Override, action: Action, state: ActionState, now: datetime
) -> None:
    if state is ActionState.CONFIRMED:
        _close(uow, override, action, f"{override.component} is on again", now)
    elif override.state not in ("closed", "void") and override.due_at <= now:
        override = uow.save_override(replace(override, state="overdue"))
        due = now + timedelta(seconds=house.rules.escalate_every)
        uow.set_timer(Timer(f"override_escalate:{override.id}", "override_escalate", str(override.id), due))
    show_override(uow, override, now)


def _close(uow: UnitOfWork, override: Override, action: Action, text: str, now: datetime) -> None:
    """Nothing is off any more: the entry is closed and nothing about it falls due."""
    override = uow.save_override(replace(override, state="closed", closed_at=now, closed_by=action.requester))
    _append(uow, action, EventKind.UNDONE, text, "undone", override_facts(override, "closed"), now)
    for kind in ("override_warn", "override_end", "override_escalate"):
        uow.cancel_timer(f"{kind}:{override.id}")


def show_override(uow: UnitOfWork, override: Override, now: datetime) -> None:
    """Renew the message and the card of a switched-off component."""
    if override.incident_id is None:
        return
    target = f"incident:{override.incident_id}"
    want(uow, Surface(f"override:{override.id}", "override", target, incident_id=override.incident_id), now=now)
    for surface in uow.surfaces_of(override.incident_id):
        if surface.kind in _ABOUT_OVERRIDE and surface.payload.get("override") == override.id:
            want(uow, surface, now=now)  # a warning or question that is answered has no live button
    want(
        uow,
        Surface(f"card:{override.incident_id}", "card", target, pin=True, incident_id=override.incident_id),
        now=now,
    )


# ------------------------------------------------------------------ ends


def _failed(house: House, action: Action, error: errors.MusterError) -> Step:
    return _over(house, action, ActionState.FAILED, error.told, result="failed")


def _over(house: House, action: Action, state: ActionState, sentence: str, *, result: str) -> Step:
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.action(action.id, lock=True)
        if fresh is None or fresh.over:
            return DONE
        planned = fresh.state is not ActionState.PLANNING
        fresh = uow.save_action(replace(fresh, state=state, error=sentence))
        if planned or fresh.requester == MUSTER.id:
            _result(uow, fresh, result, now, error=sentence)
            _override_after(house, uow, fresh, state, now)
            _show(uow, fresh, now)
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


def _result(uow: UnitOfWork, action: Action, result: str, now: datetime, *, error: str = "") -> None:
    words = {
        "worked": "worked",
        "failed": "failed",
        "unknown": "was applied; its effect was not seen in time",
        "stale": "was not started",
    }
    text = f"{VERB_OF[action.kind]} {action.component} {words[result]}" + (f": {error}" if error else "")
    _append(uow, action, EventKind.ACTION_RESULT, text, "result", action_facts(action, result=result, error=error), now)


def _append(
    uow: UnitOfWork, action: Action, kind: EventKind, text: str, phase: str, facts: dict[str, Any], now: datetime
) -> None:
    if action.incident_id is not None:
        uow.append(action.incident_id, _event(action, kind, text, phase, facts, now), now=now)


def _event(action: Action, kind: EventKind, text: str, phase: str, facts: dict[str, Any], now: datetime) -> NewEvent:
    return NewEvent(
        kind=kind,
        text=text,
        actor=MUSTER,
        occurred_at=now,
        source=EventSource.JOB,
        dedup_key=f"action:{action.id}:{phase}",
        component=action.component,
        payload=facts,
    )


def _show(uow: UnitOfWork, action: Action, now: datetime) -> None:
    if action.incident_id is None:
        return
    target = f"incident:{action.incident_id}"
    want(uow, Surface(f"action:{action.id}", "action", target, incident_id=action.incident_id), now=now)
    if action.override is not None:
        shown = Surface(f"override:{action.override}", "override", target, incident_id=action.incident_id)
        want(uow, shown, now=now)
    want(uow, Surface(f"card:{action.incident_id}", "card", target, pin=True, incident_id=action.incident_id), now=now)
    incident = uow.incident(action.incident_id)
    if incident is not None:
        redraw(uow, incident, now=now)


def _needed_plan(action: Action) -> Plan:
    if action.plan is None:
        raise errors.MusterError(
            f"Action {action.id} has no plan on disk.", "This is a defect: report it.", code="no_plan"
        )
    return action.plan
