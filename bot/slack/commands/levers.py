"""Commands on levers: rollback, disable, enable, extend, approve, deny."""

from __future__ import annotations

from datetime import timedelta

from bot.slack import modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.grammar import DecideArgs, DisableArgs, EnableArgs, ExtendArgs, Parsed, RollbackArgs
from playbooks import errors
from playbooks.domain.actions import ActionKind, ActionState, Override
from playbooks.domain.clocks import parse_span, parse_until
from playbooks.messages import Refusal, Say
from playbooks.plays import bound_levers, standing, timebox
from playbooks.plays import levers as plays


def rollback(desk: Desk, call: Call, parsed: Parsed, *, through_freeze: bool = False) -> Reply:
    """`/rollback <component> [to <version>] [because <text>]`; alone it opens the form."""
    args = parsed.args if isinstance(parsed.args, RollbackArgs) else RollbackArgs()
    if parsed.bare or not args.component:
        view = modals.rollback(_bound(desk, "rollback"), incident=parsed.incident, channel=call.channel)
        return OpenModal(view, "Type it: `/rollback <component>`.")
    wanted = plays.Wanted(
        ActionKind.ROLLBACK,
        args.component,
        args.to,
        args.because,
        incident_id=parsed.incident,
        through_freeze=through_freeze,
    )
    return plays.request(desk.house, desk.order(call), wanted)[1]


def disable(desk: Desk, call: Call, parsed: Parsed, *, through_freeze: bool = False) -> Reply:
    """`/disable <component> for <time> | until <time> [because <text>]`; alone it opens the form."""
    args = parsed.args if isinstance(parsed.args, DisableArgs) else DisableArgs()
    if parsed.bare or not args.component:
        view = modals.disable(_bound(desk, "disable"), incident=parsed.incident, channel=call.channel)
        return OpenModal(view, "Type it: `/disable <component> for 4h`.")
    desk.house.registry().component(args.component)  # an unknown name is told before anything about its time
    length = _length(desk, call, args.span, args.until)
    wanted = plays.Wanted(
        ActionKind.DISABLE,
        args.component,
        "",
        args.because,
        int(length.total_seconds()),
        incident_id=parsed.incident,
        through_freeze=through_freeze,
    )
    return plays.request(desk.house, desk.order(call), wanted)[1]


def _length(desk: Desk, call: Call, span: str, until: str) -> timedelta:
    if until:
        return parse_until(until, desk.now(), call.zone).at - desk.now()
    return parse_span(span) if span else timedelta(0)


def _bound(desk: Desk, lever: str) -> list[str]:
    return sorted(c.id for c in desk.house.registry().components.values() if lever in c.levers)


def enable(desk: Desk, call: Call, parsed: Parsed, *, through_freeze: bool = False) -> Reply:
    """`/enable <component>`."""
    args = parsed.args if isinstance(parsed.args, EnableArgs) else EnableArgs()
    if not args.component:
        raise errors.InputError("Which component?", "Try `/enable <component>`.")
    wanted = plays.Wanted(
        ActionKind.ENABLE,
        args.component,
        because=args.because,
        incident_id=parsed.incident,
        through_freeze=through_freeze,
    )
    return plays.request(desk.house, desk.order(call), wanted)[1]


def extend(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc extend [<component>|D-118] by <span> because <text>`."""
    args = parsed.args if isinstance(parsed.args, ExtendArgs) else ExtendArgs()
    override = _override(desk, call, parsed, args)
    if not args.span and not args.until:
        return OpenModal(
            modals.extend(override.id, override.component, incident=override.incident_id),
            "Type it: `/inc extend <component> by 2h because …`.",
        )
    if args.until:
        at = parse_until(args.until, desk.now(), call.zone).at
        span = at - max(desk.now(), override.due_at)
    else:
        span = parse_span(args.span)
    return timebox.extend(desk.house, desk.order(call), override.id, span, args.because)


def _override(desk: Desk, call: Call, parsed: Parsed, args: ExtendArgs) -> Override:
    number = desk.incident(call, parsed)
    with desk.house.store.read() as uow:
        if args.override is not None:
            found = [o for o in [uow.override(args.override)] if o is not None]
        elif args.component:
            found = uow.overrides(open_only=True, component=args.component)
        else:
            found = uow.overrides(open_only=True, incident_id=number)
    if len(found) == 1:
        return found[0]
    if not found:
        if args.override is None and not args.component:
            raise errors.UnknownName("Nothing is switched off here.", "See `/inc debt`.")
        what = f"D-{args.override}" if args.override is not None else args.component
        raise errors.UnknownName(f"{what} is not switched off.", "See `/inc debt`.")
    names = ", ".join(f"D-{o.id} ({o.component})" for o in found[:5])
    raise errors.InputError("Several components are off.", f"Name one: {names}.")


def approve(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc approve [number]`."""
    return standing.approve(desk.house, desk.order(call), waiting(desk, call, parsed))


def deny(desk: Desk, call: Call, parsed: Parsed) -> Say | Refusal | OpenModal:
    """`/inc deny [number] [why]`."""
    number = waiting(desk, call, parsed)
    reason = parsed.args.reason if isinstance(parsed.args, DecideArgs) else ""
    return standing.deny(desk.house, desk.order(call), number, reason)


def waiting(desk: Desk, call: Call, parsed: Parsed) -> int:
    """The action meant: named, else the only one that waits here. Raises UnknownName or InputError."""
    args = parsed.args if isinstance(parsed.args, DecideArgs) else DecideArgs()
    if args.action is not None:
        return args.action
    incident = desk.incident(call, parsed)
    with desk.house.store.read() as uow:
        found = [a for a in uow.actions_in({ActionState.AWAITING}) if incident is None or a.incident_id == incident]
    if len(found) == 1:
        return found[0].id
    if not found:
        raise errors.UnknownName("Nothing waits for a decision here.", "See `/inc status`.")
    names = ", ".join(f"{a.id} ({bound_levers.VERB_OF[a.kind]} {a.component})" for a in found[:5])
    raise errors.InputError("Several actions wait.", f"Name one: {names}.")
