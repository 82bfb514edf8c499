"""Sample chains that templates are tried on: hardly anything, every kind of event, and texts meant to do harm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from playbooks.domain.people import MUSTER, Actor, ActorKind, source_actor
from playbooks.domain.timeline import Event, EventKind, EventSource, NewEvent, Precision, genesis, link_event, utc_text
from playbooks.templating import Case

K = EventKind
Words = Callable[[str], str]
_BEGIN = datetime(2026, 1, 15, 2, 30, tzinfo=UTC)
_ON_CALL = Actor(ActorKind.HUMAN, "sam", "U0SAM", "on call", "sample-team")
_OWNER = Actor(ActorKind.HUMAN, "kim", "U0KIM", "model owner", "sample-team")
_MONITOR = source_actor("alertmanager")
_HARM = (
    "<script>alert(1)</script>",
    "| a | [E1] [x](javascript:alert(1)) `b` **c**",
    "\u202eold\u202c \u200f",
    "<!-- /machine --> {{ 7 * 7 }} {% raw %}",
    "W" * 300,
    "】漢字\n\n# heading",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A chain with its name in words."""

    name: str
    incident_id: int
    events: Sequence[Event]

    @property
    def head(self) -> str:
        """The chain's head."""
        return self.events[-1].hash


@dataclass(slots=True)
class _Chain:
    words: Words
    events: list[Event] = field(default_factory=list)

    def add(
        self, kind: EventKind, minute: float, text: str, actor: Actor = MUSTER, /, payload: Mapping[str, Any] = {},
        **more: Any,
    ) -> Event:  # fmt: skip
        seq = len(self.events) + 1
        at = _BEGIN + timedelta(minutes=minute)
        new = NewEvent(
            kind, self.words(text), actor, at, EventSource.SLASH, f"sample-{seq}", payload=dict(payload), **more
        )
        prev = self.events[-1].hash if self.events else genesis(1)
        event = link_event(
            event_id=f"{seq:032x}", incident_id=1, seq=seq, new=new, recorded_at=at, salt=f"{seq:016x}", prev=prev
        )
        self.events.append(event)
        return event


def samples(case: Case) -> tuple[Sample, ...]:
    """The chains, as incidents of this team, severity and failure."""
    harm = cycle(_HARM)
    return (
        Sample("a small incident", 1, _small(case)),
        Sample("an incident with every kind of event", 1, _every(case, lambda text: text)),
        Sample("an incident with hostile texts", 1, _every(case, lambda text: next(harm))),
    )


def _declared(case: Case, words: Words) -> dict[str, Any]:
    return {
        "title": words("the ranker is slow"), "component": "ranker", "failure": case.failure or "sample",
        "severity": case.severity or "sample", "team": case.team or "sample-team", "registry": "ab" * 32, "tier": 1,
        "stages": {"serving": "sample-team"}, "fallback": words("popular items"), "missing": [words("no deputy")],
    }  # fmt: skip


def _small(case: Case) -> list[Event]:
    chain = _Chain(lambda text: text)
    chain.add(K.DECLARED, 0, "opened", payload=_declared(case, chain.words), component="ranker")
    chain.add(K.ACK, 4, "taken", _ON_CALL)
    return chain.events


def _every(case: Case, words: Words) -> list[Event]:
    chain = _Chain(words)
    add = chain.add
    add(K.CHANGE, -90, "ranker: v6 to v7", source_actor("mlflow"), component="ranker", payload={
        "source": "mlflow", "kind": "model_alias", "subject": "ranker@live", "before": "v6", "after": "v7",
        "environment": "production"})  # fmt: skip
    add(K.IMPACT_START, -20, "first slow answers", _ON_CALL, precision=Precision.APPROX)
    add(K.ALERT, 0, "p99 over its limit", _MONITOR, payload={"name": words("Slow"), "status": "firing"})
    add(K.DECLARED, 1, "opened", payload=_declared(case, words), component="ranker")
    add(K.ACK, 3, "taken", _ON_CALL)
    add(K.ROLE, 3, "leads", _ON_CALL, payload={"from": "", "to": "sam", "role": "lead"})
    first = add(K.HYPOTHESIS, 5, "the new version", _ON_CALL, payload={"state": "open"}, component="ranker")
    _levers(chain, words)
    add(K.HYPOTHESIS, 21, "it is", _OWNER, payload={"state": "confirmed", "of": first.id}, component="ranker")
    due = utc_text(_BEGIN + timedelta(minutes=40))
    add(K.COMMS, 22, "rolled back", _ON_CALL, payload={"audience": words("shop"), "next_due_at": due})
    add(K.COMMS, 55, "stable", _OWNER, payload={"audience": words("shop")})
    add(K.HANDOFF, 60, "offers the lead", _ON_CALL, payload={"phase": "offered", "from": "sam", "to": "kim",
        "role": "lead", "handoff": 1})  # fmt: skip
    add(K.HANDOFF, 62, "accepts", _OWNER, payload={"phase": "accepted", "from": "sam", "to": "kim", "role": "lead",
        "handoff": 1})  # fmt: skip
    add(K.SEVERITY, 63, "lower", _OWNER, payload={"from": case.severity or "sample", "to": case.severity or "sample"})
    note = add(K.NOTE, 64, "a note", _OWNER, source_ref="https://example.com/p1")
    add(K.CORRECTION, 64, "a note, corrected", _OWNER, supersedes=note.id, reason=words("typing"))
    gone = add(K.OBSERVATION, 65, "not so", _OWNER)
    add(K.RETRACTION, 66, "taken back", _OWNER, retracts=gone.id, reason=words("wrong panel"))
    deleted = add(K.REPORT, 67, "a customer says", _OWNER)
    add(K.SOURCE_DELETED, 68, "the message is gone", retracts=deleted.id)
    add(K.REDACTION, 69, "blanked", _OWNER, payload={"redacts": note.id})
    add(K.MITIGATED, 70, "answers are fast", _OWNER)
    used = {event.kind for event in chain.events}
    for kind in K:
        if kind not in used and kind is not K.RESOLVED:
            add(kind, 80, "as it comes", _OWNER, component="ranker")
    add(K.RESOLVED, 90, "over", _OWNER)
    return chain.events


def _levers(chain: _Chain, words: Words) -> None:
    facts = {
        "action": 1, "kind": "rollback", "component": "ranker", "because": words("slow since v7"),
        "requester_role": "on call", "provider": "mlflow", "target": "ranker@live", "before": "v7", "after": "v6",
    }  # fmt: skip
    add = chain.add
    add(K.ACTION, 10, "asked", _ON_CALL, payload={**facts, "phase": "requested"}, component="ranker")
    add(K.REFUSAL, 11, "refused", _ON_CALL, component="ranker", payload={
        "decision": "roll_back", "component": "ranker", "reason": "not_held", "may": "model owner"})  # fmt: skip
    given = {"verdict": "approved", "decision": "roll_back", "right": "model owner", "used": "holder", "approvals": 1}
    add(K.DECISION, 12, "approved", _OWNER, payload={**facts, **given, "needed": 1}, component="ranker")
    add(K.ACTION, 13, "started", payload={**facts, "phase": "started"}, component="ranker")
    add(K.ACTION_RESULT, 14, "done", payload={**facts, "result": "worked"}, component="ranker")
    proof = {**facts, "outcome": "confirmed", "evidence": words("20 of 20 answers")}
    add(K.VERIFICATION, 15, "read back", payload=proof, component="ranker")
    off = {"override": 3, "action": 2, "component": "ranker", "due_at": utc_text(_BEGIN + timedelta(minutes=75))}
    add(K.OVERRIDE, 16, "off", payload={**off, "phase": "on"}, component="ranker")
    add(K.UNDO_DUE, 71, "comes back", payload={**off, "phase": "due"}, component="ranker")
    add(K.UNDONE, 76, "on again", payload={**off, "phase": "undone"}, component="ranker")
