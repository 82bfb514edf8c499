"""Commands that only read: menu, help, list, status, summary, timeline, owner, audit."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.calls import Call, Desk, Reply
from bot.slack.commands.lifecycle import which
from bot.slack.grammar import VERBS, HelpArgs, Parsed
from playbooks import errors
from playbooks.messages import Help, IncidentList, Say
from playbooks.plays import anchors
from playbooks.plays.views import lists, pinned_card
from playbooks.ports import Surface

_GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Open and follow",
        (
            ("new", "opens an incident"),
            ("list", "open incidents"),
            ("status", "the card of this incident"),
            ("summary", "what you must know when you join"),
            ("timeline", "what happened, in order"),
            ("stats", "figures over incidents: silent, acknowledge, mitigate, resolve …"),
        ),
    ),
    (
        "Act",
        (
            ("ack", "you have seen it"),
            ("lead", "you or somebody leads"),
            ("handoff", "offers the lead to somebody"),
            ("accept", "takes an offered hand-off"),
            ("sev", "severity"),
            ("update", "speak to people"),
            ("note", "write the timeline"),
            ("milestone", "when impact began, it was known, it was over"),
            ("backfill", "many lines told afterwards"),
            ("decide", "what was decided, and by which right"),
            ("think", "what you think is going on, later confirmed or refuted"),
            ("observed", "what you see"),
            ("told", "whom you told outside, and what"),
            ("mitigated", "the harm has stopped"),
            ("resolve", "it is over; the draft follows"),
            ("cancel", "it was none"),
            ("reopen", "it is back"),
        ),
    ),
    (
        "Alerts",
        (
            ("report", "counts a problem you saw for the component's owner"),
            ("why", "the stages an alert went through, and why it was decided so"),
            ("silence", "keeps a component's alerts quiet, always with an end"),
            ("maintenance", "the same for planned work"),
            ("unsilence", "ends one before its time"),
            ("silences", "what is muted, held or only recorded"),
        ),
    ),
    (
        "Levers and rights",
        (
            ("/rollback", "rolls a model back to the last good version"),
            ("/disable", "switches off, always with an end"),
            ("/enable", "switches on again"),
            ("/owner", "who owns it, who may decide"),
            ("reportable", "records whether it must be reported, and why"),
            ("clock", "what must be sent by when; a reminder, not legal advice"),
            ("hold", "asks once more before a lever alters what is to be looked at"),
            ("unhold", "ends that"),
            ("approve", "says yes to a request"),
            ("deny", "says no"),
            ("done", "you did what was asked by hand, and what shows it"),
            ("cannot", "you could not do it, and why"),
            ("extend", "pushes the end of a disable out"),
            ("break-glass", "goes on without an answer: loud, and owed a review"),
            ("task", "what is left to do, with a holder and a day; `tasks` lists it"),
            ("debt", "the ledger: what is off, muted, accepted, frozen or owed a review"),
            ("accept-risk", "accepts a risk, with a holder and an end; asked again then"),
            ("freeze", "blocks a component's levers, and tells of changes made in spite of it"),
            ("unfreeze", "gives it free before its end"),
            ("gaps", "what the registry leaves open"),
            ("confirm", "an entry of your team is still right"),
            ("/postmortem", "the draft and where it stands: review, close, action items, publish"),
        ),
    ),
)


def menu(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc` alone: what there is on a few lines."""
    return replace(_help(desk), brief=True)


def help_text(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc help [verb]`."""
    verb = parsed.args.verb if isinstance(parsed.args, HelpArgs) else ""
    if verb in VERBS:
        return Say(f"`{desk.house.rules.root} {VERBS[verb].usage}`")
    return _help(desk, unknown=verb)


def _help(desk: Desk, unknown: str = "") -> Help:
    root = desk.house.rules.root
    groups = tuple(
        (title, tuple((name if name.startswith("/") else f"{root} {VERBS[name].usage}", what) for name, what in rows))
        for title, rows in _GROUPS
    )
    return Help(root, groups, unknown=unknown)


def listing(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc list`."""
    return lists.incident_list(desk.house)


def status(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc status`: the card, to the person who asks."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    with desk.house.store.read() as uow:
        surface = Surface(f"card:{number}", "card", f"incident:{number}", incident_id=number)
        view = pinned_card.card(desk.house, uow, surface)
    if view is None:
        raise errors.UnknownName(f"There is no INC-{number}.", "See `/inc list`.")
    return view


def summary(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc summary`."""
    number = which(desk, call, parsed)
    return number if isinstance(number, IncidentList) else lists.summary(desk.house, number)


def timeline(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc timeline`."""
    number = which(desk, call, parsed)
    return number if isinstance(number, IncidentList) else lists.timeline(desk.house, number)


def audit(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc audit`: verifies the chain of this incident."""
    number = which(desk, call, parsed)
    if isinstance(number, IncidentList):
        return number
    with desk.house.store.read() as uow:
        if uow.incident(number) is None:
            raise errors.UnknownName(f"There is no INC-{number}.", "See `/inc list`.")
        report, said = anchors.audit(uow, number)
    if report.ok:
        told = f"It has every head the channel was told ({said})." if said else ""
        return Say(f"The chain of INC-{number} verifies: {report.count} events, head `{report.head[:16]}`.", told)
    return Say(f"The chain of INC-{number} is broken at event {report.broken_at}: {report.why}.")
