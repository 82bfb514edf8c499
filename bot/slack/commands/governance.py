"""Commands that keep authority honest: debt, gaps, sync, break-glass, review."""

from __future__ import annotations

from bot.slack.calls import Call, Desk, Reply
from bot.slack.commands.levers import waiting
from bot.slack.grammar import DecideArgs, Parsed, WhoArgs
from playbooks import errors
from playbooks.messages import Say
from playbooks.plays import breakglass, recertify
from playbooks.plays.hygiene import debt_list


def debt(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc debt`."""
    return debt_list(desk.house)


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
    """`/inc break-glass [number] because …`."""
    reason = parsed.args.reason if isinstance(parsed.args, DecideArgs) else ""
    return breakglass.break_glass(desk.house, desk.order(call), waiting(desk, call, parsed), reason)


def review(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc review D-4 <what came of it>`: closes a broken glass."""
    args = parsed.args if isinstance(parsed.args, DecideArgs) else DecideArgs()
    if args.action is None:
        raise errors.InputError("Which entry?", f"See `{desk.house.rules.root} debt`.")
    return breakglass.close_debt(desk.house, desk.order(call), args.action, args.reason)
