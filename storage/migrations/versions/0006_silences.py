"""Silences, and the path of an alert through the stages."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEPT_BACK = sa.text("decision IN ('held', 'monitored', 'muted')")


def upgrade() -> None:
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("component", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("at_end", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("muted", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_silence_ended_at", "silence", ["ended_at"], unique=False)
    op.add_column("alert", sa.Column("path", Json(), server_default="[]", nullable=False))
    op.create_index(
        "ix_alert_kept_back",
        "alert",
        ["component", "received_at"],
        unique=False,
        sqlite_where=KEPT_BACK,
        postgresql_where=KEPT_BACK,
    )


def downgrade() -> None:
    op.drop_index("ix_alert_kept_back", "alert")
    op.drop_column("alert", "path")
    op.drop_index("ix_silence_ended_at", "silence")
    op.drop_table("silence")
