"""Chains of any size for drawings and pages: few events, hundreds, thousands, and hostile texts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from playbooks.domain.timeline import EventSource, Precision, utc_text
from tests.drafts.chains import DANA, DRIFT, MEI, OMAR, Chain, K, at

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\u202eevil\u202c \u2066x\u2069 \u200f\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "W" * 400,
    "a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301 zalgo",
    "</style></svg><b onload=x>\"' & ]]> {{ 7*7 }} <!-- /machine -->",
    "| pipe | [E1] [x](javascript:alert(1)) `code` **bold**",
    "漢字" * 60,
)


def few() -> Chain:
    """Five events: hardly anything is recorded."""
    chain = Chain(5)
    chain.add(K.ALERT, at("10:00"), "latency over its limit", DRIFT, source=EventSource.WEBHOOK, component="ranker")
    facts = {"title": "ranker is slow", "component": "ranker", "severity": "sev3", "team": "search", "failure": "slow"}
    chain.add(K.DECLARED, at("10:00:20"), "INC-5 opened", component="ranker", payload=facts)
    chain.add(K.ACK, at("10:04"), "<@U01DANA> takes it", DANA, source=EventSource.BUTTON)
    chain.add(K.MITIGATED, at("10:31"), "queue drained", DANA)
    chain.add(K.RESOLVED, at("11:00"), "over", DANA)
    return chain


def many(number: int, texts: tuple[str, ...] = ()) -> Chain:
    """So many events over three days: alerts, notes, actions, hand-offs, updates with promises, components' phases."""
    chain = Chain(500)
    begin = at("22:40", 19)
    step = timedelta(days=2, hours=20) / number
    facts = {
        "title": texts[0] if texts else "recommendations repeat and queue",
        "component": texts[3] if texts else "recommender", "severity": "sev1", "team": "discovery",
        "failure": "feedback-loop", "fallback": texts[1] if texts else "popular items",
    }  # fmt: skip
    chain.add(K.IMPACT_START, begin, "first repeats", DANA, precision=Precision.APPROX)
    chain.add(K.ALERT, begin + timedelta(minutes=42), "repeat rate 0.41", DRIFT, source=EventSource.WEBHOOK)
    chain.add(K.DECLARED, begin + timedelta(minutes=43), "INC-500 opened", payload=facts)
    chain.add(K.ACK, begin + timedelta(minutes=51), "taken", DANA)
    lead, action = 0, 0
    while len(chain.events) < number - 2:
        n = len(chain.events)
        now = begin + timedelta(hours=1) + n * step
        text = texts[n % len(texts)] if texts else f"line {n}"
        if n % 40 == 7 and number - n > 10:
            action += 1
            _rollback(chain, action, now, text)
        elif n % 60 == 11:
            lead += 1
            people = (DANA, OMAR, MEI)
            giver, taker = people[(lead - 1) % 3], people[lead % 3]
            chain.add(K.HANDOFF, now, text, giver, payload={
                "phase": "offered", "from": giver.id, "to": taker.id, "role": "lead", "handoff": lead})  # fmt: skip
            chain.add(K.HANDOFF, now + step / 3, text, taker, payload={
                "phase": "accepted", "from": giver.id, "to": taker.id, "role": "lead", "handoff": lead})  # fmt: skip
        elif n % 25 == 3:
            due = utc_text(now + 20 * step)
            chain.add(K.COMMS, now, text, DANA, payload={"audience": text[:40], "next_due_at": due})
        elif n % 90 == 20:
            chain.add(K.MITIGATED, now, text, OMAR, payload={"phase": f"shard-{n}"})
            chain.add(K.IMPACT_START, now - 9 * step, text, OMAR, payload={"phase": f"shard-{n}"})
        elif n % 5 == 0:
            chain.add(K.ALERT, now, text, DRIFT, source=EventSource.WEBHOOK, payload={"status": "firing"})
        else:
            chain.add(K.NOTE, now, text, (DANA, OMAR, MEI)[n % 3])
    end = begin + timedelta(days=2, hours=22)
    chain.add(K.MITIGATED, end - timedelta(hours=5), "repeats are down", MEI)
    chain.add(K.RESOLVED, end, "over", MEI)
    return chain


def _rollback(chain: Chain, number: int, now: Any, text: str) -> None:
    facts = {
        "action": number, "kind": ("rollback", "disable", "enable")[number % 3], "component": text[:60],
        "target": f"{text[:30]}-{number % 9}", "before": f"v{number}", "after": f"v{number - 1}",
        "requester_role": text[:50],
    }  # fmt: skip
    verdict = "denied" if number % 4 == 0 else "approved"
    chain.add(K.ACTION, now, text, DANA, payload={**facts, "phase": "requested"})
    decided = {**facts, "verdict": verdict, "right": text[:50], "approvals": 1, "needed": 1}
    chain.add(K.DECISION, now + timedelta(seconds=70), text, OMAR, payload=decided)
    if verdict == "approved":
        chain.add(K.ACTION, now + timedelta(seconds=75), text, payload={**facts, "phase": "started"})
        chain.add(K.ACTION_RESULT, now + timedelta(seconds=80), text, payload={**facts, "result": "worked"})
        proof = {**facts, "outcome": "contradicted" if number % 5 == 0 else "confirmed", "evidence": text}
        chain.add(K.VERIFICATION, now + timedelta(seconds=95), text, payload=proof)
