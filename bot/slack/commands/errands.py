"""Commands of what is done by hand: a person says that it is done, with evidence, or that it could not be done."""

from __future__ import annotations

from bot.slack import errand_modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.grammar import DecideArgs, Parsed
from playbooks import errors
from playbooks.domain.actions import Action, ActionState
from playbooks.messages import Refusal
from playbooks.plays import errand_answers
from playbooks.plays.bound_levers import VERB_OF


def done(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc done [number] <what shows it>`; without words the form."""
    number, words = _meant(desk, call, parsed)
    if not words:
        asked = errand_answers.check_answer(desk.house, desk.order(call).actor, number, done=True)
        if isinstance(asked, Refusal):
            return asked
        return OpenModal(
            errand_modals.errand_done(number, _what(asked)),
            f"Type it: `{desk.house.rules.root} done {number} <what shows it>`.",
        )
    return errand_answers.done(desk.house, desk.order(call), number, words)


def cannot(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc cannot [number] <why>`; without words the form."""
    number, words = _meant(desk, call, parsed)
    if not words:
        asked = errand_answers.check_answer(desk.house, desk.order(call).actor, number, done=False)
        if isinstance(asked, Refusal):
            return asked
        typed = f"Type it: `{desk.house.rules.root} cannot {number} <why>`."
        return OpenModal(errand_modals.errand_cannot(number, _what(asked)), typed)
    return errand_answers.cannot(desk.house, desk.order(call), number, words)


def _meant(desk: Desk, call: Call, parsed: Parsed) -> tuple[int, str]:
    """The action named, else the only one that is done by hand here. Raises UnknownName or InputError."""
    args = parsed.args if isinstance(parsed.args, DecideArgs) else DecideArgs()
    if args.action is not None:
        return args.action, args.reason
    incident = desk.incident(call, parsed)
    with desk.house.store.read() as uow:
        found = [a for a in uow.actions_in({ActionState.BY_HAND}) if incident is None or a.incident_id == incident]
    if len(found) == 1:
        return found[0].id, args.reason
    if not found:
        raise errors.UnknownName("Nothing is being done by hand here.", "See `/inc status`.")
    names = ", ".join(f"{a.id} ({_what(a)})" for a in found[:5])
    raise errors.InputError("Several things are being done by hand.", f"Name one: {names}.")


def _what(action: Action) -> str:
    return f"{VERB_OF[action.kind]} {action.component}"
