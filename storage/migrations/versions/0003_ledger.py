"""The ledger: whose team an entry is, and the facts of its kind."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("override", sa.Column("team", sa.String(), nullable=False, server_default=""))
    op.add_column("override", sa.Column("facts", Json(), nullable=False, server_default="{}"))


def downgrade() -> None:
    with op.batch_alter_table("override") as table:
        table.drop_column("facts")
        table.drop_column("team")
