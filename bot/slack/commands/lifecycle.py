"""Commands that move an incident: new, ack, lead, severity, update, note, mitigated, resolve, cancel, reopen."""

from __future__ import annotations

from collections.abc import Callable

from bot.slack import modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.grammar import CorrectArgs, LeadArgs, NewArgs, NoteArgs, Parsed, ResolveArgs, RoleArgs, SevArgs, TextArgs
from playbooks import errors
from playbooks.domain.clocks import parse_when
from playbooks.domain.incidents import Role
from playbooks.domain.timeline import EventKind
from playbooks.messages import IncidentList, Say
from playbooks.plays import capture, closing, roles
from playbooks.plays import incident as plays
from playbooks.plays.house import House
from playbooks.plays.orders import Order
from playbooks.plays.views.lists import incident_list

_AFTERWARDS = frozenset({"postmortem", "close", "reopen", "timeline", "summary", "audit", "task", "tasks"})


def which(desk: Desk, call: Call, parsed: Parsed) -> int | IncidentList:
    """The incident meant, or those to choose from when none is meant: the open ones, or also those that are over."""
    number = desk.incident(call, parsed)
    if number is not None:
        return number
    root = desk.house.rules.root
    heading = f"Which incident? Put its number first: `{root} INC-42 {parsed.verb}`"
    return incident_list(desk.house, heading=heading, over=parsed.verb in _AFTERWARDS)


def _text(parsed: Parsed) -> str:
    return parsed.args.text if isinstance(parsed.args, TextArgs | NewArgs | NoteArgs | ResolveArgs) else ""


def new(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc new [component] [sev] [text]`; alone it opens the form."""
    args = parsed.args
    if parsed.bare or not isinstance(args, NewArgs):
        components = sorted(desk.house.registry().components)
        view = modals.new_incident(components, desk.house.rules.severities, channel=call.channel)
        return OpenModal(view, f"Type it: `{desk.house.rules.root} new fraud-scorer sev2 declines doubled`.")
    _, said = plays.declare(desk.house, desk.order(call), plays.Declaration(args.text, args.component, args.severity))
    return said


def ack(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc ack`."""
    number = which(desk, call, parsed)
    return number if isinstance(number, IncidentList) else plays.acknowledge(desk.house, desk.order(call), number)


def lead(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc lead [@u]`."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, LeadArgs) else LeadArgs()
    return roles.take_role(desk.house, desk.order(call), number, Role.LEAD, desk.actor_id(args.person, call))


def role(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc role <role> @u`."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, RoleArgs) else RoleArgs()
    try:
        wanted = Role(args.role)
    except ValueError as unknown:
        names = ", ".join(r.value for r in Role)
        raise errors.UnknownName(f"There is no role “{args.role}”.", f"Roles are: {names}.") from unknown
    return roles.take_role(desk.house, desk.order(call), number, wanted, desk.actor_id(args.person, call))


def severity(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc sev <n>`; alone it opens the form."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, SevArgs) else SevArgs()
    if parsed.bare or not args.severity:
        return OpenModal(modals.severity(number, desk.house.rules.severities), "Type it: `/inc sev 2`.")
    return plays.set_severity(desk.house, desk.order(call), number, args.severity)


def update(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc update <text>`; alone it opens the form."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    if parsed.bare:
        return OpenModal(modals.update(number), "Type it: `/inc update <text>`.")
    return plays.update(desk.house, desk.order(call), number, _text(parsed))


def note(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc note [time] <text>`; alone it opens the form."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, NoteArgs) else NoteArgs()
    if parsed.bare:
        return OpenModal(modals.note(number, desk.now()), "Type it: `/inc note 14:05 <text>`.")
    kind = EventKind(args.kind) if args.kind else EventKind.NOTE
    if not args.when:
        return plays.note(desk.house, desk.order(call), number, args.text, kind=kind)
    moment = parse_when(args.when, desk.now(), call.zone)
    return plays.note(
        desk.house,
        desk.order(call),
        number,
        args.text,
        at=moment.at,
        precision=moment.precision,
        entered_tz=moment.entered_tz,
        kind=kind,
    )


def _with_words(play: Callable[[House, Order, int, str], Say], desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """A play on the incident that is meant, with the words that came after the verb."""
    number = which(desk, call, parsed)
    return number if isinstance(number, IncidentList) else play(desk.house, desk.order(call), number, _text(parsed))


def mitigated(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc mitigated [text]`."""
    return _with_words(plays.mitigate, desk, call, parsed)


def cancel(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc cancel [text]`."""
    return _with_words(closing.cancel, desk, call, parsed)


def reopen(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc reopen [text]`."""
    return _with_words(closing.reopen, desk, call, parsed)


def close(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc close [text]`: after the draft's questions are answered."""
    return _with_words(closing.close, desk, call, parsed)


def correct(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc correct E12 <text> [because …]`: the first words stay in the record."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, CorrectArgs) else CorrectArgs()
    if not args.text:
        raise errors.InputError("A correction needs the right words.", "Try `/inc correct E12 the queue was empty`.")
    return capture.correct(desk.house, desk.order(call), number, args.event, args.text, args.because)


def retract(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc retract E12 [because …]`: taken out of what people read, never out of the record."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, CorrectArgs) else CorrectArgs()
    return capture.retract(desk.house, desk.order(call), number, args.event, args.because or args.text)
