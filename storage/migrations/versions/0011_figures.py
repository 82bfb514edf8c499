"""Figures of incidents that are over."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "figure",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("chain_seq", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("component", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("silent", sa.BigInteger(), nullable=True),
        sa.Column("detect", sa.BigInteger(), nullable=True),
        sa.Column("acknowledge", sa.BigInteger(), nullable=True),
        sa.Column("decide", sa.BigInteger(), nullable=True),
        sa.Column("mitigate", sa.BigInteger(), nullable=True),
        sa.Column("verify", sa.BigInteger(), nullable=True),
        sa.Column("resolve", sa.BigInteger(), nullable=True),
        sa.Column("handoff", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_figure_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", name="pk_figure"),
    )
    op.create_index("ix_figure_opened_at", "figure", ["opened_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_figure_opened_at", "figure")
    op.drop_table("figure")
