"""What every part of the unit of work stands on: the open connection, the ids, and the dialect's own INSERT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Table, bindparam, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from playbooks import errors
from playbooks.ports import Ids, Job
from storage.rows import Values
from storage.statements import Statement

_T = TypeVar("_T")
_CHUNK = 500


class Part:
    """One feature's queries inside the open transaction."""

    def __init__(self, connection: Connection, ids: Ids) -> None:
        self._db = connection
        self._ids = ids
        self.jobs_wanted = False
        self._asked: list[Job] = []

    def query(self, statement: Executable) -> CursorResult[Any]:
        """Run a statement that nobody keeps, in this transaction."""
        return self._db.execute(statement)

    def rows(self, statement: Statement, given: Values | None = None) -> list[Any]:
        """What a statement of another module of the storage ring (jobs) finds in this transaction."""
        return statement.rows(self._db, given)

    def run(self, statement: Statement, given: Values) -> None:
        """Run a statement of another module that gives no rows."""
        statement.run(self._db, given)

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        return inserting(self._db.dialect.name, table)

    def _insert_new(self, table: Table, values: Values) -> bool:
        """Insert; False when a unique key was there already."""
        return _insert_new(table).row(self._db, values) is not None

    def _add(self, table: Table, values: Values) -> int:
        """Insert what has no id yet; returns the one the database gave."""
        return int(_add(table).rows(self._db, {k: v for k, v in values.items() if k != "id"})[0].id)

    def put(self, table: Table, values: Values, *keys: str) -> None:
        """Insert, or overwrite the row of the same key."""
        _put(table, tuple(values), keys).run(self._db, values)

    def _one(self, table: Table, number: int | str, *, lock: bool = False) -> Any | None:
        """The row of this id; with `lock` nobody else changes it until this transaction ends."""
        return _one(table, lock=lock).row(self._db, {"b_id": number})

    def _save(self, table: Table, values: Values, what: str) -> None:
        """Write the row of `values["id"]` when it still has `values["version"]`, which grows by one.

        Raises:
            errors.Conflict: another wrote since it was read.
        """
        changed = {k: v for k, v in values.items() if k != "id"} | {"version": values["version"] + 1}
        which = {"b_id": values["id"], "b_version": values["version"]}
        if _save(table).changed(self._db, changed | which) != 1:
            raise errors.Conflict(
                f"{what} was changed by somebody else meanwhile.", "Look at it again.", code="changed"
            )


# What is set or put in is read from the names of the parameters.


@lru_cache(maxsize=64)
def _one(table: Table, *, lock: bool) -> Statement:
    query = select(table).where(table.c.id == bindparam("b_id"))
    return Statement(query.with_for_update() if lock else query)


@lru_cache(maxsize=64)
def _save(table: Table) -> Statement:
    return Statement(update(table).where(table.c.id == bindparam("b_id"), table.c.version == bindparam("b_version")))


@lru_cache(maxsize=64)
def _add(table: Table) -> Statement:
    return Statement(insert(table).returning(table.c.id))


def inserting(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, which both databases write alike and SQLAlchemy does not."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@lru_cache(maxsize=64)
def _insert_new(table: Table) -> Statement:
    return Statement(lambda dialect: inserting(dialect, table).on_conflict_do_nothing().returning(literal(1)))


@lru_cache(maxsize=64)
def _put(table: Table, names: tuple[str, ...], keys: tuple[str, ...]) -> Statement:
    def putting(dialect: str) -> sqlite.Insert | postgresql.Insert:
        statement = inserting(dialect, table)
        rest = {name: statement.excluded[name] for name in names if name not in keys}
        return statement.on_conflict_do_update(index_elements=keys, set_=rest)

    return Statement(putting)


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
