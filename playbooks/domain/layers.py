"""Imported registries layered under our own: they give owners, ours adds and overrides, differences are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from playbooks.domain.imported import Layer, Telling, Told
from playbooks.domain.imports_file import ImportEntry
from playbooks.domain.joining import SPACES, Entries, Joined, Joiner, Own, Space
from playbooks.domain.ownership import Registry, content_hash
from playbooks.schemas.marked import DocumentError, Marked, Problem, read

__all__ = ["Layer", "Opened", "Reach", "Told", "blast_radius", "changes", "layered", "open_files", "reads_from"]

_MERGED_LISTS = {"depends_on"}
_TOLD = {
    "people": ("slack", "email"),
    "teams": ("channel", "members"),
    "components": ("kind", "accountable", "tier"),
}
_WORDS = {"slack": "Slack id", "email": "e-mail address", "accountable": "accountable team"}


@dataclass(frozen=True, slots=True)
class Opened:
    """Our own files as read, not yet checked, with the imports each names: (place of the file, entry)."""

    files: tuple[tuple[str, str], ...]
    marked: tuple[Marked, ...]
    imports: tuple[tuple[int, ImportEntry], ...]

    @property
    def what(self) -> str:
        """The files in words."""
        return " and ".join(name for name, _ in self.files) or "the registry"


@dataclass(frozen=True, slots=True)
class Reach:
    """A component another one reaches, and over how many dependencies: 1 is a direct reader."""

    component: str
    distance: int


def open_files(files: Sequence[tuple[str, str]]) -> Opened:
    """Read (name, text) of our own files. Raises DocumentError where one is no YAML."""
    marked: list[Marked] = []
    problems: list[Problem] = []
    for name, text in files:
        try:
            marked.append(read(text, name=name))
        except DocumentError as error:
            problems += error.problems
    opened = Opened(tuple(files), tuple(marked), tuple(_imports(marked)))
    if problems:
        raise DocumentError(opened.what, problems)
    return opened


def _imports(marked: Sequence[Marked]) -> list[tuple[int, ImportEntry]]:
    """The entries that can be used; what is wrong with the others is found when the file is checked."""
    found = []
    for place, file in enumerate(marked):
        entries = file.value.get("imports") if isinstance(file.value, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            try:
                found.append((place, ImportEntry.model_validate(entry)))
            except ValidationError:
                continue
    return found


def layered(opened: Opened, layers: Sequence[Layer]) -> Registry:
    """The registry of our own files over the layers, first layers first. Raises DocumentError as our files alone."""
    if not layers:
        return Registry.build(opened.marked, opened.what, content_hash(opened.files))
    telling = Telling()
    for layer in layers:
        for problem in layer.imported.problems:
            place = f"{problem.file}:{problem.line}" if problem.line else problem.file
            telling.add("gap", place, f"{problem.path}: {problem.text}" if problem.path else problem.text)
    own = Own(*(_entries_of(opened.marked, space) for space in SPACES))
    joined = Joiner(layers, own, telling).join()
    marked = [_over(file, joined, telling) for file in opened.marked]
    rest = {space: _rest(joined, own, space) for space in SPACES}
    marked.append(Marked("imports", None, {"api": "ownership/v1", **rest}, ()))
    return Registry.build(marked, opened.what, _hash(opened, layers), findings=tuple(telling))


def _hash(opened: Opened, layers: Sequence[Layer]) -> str:
    parts = [content_hash(opened.files), *(f"{layer.kind}\x01{layer.name}\x01{layer.sha256}" for layer in layers)]
    return sha256("\x00".join(parts).encode()).hexdigest()


def _entries_of(marked: Sequence[Marked], space: Space) -> Entries:
    found: Entries = {}
    for file in marked:
        entries = file.value.get(space) if isinstance(file.value, dict) else None
        for key, entry in entries.items() if isinstance(entries, dict) else ():
            found[key] = entry if isinstance(entry, dict) else {}
    return found


def _rest(joined: Joined, own: Own, space: Space) -> Entries:
    ours = own.entries(space)
    return {key: entry for key, entry in joined.entries(space).items() if key not in ours}


def _over(file: Marked, joined: Joined, telling: Telling) -> Marked:
    """Our own file with what the layers say of its entries filled in below what it says itself."""
    if not isinstance(file.value, dict):
        return file
    value = dict(file.value)
    for space in SPACES:
        entries = value.get(space)
        if isinstance(entries, dict):
            value[space] = {
                key: _entry(file, space, key, entry, joined, telling) if isinstance(entry, dict) else entry
                for key, entry in entries.items()
            }
    return file.with_value(value)


def _entry(
    file: Marked, space: Space, key: str, ours: dict[str, Any], joined: Joined, telling: Telling
) -> dict[str, Any]:
    below = joined.entries(space).get(key)
    if below is None:
        return ours
    for name in _TOLD[space]:
        if name in ours and name in below and ours[name] != below[name]:
            source = joined.sources.get((space, key))
            said = f"{_shown(ours[name])} here and {_shown(below[name])} by {source}; ownership.yaml counts."
            said = said.replace("ownership.yaml", file.file)
            place = f"{file.file}:{file.line((space, key, name))}"
            telling.add("gap", place, f"The {_WORDS.get(name, name)} of {key} is {said}")
    return _merged(ours, below)


def _merged(ours: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    result = {**below, **ours}
    for name, value in below.items():
        mine = ours.get(name)
        if isinstance(value, dict) and isinstance(mine, dict):
            result[name] = {**value, **mine}
        elif name in _MERGED_LISTS and isinstance(mine, list):
            result[name] = [*mine, *(each for each in value if each not in mine)]
    return result


def _shown(value: object) -> str:
    return ", ".join(str(each) for each in value) or "nobody" if isinstance(value, list) else str(value)


# ------------------------------------------------------------------ the graph


def blast_radius(registry: Registry, component_id: str) -> tuple[Reach, ...]:
    """What suffers when it fails: all that read it, also through others, nearest first. Raises UnknownName."""
    registry.component(component_id)
    return _reach(component_id, registry.readers)


def reads_from(registry: Registry, component_id: str) -> tuple[Reach, ...]:
    """What it rests on, also through others, nearest first. Raises UnknownName."""
    registry.component(component_id)
    return _reach(component_id, lambda key: registry.components[key].depends_on)


def _reach(start: str, following: Callable[[str], Sequence[str]]) -> tuple[Reach, ...]:
    distance, queue = {start: 0}, [start]
    for at in queue:
        for key in following(at):
            if key not in distance:
                distance[key] = distance[at] + 1
                queue.append(key)
    return tuple(Reach(key, distance[key]) for key in queue[1:])


def changes(before: Registry, after: Registry) -> str:
    """What differs between two versions in a few words, such as `2 components added (a, b)`; empty for nothing."""
    parts = []
    for noun, old, new in (
        ("component", before.components, after.components),
        ("team", before.teams, after.teams),
        ("person", before.people, after.people),
    ):
        lists = {
            "added": [key for key in new if key not in old],
            "removed": [key for key in old if key not in new],
            "changed": [key for key in new if key in old and new[key] != old[key]],
        }
        parts += [_counted(noun, verb, keys) for verb, keys in lists.items() if keys]
    return ", ".join(parts)


def _counted(noun: str, verb: str, keys: Sequence[str]) -> str:
    nouns = noun if len(keys) == 1 else "people" if noun == "person" else f"{noun}s"
    more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
    return f"{len(keys)} {nouns} {verb} ({', '.join(keys[:5])}{more})"
