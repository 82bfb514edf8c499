"""A chain with every kind of event, coarse times, corrections, a redaction and an order that needs a flag."""

from __future__ import annotations

from typing import Any

from playbooks.domain.people import source_actor
from playbooks.domain.timeline import EventSource, Precision, utc_text
from tests.drafts.chains import DANA, DRIFT, MEI, OMAR, Chain, K, at

_FACTS: dict[Any, dict[str, Any]] = {
    K.ALERT: {"source": "generic", "name": "Stale", "status": "firing"},
    K.CHANGE: {"kind": "index", "subject": "docs", "before": "7", "after": "8", "source": "generic"},
    K.DECLARED: {
        "title": "answers out of date", "component": "doc-bot", "failure": "stale", "severity": "sev1",
        "tier": 1, "team": "docs-ml", "stages": {"data": "docs-data", "serving": ""}, "missing": ["serving"],
        "registry": "ab" * 20,
    },
    K.SEVERITY: {"from": "sev1", "to": "sev2"},
    K.STATUS: {"from": "investigating", "to": "monitoring"},
    K.ROLE: {"role": "lead", "from": "dana", "to": "mei"},
    K.HANDOFF: {"phase": "offered", "role": "lead", "from": "dana", "to": "mei", "handoff": 3},
    K.COMMS: {"audience": "customers", "next_due_at": utc_text(at("04:10"))},
    K.HYPOTHESIS: {"state": "open"},
    K.REPORT: {"signal": "user report"},
    K.DECISION: {"decision": "stay on the old index", "verdict": "approved"},
    K.REFUSAL: {"decision": "roll_back", "reason": "not_held", "may": "index owner"},
    K.ACTION: {"action_type": "fallback", "result": "partial"},
    K.VERIFICATION: {"outcome": "confirmed", "evidence": "12 of 12 answers are of today"},
    K.OVERRIDE: {"override": 7, "phase": "extended", "due_at": utc_text(at("06:00"))},
}  # fmt: skip


def everything() -> Chain:
    """Every kind of event once in the order of the enumeration, then amendments, a second team, a late beginning."""
    chain = Chain(77)
    amending = {K.CORRECTION, K.RETRACTION, K.SOURCE_DELETED, K.REDACTION}
    people = (DANA, OMAR, MEI)
    for index, kind in enumerate(k for k in K if k not in amending):
        minutes = 60 + index * 7
        clock = f"{minutes // 60:02}:{minutes % 60:02}:{(index * 13) % 60:02}"
        actor = DRIFT if kind in (K.ALERT, K.CHANGE) else people[index % 3]
        chain.add(
            kind, at(clock), f"what happened as {kind.value.replace('_', ' ')} {index}", actor, component="doc-bot",
            payload=dict(_FACTS.get(kind, {})), source_ref=f"https://chat.example.com/p{index}" if index % 2 else "",
            precision=Precision.APPROX if index % 5 == 0 else Precision.EXACT,
        )  # fmt: skip
    _privileged(chain)
    _amended(chain)
    return chain


def _privileged(chain: Chain) -> None:
    facts = {"action": 31, "kind": "disable", "component": "doc-bot", "target": "doc-bot in prod", "before": "on",
             "after": "off", "requester_role": "on call docs-ml"}  # fmt: skip
    right = {"decision": "disable", "right": "index owner", "used": "holder", "approvals": 1, "needed": 1}
    add = chain.add
    add(K.ACTION, at("05:00"), "asked", DANA, payload={**facts, "phase": "requested"})
    add(K.DECISION, at("05:02:30"), "yes", OMAR, payload={**facts, **right, "verdict": "approved"})
    add(K.ACTION, at("05:02:31"), "started", source=EventSource.JOB, payload={**facts, "phase": "started"})
    add(K.ACTION_RESULT, at("05:02:40"), "done", source=EventSource.JOB, payload={**facts, "result": "worked"})
    add(K.VERIFICATION, at("05:03:10"), "off", payload={**facts, "outcome": "confirmed", "evidence": "reads off"})
    add(K.UNDO_DUE, at("05:03:11"), "till nine", payload={**facts, "due_at": utc_text(at("09:00"))})
    add(K.HANDOFF, at("05:10"), "taken", MEI, payload={"phase": "accepted", "handoff": 3, "to": "mei", "role": "lead"})


def _amended(chain: Chain) -> None:
    note = chain.add(K.NOTE, at("05:20"), "p99 at 480 ms", DANA)
    chain.add(K.CORRECTION, at("05:20"), "p99 at 840 ms", DANA, supersedes=note.id, recorded=at("05:40"))
    gone = chain.add(K.NOTE, at("05:25"), "wrong channel", MEI)
    chain.add(K.RETRACTION, at("05:26"), "event taken out", MEI, retracts=gone.id)
    guess = chain.add(K.HYPOTHESIS, at("05:30"), "the index is a day old", OMAR, payload={"state": "open"})
    chain.add(K.HYPOTHESIS, at("05:50"), "so it is", MEI, payload={"state": "confirmed", "of": guess.id})
    chain.add(K.SOURCE_DELETED, at("05:55"), "the message was deleted", DANA, payload={"event": 3})
    chain.add(K.REDACTION, at("05:56"), "a name blanked", MEI, payload={"redacts": guess.id, "event": guess.seq})
    chain.add(K.COMMS, at("06:40"), "to everyone", source_actor("status page"), payload={"audience": "public"})
    chain.add(K.RESOLVED, at("07:30"), "over", OMAR)
    chain.add(K.IMPACT_START, at("00:30"), "first stale answer", MEI, recorded=at("08:00"), precision=Precision.HOUR)
