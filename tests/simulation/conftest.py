"""A database that every world of a module shares, and a quiet log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.real.postgres import Postgres
from tests.simulation.world import Database, File, Served


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[File]:
    folder: Path = tmp_path_factory.mktemp("simulation")
    database = File(folder)
    yield database
    database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Either kind, for a long search."""
    if request.param == "sqlite":
        file = File(tmp_path)
        yield file
        file.engine.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with server.database() as url:
        served = Served(url)
        yield served
        served.engine.dispose()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of injected failures are not worth a line each."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)
