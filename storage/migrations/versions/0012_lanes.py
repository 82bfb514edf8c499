"""Processes no longer write down that they live: what one had in hand is free when its connection ends."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0012"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("executor")


def downgrade() -> None:
    op.create_table(
        "executor",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_executor"),
    )
