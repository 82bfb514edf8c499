"""Alembic's environment; run from `storage.schema`, which hands over an open connection."""

from __future__ import annotations

from alembic import context

from storage.tables import Row


def _run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Row.metadata,
        # SQLite cannot alter much in place; Alembic then rebuilds the table.
        render_as_batch=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


_run()
