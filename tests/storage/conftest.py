"""A store on an empty, migrated database of either kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.engine import make_engine
from storage.store import SqlStore
from tests.migrated import lay
from tests.storage.making import CountedIds


@pytest.fixture
def engine(migrated_url: str) -> Iterator[Engine]:
    engine = make_engine(migrated_url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> SqlStore:
    return SqlStore(engine, CountedIds())


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[SqlStore]:
    engine = make_engine(lay(tmp_path / "muster.db"))
    yield SqlStore(engine, CountedIds())
    engine.dispose()
