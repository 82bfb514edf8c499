"""What the plant remembers, in one SQLite file: versions with marks, moves of aliases, turns of flags."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (
  model TEXT NOT NULL, version TEXT NOT NULL, created_at INTEGER NOT NULL, shift REAL NOT NULL,
  mark TEXT NOT NULL DEFAULT '', mark_note TEXT NOT NULL DEFAULT '', marked_at INTEGER,
  PRIMARY KEY (model, version));
CREATE TABLE IF NOT EXISTS alias_moves (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL, alias TEXT NOT NULL, version TEXT NOT NULL,
  at INTEGER NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS alias_moves_of ON alias_moves (model, alias, id);
CREATE TABLE IF NOT EXISTS flag_turns (
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, flag TEXT NOT NULL, environment TEXT NOT NULL,
  enabled INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS flag_turns_of ON flag_turns (project, flag, environment, id);
"""


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A model version. `shift` is what it adds to every score; a drifted one has a large one."""

    version: str
    created_at: datetime
    shift: float
    mark: str
    mark_note: str
    marked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Move:
    """One change of an alias or flag. `value`: a version, empty after a removal, or `on`/`off`. `id` grows."""

    id: int
    value: str
    at: datetime
    by: str
    note: str


class PlantState:
    """The file and everything asked of it; one connection, safe to use from several threads.

    A method that returns `Move | None` returns None when nothing changed: repeating a change leaves no trace.
    """

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, sql: str, *values: str | int) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    # models

    def models(self) -> list[str]:
        """Names of all models."""
        return [row["model"] for row in self._rows("SELECT DISTINCT model FROM versions ORDER BY model")]

    def add_version(self, model: str, version: str, *, at: datetime, shift: float = 0.0) -> None:
        """Register a version; one that is there stays as it is."""
        with self._write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO versions (model, version, created_at, shift) VALUES (?, ?, ?, ?)",
                (model, version, _stamp(at), shift),
            )

    def versions(self, model: str) -> list[StoredVersion]:
        """Newest first."""
        rows = self._rows("SELECT * FROM versions WHERE model = ? ORDER BY created_at DESC, rowid DESC", model)
        return [_stored(row) for row in rows]

    def version(self, model: str, version: str) -> StoredVersion | None:
        """One version."""
        rows = self._rows("SELECT * FROM versions WHERE model = ? AND version = ?", model, version)
        return _stored(rows[0]) if rows else None

    def mark(self, model: str, version: str, *, mark: str, note: str, at: datetime) -> bool:
        """Mark a version; the same mark and note again keep the first time. False when there is no such version."""
        with self._write() as connection:
            connection.execute(
                "UPDATE versions SET mark = ?, mark_note = ?, marked_at = ? "
                "WHERE model = ? AND version = ? AND NOT (mark = ? AND mark_note = ?)",
                (mark, note, _stamp(at), model, version, mark, note),
            )
        return self.version(model, version) is not None

    # aliases

    def aliases(self, model: str) -> dict[str, str]:
        """Alias -> version, those that are set."""
        rows = self._rows(
            "SELECT alias, version FROM alias_moves WHERE id IN "
            "(SELECT max(id) FROM alias_moves WHERE model = ? GROUP BY alias) ORDER BY alias",
            model,
        )
        return {row["alias"]: row["version"] for row in rows if row["version"]}

    def alias_history(self, model: str, alias: str) -> list[Move]:
        """All moves, newest first."""
        rows = self._rows("SELECT * FROM alias_moves WHERE model = ? AND alias = ? ORDER BY id DESC", model, alias)
        return [_move(row, row["version"]) for row in rows]

    def move_alias(self, model: str, alias: str, version: str, *, at: datetime, by: str, note: str) -> Move | None:
        """Point the alias at a version (empty: remove it). The caller has checked that the version exists."""
        with self._write() as connection:
            last = connection.execute(
                "SELECT version FROM alias_moves WHERE model = ? AND alias = ? ORDER BY id DESC LIMIT 1",
                (model, alias),
            ).fetchone()
            if (last["version"] if last else "") == version:
                return None
            done = connection.execute(
                "INSERT INTO alias_moves (model, alias, version, at, by, note) VALUES (?, ?, ?, ?, ?, ?)",
                (model, alias, version, _stamp(at), by, note),
            )
            return Move(int(done.lastrowid or 0), version, at, by, note)

    # flags

    def flag_history(self, project: str, flag: str, environment: str) -> list[Move]:
        """All turns, newest first; empty for a flag that does not exist."""
        rows = self._rows(
            "SELECT * FROM flag_turns WHERE project = ? AND flag = ? AND environment = ? ORDER BY id DESC",
            project,
            flag,
            environment,
        )
        return [_move(row, "on" if row["enabled"] else "off") for row in rows]

    def turn_flag(
        self, project: str, flag: str, environment: str, *, enabled: bool, at: datetime, by: str, note: str
    ) -> Move | None:
        """Switch the flag, making it when there is none."""
        with self._write() as connection:
            last = connection.execute(
                "SELECT enabled FROM flag_turns WHERE project = ? AND flag = ? AND environment = ? "
                "ORDER BY id DESC LIMIT 1",
                (project, flag, environment),
            ).fetchone()
            if last is not None and bool(last["enabled"]) is enabled:
                return None
            done = connection.execute(
                "INSERT INTO flag_turns (project, flag, environment, enabled, at, by, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (project, flag, environment, enabled, _stamp(at), by, note),
            )
            return Move(int(done.lastrowid or 0), "on" if enabled else "off", at, by, note)


def _stamp(at: datetime) -> int:
    """Microseconds since 1970, UTC."""
    return (at - EPOCH) // timedelta(microseconds=1)


def _time(stamp: int) -> datetime:
    return EPOCH + timedelta(microseconds=stamp)


def _stored(row: sqlite3.Row) -> StoredVersion:
    marked = row["marked_at"]
    return StoredVersion(
        version=row["version"],
        created_at=_time(row["created_at"]),
        shift=row["shift"],
        mark=row["mark"],
        mark_note=row["mark_note"],
        marked_at=_time(marked) if marked is not None else None,
    )


def _move(row: sqlite3.Row, value: str) -> Move:
    return Move(row["id"], value, _time(row["at"]), row["by"], row["note"])
