"""Empty databases at the newest schema, copied from one that was migrated once in this process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from storage import schema


def lay(path: Path) -> str:
    """Write an SQLite database where there is none yet; returns its address."""
    if not path.exists():
        path.write_bytes(_empty())
    return f"sqlite:///{path}"


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "muster.db"
        schema.upgrade(f"sqlite:///{path}")
        return path.read_bytes()
