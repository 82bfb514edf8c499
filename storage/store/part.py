"""What every part of the unit of work stands on: the open connection, the ids, and the dialect's own INSERT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    CursorResult,
    Executable,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

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

    def query(self, statement: Executable, given: Values | None = None) -> CursorResult[Any]:
        """Run a statement of another module of the storage ring (jobs) in this transaction."""
        return self._db.execute(statement, given)

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        return _insert(self._db.dialect.name, table)

    def _insert_new(self, table: Table, values: Values) -> bool:
        """Insert; False when a unique key was there already."""
        return self._db.execute(_insert_new(self._db.dialect.name, table), values).first() is not None

    def put(self, table: Table, values: Values, *keys: str) -> None:
        """Insert, or overwrite the row of the same key."""
        self._db.execute(_put(self._db.dialect.name, table, tuple(values), keys), values)

    def _one(self, table: Table, number: int | str, *, lock: bool = False) -> Row[Any] | None:
        """The row of this id; with `lock` nobody else changes it until this transaction ends."""
        return self._db.execute(_one(table, lock=lock), {"b_id": number}).one_or_none()

    def _save(self, table: Table, values: Values, what: str) -> None:
        """Write the row of `values["id"]` when it still has `values["version"]`, which grows by one.

        Raises:
            errors.Conflict: another wrote since it was read.
        """
        changed = {k: v for k, v in values.items() if k != "id"} | {"version": values["version"] + 1}
        which = {"b_id": values["id"], "b_version": values["version"]}
        if self._db.execute(_save(table), changed | which).rowcount != 1:
            raise errors.Conflict(
                f"{what} was changed by somebody else meanwhile.", "Look at it again.", code="changed"
            )


# To build a statement costs more than to run it, so that those of every day are built once; what is set or put in is
# read from the names of the parameters.


@lru_cache(maxsize=64)
def _one(table: Table, *, lock: bool) -> Select[Any]:
    query = select(table).where(table.c.id == bindparam("b_id"))
    return query.with_for_update() if lock else query


@lru_cache(maxsize=64)
def _save(table: Table) -> Update:
    return update(table).where(table.c.id == bindparam("b_id"), table.c.version == bindparam("b_version"))


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which both databases write alike and SQLAlchemy does not."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@lru_cache(maxsize=64)
def _insert_new(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _insert(dialect, table).on_conflict_do_nothing().returning(literal(1))


@lru_cache(maxsize=64)
def _put(
    dialect: str, table: Table, names: tuple[str, ...], keys: tuple[str, ...]
) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect, table)
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


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
