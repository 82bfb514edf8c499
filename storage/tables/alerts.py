"""What comes in: alerts, changes, silences, and what could not be read."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from storage.columns import Json, UtcDateTime
from storage.tables.naming import Row

# Said once for the indexes and the queries: SQLite uses a partial index only for the very same words.
KEPT_BACK_ALERT = text("decision IN ('held', 'monitored', 'muted')")


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


class CountedRow(Row, table=True):
    """Alerts of a storm that are not told yet; rows are only added and taken away, never changed.

    No foreign key: it would be looked up for every row, and whoever writes one holds the incident's row already.
    """

    __tablename__ = "counted"

    incident_id: int = Field(primary_key=True)
    id: str = Field(primary_key=True)
    source: str
    status: str
    count: int
    names: list[Any] = Field(sa_type=Json)
    first: datetime = Field(sa_type=UtcDateTime)


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


class SightingRow(Row, table=True):
    """What was found when something outside the registry's files was looked at."""

    __tablename__ = "sighting"

    kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    well: bool
    sentence: str
    since: datetime = Field(sa_type=UtcDateTime)
    looked_at: datetime = Field(sa_type=UtcDateTime)
