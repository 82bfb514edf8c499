"""Commands that keep authority honest: debt, accepted risks, freezes, gaps, sync, break-glass, review."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.slack import governance_modals, ids, reporting_modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.commands import documents, levers
from bot.slack.commands.levers import waiting
from bot.slack.commands.lifecycle import which
from bot.slack.grammar import DebtArgs, DecideArgs, EnableArgs, GlassArgs, Parsed, StandArgs, TaskArgs, WhoArgs
from playbooks import errors
from playbooks.domain.actions import ActionKind, Override
from playbooks.domain.clocks import parse_span, parse_until, say_span
from playbooks.domain.debt import DebtKind
from playbooks.messages import IncidentList, Say
from playbooks.plays import breakglass, followups, owed, recertify, reporting, standing, terms
from playbooks.plays.hygiene import debt_list


def debt(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc debt [team, component, @person or me] [page]`."""
    args = parsed.args if isinstance(parsed.args, DebtArgs) else DebtArgs()
    person = desk.actor_id(args.whose, call) if args.whose is not None else ""
    return debt_list(desk.house, args.about, person=person, page=args.page)


def accept_risk(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc accept-risk <component>|D-4 until <date> because <text>`; alone, or without an end, it opens the form."""
    args = parsed.args if isinstance(parsed.args, StandArgs) else StandArgs()
    entry = _entry(desk, args.override) if args.override is not None else None
    component = entry.component if entry is not None else args.component
    if component:
        desk.house.registry().component(component)
    if not component or not (args.until or args.span):
        number = entry.id if entry is not None else None
        view = governance_modals.accept_risk(
            _components(desk), component, incident=parsed.incident, channel=call.channel, renews=number
        )
        return OpenModal(view, f"Type it: `{desk.house.rules.root} accept-risk <component> until <date> because …`.")
    until = _end(desk, call, args, timedelta(0))
    wish = standing.Wish(
        ActionKind.ACCEPT_RISK, component, until, args.because, parsed.incident, entry.id if entry is not None else None
    )
    return standing.ask_for(desk.house, desk.order(call), wish)


def freeze(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc freeze <component> [for 2d|until …] [because …]`; alone it opens the form."""
    args = parsed.args if isinstance(parsed.args, StandArgs) else StandArgs()
    if not args.component:
        span = timedelta(seconds=desk.house.rules.freeze_for)
        view = governance_modals.freeze(
            _components(desk), incident=parsed.incident, channel=call.channel, span=say_span(span)
        )
        return OpenModal(view, f"Type it: `{desk.house.rules.root} freeze <component> for 2d because …`.")
    desk.house.registry().component(args.component)
    until = _end(desk, call, args, timedelta(seconds=desk.house.rules.freeze_for))
    because = args.because or "no reason given"
    wish = standing.Wish(ActionKind.FREEZE, args.component, until, because, parsed.incident)
    return standing.ask_for(desk.house, desk.order(call), wish)


def unfreeze(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc unfreeze <component> [because …]`."""
    args = parsed.args if isinstance(parsed.args, EnableArgs) else EnableArgs()
    if not args.component:
        raise errors.InputError("Which component?", f"Try `{desk.house.rules.root} unfreeze <component>`.")
    return terms.unfreeze(desk.house, desk.order(call), args.component, args.because)


def _components(desk: Desk) -> list[str]:
    return sorted(desk.house.registry().components)


def _end(desk: Desk, call: Call, args: StandArgs, otherwise: timedelta) -> datetime:
    if args.until:
        return parse_until(args.until, desk.now(), call.zone).at
    return desk.now() + (parse_span(args.span) if args.span else otherwise)


def _entry(desk: Desk, number: int) -> Override:
    with desk.house.store.read() as uow:
        found = uow.override(number)
    if found is None:
        raise errors.UnknownName(f"There is no D-{number}.", f"See `{desk.house.rules.root} debt`.")
    return found


def renew_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Renew…* of an accepted risk."""
    args = StandArgs(override=value.override or 0)
    return accept_risk(desk, call, Parsed("accept-risk", args, value.incident, bare=True))


def let_end_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Let it end…* of an accepted risk."""
    number = value.override or 0
    view = governance_modals.let_end(number, value.component)
    return OpenModal(view, f"Type it: `{desk.house.rules.root} review D-{number} <what became of it>`.")


def review_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Review…* of what is owed one."""
    entry = _entry(desk, value.override or 0)
    if entry.kind == DebtKind.CLOCK.value:
        view = reporting_modals.sent(entry.id, entry.reason)
        said = f"clock sent {entry.facts.get('clock')} {entry.facts.get('stage')} <reference>"
        return OpenModal(view, f"Type it: `{desk.house.rules.root} {said}`.")
    view = governance_modals.review(entry.id, DebtKind(entry.kind).words, entry.component, entry.reason)
    return OpenModal(view, f"Type it: `{desk.house.rules.root} review D-{entry.id} <what came of it>`.")


def unfreeze_click(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Unfreeze*; one of an entry that is over does nothing."""
    entry = _entry(desk, value.override or 0)
    if entry.state != "on":
        raise errors.Conflict(f"D-{entry.id} is closed.", code="already_there")
    return terms.unfreeze(desk.house, desk.order(call), entry.component, "")


def gaps(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc gaps [component or team]`: what the registry in force leaves open, and what was found where it points."""
    about = parsed.args.component if isinstance(parsed.args, WhoArgs) else ""
    return recertify.gap_list(
        desk.house, asker=desk.order(call).actor.id, about=about, registry_state=desk.registry_state()
    )


def confirm(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc confirm <component>`: its entry is still right."""
    component = parsed.args.component if isinstance(parsed.args, WhoArgs) else ""
    if not component:
        raise errors.InputError("Which component?", f"See `{desk.house.rules.root} gaps`.")
    return recertify.confirm(desk.house, desk.order(call), component)


def sync(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc sync`: reads the registry's files again now."""
    return Say(desk.sync())


def break_glass(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc break-glass [number] because …`; with a lever's command instead of a number it goes through a freeze."""
    if isinstance(parsed.args, GlassArgs):
        handler = {"rollback": levers.rollback, "disable": levers.disable, "enable": levers.enable}[parsed.args.verb]
        inner = Parsed(parsed.args.verb, parsed.args.args, parsed.incident)
        return handler(desk, call, inner, through_freeze=True)
    reason = parsed.args.reason if isinstance(parsed.args, DecideArgs) else ""
    return breakglass.break_glass(desk.house, desk.order(call), waiting(desk, call, parsed), reason)


def review(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc review D-4 <what came of it>`: closes a review or a follow-up, and ends an accepted risk."""
    args = parsed.args if isinstance(parsed.args, DecideArgs) else DecideArgs()
    if args.action is None:
        raise errors.InputError("Which entry?", f"See `{desk.house.rules.root} debt`.")
    kind = _entry(desk, args.action).kind
    if kind == DebtKind.CLOCK.value:
        return reporting.sent_entry(desk.house, desk.order(call), args.action, args.reason)
    close = {DebtKind.ACCEPTED_RISK.value: terms.let_end, DebtKind.FOLLOW_UP.value: followups.done}
    return close.get(kind, owed.close_debt)(desk.house, desk.order(call), args.action, args.reason)


def task(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc task <text> [@person] [until <day>]`: a follow-up of this incident."""
    args = parsed.args if isinstance(parsed.args, TaskArgs) else TaskArgs()
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    if not (args.text or args.number):
        raise errors.InputError(
            "What is to be done?", f"`{desk.house.rules.root} task mend the backfill @omar until 5d`."
        )
    return documents.item(desk, call, number, args)


def tasks(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc tasks`: the follow-ups of this incident."""
    number = which(desk, call, parsed)
    return number if isinstance(number, IncidentList) else followups.tasks(desk.house, number)
