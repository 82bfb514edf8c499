"""Column types that keep what the databases would lose: the zone of a time, and null apart from JSON's null."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.types import TypeDecorator, TypeEngine


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def sqlite_text(moment: datetime) -> str:
    """`2025-11-14T09:30:00.000000Z`, so that text order is time order. Raises ValueError without a zone."""
    return in_utc(moment).isoformat(timespec="microseconds")[:26] + "Z"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware in and out.

    PostgreSQL keeps it as `timestamptz`; SQLite, which has no time type and would drop the zone, as
    `2025-11-14T09:30:00.000000Z`, so that text order is time order and a person can read the file.

    Raises:
        ValueError: for a time without a zone.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in this database."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """To the database."""
        if value is None:
            return None
        return sqlite_text(value) if dialect.name == "sqlite" else in_utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Plain data as JSON text; None is SQL's NULL. Not `jsonb`: the order of keys is kept, as people wrote it."""

    impl = JSON(none_as_null=True)
    cache_ok = True
