"""Many rows at once, as fast as the driver takes them: `executemany` on SQLite, one JSON parameter on PostgreSQL.

SQLAlchemy's own executemany costs two to four times as much per row, most of it in looking at each parameter; the
driver's arrays and COPY look at each value too, in Python, where JSON is made by compiled code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Column, Connection, Table, exc

from storage.columns import Json, UtcDateTime, in_utc, sqlite_text
from storage.rows import Values

Question = tuple[str, tuple[Any, ...]]
"""A statement with the driver's own marks, and its parameters."""
_Convert = Callable[[Any], Any]
_escaped = json.JSONEncoder(separators=(",", ":")).encode
# A batch says the same few moments thousands of times; the next one has others.
_sqlite_time = lru_cache(maxsize=128)(sqlite_text)
_parsed_time = lru_cache(maxsize=128)(datetime.fromisoformat)


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
    kind = connection.dialect.name
    names, convert = _plan(table, kind)
    together = None if kind == "sqlite" else _whole(rows)
    if together is not None:
        filled = _populated(table.name, names)
        with cursor_of(connection, filled) as cursor:
            cursor.execute(filled, (together,))
        return
    filled = _filled(table.name, names, "?" if kind == "sqlite" else "%s")
    with cursor_of(connection, filled) as cursor:
        cursor.executemany(filled, [convert(row) for row in rows])


def _whole(rows: Sequence[Values]) -> str | None:
    """All rows as one JSON text; none for half a surrogate pair in one of them, which is escaped row by row."""
    try:
        return to_json(rows).decode()
    except ValueError:
        return None


def run_many(
    connection: Connection, statement: str, together: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Run a statement of ours, with `?` for parameters, for many rows; the values are the driver's own already.

    Args:
        statement: for SQLite, once per row.
        together: for PostgreSQL, once for all: `{rows}` is a table `asked` of the columns. A statement per row costs
            both sides five times as much.
        columns: names of a row's values for `together`, each with its type there.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        with cursor_of(connection, statement) as cursor:
            cursor.executemany(statement, rows)
        return
    filled = _asked(together, tuple(columns.items()))
    with cursor_of(connection, filled) as cursor:
        cursor.execute(filled, (_records(columns, rows),))


def question(connection: Connection, statement: str, *values: Any) -> Question:
    """A query of ours, with `?` for parameters; values are the driver's own, in and out.

    `{keys}` stands for a parameter of `texts` as a table of one column `value`.
    """
    return _marked(statement, connection.dialect.name), values


def question_together(together: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> Question:
    """A query of ours on PostgreSQL that asks for many rows at once: `{rows}` as in `run_many`."""
    return _asked(together, tuple(columns.items())), (_records(columns, rows),)


@lru_cache(maxsize=64)
def _asked(together: str, columns: tuple[tuple[str, str], ...]) -> str:
    typed = ", ".join(f"{name} {kind}" for name, kind in columns)
    return together.replace("{rows}", f"json_to_recordset(%s::json) AS asked({typed})")


def _records(columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> str:
    return _encode([dict(zip(columns, row, strict=True)) for row in rows])


def fetch(connection: Connection, statement: str, values: tuple[Any, ...]) -> Sequence[Any]:
    """All rows of a `question`."""
    return fetch_each(connection, [question(connection, statement, *values)])[0]


def fetch_each(connection: Connection, questions: Sequence[Question]) -> list[Sequence[Any]]:
    """All rows of each of these queries; where statements are written ahead, they wait for the server only once."""
    together = "; ".join(statement for statement, _ in questions)
    with cursor_of(connection, together) as first:
        cursors = [first, *(connection.connection.cursor() for _ in questions[1:])]
        for cursor, asked in zip(cursors, questions, strict=True):
            cursor.execute(*asked)
        return [cursor.fetchall() for cursor in cursors]


@contextmanager
def cursor_of(connection: Connection, statement: str) -> Iterator[Any]:
    """The driver's own cursor in the transaction, its errors as SQLAlchemy raises them: a fifth of the cost."""
    try:
        yield cursor_in(connection)
    except connection.dialect.loaded_dbapi.Error as error:
        raise raised(connection, statement, error) from error


def cursor_in(connection: Connection) -> Any:
    """The driver's own cursor in the transaction, which begins where none is open."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


def raised(connection: Connection, statement: str, error: Exception) -> BaseException:
    """A driver's error as SQLAlchemy raises it."""
    return exc.DBAPIError.instance(statement, None, error, connection.dialect.loaded_dbapi.Error)


def texts(values: Sequence[str]) -> str:
    """Many texts as one parameter, for `{keys}`."""
    return _encode(list(values))


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
        return from_json(value, cache_strings="keys")
    except ValueError:
        return json.loads(value)


@lru_cache(maxsize=64)
def _marked(statement: str, dialect: str) -> str:
    if dialect == "sqlite":
        return statement.replace("{keys}", "json_each(?)")
    # Through an array: the planner takes it for ten keys, what comes out of JSON for a hundred, and reads every row.
    keys = "unnest(ARRAY(SELECT json_array_elements_text(?::json))) AS asked(value)"
    return statement.replace("{keys}", keys).replace("?", "%s")


@lru_cache(maxsize=64)
def _filled(table: str, names: tuple[str, ...], mark: str) -> str:
    return f"INSERT INTO {table} ({_listed(names)}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608  names of our own tables


@lru_cache(maxsize=64)
def _populated(table: str, names: tuple[str, ...]) -> str:
    listed = _listed(names)
    return f"INSERT INTO {table} ({listed}) SELECT {listed} FROM json_populate_recordset(NULL::{table}, %s::json)"  # noqa: S608  names of our own tables


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
        return _sqlite_time if dialect == "sqlite" else in_utc
    return _encode if isinstance(column.type, Json) else None
