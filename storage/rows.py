"""Row <-> domain value, total, both ways. A row is the mapping a statement takes and gives, by column name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table

from playbooks.domain.actions import Action, ActionKind, ActionState, Approval, Override, Plan
from playbooks.domain.alerts import Alert, AlertStatus, Change, Decision, Reason
from playbooks.domain.documents import DocumentLife, DocumentState, DocumentStep, StepKind
from playbooks.domain.handoffs import Handoff
from playbooks.domain.incidents import Incident, State
from playbooks.domain.people import Actor, ActorKind
from playbooks.domain.publishing import Publication
from playbooks.domain.timeline import Event, EventKind, EventSource, NewEvent, Precision
from playbooks.ports import Attachment, Captured, Counted, Document, Job, NewIncident, StoredAlert, Surface, Timer
from storage import tables

Values = dict[str, Any]

_TABLES = tables.Row.metadata.tables
INCIDENT: Table = _TABLES["incident"]
EVENT: Table = _TABLES["event"]
BODY: Table = _TABLES["event_body"]
ALERT: Table = _TABLES["alert"]
CHANGE: Table = _TABLES["change"]
COUNTED: Table = _TABLES["counted"]
SILENCE: Table = _TABLES["silence"]
QUARANTINE: Table = _TABLES["quarantine"]
ACTION: Table = _TABLES["action"]
APPROVAL: Table = _TABLES["approval"]
OVERRIDE: Table = _TABLES["override"]
HANDOFF: Table = _TABLES["handoff"]
ATTACHMENT: Table = _TABLES["attachment"]
VERSION_MARK: Table = _TABLES["version_mark"]
SERVING: Table = _TABLES["serving"]
SURFACE: Table = _TABLES["surface"]
TIMER: Table = _TABLES["timer"]
JOB: Table = _TABLES["job"]
DELIVERY: Table = _TABLES["delivery"]
SIGHTING: Table = _TABLES["sighting"]
GAP: Table = _TABLES["gap"]
CONFIRMATION: Table = _TABLES["confirmation"]
BOOKMARK: Table = _TABLES["bookmark"]
CAPTURED: Table = _TABLES["captured"]
DOCUMENT: Table = _TABLES["document"]
DOCUMENT_LIFE: Table = _TABLES["document_life"]
DOCUMENT_STEP: Table = _TABLES["document_step"]
PUBLICATION: Table = _TABLES["publication"]
NOTICE: Table = _TABLES["notice"]
REGISTRY_VERSION: Table = _TABLES["registry_version"]
FIGURE: Table = _TABLES["figure"]


def _values(value: Any) -> Values:
    """The fields of a flat dataclass by name, mappings as plain dictionaries."""
    row: Values = {}
    for item in fields(value):
        inner = getattr(value, item.name)
        row[item.name] = dict(inner) if isinstance(inner, Mapping) else inner
    return row


def _mapping(row: Row[Any]) -> Values:
    return dict(row._mapping)


# ---------------------------------------------------------------- incidents


def incident_row(incident: Incident) -> Values:
    """All columns but `open_key`, which only the store's caller knows."""
    return _values(incident) | {"state": incident.state.value}


def new_incident_row(new: NewIncident) -> Values:
    """The first row of an incident, without the id the database gives and the chain head that follows from it."""
    told = {k: v for k, v in _values(new).items() if k != "open_key"}
    incident = incident_row(Incident(id=0, **(told | {"state": State(new.state)})))
    del incident["id"]
    return incident | {"open_key": new.open_key}


def to_incident(row: Row[Any]) -> Incident:
    """The incident of a row of `incident`."""
    values = _mapping(row)
    del values["open_key"]
    return Incident(**(values | {"state": State(values["state"])}))


# ---------------------------------------------------------------- timeline


def event_row(event: Event) -> Values:
    """The row of `event`; the text is not in it."""
    new = event.new
    return {
        "id": event.id,
        "incident_id": event.incident_id,
        "seq": event.seq,
        "kind": new.kind.value,
        "occurred_at": new.occurred_at,
        "occurred_until": new.occurred_until,
        "precision": new.precision.value,
        "entered_tz": new.entered_tz,
        "recorded_at": event.recorded_at,
        "source": new.source.value,
        "source_ref": new.source_ref,
        "dedup_key": new.dedup_key,
        "actor_kind": new.actor.kind.value,
        "actor_id": new.actor.id,
        "actor_slack": new.actor.slack,
        "actor_role": new.actor.role,
        "actor_team": new.actor.team,
        "component": new.component,
        "payload": dict(new.payload),
        "supersedes": new.supersedes,
        "retracts": new.retracts,
        "reason": new.reason,
        "content_sha256": event.content_sha256,
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }


def body_row(event: Event) -> Values:
    """The row of `event_body`."""
    return {"event_id": event.id, "salt": event.salt, "text": event.new.text, "redacted": event.redacted}


def to_event(row: Row[Any]) -> Event:
    """The event of a row of `event` joined with `event_body`.

    Only an empty text counts as redacted, so that words put in its place are found by the digest.
    """
    return Event(
        id=row.id,
        incident_id=row.incident_id,
        seq=row.seq,
        new=_new_event(row),
        recorded_at=row.recorded_at,
        salt=row.salt,
        content_sha256=row.content_sha256,
        prev_hash=row.prev_hash,
        hash=row.hash,
        redacted=row.redacted and not row.text,
    )


def _new_event(row: Row[Any]) -> NewEvent:
    return NewEvent(
        kind=EventKind(row.kind),
        text=row.text,
        actor=Actor(ActorKind(row.actor_kind), row.actor_id, row.actor_slack, row.actor_role, row.actor_team),
        occurred_at=row.occurred_at,
        source=EventSource(row.source),
        dedup_key=row.dedup_key,
        precision=Precision(row.precision),
        source_ref=row.source_ref,
        component=row.component,
        payload=row.payload,
        supersedes=row.supersedes,
        retracts=row.retracts,
        reason=row.reason,
        occurred_until=row.occurred_until,
        entered_tz=row.entered_tz,
    )


# ---------------------------------------------------------------- alerts and changes


def alert_row(stored: StoredAlert) -> Values:
    """The row of `alert`."""
    alert = stored.alert
    return {
        "id": stored.id,
        "source": alert.source,
        "fingerprint": alert.fingerprint,
        "starts_at": alert.starts_at,
        "name": alert.name,
        "status": alert.status.value,
        "ends_at": alert.ends_at,
        "severity": alert.severity,
        "summary": alert.summary,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "link": alert.link,
        "signal": dict(alert.signal),
        "component": stored.component,
        "failure": stored.failure,
        "decision": stored.decision.value,
        "reason": stored.reason.value,
        "incident_id": stored.incident_id,
        "received_at": stored.received_at,
        "updated_at": stored.updated_at,
        "seen": stored.seen,
        "path": stored.path,
    }


def to_alert(row: Row[Any]) -> StoredAlert:
    """The stored alert of a row of `alert`."""
    alert = Alert(
        source=row.source,
        fingerprint=row.fingerprint,
        name=row.name,
        status=AlertStatus(row.status),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        severity=row.severity,
        summary=row.summary,
        labels=row.labels,
        annotations=row.annotations,
        link=row.link,
        signal=row.signal,
    )
    return StoredAlert(
        id=row.id,
        alert=alert,
        component=row.component,
        failure=row.failure,
        decision=Decision(row.decision),
        reason=Reason(row.reason),
        incident_id=row.incident_id,
        received_at=row.received_at,
        updated_at=row.updated_at,
        seen=row.seen,
        path=tuple((str(stage), str(did), str(why)) for stage, did, why in row.path or ()),
    )


def counted_row(number: str, counted: Counted) -> Values:
    """The row of `counted`."""
    return {
        "incident_id": counted.incident_id,
        "id": number,
        "source": counted.source,
        "status": counted.status,
        "count": counted.count,
        "names": counted.names,
        "first": counted.first,
    }


def to_counted(row: Row[Any]) -> Counted:
    """The alerts counted in a row of `counted`."""
    return Counted(**{name: value for name, value in _mapping(row).items() if name != "id"})


def change_row(
    change: Change, *, change_id: str, decision: Decision, reason: Reason, incident_id: int | None, now: datetime
) -> Values:
    """The row of `change`."""
    return _values(change) | {
        "id": change_id,
        "decision": decision.value,
        "reason": reason.value,
        "incident_id": incident_id,
        "received_at": now,
    }


def to_change(row: Row[Any]) -> Change:
    """The change of a row of `change`."""
    values = _mapping(row)
    return Change(**{item.name: values[item.name] for item in fields(Change)})


# ---------------------------------------------------------------- actions and the ledger


def action_row(action: Action) -> Values:
    """The row of `action`."""
    return _values(replace(action, plan=None)) | {
        "kind": action.kind.value,
        "state": action.state.value,
        "plan": action.plan.as_json() if action.plan else None,
    }


def to_action(row: Row[Any]) -> Action:
    """The action of a row of `action`."""
    values = _mapping(row)
    plan = values["plan"]
    typed = {"kind": ActionKind(values["kind"]), "state": ActionState(values["state"])}
    return Action(**(values | typed | {"plan": Plan.from_json(plan) if plan is not None else None}))


def approval_row(approval: Approval) -> Values:
    """The row of `approval`."""
    return _values(approval)


def to_approval(row: Row[Any]) -> Approval:
    """The approval of a row of `approval`."""
    return Approval(**_mapping(row))


def override_row(override: Override) -> Values:
    """The row of `override`."""
    return _values(override)


def to_override(row: Row[Any]) -> Override:
    """The entry of a row of `override`."""
    return Override(**_mapping(row))


def handoff_row(handoff: Handoff) -> Values:
    """The row of `handoff`."""
    return _values(handoff) | {"brief": [list(line) for line in handoff.brief]}


def to_handoff(row: Row[Any]) -> Handoff:
    """The hand-off of a row of `handoff`."""
    values = dict(_mapping(row))
    return Handoff(**values | {"brief": tuple((str(label), str(text)) for label, text in values["brief"])})


# ---------------------------------------------------------------- surfaces, timers, jobs, memory


def surface_row(surface: Surface) -> Values:
    """The row of `surface`."""
    return _values(surface)


def to_surface(row: Row[Any]) -> Surface:
    """The surface of a row of `surface`."""
    return Surface(**_mapping(row))


def timer_row(timer: Timer) -> Values:
    """The row of `timer`."""
    return _values(timer)


def to_timer(row: Row[Any]) -> Timer:
    """The timer of a row of `timer`."""
    return Timer(**_mapping(row))


def job_row(job: Job) -> Values:
    """The row of `job`."""
    return _values(job) | {"id": job.id}


def to_job(row: Row[Any]) -> Job:
    """The job of a row of `job`."""
    values = _mapping(row)
    del values["id"]
    return Job(**values)


def attachment_row(attachment: Attachment) -> Values:
    """A kept file as stored, without its bytes."""
    return {name: getattr(attachment, name) for name in Attachment.__dataclass_fields__}


def to_attachment(row: Row[Any]) -> Attachment:
    """A kept file from its row, without its bytes."""
    return Attachment(**_mapping(row))


def captured_row(captured: Captured) -> Values:
    """The row of `captured`."""
    return _values(captured)


def to_captured(row: Row[Any]) -> Captured:
    """The captured message of a row of `captured`."""
    return Captured(**_mapping(row))


def document_row(document: Document) -> Values:
    """The row of `document`."""
    return _values(document)


def to_document(row: Row[Any]) -> Document:
    """The document of a row of `document`."""
    return Document(**_mapping(row))


def life_row(life: DocumentLife) -> Values:
    """The row of `document_life`."""
    return _values(life) | {"state": life.state.value}


def to_life(row: Row[Any]) -> DocumentLife:
    """The life of a row of `document_life`."""
    values = _mapping(row)
    return DocumentLife(**values | {"state": DocumentState(values["state"])})


def step_row(step: DocumentStep) -> Values:
    """The row of `document_step`; its number is given by the database."""
    return _values(step) | {"kind": step.kind.value}


def to_step(row: Row[Any]) -> DocumentStep:
    """The step of a row of `document_step`."""
    values = _mapping(row)
    del values["id"]
    return DocumentStep(**values | {"kind": StepKind(values["kind"])})


def publication_row(publication: Publication) -> Values:
    """The row of `publication`."""
    return _values(publication)


def to_publication(row: Row[Any]) -> Publication:
    """The publication of a row of `publication`."""
    return Publication(**_mapping(row))
