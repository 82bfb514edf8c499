"""Actions on levers, who approved them, what stands because of them, and hand-offs."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from storage.columns import Json, UtcDateTime
from storage.tables.naming import Row


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
