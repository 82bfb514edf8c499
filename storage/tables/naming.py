"""What every table has: one metadata with predictable constraint names."""

# Without `from __future__ import annotations`: SQLModel reads the annotations when the class is made.
from typing import ClassVar

from sqlalchemy import MetaData
from sqlmodel import SQLModel


class Row(SQLModel):
    """Gives every table one metadata with predictable constraint names."""

    # Statements go by the tables alone: nothing ever validates a row, and a start need not build what would.
    model_config = {"defer_build": True}

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
