"""Messages built from what is on disk: a surface is a pure function of rows, the registry and the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from playbooks.domain.actions import Action, ActionKind, ActionState, Approval, Mark, Override, Plan, version_name
from playbooks.domain.clocks import say_span
from playbooks.domain.incidents import Incident, State
from playbooks.domain.ownership import Registry
from playbooks.domain.people import MUSTER
from playbooks.domain.rights import Authority, Right, authority
from playbooks.domain.timeline import Event, EventKind, Line, timeline_view
from playbooks.messages import (
    ActionStatus,
    Announcement,
    Ask,
    Card,
    Changed,
    Fact,
    IncidentList,
    IncidentRow,
    Lever,
    Message,
    OverrideNote,
    OwnerNote,
    Preview,
    Refusal,
    Suggestion,
    Summary,
    TimelineList,
    TimelineRow,
    Update,
    Who,
)
from playbooks.plays.bound_levers import RIGHT_OF, people_of
from playbooks.plays.handoff import offer_view
from playbooks.plays.house import House, must_find, tag_of, who
from playbooks.plays.opening import since_of
from playbooks.plays.postmortem import resolved_view
from playbooks.plays.reach import line_of
from playbooks.plays.timebox import holders_to_restore, may_restore_itself
from playbooks.ports import Surface, UnitOfWork

_WORTH_TELLING = timedelta(minutes=1)  # of an older version often only that something came after it is known
_VERB = {ActionKind.ROLLBACK: "Roll back", ActionKind.DISABLE: "Disable", ActionKind.ENABLE: "Enable"}


def build(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """The message a surface shows now; None when there is nothing to show any more."""
    builder = _BUILDERS.get(surface.kind)
    return builder(house, uow, surface) if builder else None


# ------------------------------------------------------------------ parts


def signal_line(incident: Incident, *, short: bool = False) -> str:
    """The figures of the first alert in one line, in the source's own words; empty when it gave none.

    `short` keeps the value and its limit alone.
    """
    s = incident.signal
    if not s.get("value"):
        return s.get("summary", "")
    head = " ".join(w for w in (s.get("metric", ""), s["value"]) if w)
    more = [f"limit {s['limit']}"] if s.get("limit") else []
    more += [s["windows"]] if s.get("windows") and not short else []
    more += [f"{s['samples']} samples"] if s.get("samples") and not short else []
    return head + (f" ({', '.join(more)})" if more else "")


def silent_of(incident: Incident) -> int | None:
    """Seconds from the first breached window to detection; None when the source does not say."""
    since = since_of(incident)
    return int((incident.detected_at - since).total_seconds()) if since else None


def alerts_line(incident: Incident) -> str:
    """`3 alerts (2 firing)`."""
    if incident.alerts_total == 0:
        return "declared by hand, no alert"
    word = "alert" if incident.alerts_total == 1 else "alerts"
    firing = max(0, incident.alerts_firing)
    return f"{incident.alerts_total} {word} ({firing} firing)"


def _ended(incident: Incident) -> str:
    over = incident.alerts_total > 0 and incident.alerts_firing <= 0 and incident.open
    return "all alerts have ended" if over else ""


def _changes(uow: UnitOfWork, incident: Incident) -> tuple[Changed, ...]:
    told = uow.events(incident.id, alerts=False)
    found = [e for e in told if e.kind is EventKind.CHANGE and e.occurred_at <= incident.detected_at]
    newest = sorted(found, key=lambda e: e.occurred_at, reverse=True)[:3]
    return tuple(_changed(e) for e in newest)


def _changed(event: Event) -> Changed:
    """`fraud-scorer v42 → v43` from the recorded facts; the event's own words where they are not there."""
    subject, before, after = (str(event.payload.get(key) or "") for key in ("subject", "before", "after"))
    if not subject or not after:
        return Changed(event.text, event.occurred_at)
    moved = f"{version_name(before)} → {version_name(after)}" if before else version_name(after)
    return Changed(f"{subject.partition('@')[0]} {moved}", event.occurred_at, str(event.payload.get("by") or ""))


# ------------------------------------------------------------------ the owner's message


def owner_note(house: House, uow: UnitOfWork, surface: Surface) -> OwnerNote | None:
    """The first message, in the owner team's channel."""
    incident = _incident(uow, surface)
    if incident is None:
        return None
    registry = house.registry()
    component = registry.components.get(incident.component)
    team = component.accountable if component else incident.team
    people = tuple(w for p in house.on_call.now(team)[:2] if (w := who(registry, p))) if team in registry.teams else ()
    told = house.on_call.explain(team) if team in registry.teams else ""
    passed = [str(e.payload.get("to", "")) for e in uow.events(incident.id, alerts=False) if e.payload.get("passed")]
    return OwnerNote(
        tag=tag_of(house, incident),
        summary=incident.signal.get("summary", ""),
        signal=signal_line(incident),
        since=since_of(incident),
        silent=silent_of(incident),
        on_call=people,
        fallback=told if people else _fallback(house, incident, told),
        lead=house.who(incident.lead),
        changes=_changes(uow, incident),
        alerts=alerts_line(incident),
        unowned=not incident.component,
        acknowledged_by=house.who(incident.acknowledged_by),
        suggestion=_ended(incident),
        over=not incident.open,
        mentioned=house.who(passed[-1]) if passed and passed[-1] else None,
    )


def _fallback(house: House, incident: Incident, told: str) -> str:
    line = line_of(house, incident)
    if not incident.component:
        return "No component's matcher fits this alert."
    return f"{told or 'Nobody on call could be resolved.'}{f' {line[0]} is next in line.' if line else ''}"


# ------------------------------------------------------------------ the card


def card(house: House, uow: UnitOfWork, surface: Surface) -> Card | None:
    """The pinned card of the incident channel."""
    incident = _incident(uow, surface)
    if incident is None:
        return None
    registry = house.registry()
    actions = uow.actions_of(incident.id)
    overrides = [
        o for o in uow.overrides(open_only=True, incident_id=incident.id) if o.state in ("pending", "on", "overdue")
    ]
    right = _rollback_right(house, incident)
    next_words, next_action = _next(house, incident, actions, right)
    component = registry.components.get(incident.component)
    return Card(
        tag=tag_of(house, incident),
        next=next_words,
        next_action=next_action,
        lead=house.who(incident.lead),
        comms=house.who(incident.comms),
        silent=silent_of(incident),
        opened_at=incident.opened_at,
        over_at=incident.resolved_at,
        signal=signal_line(incident, short=True),
        alerts=alerts_line(incident),
        upstream=_upstream(uow, registry, incident),
        containment=_containment(actions),
        automation=_automation(registry, incident, actions, overrides),
        fallback=(component.fallback or "") if component else "",
        decide=people_of(house, (*right.holders, *right.deputies)) if right and next_action == "rollback" else (),
        levers=_levers(registry, incident, overrides),
        overrides=tuple((o.component, o.due_at, o.id) for o in overrides),
        update_due=_update_due(house, incident),
        suggestion=_ended(incident),
        over=not incident.open,
    )


def _rollback_right(house: House, incident: Incident) -> Authority | None:
    component = house.registry().components.get(incident.component)
    if component is None or "rollback" not in component.levers:
        return None
    return authority(house.registry(), incident.component, Right.ROLL_BACK, house.on_call.now)


def _update_due(house: House, incident: Incident) -> datetime | None:
    severity = house.rules.severity(incident.severity)
    if severity is None or not severity.update_every or not incident.open:
        return None
    return (incident.last_update_at or incident.opened_at) + timedelta(seconds=severity.update_every)


def _next(house: House, incident: Incident, actions: Sequence[Action], right: Authority | None) -> tuple[str, str]:
    """The one obvious next action, and the id of its button."""
    if incident.state in (State.RESOLVED, State.CLOSED):
        return "answer the open questions of the draft.", "postmortem"
    if incident.state is State.CANCELLED:
        return "nothing; it was none.", "none"
    if incident.acknowledged_at is None and not incident.lead:
        return "somebody has to take it.", "ack"
    running = next((a for a in reversed(actions) if not a.over and a.state is not ActionState.PLANNING), None)
    if running is not None and running.state is ActionState.AWAITING:
        return f"{_VERB[running.kind].lower()} {running.component} waits for approval (action {running.id}).", "none"
    if running is not None and running.state is not ActionState.PREVIEWED:
        return f"{_VERB[running.kind].lower()} {running.component} is being carried out and verified.", "none"
    if _ended(incident):
        return "all alerts have ended; resolve it when you agree.", "resolve"
    if incident.state is State.MITIGATED:
        return "watch; resolve it when it is over.", "resolve"
    done = any(a.state is ActionState.CONFIRMED and a.kind is not ActionKind.ENABLE for a in actions)
    if done:
        return "containment is confirmed; say when the harm has stopped.", "mitigated"
    if right is not None:
        return "decide on a rollback.", "rollback"
    return "find out what changed; tell people.", "update"


def _containment(actions: Sequence[Action]) -> str:
    words = []
    for action in actions:
        if action.state is ActionState.CONFIRMED and action.plan and action.kind is ActionKind.ROLLBACK:
            moved = f"{version_name(action.plan.before)} → {version_name(action.plan.after)}"
            words.append(f"{action.component} rolled back {moved}, confirmed")
        elif action.state in (ActionState.CONTRADICTED, ActionState.UNPROVEN, ActionState.FAILED) and action.plan:
            words.append(f"{_VERB[action.kind].lower()} {action.component}: {action.state.value}")
    return " · ".join(words[-2:]) or "none yet"


def _automation(
    registry: Registry, incident: Incident, actions: Sequence[Action], overrides: Sequence[Override]
) -> tuple[Fact, ...]:
    off = {o.component for o in overrides}
    # What was switched on again is known to be on; of anything else only that nobody switched it off here.
    on = {a.component for a in actions if a.kind is ActionKind.ENABLE and a.state is ActionState.CONFIRMED}
    contained = not incident.open or incident.state is State.MITIGATED
    facts = []
    for name in (
        (incident.component, *registry.downstream(incident.component))
        if incident.component in registry.components
        else ()
    ):
        if "disable" not in registry.components[name].levers:
            continue
        reads = f" (reads {incident.component})" if name != incident.component else ""
        state = "OFF" if name in off else "ON again" if name in on else f"not switched off{reads}"
        facts.append(Fact(name, state, warn=name not in off and not contained))
    return tuple(facts)


def _upstream(uow: UnitOfWork, registry: Registry, incident: Incident) -> tuple[Fact, ...]:
    component = registry.components.get(incident.component)
    facts, quiet = [], []
    for name in component.depends_on if component else ():
        found = uow.open_incidents_of(name)
        if found:
            facts.append(Fact(name, f"{found[0].name} is open", warn=True))
        else:
            quiet.append(name)
    if quiet:
        facts.append(Fact(", ".join(quiet), "without an open incident"))
    return tuple(facts)


def _levers(registry: Registry, incident: Incident, overrides: Sequence[Override]) -> tuple[Lever, ...]:
    if incident.component not in registry.components:
        return ()
    off = {o.component for o in overrides}
    found = (
        [Lever("rollback", incident.component)] if "rollback" in registry.components[incident.component].levers else []
    )
    around = (incident.component, *registry.downstream(incident.component))
    found += [Lever("disable", n) for n in around if "disable" in registry.components[n].levers and n not in off]
    return tuple(found[:4])


# ------------------------------------------------------------------ levers


def preview(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """What a lever would do, for the requester alone."""
    action = uow.action(_number(surface))
    if action is None or action.plan is None or action.state is not ActionState.PREVIEWED:
        return None
    right = authority(house.registry(), action.component, RIGHT_OF[action.kind], house.on_call.now)
    held = {h.person for h in (*right.holders, *right.deputies)}
    incident = uow.incident(action.incident_id) if action.incident_id is not None else None
    return Preview(
        action=action.id,
        verb=_VERB[action.kind],
        component=action.component,
        before=action.plan.before,
        after=action.plan.after,
        note=_target_note(uow, action),
        current=_serving_since(uow, action, house.now()),
        affects=house.registry().downstream(action.component),
        takes=action.plan.takes,
        proof=action.plan.proof,
        deciders=people_of(house, right.holders),
        deputies=people_of(house, right.deputies),
        needed=right.approvals,
        confirm_is_approval=right.approvals <= 1 and action.requester in held,
        if_silent=_if_silent(right, action.requester in held and right.approvals <= 1),
        expires_at=action.expires_at or house.now(),
        hash=action.plan_hash,
        others=_others(uow, action),
        ends_after=action.ends_after,
        warning=action.plan.warning or right.missing,
        incident=incident.name if incident else "",
    )


def _if_silent(right: Authority, own: bool) -> str:
    if own:
        return ""
    span = say_span(right.answer_within)
    if right.deputies and right.if_silent == "deputy":
        places = [f"{{{n}}}" for n in range(min(len(right.deputies), 4))]
        return f"If nobody answers in {span}, {' or '.join(places)} {'is' if len(places) == 1 else 'are'} asked."
    return f"If nobody answers in {span}, the accountable team is asked."


def _target_note(uow: UnitOfWork, action: Action) -> str:
    """`v42 served 19 d, marked good on 2 Nov (evaluation 0.941)`, as far as it is recorded."""
    plan = action.plan
    if plan is None or action.kind is not ActionKind.ROLLBACK:
        return plan.note if plan else ""
    history = uow.serving_history(action.component)
    spans = pairwise(history)
    served = sum((end - start for (version, start), (_, end) in spans if version == plan.after), timedelta())
    if served >= _WORTH_TELLING:
        return f"{version_name(plan.after)} served {say_span(served)}" + (f", {plan.note}" if plan.note else "")
    return f"{version_name(plan.after)} is {plan.note}" if plan.note else ""


def _serving_since(uow: UnitOfWork, action: Action, now: datetime) -> str:
    if action.plan is None or action.kind is not ActionKind.ROLLBACK:
        return ""
    history = uow.serving_history(action.component)
    if history and history[-1][0] == action.plan.before:
        return f"{version_name(action.plan.before)} has served for {say_span(now - history[-1][1])}"
    return ""


def _others(uow: UnitOfWork, action: Action) -> tuple[str, ...]:
    if action.kind is not ActionKind.ROLLBACK or action.plan is None:
        return ()
    served = [version for version, _ in uow.serving_history(action.component)]
    return tuple(dict.fromkeys(v for v in reversed(served) if v not in (action.plan.before, action.plan.after)))[:5]


def ask(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """An approval request; without buttons once it is decided."""
    action = uow.action(int(surface.id.split(":")[1]))
    if action is None or action.plan is None:
        return None
    return ask_view(house, uow, action, in_channel=surface.id.endswith(":channel"))


def ask_view(house: House, uow: UnitOfWork, action: Action, *, in_channel: bool = False) -> Ask:
    """The approval request of an action that has a plan."""
    plan = action.plan or Plan("", "", "", "")
    right = authority(house.registry(), action.component, RIGHT_OF[action.kind], house.on_call.now)
    incident = uow.incident(action.incident_id) if action.incident_id is not None else None
    given = [a for a in uow.approvals(action.id) if a.verdict == "approved"]
    severity = house.rules.severity(incident.severity) if incident else None
    return Ask(
        action=action.id,
        verb=_VERB[action.kind],
        component=action.component,
        before=plan.before,
        after=plan.after,
        requester=house.who(action.requester, action.requester_role) or Who("unknown"),
        because=action.because,
        incident=incident.name if incident else "",
        severity=severity.label if severity else "",
        hash=action.plan_hash,
        expires_at=action.expires_at or house.now(),
        deciders=people_of(house, (*right.holders, *right.deputies)),
        given=len(given),
        needed=action.approvals_needed,
        ends_after=action.ends_after,
        plan=_plan_facts(action, plan),
        closed=_closed(house, uow, action),
        closed_by=tuple(w for a in _deciding(uow, action) if (w := house.who(a.decider, a.decider_role))),
        closed_at=next((a.at for a in reversed(_deciding(uow, action))), None),
        in_channel=in_channel,
    )


def _plan_facts(action: Action, plan: Plan) -> tuple[Fact, ...]:
    moved = f"{version_name(plan.before)} → {version_name(plan.after)}"
    facts = [Fact("Target", plan.target), Fact("Change", moved)]
    facts += [Fact("About the target", plan.note)] if plan.note else []
    facts += [Fact("Proof", plan.proof)] if plan.proof else []
    facts += [Fact("Ends after", say_span(timedelta(seconds=action.ends_after)))] if action.ends_after else []
    return tuple(facts)


def _closed(house: House, uow: UnitOfWork, action: Action) -> str:
    if action.state is ActionState.AWAITING:
        return ""
    by = _by(_deciding(uow, action))
    why = f": {action.error}" if action.error else ""
    if action.state is ActionState.DENIED:
        return f"Denied{by}{why}"
    if action.state is ActionState.WITHDRAWN:
        return f"Withdrawn by who asked{why}"
    if action.state is ActionState.EXPIRED:
        return "Expired: nobody decided in time"
    return f"Approved{by}" if by else "No approval was needed by the registry"


def _deciding(uow: UnitOfWork, action: Action) -> list[Approval]:
    """The answers that decided it, oldest first: the "no" where there is one, else every "yes"."""
    answers = uow.approvals(action.id)
    return [a for a in answers if a.verdict == "denied"] or [a for a in answers if a.verdict == "approved"]


def _by(answers: Sequence[Approval]) -> str:
    """` by {0} as *model owner*`: persons as places, to be filled in the same order; their roles in words."""
    return f" by {' and '.join(_named(n, a) for n, a in enumerate(answers[:9]))}" if answers else ""


def _named(place: int, answer: Approval) -> str:
    return f"{{{place}}} as *{answer.decider_role}*" if answer.decider_role else f"{{{place}}}"


def action_status(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """One message per action that edits itself; of a switch that goes well the override's message tells enough."""
    action = uow.action(_number(surface))
    if action is None:
        return None
    if action.state in _GOING_WELL and _told_elsewhere(action):
        return _switch_status(house, uow, surface, action)
    plan = action.plan or Plan("", "", "", "")
    answers = _deciding(uow, action)
    return ActionStatus(
        action=action.id,
        verb=_VERB[action.kind],
        component=action.component,
        before=plan.before,
        after=plan.after,
        state=action.state.value,
        steps=tuple(_steps(action, plan, answers)),
        evidence="" if action.state is ActionState.CONFIRMED else action.evidence,
        undo=_undo(action, plan),
        note=_bad_note(uow, action, plan),
        error=action.error,
        people=tuple(house.who(a.decider) or Who("somebody") for a in answers),
    )


_GOING_WELL = frozenset({ActionState.APPROVED, ActionState.APPLYING, ActionState.VERIFYING, ActionState.CONFIRMED})


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
        return _override_view(house, uow, override, "on")
    # nothing, unless a status of it stands there already
    return Announcement(f"{action.component} is switched off; its own message says until when.") if surface.ts else None


def _steps(action: Action, plan: Plan, answers: Sequence[Approval]) -> list[tuple[str, datetime | None]]:
    steps: list[tuple[str, datetime | None]] = []
    if action.approved_at is not None and answers:
        steps.append((f"approved{_by(answers)}", None))
    elif action.approved_at is not None:
        steps.append(("no approval needed", None))
    if action.applied_at is not None:
        steps.append(("alias moved" if "@" in plan.target and "/" not in plan.target else "set", action.applied_at))
    if action.verified_at is not None and action.state is ActionState.CONFIRMED:
        steps += [(action.evidence, None)] if action.evidence else []
        steps.append(("confirmed", action.verified_at))
    return steps


def _undo(action: Action, plan: Plan) -> str:
    if action.state is ActionState.CONFIRMED and action.kind is ActionKind.ROLLBACK:
        return f"/rollback {action.component} to {version_name(plan.before)}"
    if action.state is ActionState.CONFIRMED and action.kind is ActionKind.DISABLE:
        return f"/enable {action.component}"
    return ""


def _bad_note(uow: UnitOfWork, action: Action, plan: Plan) -> str:
    marked = uow.version_marks(action.component).get(plan.before)
    if action.state is ActionState.CONFIRMED and marked is not None and marked[0] is Mark.BAD:
        bad = version_name(plan.before)
        return f"{bad} is marked bad for INC-{action.incident_id}, so it will not be chosen as a target."
    return ""


def override_note(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    """A switched-off component: until when, and what can be done."""
    number = surface.payload.get("override") or int(surface.id.split(":")[1])
    override = uow.override(int(str(number)))
    if override is None or (override.state in ("closed", "void") and surface.kind != "override"):
        return _over_note(override)
    if override.state == "void":
        text = f"{override.component} was not switched off; D-{override.id} is void."
        return Announcement(text) if surface.ts else None
    phase = _phase(uow, override)
    if surface.kind == "override_warn" and phase == "off":
        phase = "warning"
    return _override_view(house, uow, override, phase, why=str(surface.payload.get("why") or ""))


def _phase(uow: UnitOfWork, override: Override) -> str:
    """What the message of an override says now."""
    enables = [
        a
        for a in (uow.actions_of(override.incident_id) if override.incident_id is not None else [])
        if a.kind is ActionKind.ENABLE and a.override == override.id and a.state in _GOING_WELL
    ]
    if override.state == "closed":
        return "was" if any(a.state is ActionState.CONFIRMED for a in enables) else "on"
    if any(not a.over for a in enables):
        return "restoring"
    if override.state == "pending":
        return "switching"
    return "overdue" if override.state == "overdue" else "off"


def _override_view(house: House, uow: UnitOfWork, override: Override, phase: str, why: str = "") -> OverrideNote:
    action = uow.action(override.action_id)
    why_not = may_restore_itself(house, uow, override)
    incident = uow.incident(override.incident_id) if override.incident_id is not None else None
    waits = incident is not None and why_not == f"{incident.name} is still {incident.state.value}"
    registry = house.registry()
    ask_people = holders_to_restore(house, override.component) if phase in ("overdue", "warning") else ()
    return OverrideNote(
        override=override.id,
        component=override.component,
        phase=phase,
        due_at=override.due_at,
        since=override.since,
        warn_at=_warn_at(house, override),
        holder=house.who(override.holder) or Who("nobody"),
        evidence=action.evidence if action else "",
        confirmed_at=override.confirmed_at if phase not in ("on", "was") else override.closed_at,
        restores_itself=not why_not or (waits and phase in ("off", "switching")),
        only_if=f"{incident.name} is mitigated" if incident is not None and waits else "",
        why_not=why or why_not,
        incident=f"{incident.name} is {incident.state.value}" if incident else "",
        ask=tuple(w for p in ask_people if (w := who(registry, p)) is not None),
        closed_at=override.closed_at,
        action=override.action_id,
    )


def _over_note(override: Override | None) -> Message | None:
    if override is None:
        return None
    return Announcement(f"{override.component} is on again; nothing is asked any more.")


def _warn_at(house: House, override: Override) -> datetime:
    warn = override.due_at - timedelta(seconds=house.rules.warn_before)
    return warn if warn > override.since else override.since + (override.due_at - override.since) / 2


# ------------------------------------------------------------------ small messages


def _say(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    mentions = surface.payload.get("mentions") or []
    found = tuple(house.who(str(m)) or Who(str(m)) for m in mentions) if isinstance(mentions, list) else ()
    return Announcement(
        str(surface.payload.get("text", "")),
        house.who(str(surface.payload.get("by", ""))),
        str(surface.payload.get("hint", "")),
        found,
    )


def _post(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    return Announcement(str(surface.payload.get("text", "")))


def _sorry(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    return Refusal(str(surface.payload.get("text", "")))


def _suggest(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    incident = _incident(uow, surface)
    if incident is None:
        return None
    if not incident.open:
        return Announcement(str(surface.payload.get("text", "")))
    return Suggestion(tag_of(house, incident), str(surface.payload.get("text", "")))


def _update(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    incident = _incident(uow, surface)
    if incident is None:
        return None
    at = datetime.fromisoformat(str(surface.payload["at"]))
    by = house.who(str(surface.payload.get("by", ""))) or Who("somebody")
    return Update(tag_of(house, incident), str(surface.payload.get("text", "")), by, at, _update_due(house, incident))


def _resolved(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    incident = _incident(uow, surface)
    return resolved_view(house, uow, incident) if incident else None


def _topic(house: House, uow: UnitOfWork, surface: Surface) -> Message | None:
    incident = _incident(uow, surface)
    if incident is None:
        return None
    tag = tag_of(house, incident)
    lead = f"lead {incident.lead.removeprefix('slack:')}" if incident.lead else "nobody leads yet"
    head = " · ".join(w for w in (tag.name, tag.severity, tag.state, lead) if w)
    return Announcement(f"{head} · {incident.title}"[:240])


# ------------------------------------------------------------------ reads


def incident_list(house: House, *, limit: int = 10, heading: str = "Open incidents") -> IncidentList:
    """`/inc list`."""
    with house.store.read() as uow:
        found = uow.incidents(open_only=True, limit=200)
    rows = tuple(IncidentRow(tag_of(house, i), i.opened_at, house.who(i.lead), i.component) for i in found[:limit])
    return IncidentList(rows, max(0, len(found) - limit), heading)


def timeline(house: House, incident_id: int, *, limit: int = 20) -> TimelineList:
    """`/inc timeline`: the newest lines, oldest first. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        lines = timeline_view(uow.events(incident_id))
    rows = tuple(timeline_row(house, line) for line in lines[-limit:])
    return TimelineList(tag_of(house, incident), rows, max(0, len(lines) - limit))


def timeline_row(house: House, line: Line) -> TimelineRow:
    """One line of the timeline for people."""
    event: Event = line.event
    return TimelineRow(
        event.seq,
        event.occurred_at,
        event.new.precision.value,
        event.text or "(text removed)",
        _actor(house, event),
        bool(line.corrected_from),
        event.new.source_ref,
    )


def _actor(house: House, event: Event) -> Who | None:
    """A person, or the sender of what came from outside; Muster itself needs no name."""
    actor = event.new.actor
    if actor.kind.value == "human":
        return house.who(actor.id)
    return None if actor.id == MUSTER.id else Who(actor.role)


def summary(house: House, incident_id: int) -> Summary:
    """`/inc summary`: what somebody who joins now must know, from rows alone. Raises UnknownName."""
    with house.store.read() as uow:
        incident = must_find(uow, incident_id, lock=False)
        lines = timeline_view(uow.events(incident_id))
        actions = uow.actions_of(incident_id)
        overrides = uow.overrides(open_only=True, incident_id=incident_id)
    now = house.now()
    facts = [
        Fact("Signal", signal_line(incident) or "none recorded"),
        Fact("Alerts", alerts_line(incident)),
        Fact("Open for", say_span((incident.resolved_at or now) - incident.opened_at)),
        Fact("Containment", _containment(actions)),
    ]
    silent = silent_of(incident)
    facts += [Fact("Silent for", say_span(timedelta(seconds=silent)))] if silent is not None else []
    facts += [Fact(o.component, f"off (D-{o.id}) until", warn=True, at=o.due_at) for o in overrides]
    waiting = tuple(
        f"{_VERB[a.kind].lower()} {a.component}: action {a.id}" for a in actions if a.state is ActionState.AWAITING
    )
    recent = tuple(timeline_row(house, line) for line in lines[-5:])
    return Summary(tag_of(house, incident), tuple(facts), recent, waiting)


def _incident(uow: UnitOfWork, surface: Surface) -> Incident | None:
    return uow.incident(surface.incident_id) if surface.incident_id is not None else None


def _number(surface: Surface) -> int:
    return int(surface.id.split(":")[1])


Builder = Callable[[House, UnitOfWork, Surface], Message | None]
_BUILDERS: Mapping[str, Builder] = {
    "owner_note": owner_note,
    "card": card,
    "preview": preview,
    "ask": ask,
    "action": action_status,
    "override": override_note,
    "handoff": offer_view,
    "override_warn": override_note,
    "override_ask": override_note,
    "say": _say,
    "post": _post,
    "sorry": _sorry,
    "suggest": _suggest,
    "update": _update,
    "resolved": _resolved,
    "topic": _topic,
}
