"""The house keeps its shape: what may import what, what importing may do, and a few habits."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RINGS = ("bot", "playbooks", "storage")

# The last handlers: they log, count, answer the person and keep the row.
BROAD_EXCEPT = {"bot/jobs/engine.py", "bot/jobs/threads.py", "bot/web/app.py", "bot/web/intake.py"}

# Alembic runs this file with a configuration in hand; it is no module to import.
NOT_MODULES = {"storage/migrations/env.py"}

# Names that say nothing about what is inside.
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "core", "misc"}

# What playbooks must do without.
OUTSIDE = (
    "bot storage alembic apscheduler httpx prometheus_client psycopg slack_bolt slack_sdk "
    "sqlalchemy sqlmodel starlette structlog typer uvicorn websockets"
).split()

# What must not exist before somebody asks for it.
LIVE_OBJECTS = {
    "sqlalchemy": {"Engine"},
    "slack_bolt": {"App", "AsyncApp"},
    "slack_sdk": {"WebClient"},
    "apscheduler": {"BackgroundScheduler", "BlockingScheduler"},
    "httpx": {"Client", "AsyncClient"},
    "starlette": {"Starlette"},
}


def sources(*folders: str) -> Iterator[Path]:
    """Every Python file below these folders."""
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def modules(*rings: str) -> list[str]:
    """Every importable module of these rings, by name."""
    names = []
    for path in sources(*rings):
        inside = path.relative_to(ROOT)
        if inside.as_posix() not in NOT_MODULES:
            parts = inside.with_suffix("").parts
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def in_a_fresh_process(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script with nothing in its environment but the way to programs."""
    return subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_playbooks_stands_alone(tmp_path: Path) -> None:
    script = f"""
import importlib

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OUTSIDE!r}:
            raise ImportError(name + " is outside of playbooks")

sys.meta_path.insert(0, Wall())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""
    done = in_a_fresh_process(script, tmp_path, *modules("playbooks"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ring", RINGS)
def test_importing_opens_nothing_and_needs_nothing(ring: str, tmp_path: Path) -> None:
    script = f"""
import importlib
opened = []
effects = {{"socket.connect", "socket.bind", "sqlite3.connect", "subprocess.Popen"}}
sys.addaudithook(lambda event, arguments: opened.append((event, arguments)) if event in effects else None)
live = {LIVE_OBJECTS!r}
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for label, value in vars(module).items():
        kind = type(value)
        if kind.__name__ in live.get(kind.__module__.partition(".")[0], ()):
            opened.append((name, label))
assert not opened, opened
"""
    done = in_a_fresh_process(script, tmp_path, *modules(ring))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything and does not raise it again."""
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    broad = any(isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"} for kind in kinds if kind)
    last = handler.body[-1]
    return (broad or caught is None) and not (isinstance(last, ast.Raise) and last.exc is None)


def test_only_the_last_handlers_catch_everything() -> None:
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in sources(*RINGS, "tests")
        for node in _nodes(path, r"\bexcept\s*:|\b(Base)?Exception\b")
        if isinstance(node, ast.ExceptHandler) and _swallows(node)
    }
    assert {place for place in found if place.partition(":")[0] not in BROAD_EXCEPT} == set()


def test_tests_do_not_sleep() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("tests")
        for node in _nodes(path, r"\bsleep\b")
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) == "sleep"
    ]
    assert found == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path.relative_to(ROOT).as_posix() for path in sources(*RINGS) if not _docstring(path)]
    assert silent == []


def test_names_say_something_and_hide_nothing() -> None:
    empty = [path.relative_to(ROOT).as_posix() for path in sources(*RINGS) if path.stem in EMPTY_NAMES]
    top = {path.stem for ring in RINGS for path in (ROOT / ring).glob("*.py")} - {"__init__", "__main__"}
    assert (empty, top & set(sys.stdlib_module_names)) == ([], set())


def test_tables_keep_their_annotations() -> None:
    # SQLModel reads annotations as objects: postponed ones break relationships when the mapper is configured.
    postponed = [
        path.relative_to(ROOT).as_posix()
        for path in sources("storage")
        if "table=True" in path.read_text()
        for node in _parsed(path).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert postponed == []


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _nodes(path: Path, needed: str) -> Iterator[ast.AST]:
    """Everything in a file; nothing where the text does not hold what a finding would need: parsing takes long."""
    if re.search(needed, path.read_text()):
        yield from ast.walk(_parsed(path))


def _docstring(path: Path) -> str | None:
    """What stands at a file's top; the rest is only parsed where it does not begin with it."""
    text = path.read_text()
    end = text.find('"""', 3) + 3
    return ast.get_docstring(ast.parse(text[:end] if text.startswith('"""') and text[end] == "\n" else text))
