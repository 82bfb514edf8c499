"""What fell due while nothing ran: it happens once, late, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playbooks.domain.clocks import say_span

LATE_AFTER = timedelta(minutes=1)
"""A sweep that was busy is not late yet."""


def late_by(due: datetime, now: datetime) -> timedelta | None:
    """How late it is; None for what is in time."""
    return now - due if now - due > LATE_AFTER else None


def late_words(due: datetime, now: datetime) -> str:
    """`due 03:10 UTC, late by 12 min: I was not running`, with the day where it is another; empty when in time."""
    late = late_by(due, now)
    if late is None:
        return ""
    utc = due.astimezone(UTC)
    day = f"{utc:%d %b} " if utc.date() != now.astimezone(UTC).date() else ""
    return f"due {day}{utc:%H:%M} UTC, late by {say_span(late)}: I was not running"
