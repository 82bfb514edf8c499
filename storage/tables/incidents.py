"""Incidents and their event chains, with what people's messages brought into them."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from storage.columns import Json, UtcDateTime
from storage.tables.naming import Row


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


class CapturedRow(Row, table=True):
    """A Slack message that stands in a timeline."""

    __tablename__ = "captured"

    channel: str = Field(primary_key=True)
    ts: str = Field(primary_key=True)
    way: str = Field(primary_key=True)
    incident_id: int = Field(foreign_key="incident.id")
    event_id: str
    version: int


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
