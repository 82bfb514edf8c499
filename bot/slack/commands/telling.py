"""Commands for one line of the timeline: decide, think, observed, told; and redact."""

from __future__ import annotations

from bot.slack import ids, timeline_modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.commands.lifecycle import which
from bot.slack.grammar_values import CorrectArgs, Parsed, TellArgs
from playbooks import errors
from playbooks.domain.clocks import parse_when
from playbooks.domain.milestones import MILESTONES
from playbooks.domain.timeline import EventKind, Precision
from playbooks.messages import IncidentList
from playbooks.plays import redaction, stating, telling
from playbooks.plays.milestones import Statement
from playbooks.plays.telling import CONFIRMED, REFUTED, Told


def tell(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc decide|observed|told …`; alone it opens the form with its kind chosen."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, TellArgs) else TellArgs()
    if parsed.bare or not args.text:
        return _form(desk, number, args)
    told = told_of(desk, call, args)
    if told.kind in MILESTONES and told.at is not None:
        said = Statement(told.kind, told.at, told.precision, told.zone, text=told.text)
        return stating.state(desk.house, desk.order(call), number, said)
    return telling.tell(desk.house, desk.order(call), number, told)[1]


def think(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc think <hypothesis>`, `/inc think E12 refuted [why]`; alone it lists them."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, TellArgs) else TellArgs()
    if args.event is not None:
        return telling.settle(desk.house, desk.order(call), number, args.event, args.state, args.text)
    if parsed.bare or not args.text:
        return telling.hypotheses(desk.house, number)
    return telling.suppose(desk.house, desk.order(call), number, told_of(desk, call, args))


def told_of(desk: Desk, call: Call, args: TellArgs) -> Told:
    """What was typed or filled in, as a line; the words of options stand in its text, where they can be redacted."""
    kind = EventKind(args.kind)
    if args.component:
        desk.house.registry().component(args.component)
    facts: dict[str, object] = {"state": "open"} if kind is EventKind.HYPOTHESIS else {}
    if args.right:
        facts["right"] = args.right[:120]
    if args.audience:
        facts["audience"] = args.audience[:80]
    text = f"{args.text} (options: {args.options})" if args.options else args.text
    if not args.when:
        return Told(kind, text, component=args.component, payload=facts)
    moment = parse_when(args.when, desk.now(), call.zone)
    precision = Precision(args.precision) if args.precision else moment.precision
    return Told(kind, text, moment.at, precision, moment.entered_tz, args.component, facts)


def _form(desk: Desk, number: int, args: TellArgs) -> OpenModal:
    components = sorted(desk.house.registry().components)
    view = timeline_modals.line(number, components, at=desk.now(), kind=args.kind)
    return OpenModal(view, f"Type it: `{desk.house.rules.root} decide <what>`.")


def confirm_click(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Confirmed* of a hypothesis."""
    return _settle(desk, call, value, CONFIRMED)


def refute_click(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *Refuted* of a hypothesis."""
    return _settle(desk, call, value, REFUTED)


def _settle(desk: Desk, call: Call, value: ids.Value, state: str) -> Reply:
    if value.incident is None or value.action is None:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return telling.settle(desk.house, desk.order(call), value.incident, value.action, state)


def redact(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc redact E12 because …`: blanks the words; that it was done, by whom and why, stays."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, CorrectArgs) else CorrectArgs()
    return redaction.redact(desk.house, desk.order(call), number, args.event, args.because)
