"""The tables. Enumerations are stored by value; what a row means is said where its domain value is."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, MetaData, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.columns import Json, UtcDateTime

# Said once for the indexes and the queries: SQLite uses a partial index only for the very same words.
PENDING_JOB = text("wanted > done AND NOT parked")
PENDING_SURFACE = text("wanted > shown")
KEPT_BACK_ALERT = text("decision IN ('held', 'monitored', 'muted')")


class Row(SQLModel):
    """Gives every table one metadata with predictable constraint names."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class IncidentRow(Row, table=True):
    """An incident, with the head of its event chain. `open_key` is NULL once it takes no more alerts."""

    __tablename__ = "incident"
    __table_args__ = (
        UniqueConstraint("open_key"),
        Index(None, "component", "state"),
        Index(None, "state", "opened_at"),
        Index(None, "channel"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    open_key: str | None
    title: str
    component: str
    failure: str
    severity: str
    state: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    detected_at: datetime = Field(sa_type=UtcDateTime)
    opened_by: str
    team: str
    home: str
    channel: str
    channel_name: str
    lead: str
    comms: str
    acknowledged_at: datetime | None = Field(sa_type=UtcDateTime)
    acknowledged_by: str
    impact_at: datetime | None = Field(sa_type=UtcDateTime)
    mitigated_at: datetime | None = Field(sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(sa_type=UtcDateTime)
    last_update_at: datetime | None = Field(sa_type=UtcDateTime)
    alerts_total: int
    alerts_firing: int
    reopened: int
    reopened_from: int | None
    version: int
    chain_seq: int
    chain_head: str
    signal: dict[str, Any] = Field(sa_type=Json)


class EventRow(Row, table=True):
    """An event of an incident's chain; triggers refuse UPDATE and DELETE. Its text is in `event_body`."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("incident_id", "seq"), UniqueConstraint("incident_id", "dedup_key"))

    id: str = Field(primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    seq: int
    kind: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    occurred_until: datetime | None = Field(sa_type=UtcDateTime)
    precision: str
    entered_tz: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    source: str
    source_ref: str
    dedup_key: str
    actor_kind: str
    actor_id: str
    actor_slack: str
    actor_role: str
    actor_team: str
    component: str
    payload: dict[str, Any] = Field(sa_type=Json)
    supersedes: str
    retracts: str
    reason: str
    content_sha256: str
    prev_hash: str
    hash: str


class EventBodyRow(Row, table=True):
    """The text of an event: the one place where words may be blanked; triggers refuse any other change."""

    __tablename__ = "event_body"

    event_id: str = Field(primary_key=True, foreign_key="event.id")
    salt: str
    text: str
    redacted: bool


class AlertRow(Row, table=True):
    """An alert episode and what was decided on it."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("source", "fingerprint", "starts_at"),
        Index(None, "incident_id", "received_at"),
        Index(
            "ix_alert_kept_back",
            "component",
            "received_at",
            sqlite_where=KEPT_BACK_ALERT,
            postgresql_where=KEPT_BACK_ALERT,
        ),
    )

    id: str = Field(primary_key=True)
    source: str
    fingerprint: str
    starts_at: datetime = Field(sa_type=UtcDateTime)
    name: str
    status: str
    ends_at: datetime | None = Field(sa_type=UtcDateTime)
    severity: str
    summary: str
    labels: dict[str, Any] = Field(sa_type=Json)
    annotations: dict[str, Any] = Field(sa_type=Json)
    link: str
    signal: dict[str, Any] = Field(sa_type=Json)
    component: str
    failure: str
    decision: str
    reason: str
    incident_id: int | None = Field(foreign_key="incident.id")
    received_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    seen: int
    path: list[Any] = Field(sa_type=Json, sa_column_kwargs={"server_default": "[]"})


class SilenceRow(Row, table=True):
    """Alerts of a component that are kept quiet for a time; `ended_at` is NULL until it is over."""

    __tablename__ = "silence"
    __table_args__ = (Index(None, "ended_at"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    component: str
    failure: str
    reason: str
    by: str
    team: str
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    at_end: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str
    muted: int
    version: int


class ChangeRow(Row, table=True):
    """A change as its source reported it."""

    __tablename__ = "change"
    __table_args__ = (UniqueConstraint("source", "key"), Index(None, "subject", "occurred_at"))

    id: str = Field(primary_key=True)
    source: str
    key: str
    kind: str
    subject: str
    before: str
    after: str
    environment: str
    by: str
    link: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    decision: str
    reason: str
    incident_id: int | None = Field(foreign_key="incident.id")
    received_at: datetime = Field(sa_type=UtcDateTime)


class QuarantineRow(Row, table=True):
    """Something received that could not be used, kept for people."""

    __tablename__ = "quarantine"
    __table_args__ = (Index(None, "received_at"),)

    id: str = Field(primary_key=True)
    source: str
    body: str
    reason: str
    received_at: datetime = Field(sa_type=UtcDateTime)


class ActionRow(Row, table=True):
    """An action on a lever."""

    __tablename__ = "action"
    __table_args__ = (
        Index(None, "incident_id"),
        Index(None, "state", "component"),
        Index(None, "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    state: str
    component: str
    incident_id: int | None = Field(foreign_key="incident.id")
    requester: str
    requester_slack: str
    requester_role: str
    because: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    channel: str
    target: str
    plan: dict[str, Any] | None = Field(sa_type=Json)
    plan_hash: str
    ends_after: int | None
    approvals_needed: int
    authority: str
    expires_at: datetime | None = Field(sa_type=UtcDateTime)
    asked_at: datetime | None = Field(sa_type=UtcDateTime)
    approved_at: datetime | None = Field(sa_type=UtcDateTime)
    applying_at: datetime | None = Field(sa_type=UtcDateTime)
    applied_at: datetime | None = Field(sa_type=UtcDateTime)
    verified_at: datetime | None = Field(sa_type=UtcDateTime)
    undo_of: int | None
    override: int | None
    attempts: int
    evidence: str
    error: str
    version: int


class ApprovalRow(Row, table=True):
    """One decider's answer to one action."""

    __tablename__ = "approval"

    action_id: int = Field(primary_key=True, foreign_key="action.id")
    decider: str = Field(primary_key=True)
    decider_role: str
    verdict: str
    plan_hash: str
    at: datetime = Field(sa_type=UtcDateTime)
    reason: str
    consumed_at: datetime | None = Field(sa_type=UtcDateTime)


class OverrideRow(Row, table=True):
    """An entry of the debt ledger."""

    __tablename__ = "override"
    __table_args__ = (
        Index(None, "state", "component"),
        Index(None, "incident_id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    component: str
    incident_id: int | None = Field(foreign_key="incident.id")
    action_id: int = Field(foreign_key="action.id")
    holder: str
    reason: str
    since: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    state: str
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(sa_type=UtcDateTime)
    closed_by: str
    escalations: int
    version: int
    team: str = Field(sa_column_kwargs={"server_default": ""})
    facts: dict[str, Any] = Field(sa_type=Json, sa_column_kwargs={"server_default": "{}"})


class HandoffRow(Row, table=True):
    """A hand-off of a role: offered, and in force when accepted."""

    __tablename__ = "handoff"
    __table_args__ = (Index(None, "incident_id", "state"), {"sqlite_autoincrement": True})

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    role: str
    giver: str
    receiver: str
    offered_at: datetime = Field(sa_type=UtcDateTime)
    state: str
    answered_at: datetime | None = Field(sa_type=UtcDateTime)
    brief: list[Any] = Field(sa_type=Json)
    reminders: int
    reason: str
    version: int


class VersionMarkRow(Row, table=True):
    """What was said last of a component's version."""

    __tablename__ = "version_mark"

    component: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    mark: str
    note: str
    incident_id: int | None = Field(foreign_key="incident.id")
    at: datetime = Field(sa_type=UtcDateTime)


class ServingRow(Row, table=True):
    """Which version we set when."""

    __tablename__ = "serving"
    __table_args__ = (Index(None, "component", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    component: str
    version: str
    at: datetime = Field(sa_type=UtcDateTime)


class SurfaceRow(Row, table=True):
    """A message in Slack as desired state."""

    __tablename__ = "surface"
    __table_args__ = (
        Index(None, "target", "seq"),
        Index(
            "ix_surface_pending", "target", "seq", "id", sqlite_where=PENDING_SURFACE, postgresql_where=PENDING_SURFACE
        ),
        Index(None, "incident_id"),
    )

    id: str = Field(primary_key=True)
    kind: str
    target: str
    wanted: int
    shown: int
    payload: dict[str, Any] = Field(sa_type=Json)
    channel: str
    ts: str
    thread: str
    attempts: int
    error: str
    seq: int
    shown_hash: str
    shown_at: datetime | None = Field(sa_type=UtcDateTime)
    pin: bool
    pinned: bool
    incident_id: int | None = Field(foreign_key="incident.id")


class TimerRow(Row, table=True):
    """Something that falls due."""

    __tablename__ = "timer"
    __table_args__ = (Index(None, "due_at"),)

    id: str = Field(primary_key=True)
    kind: str
    subject: str
    due_at: datetime = Field(sa_type=UtcDateTime)
    payload: dict[str, Any] = Field(sa_type=Json)


class JobRow(Row, table=True):
    """A durable job, pending while `wanted > done`."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_pending", "due_at", "id", sqlite_where=PENDING_JOB, postgresql_where=PENDING_JOB),)

    id: str = Field(primary_key=True)
    kind: str
    subject: str
    lane: str
    wanted: int
    done: int
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int
    parked: bool
    error: str


class DeliveryRow(Row, table=True):
    """A delivery of Slack's that was already taken in."""

    __tablename__ = "delivery"
    __table_args__ = (Index(None, "at"),)

    key: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class CapturedRow(Row, table=True):
    """A Slack message that stands in a timeline."""

    __tablename__ = "captured"

    channel: str = Field(primary_key=True)
    ts: str = Field(primary_key=True)
    way: str = Field(primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    event_id: str
    version: int


class DocumentRow(Row, table=True):
    """A postmortem draft: what people wrote, and where Slack shows it."""

    __tablename__ = "document"

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    human: dict[str, Any] = Field(sa_type=Json)
    rendered_sha256: str
    file_id: str
    channel: str
    ts: str
    version: int


class DocumentLifeRow(Row, table=True):
    """Where a postmortem stands: its state, its owner, by when it is reviewed."""

    __tablename__ = "document_life"
    __table_args__ = (Index(None, "state", "due_at"),)

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    state: str
    since: datetime = Field(sa_type=UtcDateTime)
    owner: str
    due_at: datetime | None = Field(sa_type=UtcDateTime)
    required: bool
    waived: str
    no_action: str
    no_action_by: str
    told_seq: int
    nags: int
    points: int | None
    version: int


class DocumentStepRow(Row, table=True):
    """A step of a postmortem's life, with who and when."""

    __tablename__ = "document_step"
    __table_args__ = (UniqueConstraint("incident_id", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    key: str
    kind: str
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    facts: dict[str, Any] = Field(sa_type=Json)


class PublicationRow(Row, table=True):
    """A document at a place outside: what is intended, and what was read back."""

    __tablename__ = "publication"

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    name: str = Field(primary_key=True)
    state: str
    place: str
    link: str
    form: str
    digest: str
    trying: str
    attempts: int
    error: str
    next_step: str
    over: bool
    by: str
    under: str
    published_at: datetime | None = Field(sa_type=UtcDateTime)


class AttachmentRow(Row, table=True):
    """A file of a captured message; `content` is NULL where it could not be had or was redacted."""

    __tablename__ = "attachment"
    __table_args__ = (Index(None, "incident_id"),)

    event_id: str = Field(primary_key=True, foreign_key="event.id")
    file_id: str = Field(primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    name: str
    mime: str
    size: int
    sha256: str
    content: bytes | None
    state: str
    why: str
    at: datetime = Field(sa_type=UtcDateTime)


class NoticeRow(Row, table=True):
    """Something an operator must see, and how often it happened."""

    __tablename__ = "notice"

    key: str = Field(primary_key=True)
    text: str
    count: int
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)


class RegistryVersionRow(Row, table=True):
    """The ownership registry as it was read; a new row whenever it changed."""

    __tablename__ = "registry_version"

    id: int | None = Field(default=None, primary_key=True)
    content_sha256: str
    text: str
    at: datetime = Field(sa_type=UtcDateTime)


class ExecutorRow(Row, table=True):
    """A running process, by its heartbeat."""

    __tablename__ = "executor"

    id: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    claimed_by: str


class SightingRow(Row, table=True):
    """What was found when something outside the registry's files was looked at."""

    __tablename__ = "sighting"

    kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    well: bool
    sentence: str
    since: datetime = Field(sa_type=UtcDateTime)
    looked_at: datetime = Field(sa_type=UtcDateTime)


class GapRow(Row, table=True):
    """A gap that is open, and since when."""

    __tablename__ = "gap"

    key: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)


class ConfirmationRow(Row, table=True):
    """Somebody said that a component's entry in the registry is still right; kept for good."""

    __tablename__ = "confirmation"
    __table_args__ = (Index(None, "component", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    component: str
    person: str
    at: datetime = Field(sa_type=UtcDateTime)
    entry: str
    registry_sha256: str


class BookmarkRow(Row, table=True):
    """How far something that reads on was read."""

    __tablename__ = "bookmark"

    name: str = Field(primary_key=True)
    place: str


class FigureRow(Row, table=True):
    """Figures of an incident that is over, in seconds; NULL where a milestone was not recorded."""

    __tablename__ = "figure"
    __table_args__ = (Index(None, "opened_at"),)

    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    version: int
    chain_seq: int
    opened_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    component: str
    team: str
    severity: str
    failure: str
    mode: str
    silent: int | None = Field(sa_type=BigInteger)
    detect: int | None = Field(sa_type=BigInteger)
    acknowledge: int | None = Field(sa_type=BigInteger)
    decide: int | None = Field(sa_type=BigInteger)
    mitigate: int | None = Field(sa_type=BigInteger)
    verify: int | None = Field(sa_type=BigInteger)
    resolve: int | None = Field(sa_type=BigInteger)
    handoff: int | None = Field(sa_type=BigInteger)
