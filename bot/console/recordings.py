"""Recorded payloads as files hold them: single bodies, JSON lines with offsets, and timelines of real incidents."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.console.speaking import text_of
from playbooks.domain.timeline_file import is_timeline
from playbooks.errors import InputError


@dataclass(frozen=True, slots=True)
class Entry:
    """One body to feed. `offset`: seconds after the first. `source`: empty where it is to be found out."""

    name: str
    body: bytes
    source: str = ""
    kind: str = "alerts"
    offset: float = 0.0


def load(paths: Sequence[Path], *, source: str = "") -> list[Entry]:
    """The bodies of all files in order of their offsets. Raises InputError."""
    found = [entry for path in files_of(paths) for entry in _of_file(path, source)]
    return sorted(found, key=lambda entry: entry.offset)


def timelines(paths: Sequence[Path]) -> tuple[list[tuple[Path, dict[str, Any]]], list[Path]]:
    """The timeline files among these, read, and the other files. Raises InputError."""
    found: list[tuple[Path, dict[str, Any]]] = []
    others: list[Path] = []
    for path in files_of(paths):
        data = _json(text_of(path), str(path)) if path.suffix == ".json" else None
        if isinstance(data, dict) and is_timeline(data):
            found.append((path, data))
        else:
            others.append(path)
    return found, others


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Files as given, and the recordings in folders."""
    files: list[Path] = []
    for path in paths:
        files += sorted(p for p in path.iterdir() if p.suffix in (".json", ".jsonl")) if path.is_dir() else [path]
    return files


def paced(entries: Iterable[Entry], speed: float) -> Iterator[Entry]:
    """The entries, each when it is due; speed 0: at once."""
    pause = threading.Event()
    at = 0.0
    for entry in entries:
        if speed and entry.offset > at:
            pause.wait((entry.offset - at) / speed)
        at = max(at, entry.offset)
        yield entry


def _of_file(path: Path, source: str) -> list[Entry]:
    text = text_of(path)
    if path.suffix == ".jsonl":
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        return [_of_line(path, number, line, source) for number, line in lines]
    data = _json(text, str(path))
    if is_timeline(data):
        return _of_timeline(path, data)
    return [Entry(path.name, text.encode(), source)]


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{where} is no JSON: {error}.", "Give bodies as their sources send them.") from None


def _of_line(path: Path, number: int, line: str, source: str) -> Entry:
    where = f"{path.name}:{number}"
    row = _json(line, where)
    if not isinstance(row, dict) or not isinstance(row.get("body"), dict | list):
        raise InputError(f"{where} has no `body`.", 'A line is {"offset": 0, "source": "alertmanager", "body": {…}}.')
    offset, kind = row.get("offset", 0), str(row.get("kind", "alerts"))
    if not isinstance(offset, int | float) or isinstance(offset, bool) or offset < 0:
        raise InputError(f"{where}: the offset is no number of seconds.", "Write seconds after the first line.")
    if kind not in ("alerts", "changes"):
        raise InputError(f"{where}: the kind is neither alerts nor changes.", "Leave it out for alerts.")
    body = json.dumps(row["body"], ensure_ascii=False).encode()
    return Entry(where, body, str(row.get("source", "") or source), kind, float(offset))


def _of_timeline(path: Path, data: dict[str, Any]) -> list[Entry]:
    """Alerts and changes of a timeline as bodies of the generic source; its other events were people's."""
    rows = [row for row in data.get("events", ()) if isinstance(row, dict) and row.get("kind") in ("alert", "change")]
    if not rows:
        return []
    first = _at(rows[0], path)
    return [_of_event(path, row, (_at(row, path) - first).total_seconds(), str(data.get("id", ""))) for row in rows]


def _at(row: dict[str, Any], path: Path) -> datetime:
    wrong = InputError(f"{path.name}: the event “{str(row.get('what', ''))[:40]}” has no time with a zone.")
    try:
        at = datetime.fromisoformat(str(row.get("at", "")))
    except ValueError:
        raise wrong from None
    if at.tzinfo is None:
        raise wrong
    return at


def _of_event(path: Path, row: dict[str, Any], offset: float, timeline: str) -> Entry:
    what, component = str(row.get("what", "")), str(row.get("component", ""))
    if row["kind"] == "alert":
        body = {"name": what[:120], "component": component, "starts_at": row["at"], "summary": what}
        kind = "alerts"
    else:
        told = {"kind": "change", "subject": component or timeline, "after": what[:300], "at": row["at"]}
        body, kind = {**told, "by": str(row.get("actor", ""))[:200]}, "changes"
    raw = json.dumps(body, ensure_ascii=False).encode()
    return Entry(f"{path.name} {row['at']}", raw, "generic", kind, max(0.0, offset))
