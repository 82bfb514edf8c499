"""Postmortems: what people wrote, their life, and where they stand outside."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from storage.columns import Json, UtcDateTime
from storage.tables.naming import Row


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
