"""Alerts of a storm are counted in rows of their own; a timer only says when they are told."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Json, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counted",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("names", Json(), nullable=False),
        sa.Column("first", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "id", name="pk_counted"),
    )


def downgrade() -> None:
    op.drop_table("counted")
