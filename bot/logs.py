"""Structured logs: one JSON line per event, or readable lines on a terminal; secrets are never bound."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(level: str = "INFO", *, readable: bool | None = None) -> None:
    """Configure structlog and the standard library's root logger. `readable` None: by whether stderr is a terminal."""
    number = logging.getLevelName(level)
    human = sys.stderr.isatty() if readable is None else readable
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # locals may hold secrets
        if human
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number if isinstance(number, int) else logging.INFO),
        # asked for at each line: whoever replaces stderr for a while (a test, a daemon) is followed
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(logging.WARNING, number if isinstance(number, int) else 30), stream=sys.stderr)
    for noisy in ("httpx", "apscheduler", "slack_bolt", "slack_sdk"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
