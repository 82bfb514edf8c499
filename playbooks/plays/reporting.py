"""Whether an incident is reportable, which clocks run since when, and what was sent; the ledger's entries remind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from playbooks import errors
from playbooks.domain.actions import Action, ActionKind, ActionState, Override
from playbooks.domain.authority import Right, may_decide
from playbooks.domain.debt import DebtKind
from playbooks.domain.facts import entry_facts
from playbooks.domain.incidents import Incident
from playbooks.domain.people import ActorKind
from playbooks.domain.reporting import NOT_ADVICE, REPORTABLE, SENT, VERDICTS, Record, Standing, record_of, standings
from playbooks.domain.reporting_file import Clock
from playbooks.domain.rights import decide_refusal
from playbooks.domain.timeline import EventKind
from playbooks.domain.wording import plain
from playbooks.messages import Say
from playbooks.plays.answerers import answerers
from playbooks.plays.deciding import held_in, right_used, used_facts
from playbooks.plays.house import House, must_find
from playbooks.plays.notes import cancel_timers, set_timers, show_entry
from playbooks.plays.orders import Order, event_of, execution
from playbooks.ports import Timer, UnitOfWork

KIND = "clock_look"
KINDS = (KIND,)
CLOCK = DebtKind.CLOCK.value
LOOK_AGAIN = timedelta(minutes=1)
_SLOWER = timedelta(minutes=15)
_DECIDES = "deciding whether it is reportable"


def standings_in(house: House, uow: UnitOfWork, incident_id: int) -> tuple[Record, tuple[Standing, ...]]:
    """What is recorded of an incident's reporting, and how its clocks stand."""
    record = record_of(uow.events(incident_id, alerts=False))
    return record, standings(record, house.rules.clocks, holidays=house.rules.holidays)


# ------------------------------------------------------------------ deciding


def decide(house: House, order: Order, incident_id: int, verdict: str, clocks: Sequence[str], because: str) -> Say:
    """Record whether an incident is reportable, with the reason; a change of mind is a further decision.

    By who holds the right to accept a risk of the component, their deputies, or the incident's lead. A yes names the
    clocks, else those of `clocks: use` run. Raises InputError, UnknownName, Denied.
    """
    words = " ".join(because.split())
    if verdict not in VERDICTS:
        raise errors.InputError(
            f"I read {plain(verdict)}; it is yes, no or undecided.", _how(house), code="bad_verdict"
        )
    if not words:
        raise errors.InputError(
            "A decision on reporting needs its reason, a no above all.", _how(house), code="no_reason"
        )
    named = _named(house, verdict, clocks)
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        used = deciding(house, incident, order)
        payload = {"decision": REPORTABLE, "verdict": verdict, "clocks": list(named), "because": words, **used}
        which = f" ({', '.join(named)})" if named else ""
        text = f"reportable: {verdict}{which}: {words}"
        dedup = f"reportable:{order.once or now.isoformat()}"
        uow.append(
            incident.id,
            event_of(order, incident, EventKind.DECISION, text, now=now, dedup=dedup, payload=payload),
            now=now,
        )
        record, found = catch_up(house, uow, incident, now)
    return _answer(house, incident, verdict, record, found)


def _how(house: House) -> str:
    return f"`{house.rules.root} reportable yes|no|undecided [clock …] because …`."


def _named(house: House, verdict: str, clocks: Sequence[str]) -> tuple[str, ...]:
    if verdict != "yes":
        return ()
    named = tuple(dict.fromkeys(clocks)) or house.rules.clocks_used
    if not named:
        raise errors.InputError(
            "Which clocks run? None is set under `clocks: use` of muster.yaml.",
            f"Name them: {', '.join(house.rules.clocks)}.",
            code="no_clock",
        )
    for name in named:
        clock_of(house, name)
    return named


def clock_of(house: House, name: str) -> Clock:
    """The configured clock. Raises UnknownName with those there are."""
    found = house.rules.clocks.get(name)
    if found is None:
        near = tuple(known for known in house.rules.clocks if name and (name in known or known in name))
        raise errors.UnknownName(
            f"I know no clock *{plain(name)}*.", f"There are {', '.join(house.rules.clocks)}.", nearest=near
        )
    return found


def deciding(house: House, incident: Incident, order: Order) -> dict[str, str]:
    """By which right somebody decides on reporting. Raises Denied with who may."""
    who = order.actor
    lead = who.kind is ActorKind.HUMAN and who.id == incident.lead and bool(who.id)
    if incident.component not in house.registry().components:
        if lead:
            return {"right": "incident lead", "used": "holder", "rule": ""}
        raise _not_lead(incident)
    held = held_in(house, incident.component, Right.ACCEPT_RISK, incident)
    holder = may_decide(held, who.id)
    if holder is not None:
        return {"right": right_used(held, holder), **used_facts(held, who.id)}
    if lead:
        return {"right": "incident lead", "used": "holder", "rule": ""}
    denied = decide_refusal(house.registry(), incident.component, Right.ACCEPT_RISK, held, house.on_call.now)
    people = tuple(dict.fromkeys((*denied.ask, *([incident.lead] if incident.lead else []))))
    names = " or ".join(f"@{person}" for person in people[:4]) or "the accountable team"
    raise errors.Denied(
        f"Whoever may accept a risk of *{incident.component}*, or leads {incident.name}, decides on its reporting.",
        f"Ask {names}.",
        code="may_not_decide",
        ask=people,
        facts={**denied.facts, "decision": REPORTABLE},
    ).about(incident.id)


def _not_lead(incident: Incident) -> errors.Denied:
    facts = {
        "decision": REPORTABLE,
        "component": incident.component,
        "reason": "not_held",
        "rule": "",
        "may": "incident lead",
    }
    ask = (incident.lead,) if incident.lead else ()
    step = f"Ask @{incident.lead}." if incident.lead else "Take the lead first."
    return errors.Denied(
        f"{incident.name} has no known component: who leads it decides on its reporting.",
        step,
        code="may_not_decide",
        ask=ask,
        facts=facts,
    ).about(incident.id)


def _answer(house: House, incident: Incident, verdict: str, record: Record, found: Sequence[Standing]) -> Say:
    root = house.rules.root
    if verdict == "no":
        return Say(f"{incident.name} is recorded as not reportable, with your reason.", NOT_ADVICE)
    if verdict == "undecided":
        return Say(f"{incident.name} stays undecided, with your reason. Clocks may run all the same.", NOT_ADVICE)
    running = [one for one in found if one.due_at is not None and one.sent is None]
    if not running and record.aware is None:
        return Say(
            f"{incident.name} is recorded as reportable. Since when did you know? The clocks wait for that.",
            f"Record it: `{root} milestone aware 03:10`. {NOT_ADVICE}",
        )
    many = f"{len(running)} thing{'s' if len(running) != 1 else ''} to send now"
    return Say(f"{incident.name} is recorded as reportable: {many}. See `{root} clock`.", NOT_ADVICE)


# ------------------------------------------------------------------ the ledger's entries


def catch_up(house: House, uow: UnitOfWork, incident: Incident, now: datetime) -> tuple[Record, tuple[Standing, ...]]:
    """Bring entries and reminders to what is recorded: start, move and close; asking twice changes nothing."""
    record, found = standings_in(house, uow, incident.id)
    wanted = {one.key: one for one in found if one.due_at is not None and one.sent is None}
    known = {str(e.facts.get("key")): e for e in uow.overrides(incident_id=incident.id, kinds=(CLOCK,))}
    for key, entry in known.items():
        if key not in wanted:
            _close(house, uow, entry, record, found, now)
    for key, one in wanted.items():
        if key not in known:
            _open(house, uow, incident, one, now)
        elif one.due_at is not None and known[key].due_at != one.due_at:
            moved = replace(known[key], due_at=one.due_at, state="on", escalations=0)
            moved = uow.save_override(moved)
            set_timers(house, uow, moved, now)
            show_entry(house, uow, moved, now)
    if record.decided is not None and record.decided.verdict == "yes" and any(one.sent is None for one in found):
        waits = any(one.waits and one.sent is None for one in found) and record.aware is None
        uow.set_timer(Timer(f"{KIND}:{incident.id}", KIND, str(incident.id), now + (LOOK_AGAIN if waits else _SLOWER)))
    else:
        uow.cancel_timer(f"{KIND}:{incident.id}")
    return record, found


def fire(house: House, timer: Timer) -> bool:
    """Look whether awareness, an end or a correction was recorded since."""
    with house.store.begin() as uow:
        now = house.now()
        if uow.take_timer(timer.id, now=now) is None:
            return False
        incident = uow.incident(int(timer.subject), lock=True)
        if incident is not None:
            catch_up(house, uow, incident, now)
    return True


def _open(house: House, uow: UnitOfWork, incident: Incident, one: Standing, now: datetime) -> None:
    decider = _decider(uow, incident)
    action = uow.add_action(
        Action(
            id=0,
            kind=ActionKind.CLOCK,
            state=ActionState.CONFIRMED,
            component=incident.component,
            incident_id=incident.id,
            requester=decider,
            requester_slack="",
            requester_role=_DECIDES,
            because=one.clock.title,
            created_at=now,
            approvals_needed=0,
        )
    )
    assert one.due_at is not None
    assert one.start is not None
    entry = uow.add_override(
        Override(
            id=0,
            kind=CLOCK,
            component=incident.component,
            incident_id=incident.id,
            action_id=action.id,
            holder=decider,
            reason=f"{one.clock.title}: {one.stage.title}",
            since=one.start.at,
            due_at=one.due_at,
            state="on",
            confirmed_at=now,
            team=incident.team,
            facts={"key": one.key, "clock": one.id, "stage": one.stage.id},
        )
    )
    set_timers(house, uow, entry, now)
    show_entry(house, uow, entry, now)


def _decider(uow: UnitOfWork, incident: Incident) -> str:
    """Who decided, by the newest decision; else who leads."""
    for event in reversed(uow.events(incident.id, alerts=False)):
        if event.kind is EventKind.DECISION and event.payload.get("decision") == REPORTABLE:
            return event.new.actor.id
    return incident.lead


def _close(
    house: House, uow: UnitOfWork, entry: Override, record: Record, found: Sequence[Standing], now: datetime
) -> None:
    cancel_timers(uow, entry)
    done = next((one.sent for one in found if one.key == entry.facts.get("key") and one.sent is not None), None)
    if done is not None:
        words = f"sent{f', reference {done.reference}' if done.reference else ''}"
    elif record.decided is not None and record.decided.verdict != "yes":
        words = f"{'not reportable' if record.decided.verdict == 'no' else 'undecided'}: {record.decided.because}"
    else:
        words = "it no longer runs"
    facts = {**entry.facts, "closed_because": words}
    entry = uow.save_override(replace(entry, state="closed", closed_at=now, facts=facts))
    show_entry(house, uow, entry, now)


# ------------------------------------------------------------------ sent


def sent(house: House, order: Order, incident_id: int, clock: str, stage: str, reference: str) -> Say:
    """Record that a stage was sent, with the reference of whoever received it.

    By who answers for the clock, or leads. Raises UnknownName, Conflict (not running, or sent already), Denied.
    """
    known = clock_of(house, clock)
    step = known.stage(stage)
    if step is None:
        there = ", ".join(one.id for one in known.stages)
        raise errors.UnknownName(f"{clock} has no stage *{plain(stage)}*.", f"It has {there}.")
    with execution(house, order) as (uow, now):
        incident = must_find(uow, incident_id)
        _, found = standings_in(house, uow, incident.id)
        open_ones = [one for one in found if (one.id, one.stage.id) == (clock, stage) and one.sent is None]
        if not open_ones:
            ran = any(one.id == clock for one in found)
            said = f"{clock} {stage} was sent already." if ran else f"{clock} does not run in {incident.name}."
            raise errors.Conflict(
                said, f"See `{house.rules.root} clock`.", code="already_there" if ran else "not_running"
            )
        turn = open_ones[0].turn
        entries = uow.overrides(incident_id=incident.id, kinds=(CLOCK,))
        entry = next((e for e in entries if e.facts.get("key") == open_ones[0].key), None)
        if entry is None or order.actor.id not in answerers(house, uow, entry):
            deciding(house, incident, order)
        facts = {"clock": clock, "stage": stage, "phase": SENT, "reference": reference.strip(), "turn": turn}
        facts |= entry_facts(entry, SENT) if entry is not None else {}
        late = " late" if open_ones[0].due_at is not None and now > open_ones[0].due_at else ""
        text = f"{step.title} ({clock}) sent{late}{f', reference {reference.strip()}' if reference.strip() else ''}"
        dedup = f"clock:{clock}:{stage}:{turn}"
        uow.append(
            incident.id, event_of(order, incident, EventKind.NOTE, text, now=now, dedup=dedup, payload=facts), now=now
        )
        catch_up(house, uow, incident, now)
    return Say(f"Recorded: {known.title}, {step.title} sent.", NOT_ADVICE)


def sent_entry(house: House, order: Order, number: int, reference: str) -> Say:
    """The same by the number of the ledger's entry. Raises UnknownName."""
    with house.store.read() as uow:
        entry = uow.override(number)
    if entry is None or entry.kind != CLOCK or entry.incident_id is None:
        raise errors.UnknownName(f"D-{number} is no clock.", f"See `{house.rules.root} clock`.")
    return sent(house, order, entry.incident_id, str(entry.facts["clock"]), str(entry.facts["stage"]), reference)
