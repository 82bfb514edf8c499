"""Files of captured messages, kept as bytes."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0007"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mime", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_attachment_event_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_attachment_incident_id"),
        sa.PrimaryKeyConstraint("event_id", "file_id", name="pk_attachment"),
    )
    op.create_index("ix_attachment_incident_id", "attachment", ["incident_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_attachment_incident_id", "attachment")
    op.drop_table("attachment")
