"""Chains for tests of the draft: a builder, the night of the story, and the recorded public timelines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playbooks.domain.people import MUSTER, Actor, ActorKind, source_actor
from playbooks.domain.timeline import Event, EventKind, EventSource, NewEvent, Precision, genesis, link_event, utc_text

TIMELINES = Path(__file__).parent.parent / "timelines"
K = EventKind

DANA = Actor(ActorKind.HUMAN, "dana", "U01DANA", "on call fraud-ml", "fraud-ml")
OMAR = Actor(ActorKind.HUMAN, "omar", "U02OMAR", "model owner", "fraud-ml")
MEI = Actor(ActorKind.HUMAN, "mei", "U04MEI", "on call risk-product", "risk-product")
DRIFT = source_actor("alertmanager")
REGISTRY = source_actor("mlflow")


class Chain:
    """Appends events the way a store does."""

    def __init__(self, incident_id: int = 42) -> None:
        self.incident_id = incident_id
        self.events: list[Event] = []

    @property
    def head(self) -> str:
        return self.events[-1].hash if self.events else genesis(self.incident_id)

    def add(
        self,
        kind: EventKind,
        at: datetime,
        text: str,
        actor: Actor = MUSTER,
        *,
        recorded: datetime | None = None,
        source: EventSource = EventSource.SLASH,
        payload: dict[str, Any] | None = None,
        **more: Any,
    ) -> Event:
        seq = len(self.events) + 1
        new = NewEvent(kind, text, actor, at, source, f"k{seq}", payload=payload or {}, **more)
        event = link_event(
            event_id=f"{seq:032x}",
            incident_id=self.incident_id,
            seq=seq,
            new=new,
            recorded_at=recorded or at,
            salt=f"{seq:016x}",
            prev=self.head,
        )
        self.events.append(event)
        return event


def at(clock: str, day: int = 21) -> datetime:
    """A time of the night, UTC."""
    hour, minute, second = (*(int(part) for part in clock.split(":")), 0)[:3]
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def story() -> Chain:
    """The night: drift, ownership, rollback, kill switch, hand-off, restore, resolution."""
    chain = Chain()
    add = chain.add
    add(
        K.CHANGE, at("22:10", 20), "fraud-scorer@champion: v42 to v43", REGISTRY, recorded=at("02:31:20"),
        source=EventSource.WEBHOOK, component="fraud-scorer", source_ref="https://models.example.com/fraud-scorer/43",
        payload={
            "source": "mlflow", "key": "c-1", "kind": "model_alias", "subject": "fraud-scorer@champion",
            "before": "v42", "after": "v43", "environment": "production", "by": "training pipeline",
        },
    )  # fmt: skip
    add(
        K.ALERT, at("02:31:04"), "PSI of score 0.34 (limit 0.20, 4 of the last 4 windows, 18,240 samples)", DRIFT,
        recorded=at("02:31:20"), source=EventSource.WEBHOOK, component="fraud-scorer",
        source_ref="https://alerts.example.com/a/771",
        payload={
            "source": "alertmanager", "fingerprint": "ab12", "name": "ScoreDrift", "status": "firing",
            "severity": "critical", "starts_at": utc_text(at("02:31:04")), "ends_at": None,
        },
    )  # fmt: skip
    add(
        K.DECLARED, at("02:31:22"), "INC-42 opened for fraud-scorer, drift", component="fraud-scorer",
        source=EventSource.WEBHOOK,
        payload={
            "title": "fraud-scorer is drifting", "component": "fraud-scorer", "failure": "drift", "severity": "sev2",
            "by": "source:alertmanager", "team": "fraud-ml", "registry": "3f9c1a77d0e2b5a4", "on_call": 2, "tier": 1,
            "stages": {
                "data": "payments-data", "training": "fraud-ml", "serving": "ml-platform", "product": "risk-product",
            },
            "fallback": "rules engine v3", "missing": [],
        },
    )  # fmt: skip
    add(K.ACK, at("02:32:10"), "<@U01DANA> takes it", DANA, source=EventSource.BUTTON)
    add(K.ROLE, at("02:32:10"), "<@U01DANA> leads", DANA, payload={"from": "", "to": "dana", "role": "lead"})
    add(
        K.HYPOTHESIS, at("02:33:30"), "We think the late merchant-embeddings shift the score", DANA,
        component="merchant-embeddings", payload={"state": "open"}, source=EventSource.MESSAGE,
        source_ref="https://example.slack.com/archives/C42/p1",
    )  # fmt: skip
    _rollback(chain)
    _disable(chain)
    _rest(chain)
    return chain


def _rollback(chain: Chain) -> None:
    facts = {
        "action": 17, "kind": "rollback", "component": "fraud-scorer", "because": "drift since v43",
        "requester_role": "on call fraud-ml", "ends_after": None, "plan_hash": "7f3a" * 16, "provider": "mlflow",
        "target": "fraud-scorer@champion", "before": "v43", "after": "v42", "note": "marked good on 2 Nov",
    }  # fmt: skip
    add = chain.add
    c: dict[str, Any] = {"component": "fraud-scorer"}
    add(
        K.ACTION,
        at("02:34:12"),
        "Rollback v43 → v42 asked: drift since v43",
        DANA,
        payload={**facts, "phase": "requested"},
        **c,
    )
    add(
        K.REFUSAL, at("02:35:10"), "refused: roll back fraud-scorer: the right is not theirs", MEI,
        source=EventSource.BUTTON,
        payload={
            "decision": "roll_back", "component": "fraud-scorer", "reason": "not_held", "rule": "up to SEV2",
            "may": "model owner, deputy", "sentence": "You can't decide on this rollback of *fraud-scorer*.",
        }, **c,
    )  # fmt: skip
    add(
        K.DECISION, at("02:36:00"), "Approved by <@U02OMAR>", OMAR, source=EventSource.BUTTON,
        payload={
            **facts, "verdict": "approved", "decision": "roll_back", "right": "model owner (up to SEV2)",
            "used": "holder", "rule": "up to SEV2", "approvals": 1, "needed": 1,
        }, **c,
    )  # fmt: skip
    add(
        K.ACTION, at("02:36:01"), "Rollback started", source=EventSource.JOB, payload={**facts, "phase": "started"}, **c
    )
    add(
        K.ACTION_RESULT, at("02:36:04"), "Alias moved to v42", source=EventSource.JOB,
        payload={**facts, "result": "worked"}, **c,
    )  # fmt: skip
    add(
        K.VERIFICATION, at("02:36:41"), "Rollback confirmed: 20 of 20 answers carry v42", source=EventSource.JOB,
        payload={**facts, "outcome": "confirmed", "evidence": "20 of 20 answers carry v42"}, **c,
    )  # fmt: skip
    add(K.MITIGATED, at("02:36:41"), "Mitigated: rollback confirmed", DANA, source=EventSource.BUTTON)


def _disable(chain: Chain) -> None:
    facts = {
        "action": 18, "kind": "disable", "component": "auto-decline", "because": "declines from v43 in the queue",
        "requester_role": "on call fraud-ml", "ends_after": 14400, "plan_hash": "81bc" * 16, "provider": "unleash",
        "target": "auto-decline in production", "before": "on", "after": "off", "note": "",
    }  # fmt: skip
    debt = {"override": 118, "action": 18, "component": "auto-decline", "since": utc_text(at("02:37:09"))}
    due = utc_text(at("06:37:09"))
    add = chain.add
    c: dict[str, Any] = {"component": "auto-decline"}
    add(K.ACTION, at("02:37:02"), "Disable asked for 4 h", DANA, payload={**facts, "phase": "requested"}, **c)
    add(
        K.DECISION, at("02:37:02"), "Decided by the requester's own right", DANA,
        payload={
            **facts, "verdict": "approved", "decision": "disable", "right": "on call fraud-ml", "used": "on_call",
            "rule": "", "approvals": 1, "needed": 1,
        }, **c,
    )  # fmt: skip
    add(K.ACTION, at("02:37:05"), "Disable started", source=EventSource.JOB, payload={**facts, "phase": "started"}, **c)
    add(K.ACTION_RESULT, at("02:37:06"), "Flag off", source=EventSource.JOB, payload={**facts, "result": "worked"}, **c)
    add(
        K.VERIFICATION, at("02:37:09"), "The flag reads off in production", source=EventSource.JOB,
        payload={**facts, "outcome": "confirmed", "evidence": "the flag reads off in production"}, **c,
    )  # fmt: skip
    add(
        K.OVERRIDE, at("02:37:09"), "auto-decline is off until 06:37", source=EventSource.JOB,
        payload={**debt, "phase": "on", "due_at": due, "was_due_at": None, "why": ""}, **c,
    )  # fmt: skip
    chain.due = (facts, debt, due)  # type: ignore[attr-defined]


def _rest(chain: Chain) -> None:
    _, debt, due = chain.due  # type: ignore[attr-defined]
    add = chain.add
    c: dict[str, Any] = {"component": "auto-decline"}
    add(
        K.HYPOTHESIS, at("02:50:00"), "The embeddings are not it: v42 reads the same ones and is stable", OMAR,
        component="merchant-embeddings", payload={"state": "refuted", "of": chain.events[5].id},
    )  # fmt: skip
    add(K.COMMS, at("02:52"), "Update to #risk-updates: scorer rolled back, automatic declines paused", DANA,
        payload={"audience": "risk-updates", "next_due_at": utc_text(at("03:30"))})  # fmt: skip
    add(K.HANDOFF, at("03:10"), "<@U01DANA> offers the lead to <@U04MEI>", DANA,
        payload={"phase": "offered", "from": "dana", "to": "mei", "role": "lead"})  # fmt: skip
    add(K.ROLE, at("03:12"), "<@U04MEI> accepts the lead", MEI, payload={"from": "dana", "to": "mei", "role": "lead"})
    add(K.COMMS, at("03:28"), "Update to #risk-updates: stable on v42", MEI, payload={"audience": "risk-updates"})
    add(K.UNDO_DUE, at("06:22"), "auto-decline comes back in 15 min", source=EventSource.SCHEDULER,
        payload={**debt, "phase": "due", "due_at": due, "was_due_at": None, "why": ""}, **c)  # fmt: skip
    add(K.UNDONE, at("06:37:12"), "auto-decline is on again, confirmed", source=EventSource.SCHEDULER,
        payload={**debt, "phase": "undone", "due_at": due, "was_due_at": None, "why": ""}, **c)  # fmt: skip
    add(K.ALERT, at("07:05"), "PSI of score 0.08, back under its limit", DRIFT, source=EventSource.WEBHOOK,
        component="fraud-scorer",
        payload={"source": "alertmanager", "name": "ScoreDrift", "status": "resolved"})  # fmt: skip
    add(K.IMPACT_START, at("01:40"), "Impact began with the first window over the limit", MEI, recorded=at("09:00:10"),
        precision=Precision.APPROX, component="fraud-scorer")  # fmt: skip
    add(K.RESOLVED, at("09:00:30"), "INC-42 resolved", MEI)


# ---------------------------------------------------------------- recorded timelines

_PRECISION = {
    "approximate": Precision.APPROX,
    "before": Precision.UNKNOWN,
    "day": Precision.DAY,
    "hour": Precision.HOUR,
    "minute": Precision.MINUTE,
    "relative": Precision.INFERRED,
    "span": Precision.SPAN,
    "unknown": Precision.UNKNOWN,
}
_MACHINES = {"system", "monitoring", "internal system", "market", "automatic updater"}


def timeline_files() -> list[Path]:
    """The recorded timelines, by name."""
    return sorted(TIMELINES.glob("*.json"))


def recorded(path: Path) -> tuple[dict[str, Any], Chain]:
    """A recorded timeline and the chain it gives, entered as it happened."""
    data = json.loads(path.read_text())
    chain = Chain(7)
    for event in data["events"]:
        when = datetime.fromisoformat(event["at"]).astimezone(UTC)
        until = event.get("ended_at")
        chain.add(
            K(event["kind"]),
            when,
            event["what"],
            _actor(event["actor"]),
            precision=_PRECISION[event.get("precision", "minute")],
            component=event.get("component", ""),
            occurred_until=datetime.fromisoformat(until).astimezone(UTC) if until else None,
            source=EventSource.BACKFILL,
            source_ref=data["source"],
            entered_tz=data["tz_in_source"],
            payload=_payload(event, data["title"]),
        )
    return data, chain


def _actor(name: str) -> Actor:
    if name in _MACHINES:
        return source_actor(name)
    return Actor(ActorKind.HUMAN, f"team:{name}", role=name, team=name.lower().replace(" ", "-"))


def _payload(event: dict[str, Any], title: str) -> dict[str, Any]:
    keys = ("result", "action_type", "audience", "signal")
    payload = {key: event[key] for key in keys if key in event}
    if event["kind"] == "hypothesis":
        payload["state"] = event.get("result", "open")
    if event["kind"] == "change":
        payload.update(source=event["actor"], kind="change", subject=event.get("component", ""), before="", after="")
    if event["kind"] == "declared":
        payload["title"] = title
    return payload


def shifted(chain: Chain, by: timedelta) -> Sequence[Event]:
    """The same events at another time, linked anew."""
    again = Chain(chain.incident_id)
    for event in chain.events:
        new = event.new
        again.add(
            new.kind, new.occurred_at + by, new.text, new.actor, recorded=event.recorded_at + by,
            payload=dict(new.payload), component=new.component,
        )  # fmt: skip
    return again.events
