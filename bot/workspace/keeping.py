"""The workspace's contents in a JSON file, so that a restart keeps its history."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import TypeAdapter

from .state import Contents, State


def save(state: State, path: Path) -> None:
    """Write everything, whole or not at all."""
    with state.lock:
        text = TypeAdapter(Contents).dump_json(state.contents)
    beside = path.with_suffix(path.suffix + ".new")
    beside.write_bytes(text)
    os.replace(beside, path)


def load(state: State, path: Path) -> None:
    """Read what was saved, if there is anything; what the seed adds and the file lacks is kept."""
    if not path.exists():
        return
    kept = TypeAdapter(Contents).validate_json(path.read_bytes())
    with state.lock:
        for name in ("users", "channels", "usergroups"):
            for key, value in getattr(state.contents, name).items():
                getattr(kept, name).setdefault(key, value)
        state.contents = kept
