"""A source without a mapping: whatever it sends, JSON or not, is kept for triage with the reason."""

from __future__ import annotations

from datetime import datetime

from bot.providers.alerts.reading import AlertSource, Headers, ReadResult, not_mappable


def read(headers: Headers, body: bytes, *, source: str, received_at: datetime) -> ReadResult:
    """See `reading.Read`; nothing is read here."""
    raise not_mappable(f"`{source}` has no mapping yet")


SOURCE = AlertSource(read)
