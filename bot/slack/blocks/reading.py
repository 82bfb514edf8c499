"""The reading of a signal in one line: what was measured, since when, and for how long nobody heard of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.slack.blocks import escape


def line(said: str, since: datetime | None, silent: int | None, limit: int = 400) -> str:
    """`Drift · PSI 0.34, limit 0.20, since 02:05 (silent for 26 min)`; empty where nothing of it is known.

    Args:
        said: the reading in the source's own words, raw. silent: seconds between `since` and detection.
    """
    lasted = f"silent for {escape.span(silent)}" if silent else ""
    when = f"since {escape.until(since, since + timedelta(seconds=silent or 0))}" if since is not None else ""
    times = f"{when} ({lasted})" if when and lasted else when or lasted
    return ", ".join(part for part in (escape.value(said, limit), times) if part)
