"""`/postmortem`: where the document stands, and each step of its life; the same by buttons and forms."""

from __future__ import annotations

from collections.abc import Callable

from bot.slack import ids, modals, postmortem_modals
from bot.slack.calls import Call, Desk, OpenModal, Reply
from bot.slack.commands import publishing
from bot.slack.commands.lifecycle import which
from bot.slack.grammar_values import Parsed, PostmortemArgs, TaskArgs, TextArgs
from playbooks import errors
from playbooks.domain.action_items import Filled
from playbooks.domain.clocks import parse_until
from playbooks.domain.documents import DocumentState
from playbooks.messages import IncidentList
from playbooks.plays import document_moves, document_votes, followups, postmortem
from playbooks.plays.document_life import items_of, rule_of
from playbooks.plays.house import must_find
from playbooks.plays.views.document import document_status


def document(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/postmortem [INC-7] [step …]`."""
    if isinstance(parsed.args, TextArgs):
        return publishing.publish(desk, call, parsed)
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    args = parsed.args if isinstance(parsed.args, PostmortemArgs) else PostmortemArgs()
    house, order = desk.house, desk.order(call)
    match args.step:
        case "draft":
            return postmortem.order_draft(house, order, number)
        case "answer":
            return _questions(desk, number)
        case "review":
            return document_moves.send_to_review(house, order, number)
        case "reviewed":
            return _reviewed(desk, call, number, args)
        case "back" | "no-action":
            return _with_reason(desk, call, number, args)
        case "close":
            return document_moves.close_document(house, order, number)
        case "owner":
            return document_moves.hand_over(house, order, number, desk.actor_id(args.person, call))
        case "due":
            due = parse_until(args.until, desk.now(), call.zone).at
            return document_moves.move_due(house, order, number, due, args.because)
        case "item":
            return item(desk, call, number, args.item or TaskArgs())
    postmortem.order_draft(house, order, number)
    return document_status(house, number)


def item(desk: Desk, call: Call, number: int, args: TaskArgs) -> Reply:
    """An action item: a new one, or what one lacks; without words it opens the form."""
    house, order = desk.house, desk.order(call)
    filled = Filled(args.type, args.ticket, args.done_when)
    due = parse_until(args.until, desk.now(), call.zone).at if args.until else None
    if args.number is not None:
        holder = desk.actor_id(args.person, call) if args.person.slack or args.person.name else ""
        return followups.fill(house, order, args.number, args.text, holder, due, filled)
    if not args.text:
        with house.store.read() as uow:
            must_find(uow, number, lock=False)
            half = [each for each in items_of(uow, number) if not each.complete and not each.done]
        view = postmortem_modals.item(number, owner=call.user, half=half)
        return OpenModal(view, "Type it: `/postmortem item prevent: <what> @omar until 2026-12-01 ticket ABC-1`.")
    return followups.add(house, order, number, args.text, desk.actor_id(args.person, call), due, filled)


def _questions(desk: Desk, number: int) -> Reply:
    asked = postmortem.questions(desk.house, number)
    return OpenModal(modals.answer(number, asked), "Type `/postmortem` for the draft.")


def _reviewed(desk: Desk, call: Call, number: int, args: PostmortemArgs) -> Reply:
    """With the checks of the form, or without any where the severity asks for none."""
    if not args.checks:
        with desk.house.store.read() as uow:
            incident = must_find(uow, number, lock=False)
            life = uow.document_life(number)
        waits = life is not None and life.state is DocumentState.IN_REVIEW
        if waits and rule_of(desk.house, incident).points:
            return _checks_form(desk, number)
    return document_moves.mark_reviewed(desk.house, desk.order(call), number, dict(args.checks))


def _checks_form(desk: Desk, number: int) -> Reply:
    with desk.house.store.read() as uow:
        needed = rule_of(desk.house, must_find(uow, number, lock=False)).points
    view = postmortem_modals.checks(number, needed=needed)
    return OpenModal(view, "Use the button *Mark reviewed…* of the message.")


def _with_reason(desk: Desk, call: Call, number: int, args: PostmortemArgs) -> Reply:
    if not args.because:
        view = postmortem_modals.reason(number, args.step)
        return OpenModal(view, f"Type it: `/postmortem {args.step} because …`.")
    play = document_moves.back_to_draft if args.step == "back" else document_moves.sign_no_action
    return play(desk.house, desk.order(call), number, args.because)


# ------------------------------------------------------------------ clicks


def _of(value: ids.Value) -> int:
    if value.incident is None:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return value.incident


def step_click(step: str) -> Callable[[Desk, Call, ids.Value], Reply]:
    """The click that is the same as the typed step."""

    def clicked(desk: Desk, call: Call, value: ids.Value) -> Reply:
        return document(desk, call, Parsed("postmortem", PostmortemArgs(step), _of(value)))

    return clicked


def reviewed_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """*Mark reviewed…*: the eight checks."""
    return _checks_form(desk, _of(value))


def owner_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """*Hand over…*"""
    return OpenModal(postmortem_modals.owner(_of(value)), "Type it: `/postmortem owner @person`.")


def vote(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """A click on one of the two questions at the end."""
    question, _, word = value.text.partition(":")
    return document_votes.vote(desk.house, desk.order(call), _of(value), question, word == "yes")
