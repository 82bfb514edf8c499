"""Many rows at once, as fast as the driver takes them: `executemany` on SQLite, COPY on PostgreSQL.

SQLAlchemy's own executemany costs two to four times as much per row, most of it in looking at each parameter.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import ARRAY, Column, Connection, String, Table, TableValuedAlias, column, exc, func, literal

from storage.columns import Json, UtcDateTime, in_utc, sqlite_text
from storage.rows import Values

_Convert = Callable[[Any], Any]
_escaped = json.JSONEncoder(separators=(",", ":")).encode
# A batch says the same few moments thousands of times.
_sqlite_time = lru_cache(maxsize=1024)(sqlite_text)
_parsed_time = lru_cache(maxsize=1024)(datetime.fromisoformat)
_iso_time = lru_cache(maxsize=1024)(lambda moment: in_utc(moment).isoformat())


def _encode(value: Any) -> str:
    """Plain data as JSON text, faster than `json` makes it; half a surrogate pair, which UTF-8 cannot say, escaped."""
    try:
        return to_json(value).decode()
    except ValueError:
        return _escaped(value)


def insert_many(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows that have every column of the table.

    Raises:
        sqlalchemy.exc.DBAPIError: as the driver raises, also for a unique key that is there already.
    """
    if not rows:
        return
    names, convert = _plan(table, connection.dialect.name)
    if connection.dialect.name == "sqlite":
        filled = f"INSERT INTO {table.name} ({_listed(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608  names of our own tables
        with _cursor(connection, filled) as cursor:
            cursor.executemany(filled, [convert(row) for row in rows])
        return
    _copy(connection, f"COPY {table.name} ({_listed(names)}) FROM STDIN", map(convert, rows))


def run_many(connection: Connection, statement: str, together: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement of ours, with `?` for parameters, for many rows; the values are the driver's own already.

    Args:
        statement: for SQLite, once per row.
        together: for PostgreSQL, once for all: each `?` is the array of a column. A statement per row costs both
            sides five times as much.
    """
    if not rows:
        return
    kind = connection.dialect.name
    if kind == "sqlite":
        with _cursor(connection, statement) as cursor:
            cursor.executemany(statement, rows)
        return
    connection.exec_driver_sql(_marked(together, kind), tuple(map(list, zip(*rows, strict=True))))


def fetch(connection: Connection, statement: str, values: tuple[Any, ...]) -> Sequence[Any]:
    """All rows of a query of ours, with `?` for parameters; values are the driver's own, in and out.

    `{keys}` stands for a parameter of `texts` as a table of one column `value`.
    """
    kind = connection.dialect.name
    if kind == "sqlite":
        with _cursor(connection, statement) as cursor:
            rows: list[Any] = cursor.execute(_marked(statement, kind), values).fetchall()
            return rows
    return connection.exec_driver_sql(_marked(statement, kind), values).fetchall()


@contextmanager
def _cursor(connection: Connection, statement: str) -> Iterator[sqlite3.Cursor]:
    """SQLite's own cursor in the open transaction, its errors as SQLAlchemy raises them: a fifth of the cost."""
    try:
        yield connection.connection.cursor()  # type: ignore[misc]
    except sqlite3.Error as error:
        raise exc.DBAPIError.instance(statement, None, error, sqlite3.Error) from error


def texts(connection: Connection, values: Sequence[str]) -> Any:
    """Many texts as one parameter, for `{keys}`."""
    return _encode(list(values)) if connection.dialect.name == "sqlite" else list(values)


def encoded(value: Mapping[str, Any]) -> str:
    """Plain data as its column takes it."""
    return _encode(dict(value))


def moment(connection: Connection, value: datetime) -> Any:
    """A moment as the driver takes it and gives it back."""
    return _sqlite_time(value) if connection.dialect.name == "sqlite" else in_utc(value)


def moment_of(value: Any) -> datetime:
    """What `moment` gave, read back."""
    return in_utc(_parsed_time(value) if isinstance(value, str) else value)


def plain_of(value: Any) -> Any:
    """What `encoded` gave, read back: PostgreSQL's driver has decoded it already."""
    if not isinstance(value, str):
        return value
    try:
        return from_json(value)
    except ValueError:
        return json.loads(value)


@lru_cache(maxsize=64)
def _marked(statement: str, dialect: str) -> str:
    if dialect == "sqlite":
        return statement.replace("{keys}", "json_each(?)")
    return statement.replace("{keys}", "unnest(?::text[]) AS asked(value)").replace("?", "%s")


def keys_of(connection: Connection, keys: Sequence[str]) -> TableValuedAlias:
    """Many keys as a table of one column `value`, in one parameter.

    Against a long IN list PostgreSQL, while it has no statistics yet, scans the whole incident instead of looking
    each key up: 15 ms instead of 0.4 ms for 100 keys among 10,000 events.
    """
    if connection.dialect.name == "sqlite":
        return func.json_each(_encode(list(keys))).table_valued(column("value", String), name="asked")
    asked = func.unnest(literal(list(keys), ARRAY(String))).table_valued(column("value", String), name="asked")
    return asked.render_derived()


def _copy(connection: Connection, statement: str, rows: Any) -> None:
    driver = connection.dialect.loaded_dbapi
    try:
        with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        raise exc.DBAPIError.instance(statement, None, error, driver.Error) from error


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@lru_cache(maxsize=64)
def _plan(table: Table, dialect: str) -> tuple[tuple[str, ...], Callable[[Values], tuple[Any, ...]]]:
    """Column names, and what turns a row into the driver's tuple."""
    names = tuple(column.name for column in table.columns)
    special = [(number, _converter(column, dialect)) for number, column in enumerate(table.columns)]
    converts = [(number, convert) for number, convert in special if convert is not None]

    def convert(row: Values) -> tuple[Any, ...]:
        values = [row[name] for name in names]
        for number, change in converts:
            if values[number] is not None:
                values[number] = change(values[number])
        return tuple(values)

    return names, convert


def _converter(column: Column[Any], dialect: str) -> _Convert | None:
    if isinstance(column.type, UtcDateTime):
        return _sqlite_time if dialect == "sqlite" else _iso_time
    return _encode if isinstance(column.type, Json) else None
