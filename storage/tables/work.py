"""What is still to be done and shown: surfaces, timers, jobs, and the processes that do it."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field

from storage.columns import Json, UtcDateTime
from storage.tables.naming import Row

# Said once for the indexes and the queries: SQLite uses a partial index only for the very same words.
PENDING_JOB = text("wanted > done AND NOT parked")
PENDING_SURFACE = text("wanted > shown")


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


class NoticeRow(Row, table=True):
    """Something an operator must see, and how often it happened."""

    __tablename__ = "notice"

    key: str = Field(primary_key=True)
    text: str
    count: int
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)


class BookmarkRow(Row, table=True):
    """How far something that reads on was read."""

    __tablename__ = "bookmark"

    name: str = Field(primary_key=True)
    place: str
