"""Fixtures every test may use: an empty database of either kind; and how far properties search."""

import gc
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from storage import schema
from tests.migrated import lay
from tests.real.postgres import Postgres, postgres

if TYPE_CHECKING:
    from tests.end_to_end.stand import Forge

# The same examples at every run, so that a run says something about the change under test;
# `make test ARGS=--hypothesis-profile=searching` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None, max_examples=500)
settings.load_profile("same")

_MEMORY = Path("/dev/shm")  # Linux: a file system in memory
_ENOUGH = 2 << 30  # bytes; a run has about 200 MB there at a time


def _temporary_files_in_memory() -> None:
    """Thousands of databases are laid, and none has to outlive a power cut: on a disk each costs a tenth of a second.

    Whoever sets TMPDIR decides; so does a machine that has no such place, a small one, or none to run programs from.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return
    if os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC or shutil.disk_usage(_MEMORY).free < _ENOUGH:
        return
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


_temporary_files_in_memory()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: searching it for garbage took a third of the collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# A file runs in one process; begun at the end, one of these would keep that process busy while the others have no more.
_LONG = ("simulation/test_crashes.py", "simulation/test_bites.py", "console/test_running.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, then those with the most tests."""
    tests = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[int, int, Path]:
        long = next((at for at, name in enumerate(_LONG) if item.path.as_posix().endswith(name)), len(_LONG))
        return long, -tests[item.path], item.path

    items.sort(key=rank)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL per test process; started only when a test asks for it."""
    with postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Postgres) -> Iterator[str]:
    """The name of a database at the newest schema, only to be copied."""
    with postgres_server.database() as url:
        schema.upgrade(url)
        yield url.rpartition("/")[2]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'muster.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database; a test that takes it runs once on each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def postgres_migrated_url(postgres_server: Postgres, postgres_template: str) -> Iterator[str]:
    """The address of a PostgreSQL database at the newest schema, without rows."""
    with postgres_server.database(postgres_template) as url:
        yield url


@pytest.fixture
def sqlite_migrated_url(tmp_path: Path) -> str:
    """The address of an SQLite file at the newest schema, without rows."""
    return lay(tmp_path / "muster.db")


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A database at the newest schema, without rows; a test that takes it runs once on each kind."""
    return str(request.getfixturevalue(f"{request.param}_migrated_url"))


@pytest.fixture(scope="session")
def forge() -> Iterator["Forge"]:
    """One process that has imported the service, and from which others come; started only when a test asks for it."""
    from tests.end_to_end.stand import Forge

    made = Forge()
    yield made
    made.close()
