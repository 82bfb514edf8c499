"""`/postmortem [INC-n] publish`."""

from __future__ import annotations

from bot.slack.calls import Call, Desk, Reply
from bot.slack.commands import reads
from bot.slack.commands.lifecycle import which
from bot.slack.grammar import Parsed, TextArgs
from bot.slack.grammar_publishing import OVER
from playbooks.messages import IncidentList
from playbooks.plays.publishing import publish_by_hand


def postmortem(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """The draft, or its publication."""
    if not isinstance(parsed.args, TextArgs):
        return reads.postmortem(desk, call, parsed)
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    return publish_by_hand(desk.house, desk.order(call), number, over=parsed.args.text == OVER)
