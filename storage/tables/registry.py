"""Versions of the ownership registry, and what it leaves open."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.tables.naming import Row


class RegistryVersionRow(Row, table=True):
    """The ownership registry as it was read; a new row whenever it changed."""

    __tablename__ = "registry_version"

    id: int | None = Field(default=None, primary_key=True)
    content_sha256: str
    text: str
    at: datetime = Field(sa_type=UtcDateTime)


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
