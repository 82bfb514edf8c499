"""`/postmortem [INC-n] publish`."""

from __future__ import annotations

from bot.slack.calls import Call, Desk, Reply
from bot.slack.commands.lifecycle import which
from bot.slack.grammar import Parsed, TextArgs
from bot.slack.grammar_publishing import OVER
from playbooks.messages import IncidentList
from playbooks.plays.publishing import publish_by_hand


def publish(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """To the places outside; `over` replaces what somebody changed there."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    return publish_by_hand(
        desk.house, desk.order(call), number, over=isinstance(parsed.args, TextArgs) and parsed.args.text == OVER
    )
