"""Commands on reporting: reportable, clock, hold, unhold."""

from __future__ import annotations

from datetime import timedelta

from bot.slack import ids, reporting_modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.commands.lifecycle import which
from bot.slack.grammar_values import ClockArgs, Parsed, ReportableArgs, StandArgs
from playbooks.domain.clocks import parse_span, parse_until
from playbooks.messages import IncidentList
from playbooks.plays import holds
from playbooks.plays import notifications as drafts
from playbooks.plays import reporting as plays
from playbooks.plays.views.clocks import clock_list

HOLD_FOR = timedelta(days=3)


def reportable(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc reportable yes|no|undecided [clock …] because …`; alone it opens the form."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, ReportableArgs) else ReportableArgs()
    if not args.verdict:
        return _form(desk, number)
    return plays.decide(desk.house, desk.order(call), number, args.verdict, args.clocks, args.because)


def _form(desk: Desk, incident: int) -> OpenModal:
    rules = desk.house.rules
    clocks = [(name, clock.title) for name, clock in rules.clocks.items()]
    view = reporting_modals.reportable(clocks, rules.clocks_used, incident=incident)
    return OpenModal(view, f"Type it: `{rules.root} reportable yes|no|undecided [clock …] because …`.")


def reportable_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Decide…*."""
    return _form(desk, value.incident or 0)


def clock(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc clock`, `/inc clock sent <clock> <stage> [reference]`, `/inc clock draft <clock>`."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, ClockArgs) else ClockArgs()
    if args.what == "sent":
        return plays.sent(desk.house, desk.order(call), number, args.clock, args.stage, args.reference)
    if args.what == "draft":
        return drafts.ask_for(desk.house, desk.order(call), number, args.clock)
    return clock_list(desk.house, number)


def draft_click(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Draft it*."""
    return drafts.ask_for(desk.house, desk.order(call), value.incident or 0, value.text)


def hold(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc hold [component] [for 3d|until …] because …`; alone it opens the form."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, StandArgs) else StandArgs()
    if not args.because:
        with desk.house.store.read() as uow:
            incident = uow.incident(number)
        own = args.component or (incident.component if incident is not None else "")
        view = reporting_modals.hold(
            sorted(desk.house.registry().components), own, incident=number, channel=call.channel
        )
        return OpenModal(view, f"Type it: `{desk.house.rules.root} hold <component> for 3d because …`.")
    now = desk.now()
    until = (
        parse_until(args.until, now, call.zone).at
        if args.until
        else now + (parse_span(args.span) if args.span else HOLD_FOR)
    )
    return holds.begin(desk.house, desk.order(call), number, args.component, until, args.because)


def unhold(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc unhold [component] [because …]`."""
    args = parsed.args if isinstance(parsed.args, StandArgs) else StandArgs()
    return holds.end(desk.house, desk.order(call), desk.incident(call, parsed), args.component, args.because)
