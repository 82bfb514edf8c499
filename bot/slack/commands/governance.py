"""Commands that keep authority honest: debt, gaps, sync, break-glass, review."""

from __future__ import annotations

from bot.slack.calls import Call, Desk, Reply
from bot.slack.commands.levers import waiting
from bot.slack.grammar import DecideArgs, Parsed
from playbooks import errors
from playbooks.check import check_registry
from playbooks.messages import Fact, GapList, Say
from playbooks.plays import breakglass
from playbooks.plays.hygiene import debt_list

_MOST = 30


def debt(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc debt`."""
    return debt_list(desk.house)


def gaps(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc gaps`: what the registry in force leaves open."""
    found = check_registry(
        desk.house.registry(), now=desk.now(), on_call=desk.house.on_call.now, severities=desk.house.rules.severities
    )
    rows = tuple(Fact(f.where.removeprefix("components.").removeprefix("teams."), f.sentence) for f in found)
    return GapList(rows[:_MOST], max(0, len(rows) - _MOST), desk.registry_state())


def sync(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc sync`: reads the registry's files again now."""
    return Say(desk.sync())


def break_glass(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc break-glass [number] because …`."""
    reason = parsed.args.reason if isinstance(parsed.args, DecideArgs) else ""
    return breakglass.break_glass(desk.house, desk.order(call), waiting(desk, call, parsed), reason)


def review(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc review D-4 <what came of it>`: closes a broken glass."""
    args = parsed.args if isinstance(parsed.args, DecideArgs) else DecideArgs()
    if args.action is None:
        raise errors.InputError("Which entry?", f"See `{desk.house.rules.root} debt`.")
    return breakglass.close_debt(desk.house, desk.order(call), args.action, args.reason)
