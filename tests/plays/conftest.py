"""An empty database of either kind per test; made once, emptied between tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, event

from storage import schema
from storage.engine import make_engine
from tests.migrated import empty
from tests.plays.stage import Stage
from tests.real.postgres import Postgres
from tests.simulation.world import Database, File


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("plays")
    database = File(folder)
    yield database
    database.engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_file: Database) -> Engine:
    sqlite_file.reset()
    return sqlite_file.engine


@pytest.fixture(scope="session")
def postgres_made(postgres_server: Postgres) -> Iterator[Engine]:
    with postgres_server.database() as url:
        engine = make_engine(url)
        event.listen(engine, "connect", _unsynced)
        schema.upgrade(engine)
        yield engine
        engine.dispose()


def _unsynced(connection: Any, _entry: object) -> None:
    # The machine does not lose its power here.
    connection.execute("SET synchronous_commit = off")
    connection.commit()


@pytest.fixture
def postgres_engine(postgres_made: Engine) -> Engine:
    empty(postgres_made)
    return postgres_made


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An empty database; a test that takes it runs once on each kind."""
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    return engine


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Refusals that are meant are not worth a line each."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)
