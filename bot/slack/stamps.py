"""Slack's message stamps as moments."""

from __future__ import annotations

from datetime import UTC, datetime

from playbooks import errors


def at_of(ts: str) -> datetime:
    """The time of a Slack message from its `ts`, UTC. Raises InputError for what is no ts."""
    try:
        seconds, _, micros = ts.partition(".")
        return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micros.ljust(6, "0")[:6] or 0))
    except (ValueError, OverflowError, OSError) as bad:
        raise errors.InputError("That message has no usable time.", "Add a note instead: `/inc note …`.") from bad
