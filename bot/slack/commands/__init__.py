"""Commands: text, buttons and modals all end here as one call per verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.slack.calls import Call, Desk, Reply, about_of, refusal_of
from bot.slack.commands import (
    documents,
    errands,
    figures,
    governance,
    levers,
    lifecycle,
    muting,
    owners,
    people,
    reads,
    reporting,
    telling,
    timeline,
)
from bot.slack.grammar import Parsed
from playbooks import errors
from playbooks.messages import Say

Handler = Callable[[Desk, Call, Parsed], Reply]

HANDLERS: Mapping[str, Handler] = {
    "menu": reads.menu,
    "help": reads.help_text,
    "list": reads.listing,
    "status": reads.status,
    "summary": reads.summary,
    "timeline": reads.timeline,
    "who": owners.owner,
    "audit": reads.audit,
    "postmortem": documents.document,
    "new": lifecycle.new,
    "ack": lifecycle.ack,
    "lead": lifecycle.lead,
    "role": lifecycle.role,
    "handoff": people.handoff,
    "accept": people.accept,
    "sev": lifecycle.severity,
    "update": lifecycle.update,
    "note": lifecycle.note,
    "mitigated": lifecycle.mitigated,
    "resolve": timeline.resolve,
    "milestone": timeline.milestone,
    "decide": telling.tell,
    "think": telling.think,
    "observed": telling.tell,
    "told": telling.tell,
    "redact": telling.redact,
    "backfill": timeline.backfill,
    "cancel": lifecycle.cancel,
    "reopen": lifecycle.reopen,
    "close": lifecycle.close,
    "correct": lifecycle.correct,
    "retract": lifecycle.retract,
    "rollback": levers.rollback,
    "disable": levers.disable,
    "enable": levers.enable,
    "extend": levers.extend,
    "approve": levers.approve,
    "deny": levers.deny,
    "done": errands.done,
    "cannot": errands.cannot,
    "debt": governance.debt,
    "accept-risk": governance.accept_risk,
    "freeze": governance.freeze,
    "unfreeze": governance.unfreeze,
    "silence": muting.silence,
    "maintenance": muting.maintenance,
    "unsilence": muting.unsilence,
    "silences": muting.silences,
    "why": muting.why,
    "report": muting.report,
    "gaps": governance.gaps,
    "confirm": governance.confirm,
    "task": governance.task,
    "tasks": governance.tasks,
    "stats": figures.stats,
    "sync": governance.sync,
    "break-glass": governance.break_glass,
    "review": governance.review,
    "reportable": reporting.reportable,
    "clock": reporting.clock,
    "hold": reporting.hold,
    "unhold": reporting.unhold,
}


def execute(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """Run one command; what was wrong comes back as a refusal with the next step, never as an exception of ours."""
    try:
        return HANDLERS[parsed.verb](desk, call, parsed)
    except errors.MusterError as error:
        if error.code == "already_done":
            return Say(error.sentence)
        if isinstance(error, errors.Denied):
            desk.refused(call, error, about_of(parsed))
        return refusal_of(desk.house, error, parsed)
