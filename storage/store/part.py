"""What every part of the unit of work stands on: the open connection, the ids, and the dialect's own INSERT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Table, literal, update
from sqlalchemy.dialects import postgresql, sqlite

from playbooks import errors
from playbooks.ports import Ids
from storage.rows import Values

_T = TypeVar("_T")
_CHUNK = 500


class Part:
    """One feature's queries inside the open transaction."""

    def __init__(self, connection: Connection, ids: Ids) -> None:
        self._db = connection
        self._ids = ids
        self.jobs_wanted = False

    def query(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement of another module of the storage ring (jobs) in this transaction."""
        return self._db.execute(statement)

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT, which both databases write alike and SQLAlchemy does not."""
        return sqlite.insert(table) if self._db.dialect.name == "sqlite" else postgresql.insert(table)

    def _insert_new(self, table: Table, values: Values) -> bool:
        """Insert; False when a unique key was there already."""
        inserted = self._insert(table).on_conflict_do_nothing().returning(literal(1))
        return self._db.execute(inserted, values).first() is not None

    def put(self, table: Table, values: Values, *keys: str) -> None:
        """Insert, or overwrite the row of the same key."""
        statement = self._insert(table).values(values)
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        self._db.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))

    def _save(self, table: Table, values: Values, what: str) -> None:
        """Write the row of `values["id"]` when it still has `values["version"]`, which grows by one.

        Raises:
            errors.Conflict: another wrote since it was read.
        """
        version = values["version"]
        where = (table.c.id == values["id"]) & (table.c.version == version)
        changed = {k: v for k, v in values.items() if k != "id"} | {"version": version + 1}
        if self._db.execute(update(table).where(where).values(changed)).rowcount != 1:
            raise errors.Conflict(
                f"{what} was changed by somebody else meanwhile.", "Look at it again.", code="changed"
            )


def chunks(items: Sequence[_T], size: int = _CHUNK) -> Iterator[Sequence[_T]]:
    """Pieces small enough for one statement's parameters."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def first_of(items: Sequence[_T], key: Any) -> list[_T]:
    """The first of each key, ordered by it: rows locked in one order cannot lock each other out."""
    found: dict[Any, _T] = {}
    for item in items:
        found.setdefault(key(item), item)
    return [found[each] for each in sorted(found)]
