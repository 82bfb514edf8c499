"""What drivers raise -> the error tree."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, exc

from playbooks import errors

# The primary code is the low byte; the rest says more.
_SQLITE: dict[int, tuple[str, str, str]] = {
    sqlite3.SQLITE_BUSY: ("database_locked", "Another process holds the database.", "Try again in a moment."),
    sqlite3.SQLITE_LOCKED: ("database_locked", "Another process holds the database.", "Try again in a moment."),
    sqlite3.SQLITE_FULL: ("database_full", "The disk or the database is full.", "Make room; nothing else is needed."),
    sqlite3.SQLITE_IOERR: ("database_io", "The disk did not take the data.", "Look at the disk and its file system."),
    sqlite3.SQLITE_CANTOPEN: ("database_unreachable", "The database file cannot be opened.", "Check path and rights."),
    sqlite3.SQLITE_READONLY: ("database_read_only", "The database cannot be written.", "Check the file's rights."),
    sqlite3.SQLITE_PERM: ("database_unreachable", "The database file may not be used.", "Check the file's rights."),
    sqlite3.SQLITE_NOTADB: (
        "database_foreign",
        "The database file is not one of SQLite.",
        "Check the path in MUSTER_DATABASE_URL.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "database_damaged",
        "The database file is damaged.",
        "Stop Muster, and put the last backup in its place; `muster db check` says more.",
    ),
}
_OUTCOME_UNKNOWN = frozenset({"database_full", "database_io"})

# By SQLSTATE, or by its class, the first two characters.
_POSTGRES: dict[str, tuple[str, str, str]] = {
    "08": ("database_unreachable", "The connection to the database broke.", "Try again in a moment."),
    "25006": ("database_read_only", "The database cannot be written.", "Use the primary, not a replica."),
    "40": ("database_locked", "The transaction met another one.", "Try again in a moment."),
    "53": ("database_full", "The database is out of room or connections.", "Make room; nothing else is needed."),
    "55": ("database_locked", "Another transaction holds the row.", "Try again in a moment."),
    "57": ("database_unreachable", "The database is stopping or restarting.", "Try again in a moment."),
    "58": ("database_io", "The database's disk did not take the data.", "Look at the disk and its file system."),
}
_UNREACHABLE = (
    "database_unreachable",
    "The database does not answer.",
    "Check that it runs and that MUSTER_DATABASE_URL names it; then try again.",
)


@contextmanager
def translated(connection: Connection | None = None) -> Iterator[None]:
    """Turn drivers' errors into ours; after an unknown outcome the connection is thrown away.

    Raises:
        errors.StoreBusy: locked, full, damaged, disconnected; whether the transaction was taken is unknown.
        errors.Conflict: a unique key was there already.
        errors.InputError: text no database takes (a NUL, half a surrogate pair).
    """
    try:
        yield
    except exc.TimeoutError as error:
        raise errors.StoreBusy("All database connections are in use.", "Try again in a moment.") from error
    except exc.DBAPIError as error:
        raise _mapped(error, connection) from error
    except sqlite3.Error as error:  # of a connection used without SQLAlchemy
        told = _sqlite_reason(error)
        if told is None:
            raise
        raise errors.StoreBusy(told[1], told[2], code=told[0]) from error
    except UnicodeEncodeError as error:
        raise _unstorable() from error


def _mapped(error: exc.DBAPIError, connection: Connection | None) -> Exception:
    told = _sqlite_reason(error.orig) if isinstance(error.orig, sqlite3.Error) else _postgres_reason(error)
    if told is not None:
        code, sentence, step = told
        if connection is not None and code in _OUTCOME_UNKNOWN and not connection.closed:
            # Such a connection may believe a page is written that is not.
            connection.invalidate(error)
        return errors.StoreBusy(sentence, step, code=code)
    if isinstance(error, exc.IntegrityError) and _unique(error.orig):
        return errors.Conflict("The same thing was written a moment ago.", "Look again.", code="already_there")
    if isinstance(error, exc.DataError):
        return _unstorable()
    return error


def _unstorable() -> errors.InputError:
    return errors.InputError("The text holds characters that cannot be stored.", "Remove control characters.")


def _sqlite_reason(error: sqlite3.Error) -> tuple[str, str, str] | None:
    number = getattr(error, "sqlite_errorcode", None)
    return None if number is None else _SQLITE.get(number & 0xFF)


def _postgres_reason(error: exc.DBAPIError) -> tuple[str, str, str] | None:
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    if error.connection_invalidated or isinstance(error, exc.OperationalError | exc.InterfaceError):
        return _UNREACHABLE
    return None


def _unique(orig: BaseException | None) -> bool:
    number = getattr(orig, "sqlite_errorcode", None)
    if number is not None:
        return number in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
    return getattr(orig, "sqlstate", None) == "23505"
