"""A database that every world of a module shares, and a quiet log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.simulation.world import Database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("simulation")
    database = Database(folder)
    yield database
    database.engine.dispose()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of injected failures are not worth a line each."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)
