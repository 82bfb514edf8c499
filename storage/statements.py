"""Statements compiled once and run by the driver's own cursor.

SQLAlchemy writes them, for both databases, and knows how a column's values go in and come out; but to build one, and to
let it be executed, each costs more than SQLite needs to answer. So what is asked every day is kept ready.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Delete, Dialect, Insert, Select, Update, literal
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate

from storage.bulk import cursor_in, raised
from storage.piped import wait_for
from storage.rows import Values

_T = TypeVar("_T")
Expression = Select[Any] | Insert | Update | Delete | ReturningInsert[Any] | ReturningUpdate[Any] | ReturningDelete[Any]
_Convert = Callable[[Any], Any]


def among(column: ColumnElement[_T], values: Sequence[_T]) -> ColumnElement[bool]:
    """`column IN (…)` with one parameter for each of a few values that never change."""
    return column.in_([literal(value, column.type) for value in values])


def escaped(prefix: str) -> str:
    """A text to be taken as it is by `startswith(…, escape="/")`."""
    return prefix.replace("/", "//").replace("%", "/%").replace("_", "/_")


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement in a database's own words.

    Attributes:
        order: names of the parameters where the driver counts them, None where it names them.
        fixed: values that are part of the statement. into, out: what makes them the driver's, by name, and ours, by
            place. row: makes a row of its values.
    """

    text: str
    order: tuple[str, ...] | None
    fixed: Values
    into: Mapping[str, _Convert]
    out: Sequence[tuple[int, _Convert]]
    row: Callable[[Sequence[Any]], Any]

    def values(self, given: Values) -> Any:
        """What the driver takes."""
        told = self.fixed | given
        for name, convert in self.into.items():
            told[name] = convert(told[name])
        return told if self.order is None else [told[name] for name in self.order]

    def made(self, values: Sequence[Any]) -> Any:
        """A row with its columns as attributes."""
        if self.out:
            values = list(values)
            for place, convert in self.out:
                values[place] = convert(values[place])
        return self.row(values)


class Statement:
    """A statement to be made once, at import or in a cache, and run often.

    Args:
        expression: of SQLAlchemy, with `bindparam`s for what changes; or what makes it, given the database's kind
            (`sqlite`, `postgresql`). What an INSERT or UPDATE sets may also be read from the names of the parameters.
            An IN over a list needs a parameter each (`among`): nothing is put into the text when it runs.
    """

    def __init__(self, expression: Expression | Callable[[str], Expression]) -> None:
        self._expression = expression
        self._plans: dict[tuple[str, tuple[str, ...]], _Plan] = {}

    def rows(self, connection: Connection, given: Values | None = None) -> list[Any]:
        """All rows, each with its columns as attributes.

        Raises:
            sqlalchemy.exc.DBAPIError: as the driver raises.
        """
        plan = self._plan(connection, given or {})
        try:
            found = _executed(connection, plan, given or {}).fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise raised(connection, plan.text, error) from error
        return [plan.made(values) for values in found]

    def row(self, connection: Connection, given: Values | None = None) -> Any | None:
        """The first row, None where there is none. Raises as `rows`."""
        found = self.rows(connection, given)
        return found[0] if found else None

    def run(self, connection: Connection, *rows: Values) -> None:
        """Run what gives no rows, once for each of these. Raises as `rows`, in a pipeline later."""
        if not rows:
            return
        plan = self._plan(connection, rows[0])
        try:
            if len(rows) == 1:
                _executed(connection, plan, rows[0])
            else:
                cursor_in(connection).executemany(plan.text, [plan.values(row) for row in rows])
        except connection.dialect.loaded_dbapi.Error as error:
            raise raised(connection, plan.text, error) from error

    def changed(self, connection: Connection, given: Values | None = None) -> int:
        """`run` once, and wait; returns how many rows were written. Raises as `rows`."""
        plan = self._plan(connection, given or {})
        try:
            cursor = _executed(connection, plan, given or {})
            wait_for(connection)
        except connection.dialect.loaded_dbapi.Error as error:
            raise raised(connection, plan.text, error) from error
        return int(cursor.rowcount)

    def _plan(self, connection: Connection, given: Values) -> _Plan:
        key = (connection.dialect.name, tuple(given))
        plan = self._plans.get(key)
        if plan is None:
            expression = self._expression(key[0]) if callable(self._expression) else self._expression
            plan = self._plans[key] = _planned(expression, connection.dialect, key[1])
        return plan


def _executed(connection: Connection, plan: _Plan, given: Values) -> Any:
    cursor = cursor_in(connection)
    cursor.execute(plan.text, plan.values(given))
    return cursor


def _planned(expression: Expression, dialect: Dialect, names: tuple[str, ...]) -> _Plan:
    compiled = expression.compile(dialect=dialect, column_keys=None if isinstance(expression, Select) else [*names])
    assert isinstance(compiled, SQLCompiler)
    binds = compiled.binds
    unsaid = [name for name, bind in binds.items() if bind.required and name not in names]
    if unsaid or compiled.literal_execute_params or compiled.post_compile_params or compiled.escaped_bind_names:
        raise TypeError(f"not to be compiled once: {compiled.string} {unsaid}")
    converts = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
    fixed = {name: bind.effective_value for name, bind in binds.items() if name not in names}
    for name, value in fixed.items():
        convert = converts.pop(name)
        fixed[name] = value if convert is None else convert(value)
    columns = list(expression.exported_columns)
    out = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    return _Plan(
        compiled.string,
        None if compiled.positiontup is None else tuple(compiled.positiontup),
        fixed,
        {name: convert for name, convert in converts.items() if convert is not None},
        [(place, convert) for place, convert in enumerate(out) if convert is not None],
        _row_of([str(column.key) for column in columns]),
    )


def _row_of(names: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    """What makes rows as SQLAlchemy's own are read here: by attribute, by place, and `_mapping`."""
    plain: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    kind: Any = type("Row", (plain,), {"__slots__": (), "_mapping": property(plain._asdict)})
    made: Callable[[Sequence[Any]], Any] = kind._make
    return made
