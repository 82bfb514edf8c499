"""Forms sent back: the same commands as typed ones; a field that cannot be used is told under the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack import ids, modals
from bot.slack.calls import Call, Desk, Reply, refusal_of
from bot.slack.commands import execute
from bot.slack.commands.telling import told_of
from bot.slack.grammar import AnswerArgs
from bot.slack.grammar_values import TellArgs
from bot.slack.stamps import at_of
from playbooks import errors
from playbooks.messages import Refusal
from playbooks.plays import capture, postmortem
from playbooks.plays.house import actor_for


def submitted(desk: Desk, call: Call, view: Mapping[str, Any]) -> Reply:
    """Run a form. Raises `modals.FieldErrors` so that the form stays open with its faults."""
    form = modals.parse(view)
    if form.callback_id == ids.MODAL_TIMELINE and form.meta.ts:
        reply = _add_message(desk, call, form)
    elif form.callback_id == ids.MODAL_ANSWER and isinstance(form.parsed.args, AnswerArgs):
        args = form.parsed.args
        reply = postmortem.answer(desk.house, desk.order(call), form.meta.incident or 0, args.question, args.text)
    else:
        reply = execute(desk, call, form.parsed)
    if isinstance(reply, Refusal):
        field = first_field(view)
        raise modals.FieldErrors({field: f"{reply.sentence} {reply.next_step}".strip()[:300]})
    return reply


def first_field(view: Mapping[str, Any]) -> str:
    """The first input of a form: where a fault that belongs to no field is shown."""
    for block in view.get("blocks", ()):
        if block.get("type") == "input":
            return str(block["block_id"])
    return "text"


def _add_message(desk: Desk, call: Call, form: modals.Submission) -> Reply:
    """The form of the message shortcut: kind, words and time may differ from the message's own."""
    args = form.parsed.args if isinstance(form.parsed.args, TellArgs) else TellArgs()
    own = at_of(form.meta.ts)
    try:
        told = told_of(desk, call, args)
    except errors.MusterError as error:
        return refusal_of(desk.house, error)
    moved = told.at if told.at is not None and abs((told.at - own).total_seconds()) >= 60 else None
    exact = told.precision if args.precision not in ("", "exact") else None
    author = actor_for(desk.house.registry(), form.meta.person or call.user)
    message = capture.Message(
        form.meta.channel, form.meta.ts, told.text, author, own, call.link, form.meta.text == "files"
    )
    try:
        done = capture.add_message(
            desk.house,
            desk.order(call),
            message,
            "shortcut",
            kind=told.kind,
            at=moved,
            incident_id=form.meta.incident,
            precision=exact,
            component=told.component,
            facts=told.payload,
        )
    except errors.MusterError as error:
        return refusal_of(desk.house, error)
    return done or Refusal("This channel belongs to no incident.", "Use it in an incident's channel.")
