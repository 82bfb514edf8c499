"""Statements of a transaction sent to PostgreSQL one after another, without waiting where nobody asks for the answer.

Each wait is a way to the server and back, with two processes woken up: under load that costs more than the statement.
See https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, event

_PIPELINE = "muster_pipeline"


@contextmanager
def piped(connection: Connection) -> Iterator[None]:
    """Within the block only reads and the commit wait for the server; an error of a write is raised there."""
    driver: Any = connection.connection.driver_connection
    try:
        with driver.pipeline() as pipeline:
            connection.info[_PIPELINE] = pipeline
            try:
                yield
            finally:
                del connection.info[_PIPELINE]
    except BaseException:
        # Behind an error the server skips what is sent, a COMMIT too, so that the transaction is still open: SQLAlchemy
        # takes a transaction whose commit failed for ended. Where the connection is gone, so is the transaction.
        with suppress(connection.dialect.loaded_dbapi.Error):
            driver.rollback()
        raise


def wait_for_statements(engine: Engine) -> None:
    """SQLAlchemy looks at a statement's answer at once, so that its own statements wait also in a pipeline."""

    @event.listens_for(engine, "after_cursor_execute")
    def _sync(connection: Connection, *_: Any) -> None:
        wait_for(connection)


def wait_for(connection: Connection) -> None:
    """Until what was sent is answered; at once outside of a pipeline."""
    pipeline = connection.info.get(_PIPELINE)
    if pipeline is not None:
        pipeline.sync()
