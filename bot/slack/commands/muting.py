"""Commands on alerts: silence, maintenance, unsilence, silences; people's reports; and why one was decided so."""

from __future__ import annotations

from bot.slack import ids, muting_modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.grammar_values import Parsed, ReportArgs, SilenceArgs, TextArgs, UnsilenceArgs
from bot.slack.stamps import at_of
from playbooks import errors
from playbooks.domain.clocks import parse_span, parse_until
from playbooks.domain.pipeline.silences import AtEnd, Muting
from playbooks.plays import reports
from playbooks.plays import silences as plays
from playbooks.plays.views.muted import alert_path, silence_list


def silence(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc silence <component> [alert] [from …] for 2h [because …] [then list]`; alone it opens the form."""
    return _mute(desk, call, parsed, Muting.SILENCE)


def maintenance(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc maintenance <component> from 22:00 until 23:30 because …`; alone it opens the form."""
    return _mute(desk, call, parsed, Muting.MAINTENANCE)


def _mute(desk: Desk, call: Call, parsed: Parsed, kind: Muting) -> Reply:
    args = parsed.args if isinstance(parsed.args, SilenceArgs) else SilenceArgs()
    if args.component:
        desk.house.registry().component(args.component)
    if not args.component or not (args.span or args.until):
        components = sorted(desk.house.registry().components)
        view = muting_modals.mute(components, kind.value, args.component, channel=call.channel)
        return OpenModal(view, f"Type it: `{desk.house.rules.root} {kind.value} <component> for 2h because …`.")
    now = desk.now()
    starts = parse_until(args.start, now, call.zone).at if args.start else now
    ends = parse_until(args.until, starts, call.zone).at if args.until else starts + parse_span(args.span)
    at_end = AtEnd(args.at_end) if args.at_end else AtEnd.OPEN
    wish = plays.Wish(kind, args.component, args.failure, starts, ends, args.because, at_end)
    return plays.begin(desk.house, desk.order(call), wish)


def unsilence(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc unsilence S-3 [because …]`."""
    args = parsed.args if isinstance(parsed.args, UnsilenceArgs) else UnsilenceArgs()
    if args.number is None:
        return silence_list(desk.house)
    return plays.end(desk.house, desk.order(call), args.number, args.because)


def unsilence_click(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The button *End it now*."""
    if value.silence is None:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return plays.end(desk.house, desk.order(call), value.silence)


def silences(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc silences`: what is muted, held or only recorded."""
    return silence_list(desk.house)


def report(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc report <component> <what went wrong>`, by anybody; without words it opens the form."""
    args = parsed.args if isinstance(parsed.args, ReportArgs) else ReportArgs()
    components = sorted(desk.house.registry().components)
    if args.component:
        desk.house.registry().component(args.component)
    if not args.component or not args.text:
        view = muting_modals.report(components, args.component, channel=call.channel)
        return OpenModal(view, f"Type it: `{desk.house.rules.root} report <component> <what went wrong>`.")
    at = at_of(args.ts) if args.ts else None
    return reports.report(desk.house, desk.order(call), args.component, args.text, at=at)


def why(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc why <alert>`: the stages it went through, each with its reason."""
    word = parsed.args.text.strip("`'\"*, ") if isinstance(parsed.args, TextArgs) else ""
    if not word:
        root = desk.house.rules.root
        raise errors.InputError(
            "Which alert?", f"Write it like this: `{root} why <id, fingerprint, name or component>`.", code="bad_usage"
        )
    return alert_path(desk.house, word)
