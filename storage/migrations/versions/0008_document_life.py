"""The life of postmortems: state, owner, due date, and the steps of each."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Json, UtcDateTime

revision = "0008"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_life",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("waived", sa.String(), nullable=False),
        sa.Column("no_action", sa.String(), nullable=False),
        sa.Column("no_action_by", sa.String(), nullable=False),
        sa.Column("told_seq", sa.Integer(), nullable=False),
        sa.Column("nags", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_document_life_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", name="pk_document_life"),
    )
    op.create_index("ix_document_life_state_due_at", "document_life", ["state", "due_at"], unique=False)
    op.create_table(
        "document_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("facts", Json(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_document_step_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_document_step"),
        sa.UniqueConstraint("incident_id", "key", name="uq_document_step_incident_id_key"),
    )


def downgrade() -> None:
    op.drop_table("document_step")
    op.drop_index("ix_document_life_state_due_at", "document_life")
    op.drop_table("document_life")
