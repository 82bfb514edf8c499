"""Commands that write the timeline: milestones, the end with its moments, blocks told afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from hashlib import sha256

from bot.slack import timeline_modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.commands.lifecycle import which
from bot.slack.grammar_values import BackfillArgs, MilestoneArgs, Parsed, ResolveArgs
from bot.slack.timeline_values import plain_lines
from playbooks import errors
from playbooks.domain.clocks import parse_when, zone_name, zone_of
from playbooks.domain.incidents import State, check_move
from playbooks.domain.milestones import NAMES, milestone_of
from playbooks.domain.timeline import EventKind
from playbooks.messages import IncidentList
from playbooks.plays import backfill as told_afterwards
from playbooks.plays import closing, milestones, past, stating
from playbooks.plays.milestones import Statement

_MOST_TEXT = 3 * (timeline_modals.PART - 200)
_FIELDS = (("detected", EventKind.DETECTED), ("aware", EventKind.AWARE), ("ack", EventKind.ACK))


def milestone(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc milestone <name> [component] [time]`; without a time it opens the form."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, MilestoneArgs) else MilestoneArgs()
    kind = milestone_of(args.name) if args.name else None
    if kind is None or not args.when:
        return _milestone_form(desk, number, args, desk.now())
    moment = parse_when(args.when, desk.now(), call.zone)
    zone = "" if args.when.endswith(" UTC") and call.zone is UTC else moment.entered_tz
    said = Statement(kind, moment.at, moment.precision, zone, args.phase, args.text, args.because, args.sure)
    with desk.house.store.read() as uow:
        incident = uow.incident(number)
    if incident is not None and milestones.is_far(incident, said) and call.once.startswith("view:"):
        return _milestone_form(desk, number, args, moment.at, asked=True)
    return stating.state(desk.house, desk.order(call), number, said)


def _milestone_form(desk: Desk, number: int, args: MilestoneArgs, at: datetime, *, asked: bool = False) -> OpenModal:
    incident, rows = milestones.look(desk.house, number)
    components = sorted(desk.house.registry().components)
    chosen = NAMES[milestone_of(args.name)] if args.name else ""
    view = timeline_modals.milestone(
        incident.id,
        components,
        at,
        rows=rows,
        names=desk.house.who,
        chosen=chosen,
        component=args.phase,
        text=args.text,
        asked=asked,
    )
    return OpenModal(view, f"Type it: `{desk.house.rules.root} milestone {chosen or 'impact'} 02:31`.")


def resolve(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc resolve [text]`; alone it asks for the moments that are never guessed."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, ResolveArgs) else ResolveArgs()
    if parsed.bare:
        return OpenModal(resolve_form(desk, number), "Type it: `/inc resolve <text>`.")
    said = _resolution(desk, call, number, args)
    with desk.house.store.read() as uow:
        incident = uow.incident(number)
    if incident is not None and not args.sure and any(milestones.is_far(incident, each) for each in said.said):
        return OpenModal(resolve_form(desk, number, args), "Type it: `/inc resolve <text>`.")
    return closing.resolve(desk.house, desk.order(call), number, said)


def _resolution(desk: Desk, call: Call, number: int, args: ResolveArgs) -> closing.Resolution:
    """What was filled in, and the proposals that were ticked where nothing was filled in."""
    now, zone = desk.now(), call.zone
    impact = parse_when(args.impact, now, zone).at if args.impact else None
    relief = parse_when(args.relief, now, zone).at if args.relief else None
    said = {
        kind: Statement(kind, parse_when(getattr(args, field), now, zone).at)
        for field, kind in _FIELDS
        if getattr(args, field)
    }
    filled = {*said, *([EventKind.IMPACT_START] if impact else []), *([EventKind.MITIGATED] if relief else [])}
    for row in milestones.look(desk.house, number)[1] if args.confirmed else ():
        if row.proposal and row.at is not None and row.kind.value in args.confirmed and row.kind not in filled:
            said[row.kind] = Statement(row.kind, row.at, row.precision, text=f"confirmed: {row.proposal}")
    return closing.Resolution(args.text, impact, relief, tuple(said.values()))


def resolve_form(desk: Desk, number: int, args: ResolveArgs | None = None) -> dict[str, object]:
    """The form of `resolve` with what is recorded and what is proposed; `args`: what was filled in before.

    Raises Conflict where it cannot be resolved from the state it is in.
    """
    incident, rows = milestones.look(desk.house, number)
    check_move(incident.state, State.RESOLVED, incident.name)  # before a form is filled in in vain
    said: dict[str, datetime] = {}
    for field in ("impact", "detected", "aware", "ack", "relief") if args is not None else ():
        if getattr(args, field):
            said[field] = parse_when(getattr(args, field), desk.now(), UTC).at
    text = args.text if args is not None else ""
    view = timeline_modals.resolve(incident.id, rows, desk.house.who, said=said, text=text, asked=args is not None)
    return dict(view)


def backfill(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc backfill [lines]`: the form, the echo, and the events once the echo is confirmed."""
    number = desk.incident(call, parsed)
    args = parsed.args if isinstance(parsed.args, BackfillArgs) else BackfillArgs()
    if not args.text:
        return _backfill_form(desk, call, number)
    text = plain_lines(args.text)
    if len(text) > _MOST_TEXT:
        raise errors.InputError(
            f"That is too long ({len(text)} characters; {_MOST_TEXT} at most).", "Paste it in parts."
        )
    zone = zone_of(args.zone) if args.zone else call.zone
    lines = told_afterwards.read(desk.house, number, text, zone)
    digest = _digest(text, zone, args)
    fault = past.missing(lines, args.title) if number is None else ""
    if args.hash == digest and not lines.unread and not fault:
        if number is None:
            wish = past.Past(args.title, args.component, args.severity)
            return past.open_past(desk.house, desk.order(call), wish, lines.lines)[1]
        return told_afterwards.write(desk.house, desk.order(call), number, lines.lines)
    view = timeline_modals.echo(
        number,
        lines,
        zone,
        digest,
        text=text,
        zone_text=args.zone or zone_name(zone),
        channel=call.channel,
        past=(args.title, args.component, args.severity),
        components=sorted(desk.house.registry().components),
        severities=desk.house.rules.severities,
        fault=fault,
    )
    return OpenModal(
        view, f"Type `{desk.house.rules.root} backfill` in the channel to see it read before it is written."
    )


def _backfill_form(desk: Desk, call: Call, number: int | None) -> OpenModal:
    view = timeline_modals.backfill(
        number,
        zone_name(call.zone),
        channel=call.channel,
        components=sorted(desk.house.registry().components),
        severities=desk.house.rules.severities,
    )
    return OpenModal(view, f"Type it: `{desk.house.rules.root} backfill` and the lines below it.")


def _digest(text: str, zone: tzinfo, args: BackfillArgs) -> str:
    """What was shown is what is written: another letter, and it is shown again."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return sha256("\n".join([zone_name(zone), args.title, args.component, args.severity, *lines]).encode()).hexdigest()[
        :32
    ]
