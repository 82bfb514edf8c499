"""The command `stats`: figures over incidents."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.slack.calls import Call, Desk, Reply
from bot.slack.grammar_values import Parsed, StatsArgs
from playbooks import errors
from playbooks.domain.clocks import parse_span
from playbooks.domain.figures import Grouping, Period
from playbooks.domain.wording import plain
from playbooks.plays.figures import LONGEST, USUAL, Wish, figure_view, last


def stats(desk: Desk, call: Call, parsed: Parsed) -> Reply:
    """`/inc stats [component|team|severity|failure] [a name] [30d or since …]`, for everybody."""
    args = parsed.args if isinstance(parsed.args, StatsArgs) else StatsArgs()
    now = desk.now()
    period = _since(args.since, now, call.zone) if args.since else last(now, _span(args.span))
    return figure_view(desk.house, Wish(period, Grouping(args.by) if args.by else None, args.name))


def _span(text: str) -> timedelta:
    span = parse_span(text) if text else USUAL
    if span < timedelta(days=1):
        raise errors.InputError("Figures are of a day at least.", "Write it like `30d`.", code="bad_period")
    return min(span, LONGEST)


def _since(text: str, now: datetime, zone: tzinfo) -> Period:
    """From the beginning of a day, in the writer's zone, or from so long ago."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return last(now, _span(text))
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    if start >= now or now - start > LONGEST:
        raise errors.InputError(
            f"`{plain(text, 20)}` is no day of the last ten years.",
            "Write it like `since 2026-09-01`.",
            code="bad_period",
        )
    return Period(start, now + timedelta(microseconds=1))
