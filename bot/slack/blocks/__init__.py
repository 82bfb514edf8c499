"""View models to Block Kit: pure, inside Slack's limits for any value, and no text from outside becomes markup."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from bot.slack.blocks import (
    card,
    clocks,
    document,
    entry,
    errand,
    escape,
    figures,
    gaps,
    handoff,
    home,
    hypotheses,
    kit,
    learning,
    ledger,
    levers,
    lists,
    milestone,
    muted,
    override,
    owner,
    published,
    replies,
    resolved,
    similar,
)
from playbooks import messages
from playbooks.messages import Message

__all__ = ["render"]


def render(message: Message, *, root: str = "/inc") -> kit.Rendered:
    """`{"text": …, "blocks": […]}` for any message; `root` is the real name of the root command."""
    match message:
        case messages.OwnerNote():
            return owner.render(message, root=root)
        case messages.Card():
            return card.render(message, root=root)
        case messages.Preview() | messages.Ask() | messages.ActionStatus():
            return _lever(message, root)
        case messages.ErrandNote():
            return errand.render(message, root=root)
        case messages.OverrideNote():
            return override.render(message, root=root)
        case messages.EntryNote():
            return entry.render(message, root=root)
        case messages.HandoffOffer():
            return handoff.render(message, root=root)
        case messages.Resolved():
            return resolved.render(message, root=root)
        case messages.HypothesisList():
            return hypotheses.render(message, root=root)
        case messages.MilestoneNote():
            return milestone.render(message, root=root)
        case messages.Published():
            return published.render(message, root=root)
        case messages.Late():
            return _late(message, root)
        case messages.SimilarNote():
            return similar.render(message, root=root)
        case messages.FigureView():
            return figures.render(message, root=root)
        case messages.DigestNote():
            return learning.digest(message, root=root)
        case messages.LearnedNote():
            return learning.learned(message, root=root)
        case messages.Home():
            return home.render(message, root=root)
        case messages.ClockList():
            return clocks.listing(message, root=root)
        case messages.DocumentNote():
            return document.render(message, root=root)
        case messages.VoteNote():
            return document.votes(message, root=root)
        case messages.DebtList():
            return ledger.debts(message, root=root)
        case messages.GapList() | messages.TeamGaps() | messages.OperatorGaps():
            return _gaps(message, root)
        case messages.SilenceNote() | messages.SilenceList() | messages.AlertPath():
            return _muted(message, root)
        case messages.IncidentList() | messages.TimelineList() | messages.Summary() | messages.Help():
            return _list(message, root)
        case _:
            return _reply(message, root)


def _late(message: messages.Late, root: str) -> kit.Rendered:
    """The message as it is, and under it why it comes only now."""
    shown = render(message.message, root=root)
    day = message.by >= timedelta(hours=12)
    due = escape.moment(message.due, "{date_short_pretty} at {time}" if day else "{time}")
    said = f"Due {due}, late by {escape.span(message.by.total_seconds())}: I was not running."
    return kit.below(shown, said)


def _gaps(message: messages.GapList | messages.TeamGaps | messages.OperatorGaps, root: str) -> kit.Rendered:
    match message:
        case messages.GapList():
            return gaps.listing(message, root=root)
        case messages.TeamGaps():
            return gaps.week(message, root=root)
        case messages.OperatorGaps():
            return gaps.operators(message, root=root)
        case _:
            assert_never(message)


def _muted(message: messages.SilenceNote | messages.SilenceList | messages.AlertPath, root: str) -> kit.Rendered:
    match message:
        case messages.SilenceNote():
            return muted.note(message, root=root)
        case messages.SilenceList():
            return muted.listing(message, root=root)
        case messages.AlertPath():
            return muted.path(message, root=root)
        case _:
            assert_never(message)


def _lever(message: messages.Preview | messages.Ask | messages.ActionStatus, root: str) -> kit.Rendered:
    match message:
        case messages.Preview():
            return levers.preview(message, root=root)
        case messages.Ask():
            return levers.ask(message, root=root)
        case messages.ActionStatus():
            return levers.status(message, root=root)
        case _:
            assert_never(message)


def _list(
    message: messages.IncidentList | messages.TimelineList | messages.Summary | messages.Help, root: str
) -> kit.Rendered:
    match message:
        case messages.IncidentList():
            return lists.incidents(message, root=root)
        case messages.TimelineList():
            return lists.timeline(message, root=root)
        case messages.Summary():
            return lists.summary(message, root=root)
        case messages.Help():
            return lists.help_text(message, root=root)
        case _:
            assert_never(message)


def _reply(
    message: messages.Refusal | messages.Say | messages.Announcement | messages.Update | messages.Suggestion, root: str
) -> kit.Rendered:
    match message:
        case messages.Refusal():
            return replies.refusal(message, root=root)
        case messages.Say():
            return replies.say(message, root=root)
        case messages.Announcement():
            return replies.announcement(message, root=root)
        case messages.Update():
            return replies.update(message, root=root)
        case messages.Suggestion():
            return replies.suggestion(message, root=root)
        case _:
            assert_never(message)
